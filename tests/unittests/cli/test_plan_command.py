"""gluonfr plan: the table and the advice, without MXNet."""
import subprocess
import sys

import pytest
from cli_cases import run
from helpers import ROOT, environ


def test_a_table_and_the_advice(capsys):
    run('plan', '--classes', 2000000, '--network', 'iresnet50', '--batch-size', 128, '--workers', 8, '--memory', 20)
    out = capsys.readouterr().out.splitlines()
    assert out[0].split('  ')[0] == 'class layer'
    assert [line.split()[0] for line in out[1:4]] == ['dense', 'sharded', 'sampled']
    assert out[2].split()[1] == '250,000' and out[3].split()[1] == '25,000'
    assert 'GFLOP/s' in out[4]
    assert out[5] == ('in each of 8 processes; sharded is --class-shards of `gluonfr launch`, and sampled this with '
                      '--num-sample')
    assert out[6].startswith('take the ') and '`gluonfr launch` with --class-shards' in out[6]


def test_the_memory_of_the_machine_counts(capsys, monkeypatch):
    monkeypatch.setattr('gluonfr.cli.plan.machine_memory', lambda: 10 ** 9)
    run('plan', '--classes', 2000000)
    assert 'none fits into 1.0 GB: take shorter embeddings' in capsys.readouterr().out
    monkeypatch.setattr('gluonfr.cli.plan.machine_memory', lambda: None)
    run('plan', '--classes', 2000000, code=2)
    assert '--memory must be given here' in capsys.readouterr().err


@pytest.mark.parametrize('words, said', [
    (['--sample-rate', 0], '--sample-rate must be in (0, 1], got 0.0.'),
    (['--num-sample', 200], '--num-sample must be in [2, 100], got 200.'),
    (['--network', 'mobilefacenet9'], '--network must be one of '),
    (['--memory', -1], '--memory: memory must be > 0, got -1.0.')])
def test_what_cannot_be_planned(capsys, words, said):
    run('plan', '--classes', 100, *words, code=2)
    assert said in capsys.readouterr().err


def test_it_needs_no_mxnet():
    code = "import sys; sys.modules['mxnet'] = None; from gluonfr.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run([sys.executable, '-c', code, 'plan', '--classes', '100000'], cwd=str(ROOT), env=environ(),
                          stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0 and 'take the ' in done.stdout
