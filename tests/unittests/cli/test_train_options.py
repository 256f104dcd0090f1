"""gluonfr train: layer-wise learning rates, averages, several batches to an update, distillation."""
import json

import numpy as np
import pytest
from cli_cases import params, train
from helpers import rows
from mxnet import nd

from gluonfr.cli import train as command
from gluonfr.cli.train_recipe import DECISIVE
from gluonfr.deploy import Embedder
from gluonfr.train.callbacks import Checkpoint

pytest.importorskip('tensorboardX', reason='pip install tensorboardX')
pytestmark = [pytest.mark.mxnet, pytest.mark.usefixtures('no_curves')]

TEACHER = 'lenetplus_arcface'
ALL = ['--accumulate', 2, '--ema', 0.8, '--teacher', TEACHER, '--distill', 2, '--layer-decay', 0.5, '--lr-mult',
       'head/=0.5', r'net/features\.0\.=0']


class Killed(Exception):
    pass


def test_all_of_them_killed_and_resumed(data, tmp_path, monkeypatch):
    words = [*ALL, '--loss', 'arcface:m=0.3,s=8', '--margin-warmup', 3, '--epochs', 3, '--save-every', 1,
             '--log-every', 1, '--eval', data / 'val.bin', '--eval-folds', 2]
    train(data, tmp_path / 'a', *words)
    plain = Checkpoint.on_step_end

    def die(self, state):
        plain(self, state)
        if state.step == 3:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, 'on_step_end', die)
        with pytest.raises(Killed):
            train(data, tmp_path / 'b', *words)
    train(data, tmp_path / 'b', *words, '--resume')
    for name in ('last', 'best'):
        assert params(tmp_path / 'a', name) == params(tmp_path / 'b', name)
    steps = [[(row['step'], row['loss'], row['distance']) for row in rows(tmp_path / out / 'steps.csv')]
             for out in 'ab']
    assert steps[0] == steps[1] and [row[0] for row in steps[0]] == ['1', '2', '3', '4', '5', '6']
    recipe = json.loads((tmp_path / 'a' / 'recipe.json').read_text())
    assert recipe['teacher_crc32'] == '{:08x}'.format(Embedder(TEACHER).fingerprint())
    assert (recipe['accumulate'], recipe['ema'], recipe['distill'], recipe['layer_decay']) == (2, 0.8, 2, 0.5)


def test_the_card_has_the_average_that_was_verified(data, tmp_path):
    words = ['--steps', 4, '--eval', data / 'val.bin', '--eval-folds', 2]
    for out, more in (('plain', []), ('average', ['--ema', 0.5])):
        train(data, tmp_path / out, *words, *more)
    assert params(tmp_path / 'plain') != params(tmp_path / 'average')
    card = json.loads((tmp_path / 'average' / 'card.json').read_text())
    assert card['step'] == 4 or card['weights'].endswith('best.params')
    arrays = np.load(str(tmp_path / 'average' / 'checkpoint' / 'best.npz'))
    best = nd.load(str(tmp_path / 'average' / 'checkpoint' / 'best.params'))
    for name, value in best.items():
        np.testing.assert_array_equal(value.asnumpy(), np.squeeze(arrays['average/net/' + name]).reshape(value.shape))


def test_layers_with_a_rate_of_zero_stay(data, tmp_path):
    train(data, tmp_path / 'start', '--steps', 1)
    finetune = ['--finetune', tmp_path / 'start', '--wd', 0, '--steps', 2, '--lr', 0.1]
    train(data, tmp_path / 'a', *finetune, '--lr-mult', r'net/features\.[0-3]\.=0')
    start, end = (nd.load(str(tmp_path / out / 'checkpoint' / 'last.params')) for out in ('start', 'a'))
    stay = [name for name in start if (start[name] == end[name]).asnumpy().all()]
    assert stay and len(stay) < len(start) and all(name.split('.')[1] in '0123' for name in stay)


