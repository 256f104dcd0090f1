"""gluonfr train: what is refused or told before anything is written."""
import importlib.util
import shutil

import numpy as np
import pytest
from cli_cases import run, train

from gluonfr.data import RecordWriter, write_bin
from gluonfr.data.image import encode
from gluonfr.loss import get_loss_list

pytest.importorskip('tensorboardX', reason='pip install tensorboardX')

BAD = [
    (['--dataset', 'nope'], 'no train.rec in'), (['--dataset', __file__], 'line 1: must be a path'),
    (['--dataset', 'no/pe'], 'there is no file or folder no/pe'),
    (['--network', 'mobilfacenet'], "Did you mean 'mobilefacenet'?"), (['--loss', 'arcfac'], "Did you mean 'arcface'?"),
    (['--augment', 'miror'], "Did you mean 'mirror'?"), (['--optimizer', 'sdg'], 'train: --optimizer must be one'),
    (['--eval', 'nope'], 'no nope.bin in'), (['--eval', 'no/pe.bin'], 'there is no no/pe.bin'),
    (['--batch-size', '49'], '--batch-size must be at most 48'), (['--lr', '-1'], 'train: --lr must be >= 0, got -1'),
    (['--lr', 'nan'], 'got nan'), (['--wd', '-1'], 'weight decay must be >= 0'), (['--momentum', '1'], 'in [0, 1)'),
    (['--clip', '0'], '--clip: norm must be > 0'), (['--lr-factor', '0'], 'train: --lr-factor must be > 0'),
    (['--warmup', '100'], 'train: --warmup must be at most 3, the'), (['--lr-steps', '-5'], '--lr-steps must be >='),
    (['--warmup', '4', '--lr-mode', 'poly'], 'got 4. --warmup auto fits every run'),
    (['--gpus', '77'], '--gpus must name GPUs that MXNet sees'), (['--gpus', 'x'], '--gpus must be different GPU'),
    (['--dtype', 'float16'], '--dtype float16 needs --gpus'), (['--finetune', 'nope'], '--finetune: there is no nope'),
    (['--sampler', 'pk:2'], '--sampler must be shuffle, balanced or pk:PxK'), (['--sampler', 'pk:9x2'], 'PxK: P must'),
    (['--network-args', 'a=1'], "unknown argument 'a'. Signature: LeNetPlus"), (['--loss-args', 'm'], 'takes key='),
    (['--network', 'mobilefacenet'], '112 x 112 pixels, got 28 x 28. `gluonfr pack folder'),
    (['--margin-warmup', '3'], 'leave --margin-warmup at 0'), (['--loss', 'rangeloss'], 'give --sampler pk:PxK'),
    (['--loss', 'triplet'], 'give --loss-args mining=...'), (['--seed', str(2 ** 32)], 'train: --seed must be'),
]


@pytest.mark.parametrize('words, expected', BAD, ids=lambda value: ' '.join(value) if isinstance(value, list) else '')
def test_bad_values_are_one_sentence_before_anything_is_written(data, tmp_path, words, expected, capsys):
    train(data, tmp_path / 'out', '--steps', 3, *words, code=2)
    error = capsys.readouterr().err
    assert error.startswith('gluonfr train: ') and expected in error and error.count('\n') == 1, error
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('loss', get_loss_list())
def test_one_person_is_refused_whatever_the_loss(tmp_path, loss, capsys):
    (tmp_path / 'people' / 'only').mkdir(parents=True)
    for i in range(3):
        (tmp_path / 'people' / 'only' / '{}.png'.format(i)).write_bytes(
            encode(np.zeros((28, 28, 3), 'uint8'), '.png'))
    train(tmp_path / 'people', tmp_path / 'run', '--loss', loss, '--sampler', 'pk:2x2', code=2)
    assert 'must hold at least 2 people, whom a network learns to tell apart, got 1.' in capsys.readouterr().err
    assert not (tmp_path / 'run').exists()


def copied(data, folder, labels=None):
    """The images of `data` in a list of other labels: {person: label}."""
    paths = sorted((data / 'people').glob('*/*.png'))
    list_file = folder / 'faces.lst'
    list_file.write_text(''.join('{}\t{}\n'.format(path, labels[path.parent.name]) for path in paths))
    return list_file


@pytest.mark.parametrize('kind', ['folder', 'list', 'rec'])
def test_images_of_several_sizes_are_found_before_anything_is_written(data, tmp_path, kind, capsys):
    people = tmp_path / 'people'
    shutil.copytree(str(data / 'people'), str(people))
    odd = people / 'p5' / '7.png'
    odd.write_bytes(encode(np.zeros((20, 30, 3), np.uint8), '.png'))
    place, name = people, odd
    if kind == 'list':
        place = copied(tmp_path, tmp_path, {'p{}'.format(i): i for i in range(6)})
    elif kind == 'rec':  # of another maker: without a pack.json that says that all have one size
        place = tmp_path / 'train.rec'
        name = 'record 48 of {}'.format(place)
        with RecordWriter(tmp_path / 'train', (28, 28)) as writer:
            for path in sorted(people.glob('*/*.png')):
                writer.write(path.read_bytes(), int(path.parent.name[1:]))
    train(place, tmp_path / 'out', '--steps', 3, code=2)
    assert ('lenetplus takes images of 28 x 28 pixels, and 1 of 48 have another size, the first 20 x 30: {}. `gluonfr '
            'pack folder {} --resize 28 --out DIR` stretches them'.format(name, place)) in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()
    run('pack', 'folder', place, '--resize', 28, '--out', tmp_path / 'packed', '--no-progress')  # as it says
    assert '48 images of 6 people, 47 copied' in capsys.readouterr().out


