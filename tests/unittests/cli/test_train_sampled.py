"""gluonfr train --sample-rate: a class layer that scores a sample, in a run, its resume and what comes after."""
import json

import numpy as np
import pytest
from cli_cases import run, train

from gluonfr.utils import arrays_file

pytest.importorskip('tensorboardX', reason='pip install tensorboardX')
pytestmark = [pytest.mark.mxnet, pytest.mark.usefixtures('no_curves')]

SAMPLED = ['--loss', 'cosface', '--loss-args', 's=8', '--lr-mode', 'step', '--num-sample', 4, '--filter-negatives', 0.9]


def newest(out):
    return sorted((out / 'checkpoint').glob('step-*.npz'))[-1]


def apart(out):
    with np.load(str(newest(out))) as saved:
        return {name: saved[name] for name in saved.files if name.startswith('apart/')}


@pytest.fixture(scope='module')
def sampled(data, tmp_path_factory):
    out = tmp_path_factory.mktemp('sampled') / 'out'
    train(data, out, *SAMPLED, '--steps', 6, '--eval', data / 'val.bin', '--eval-folds', 2, '--eval-every', 3)
    return out


def test_a_run_and_its_resume(data, sampled, tmp_path, capsys):
    for steps in (2, 6):
        train(data, tmp_path, *SAMPLED, '--steps', steps, '--resume')
    whole, resumed = apart(sampled), apart(tmp_path)
    assert sorted(whole) == ['apart/head/momentum-0', 'apart/head/steps', 'apart/head/weight-0']
    assert whole['apart/head/steps'].tolist() == [6] and whole['apart/head/weight-0'].shape == (6, 2)
    assert all((whole[name] == resumed[name]).all() for name in whole)
    last = [(out / 'checkpoint' / 'last.params').read_bytes() for out in (sampled, tmp_path)]
    assert last[0] == last[1]
    recipe = json.loads((sampled / 'recipe.json').read_text())
    assert [recipe[name] for name in ('sample_rate', 'num_sample', 'filter_negatives')] == [None, 4, 0.9]
    capsys.readouterr()
    train(data, tmp_path, *SAMPLED[:-2], '--steps', 6, '--resume', code=2)
    assert '--filter-negatives (0.9 then, None now)' in capsys.readouterr().err


def test_the_seed_decides(data, sampled, tmp_path, caplog):
    with caplog.at_level('INFO', 'gluonfr'):
        train(data, tmp_path, *SAMPLED, '--steps', 1, '--seed', 1)
    assert 'class layer: PartialFC(2 -> 6, of which 4 a step, filter_negatives=0.9)' in caplog.text
    train(data, tmp_path / 'again', *SAMPLED, '--steps', 1, '--seed', 1)
    first, again = apart(tmp_path), apart(tmp_path / 'again')
    assert (first['apart/head/weight-0'] == again['apart/head/weight-0']).all()
    assert (first['apart/head/weight-0'] != apart(sampled)['apart/head/weight-0']).any()


def test_what_comes_after_a_training_leaves_the_centres_in_the_file(data, sampled, tmp_path, monkeypatch, capsys):
    read = []
    member = arrays_file._member
    monkeypatch.setattr(arrays_file, '_member', lambda archive, what, *args, **kwargs: (
        read.append(what.filename), member(archive, what, *args, **kwargs))[1])
    train(data, tmp_path / 'next', '--steps', 1, '--finetune', newest(sampled))
    assert 'net/features.0.weight.npy' in read and not any(name.startswith('apart') for name in read)
    card = json.loads((sampled / 'card.json').read_text())
    assert '--num-sample 4' in card['command'] and card['metrics']
    for path in (sampled / 'checkpoint').glob('*.npz'):
        path.unlink()  # nothing of these is needed for what follows
    run('verify', sampled, '--data', data / 'val.bin', '--folds', 2)
    run('embed', sampled, data / 'people', '--out', tmp_path / 'e.npz', '--no-progress')
    run('export', sampled, '--onnx', tmp_path / 'net.onnx')
    train(data, tmp_path / 'tuned', '--steps', 1, '--finetune', sampled)
    assert (tmp_path / 'e.npz').stat().st_size > 0


@pytest.mark.parametrize('words, said', [
    (['--sample-rate', 2], '--sample-rate must be in (0, 1], got 2.0.'),
    (['--num-sample', 7], '--num-sample must be in [2, 6], got 7.'),
    (['--num-sample', 3, '--sample-rate', 0.5], 'give --sample-rate or --num-sample, got both'),
    (['--filter-negatives', 0.4], '--filter-negatives needs --sample-rate or --num-sample'),
    (['--num-sample', 3, '--filter-negatives', 2], '--filter-negatives must be in (-1, 1), got 2.0.'),
    (['--sample-rate', 0.5, '--optimizer', 'adam'], "--optimizer must be 'sgd'"),
    (['--sample-rate', 0.5, '--accumulate', 2], 'accumulate must be 1 with PartialFC'),
    (['--sample-rate', 0.5, '--loss', 'softmax', '--loss-args', 'weight=1.0'], "a bias: take a loss over cosines"),
    (['--sample-rate', 0.5, '--loss', 'triplet', '--loss-args', 'mining=batch-hard'],
     '--loss triplet has no class layer, so leave out --sample-rate'),
    (['--sample-rate', 0.5, '--loss', 'centerloss', '--loss-args', 'lamda=0.1'],
     '--loss centerloss keeps something for each class, so leave out --sample-rate')])
def test_what_does_not_go_with_it_is_refused_before_anything_is_written(data, tmp_path, capsys, words, said):
    train(data, tmp_path / 'out', '--loss', 'cosface', *words, '--steps', 1, code=2)
    assert said in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()