def test_updates_are_what_is_counted(data, tmp_path):
    """48 images are 4 batches of 12, or 2 updates an epoch; the last epoch is shorter."""
    train(data, tmp_path, '--accumulate', 2, '--steps', 5)
    assert [(row['epoch'], row['step']) for row in rows(tmp_path / 'metrics.csv')] == [('1', '2'), ('2', '4')]
    assert (tmp_path / 'checkpoint' / 'step-00000005.npz').is_file()


def test_the_margin_grows_by_updates(data, tmp_path, monkeypatch):
    """The loss counts batches, of which an update has two: at the end of the warm-up both have counted 8."""
    made, plain = [], command.loss_and_head
    monkeypatch.setattr(command, 'loss_and_head', lambda *args, **known: made.append(known) or plain(*args, **known))
    train(data, tmp_path, '--loss', 'arcface:m=0.3,s=8', '--margin-warmup', 4, '--steps', 4, '--accumulate', 2)
    assert made[0]['margin_warmup'] == 8
    saved = np.load(str(tmp_path / 'checkpoint' / 'step-00000004.npz'))
    assert [saved[name].tolist() for name in saved.files if name.startswith('loss/')] == [[[8.0]]]


def test_another_teacher_or_setting_is_not_gone_on_with(data, tmp_path, capsys):
    words = ['--lr-mode', 'step', '--steps', 1]
    train(data, tmp_path / 'a', *words, *ALL)
    train(data, tmp_path / 'b', *words)
    capsys.readouterr()
    for out, given, said in (
            ('a', ALL[:4], "teacher_crc32 ('{:08x}' then, None now)".format(Embedder(TEACHER).fingerprint())),
            ('a', [*ALL[:5], 'lenetplus_softmax', *ALL[6:]], 'teacher_crc32'),
            ('a', [*ALL, '--distill', 3], '--distill (2.0 then, 3.0 now)'),
            ('a', [*ALL, '--ema', 0.9], '--ema (0.8 then, 0.9 now)'), ('a', [*ALL, '--accumulate', 1], '--accumulate'),
            ('a', [*ALL, '--layer-decay', 1], '--layer-decay'), ('a', [*ALL, '--lr-mult', 'net=1'], '--lr-mult'),
            ('b', ['--teacher', TEACHER], 'teacher_crc32 (None then, '), ('b', ['--ema', 0.9], '--ema (None then')):
        train(data, tmp_path / out, *words, *given, '--resume', code=2)
        assert said in capsys.readouterr().err
    assert {'lr_mult', 'layer_decay', 'accumulate', 'ema'} <= set(DECISIVE)


@pytest.mark.parametrize('words, expected', [
    (['--lr-mult', 'net/'], "--lr-mult takes PATTERN=FACTOR such as net/features=0.1, got 'net/'"),
    (['--lr-mult', '=1'], '--lr-mult takes'), (['--lr-mult', 'net/=x'], '--lr-mult takes'),
    (['--lr-mult', 'nothing=1'], "--lr-mult: the pattern 'nothing' matches no parameter. The names are net/"),
    (['--lr-mult', 'net/=-1'], "--lr-mult of 'net/' must be >= 0, got -1.0"),
    (['--lr-mult', '(=1'], "--lr-mult: the pattern '(' is no regular expression"),
    (['--layer-decay', '2'], '--layer-decay: decay must be in (0, 1], got 2.0'),
    (['--ema', '1'], '--ema: decay must be in (0, 1), got 1.0'), (['--distill', '0'], '--distill: factor must be > 0'),
    (['--teacher', 'nope'], "unknown model 'nope'"),
    (['--teacher', 'no.onnx'], '--teacher: there is no no.onnx'), (['--accumulate', '0'], 'must be >= 1'),
    (['--teacher', TEACHER, '--network-args', 'x=1'], 'unknown argument')])
def test_bad_values_are_one_sentence_before_anything_is_written(data, tmp_path, words, expected, capsys):
    try:
        train(data, tmp_path / 'out', '--steps', 1, *words, code=2)
    except SystemExit as error:  # argparse
        assert error.code == 2
    assert expected in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()