def test_labels_with_holes_are_told(data, tmp_path, caplog):
    place = copied(data, tmp_path, {'p{}'.format(i): 1 + 2 * i for i in range(6)})
    train(place, tmp_path / 'out', '--steps', 1)
    said = '--dataset {}: 6 of the labels 0 to 11 have no images, and places in the class layer all the same. `gluonfr '
    said += 'pack folder {} --relabel --out DIR` numbers the people 0 to 5.'
    assert said.format(place, place) in caplog.text
    assert '48 images of 6 people, 1 step in 1 epoch' in (tmp_path / 'out' / 'log.txt').read_text()


def test_labels_far_beyond_the_images(data, tmp_path, capsys):
    place = copied(data, tmp_path, {'p{}'.format(i): 2000000000 + i for i in range(6)})
    train(place, tmp_path / 'out', '--steps', 1, '--embedding-size', 512, code=2)
    error = capsys.readouterr().err
    assert 'the labels of {} must be 0, 1, 2, ..., got 6 people with labels up to 2,000,000,005. `gluonfr pack ' \
           'folder --relabel`'.format(place) in error and not (tmp_path / 'out').exists()


def test_a_list_of_files_that_are_not_there(data, tmp_path, capsys):
    (tmp_path / 'faces.lst').write_text('q/1.png\t1\n{}/people/p0/0.png\t0\n'.format(data))
    train(tmp_path / 'faces.lst', tmp_path / 'out', '--batch-size', 2, code=2)
    said = 'there is no {}/q/1.png. Paths in a list are relative to its folder'.format(tmp_path)
    assert said in capsys.readouterr().err


@pytest.mark.skipif(importlib.util.find_spec('nvidia') is not None, reason='NVIDIA DALI may be there')
def test_without_dali(data, tmp_path, capsys):
    train(data, tmp_path / 'out', '--data-iter', 'dali', code=2)
    assert "[dali]', or read the same file without it" in capsys.readouterr().err and not (tmp_path / 'out').exists()


def test_dali_wants_a_rec(data, tmp_path, capsys):
    train(data / 'people', tmp_path / 'out', '--data-iter', 'dali', code=2)
    assert '--data-iter dali needs a .rec' in capsys.readouterr().err


@pytest.mark.parametrize('words, expected', [
    (['--eval', 'VAL', '--eval-folds', '100'], '--eval-folds must be at most the number of pairs, 24 in val, got 100'),
    (['--eval', 'VAL', 'data/val', '--root', 'ROOT'], 'sets must have different names'),
    (['--eval', 'BIG'], '--eval'), (['--eval', 'VAL,nope'], 'no nope.bin'), (['--finetune', 'VAL'], 'is damaged')])
def test_bad_sets_are_told_at_once(data, tmp_path, words, expected, capsys):
    write_bin(str(tmp_path / 'big.bin'), [encode(np.zeros((40, 40, 3), 'uint8'), '.png')] * 8, [1, 0] * 2)
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data' / 'val').mkdir()
    for place in ('val.bin', 'data/val.bin'):
        (tmp_path / place).write_bytes((data / 'val.bin').read_bytes())
    words = [word.replace('VAL', str(tmp_path / 'val.bin')).replace('BIG', str(tmp_path / 'big.bin')).replace(
        'ROOT', str(tmp_path)).replace('data/val', str(tmp_path / 'data' / 'val.bin')) for word in words]
    train(data, tmp_path / 'out', '--steps', 3, *words, code=2)
    error = capsys.readouterr().err
    assert expected in error and error.count('\n') == 1 and not (tmp_path / 'out').exists()


def test_a_loss_that_explodes_is_a_sentence(data, tmp_path, capsys):
    train(data, tmp_path, '--lr', 1e9, '--steps', 30, code=2)
    said = capsys.readouterr().err
    assert 'gluonfr train: the loss is' in said and 'Try a lower --lr, a --warmup, --clip, or a' in said, said
    assert 'The last good checkpoint is none (--save-every STEPS saves' in said or '.npz. Try' in said, said


def test_auto_goes_back_and_says_so(data, tmp_path):
    train(data, tmp_path, '--lr', 1e9, '--steps', 30, '--auto', '--save-every', 1, code=2)
    log = (tmp_path / 'log.txt').read_text()
    assert 'not gone back: ' in log, log
    assert ('on with 0.03125 of the learning rate' in log) == ('that has been done 5 times' in log), log
