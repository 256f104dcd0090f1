"""`gluonfr models` and `gluonfr losses`: what there is, by name."""
import re

import pytest
from cli_cases import run

from gluonfr.loss import get_loss_list
from gluonfr.model_zoo import get_model_list


@pytest.mark.parametrize('name', get_loss_list())
def test_no_mark_of_a_docstring_reaches_the_terminal(name, capsys):
    run('losses', name)
    said = capsys.readouterr().out
    assert not re.search(r'\\[a-zA-Z]|:\w+:`|``|math::', said)


@pytest.mark.parametrize('command, names, alias', [('models', get_model_list(), 'l_se_resnet50v2'),
                                                   ('losses', get_loss_list(), 'cosface')])
def test_listings(command, names, alias, capsys):
    run(command)
    said = capsys.readouterr().out.partition('\n\npretrained weights\n')[0]
    listed = [line.split()[0] for line in said.splitlines() if line and not line.startswith(' ')]
    assert listed == ['name'] * (command == 'models') + names and alias in said and ':math:' not in said
    run(command, alias.upper())
    assert 'Parameters' in capsys.readouterr().out or command == 'models'
    run(command, names[0] + 'x', code=2)
    error = capsys.readouterr().err
    assert 'gluonfr {}: unknown'.format(command) in error and 'Did you mean {!r}'.format(names[0]) in error


def test_a_model_with_its_size(capsys):
    run('models', 'mobilefacenet')
    assert capsys.readouterr().out.endswith(
        'embedding size 128, input 112 x 112 rgb, 1,003,136 parameters, 221.0 M multiply-adds\n')


def test_a_plot_of_losses_names_what_it_leaves_out(tmp_path, capsys):
    path = tmp_path / 'margins.png'
    run('losses', '--plot', 'arcface:m=0.3,easy_margin=False', 'cosface', 'softmax', 'arcface+ringloss:lamda=0.1',
        '--out', str(path))
    said = capsys.readouterr().out.splitlines()
    assert said == ['left out: softmax: its scores are not of cosines alone.',
                    'left out: arcface+ringloss:lamda=0.1: it has no one score, as a sum of losses.',
                    '2 curves of 2 losses: {}'.format(path)]
    assert path.stat().st_size > 1000


@pytest.mark.parametrize('words, said', [
    (['--plot'], 'give one NAME, or --plot'), (['--out', 'a.png'], 'give one NAME, or --plot'),
    (['arcface', '--plot', '--out', 'a.png'], 'give one NAME, or --plot'),
    (['--plot', 'softmax', '--out', 'a.png'], 'none of these losses can be drawn: softmax: its scores'),
    (['--plot', 'arcface:m=-1', '--out', 'a.png'], 'm must be in'),
    (['--plot', 'arcfac', '--out', 'a.png'], "Did you mean 'arcface'")])
def test_a_plot_that_cannot_be_is_refused(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run('losses', *words, code=2)
    assert said in capsys.readouterr().err and not list(tmp_path.iterdir())
