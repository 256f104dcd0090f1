"""What holds for all commands: errors are one line, one process writes to a place, memory and threads."""
import os

import mxnet as mx
import pytest
from cli_cases import TINY, run

from gluonfr.utils.lock import sole_writer


@pytest.mark.parametrize('words, out, lock', [
    ('train --dataset DATA', '--out', 'x/.lock'), ('embed RUN DATA/people', '--out', 'x.npz.lock'),
    ('export RUN', '--symbol', 'x.lock'), ('convert RUN/checkpoint/best.params --model lenetplus', '--out', 'x.lock')])
def test_two_processes_with_one_place(trained, data, tmp_path, words, out, lock, capsys):
    place = tmp_path / (lock[:-len('.lock')].rstrip('/'))
    words = [word.replace('RUN', str(trained)).replace('DATA', str(data)) for word in words.split()]
    with sole_writer(str(tmp_path / lock), 'x'):
        run(*words, out, place, *(TINY if words[0] == 'train' else []), code=2)
    assert '{} {} is in use: process {} on'.format(out, place, os.getpid()) in capsys.readouterr().err
    assert [name for _, _, names in os.walk(str(tmp_path)) for name in names] == []


@pytest.mark.parametrize('words, expected', [
    (['verify', 'runs/nowhere', '--data', 'VAL'], 'there is no folder runs/nowhere'),
    (['verify', 'nonet', '--data', 'VAL'], "unknown model 'nonet'"), (['verify', 'DATA', '--data', 'VAL'], 'card.json'),
    (['verify', 'RUN', '--data', 'VAL', '--folds', '30'],
     '--folds must be at most the number of pairs, 24 in val, got 30'),
    (['verify', 'RUN', '--data', 'VAL', '--folds', '2', '--fars', '3'], '--fars: FAR must be in [0, 1], got 3'),
    (['verify', 'RUN', '--data', 'VAL', '--folds', '2', '--pca', '9'], '--pca must be in'),
    (['verify', 'RUN', '--data', 'DATA'], 'a set of pairs is a .bin file: give DATA/val.bin'),
    (['verify', 'RUN', '--data', 'DATA/people'], 'make one with `gluonfr pack pairs`'),
    (['verify', 'RUN', '--data', 'DATA/train.rec'], 'train.rec holds people, and a set of pairs (.bin) is needed.'),
    (['verify', 'RUN', '--data', 'DATA/people/p0/0.png'], '0.png is one image, and a set of pairs (.bin) is needed'),
    (['verify', 'RUN', '--data', 'DATA/property'], 'property must be a .bin, or the name of a set in --root. If it is'),
    (['verify', 'RUN', '--params', 'x', '--data', 'VAL'], 'a card names its weights'),
    (['embed', 'RUN', 'nowhere', '--out', 'OUT.npz'], 'there is no file or folder nowhere'),
    (['embed', 'RUN', 'DATA/people', '--out', 'OUT.csv'], '--out must end in .npz or .npy'),
    (['embed', 'RUN', 'EMPTY', '--out', 'OUT.npz'], 'must hold images'),
    (['embed', 'miniresnet18', 'DATA/people', '--out', 'OUT.npz'], 'miniresnet18 is a model, and its weights must be '
     'given: --params FILE, the folder of a training of it, or the name of pretrained weights in its place: there are '
     'none.'),
    (['verify', 'MobileFaceNet', '--data', 'VAL'], 'in its place: mobilefacenet_drawn (not for photographs).'),
    (['embed', 'arcface_mbf', 'DATA/people', '--out', 'OUT.npz'], "unknown model 'arcface_mbf'"),
    (['compare', 'mbf', 'a.png', 'b.png'], 'in its place: w600k_mbf.'),
    (['compare', 'a.png', 'b.png', 'c.png'], 'a.png is an image, and the network must be given first'),
    (['embed', 'RUN', 'DATA/people', '--gpu', '9', '--out', 'OUT.npz'], '--gpus must name GPUs'),
    (['embed', 'RUN', 'DATA/people', '--precision', 'int8', '--out', 'OUT.npz'],
     '--precision int8 needs --calibrate'),
    (['embed', 'RUN', 'DATA/people', '--calibrate', 'DATA/people', '--out', 'OUT.npz'],
     '--calibrate is for --precision int8'),
    (['compare', 'RUN', 'DATA/property', 'DATA/property'], 'property'),
    (['compare', 'RUN', 'DATA/none.png', 'DATA/none.png'], 'none.png'),
    (['pack', 'folder', 'nowhere', '--out', 'OUT'], 'nowhere'),
    (['pack', 'pairs', 'nowhere', '--out', 'OUT'], 'nowhere'),
], ids=lambda value: ' '.join(value[:3]) if isinstance(value, list) else '')
def test_errors_of_the_other_commands(trained, data, tmp_path, words, expected, capsys):
    (tmp_path / 'empty').mkdir()
    for mark, place in (('VAL', data / 'val.bin'), ('DATA', data), ('RUN', trained), ('EMPTY', tmp_path / 'empty'),
                        ('OUT', tmp_path / 'out')):
        words = [word.replace(mark, str(place)) for word in words]
        expected = expected.replace(mark, str(place))
    run(*words, *([] if words[0] == 'compare' else ['--no-progress']), code=2)
    error = capsys.readouterr().err
    assert error.startswith('gluonfr {}: '.format(words[0])) and expected in error and error.count('\n') == 1, error
    assert not (tmp_path / 'out.npz').exists()


@pytest.mark.parametrize('error, said', [
    (mx.MXNetError('Traceback ...\nMXNetError: cudaMalloc retry failed: out of memory'),
     'gluonfr verify: the memory is not enough (MXNetError: cudaMalloc retry failed: out of memory). Give a smaller '
     '--batch-size.'),
    (mx.MXNetError('MXNetError: Failed to allocate CPU Memory'), 'Failed to allocate CPU Memory). Give a smaller'),
    (MemoryError(), 'the memory is not enough (Python has none left). Give a smaller --batch-size.')])
def test_too_little_memory_is_a_sentence(monkeypatch, capsys, error, said):
    def fails(args):
        raise error

    monkeypatch.setattr('gluonfr.cli.verify.verify', fails)
    run('verify', 'net', '--data', 'pairs.bin', code=2)
    assert said in capsys.readouterr().err


def test_other_errors_of_mxnet_stay_as_they_are(monkeypatch):
    def fails(args):
        raise mx.MXNetError('shapes differ')

    monkeypatch.setattr('gluonfr.cli.verify.verify', fails)
    with pytest.raises(mx.MXNetError, match='shapes differ'):
        run('verify', 'net', '--data', 'pairs.bin')


def test_too_few_threads_are_told_before_the_work(monkeypatch, capsys):
    asked = []
    monkeypatch.setattr('gluonfr.cli.room_problem', lambda **more: asked.append(more) or 'MXNet starts 9 threads.')
    run('train', '--dataset', 'none', '--out', 'none', '--workers', 3, code=2)
    assert capsys.readouterr().err == 'gluonfr train: MXNet starts 9 threads.\n'
    assert asked == [{'more_threads': 5, 'more_mib': 500}]


@pytest.mark.skipif(os.name == 'nt', reason='Windows has no such names')
def test_names_give_a_terminal_no_commands(trained, data, tmp_path, capsys):
    """In what is printed, in warnings and logs, in errors, and beside a bar."""
    name = 'e\x1b[2Jvil'
    person = tmp_path / name / 'x\x9b1m\rann'
    person.mkdir(parents=True)
    image = (data / 'people' / 'p1' / '1.png').read_bytes()
    (person / '1.png').write_bytes(image)
    (person / 'cut\x1b].png').write_bytes(image[:50])
    words = ['embed', trained, tmp_path / name, '--out', tmp_path / name / 'e.npz']
    run(*words, code=2)
    run(*words[:4], tmp_path / 'e\x1b[31m.npz', '--on-error', 'skip', '--verbose')
    run('search', tmp_path / 'e\x1b[31m.npz', person / '1.png', '--net', trained, '--top', 1)
    said = capsys.readouterr()
    bars = said.err.replace('\x1b[A', '').replace('\r', '')
    for text in (said.out, bars):
        assert '\\x1b' in text and not set(text) & {'\x1b', '\x9b', '\r'}, repr(text)
