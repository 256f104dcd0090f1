"""What can go wrong, as a user meets it: a clear sentence and exit status 2, or a run that goes on exactly."""
import os
import pickle
import shutil
import struct
import subprocess

import numpy as np
import pytest
from forks import Fork, run_command
from helpers import files_up_to, rows

from gluonfr import cli
from gluonfr.data import SyntheticFaces, draw_pairs, pack_dataset, write_bin
from gluonfr.data.image import encode, resize

pytest.importorskip('tensorboardX', reason='pip install tensorboardX')

TINY = ['--network', 'lenetplus', '--loss', 'ringloss', '--loss-args', 'lamda=0.1', '--batch-size', '12',
        '--lr', '0.01', '--eval-folds', '2', '--log-every', '4', '--no-progress', '--no-report']
pytestmark = pytest.mark.usefixtures('no_curves')


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """A folder with train.rec, val.bin and people/, 6 people x 8 images of 28x28 pixels."""
    folder, faces = tmp_path_factory.mktemp('made') / 'data', SyntheticFaces(6, 8, seed=1)
    pack_dataset(faces, str(folder), fmt='.png', resize=28, progress=False)
    small = [encode(resize(faces.read(i)[0], (28, 28)), '.png') for i in range(48)]
    first, second, issame = draw_pairs(faces.labels, 24, 2)
    write_bin(str(folder / 'val.bin'), [small[i] for pair in zip(first, second) for i in pair], issame)
    for i, label in enumerate(faces.labels):
        (folder / 'people' / 'p{}'.format(label)).mkdir(parents=True, exist_ok=True)
        (folder / 'people' / 'p{}'.format(label) / '{}.png'.format(i)).write_bytes(small[i])
    return folder


@pytest.fixture
def data(made, tmp_path):
    """A copy of the folder, to be damaged."""
    shutil.copytree(str(made), str(tmp_path / 'data'))
    return tmp_path / 'data'


@pytest.fixture(scope='module')
def trained(made, tmp_path_factory):
    """A run of one step."""
    out = tmp_path_factory.mktemp('trained') / 'run'
    assert cli.main(train(made, out, '--steps', 1)) == 0
    return out


def train(data, out, *words):
    return ['train', '--dataset', str(data), '--eval', str(data / 'val.bin'), '--out', str(out), *TINY,
            *map(str, words)]


def sentence(capsys, words):
    """The one line that a command which must fail says at its end."""
    assert cli.main([str(word) for word in words]) == 2
    said = capsys.readouterr().err
    assert said.splitlines()[-1].startswith('gluonfr {}: '.format(words[0])) and 'Traceback' not in said, said
    return said.splitlines()[-1]


def same_end(one, other):
    """Whether two runs ended with the same weights and measured the same on the way."""
    for name in ('last.params', 'best.params'):
        assert (one / 'checkpoint' / name).read_bytes() == (other / 'checkpoint' / name).read_bytes(), name
    assert rows(one / 'verify.csv') == rows(other / 'verify.csv')
    for name in ('steps.csv', 'metrics.csv'):
        assert timeless(one / name) == timeless(other / name), name


def timeless(path):
    return [{name: value for name, value in row.items() if name not in ('seconds', 'images_per_second')}
            for row in rows(path)]


def offset(data, key):
    lines = (data / 'train.idx').read_text().splitlines()
    return int(dict(line.split('\t') for line in lines)[str(key)])


def spoil_end(data):
    path = data / 'train.rec'
    path.write_bytes(path.read_bytes()[:-700])


def spoil_frame(data):
    content = bytearray((data / 'train.rec').read_bytes())
    content[offset(data, 20)] ^= 0x10
    (data / 'train.rec').write_bytes(bytes(content))


def spoil_image(data):
    content = bytearray((data / 'train.rec').read_bytes())
    start = content.index(b'\x89PNG', offset(data, 20))
    content[start + 1:start + 4] = b'GNP'
    (data / 'train.rec').write_bytes(bytes(content))


def spoil_index(data):
    lines = (data / 'train.idx').read_text().splitlines()
    (data / 'train.idx').write_text('\n'.join(lines[:20] + ['20\t1000001'] + lines[21:]) + '\n')


@pytest.mark.parametrize('spoil, expected', [
    (spoil_end, 'train.rec'), (spoil_frame, '20'), (spoil_image, 'record 20 of'), (spoil_index, 'train.idx'),
    (lambda data: (data / 'property').write_text('9,28,28'), 'property must say "classes,height,width"'),
    (lambda data: (data / 'property').write_text('rubbish'), 'property must say "classes,height,width"'),
    (lambda data: (data / 'train.rec').write_bytes(b''), 'train.rec')], ids=[
        'truncated rec', 'flipped frame', 'flipped image', 'wrong index', 'wrong property', 'no property', 'empty rec'])
def test_damaged_training_set(data, tmp_path, spoil, expected, capsys):
    spoil(data)
    said = sentence(capsys, train(data, tmp_path / 'run', '--epochs', 1))
    assert expected in said and str(data) in said
    assert not (tmp_path / 'run' / 'card.json').exists()


def test_damaged_image_can_be_left_out(data, tmp_path, capsys):
    spoil_image(data)
    assert cli.main(train(data, tmp_path / 'run', '--epochs', 1, '--on-error', 'skip')) == 0
    assert '47 images of 6 people' in (tmp_path / 'run' / 'log.txt').read_text(encoding='utf-8')
    assert cli.main(['embed', str(tmp_path / 'run'), str(data / 'train.rec'), '--out', str(tmp_path / 'e.npz'),
                     '--on-error', 'skip', '--no-progress']) == 0
    with np.load(str(tmp_path / 'e.npz')) as found:
        assert len(found['names']) == 47 and '20' not in found['names']
    bad = data / 'people' / 'p1' / '9.png'
    bad.write_bytes(bad.read_bytes()[:50])
    assert '9.png' in sentence(capsys, ['embed', tmp_path / 'run', data / 'people', '--out', tmp_path / 'f.npz',
                                        '--no-progress'])
    assert cli.main(['embed', str(tmp_path / 'run'), str(bad.parent), '--out', str(tmp_path / 'f.npz'), '--on-error',
                     'skip', '--no-progress']) == 0
    with np.load(str(tmp_path / 'f.npz')) as found:
        assert len(found['names']) == 7


def test_missing_index_is_made_up_for(data, tmp_path):
    assert cli.main(train(data, tmp_path / 'with', '--epochs', 1)) == 0
    (data / 'train.idx').unlink()
    assert cli.main(train(data, tmp_path / 'without', '--epochs', 1)) == 0
    same_end(tmp_path / 'with', tmp_path / 'without')


class Attack:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize('function', [os.system, eval, subprocess.call])
def test_malicious_bin(data, tmp_path, function, capsys):
    mark = tmp_path / 'mark'
    word = {os.system: 'touch {}'.format(mark), eval: 'open({!r}, "w")'.format(str(mark)),
            subprocess.call: ['touch', str(mark)]}[function]
    with open(str(data / 'val.bin'), 'wb') as file:
        pickle.dump((Attack(function, word), [True]), file)
    name = {os.system: 'system', eval: 'eval', subprocess.call: 'call'}[function]
    for words in (train(data, tmp_path / 'run', '--epochs', 1), ['verify', tmp_path, '--data', data / 'val.bin']):
        said = sentence(capsys, words)
        assert 'val.bin' in said and name in said
    assert not mark.exists() and not (tmp_path / 'run').exists()


@pytest.mark.parametrize('spoil', [lambda b: b[:len(b) // 2], lambda b: b'', lambda b: b'rubbish' + b,
                                   lambda b: b.replace(b'\x89PNG', b'GNP\x89')],
                         ids=['half', 'empty', 'rubbish', 'images'])
def test_damaged_bin(data, tmp_path, spoil, capsys):
    (data / 'val.bin').write_bytes(spoil((data / 'val.bin').read_bytes()))
    assert 'val.bin' in sentence(capsys, train(data, tmp_path / 'run', '--epochs', 1))
    assert not (tmp_path / 'run').exists()


def test_full_disk_while_packing(data, tmp_path, capsys):
    whole, broken = tmp_path / 'whole', tmp_path / 'broken'
    words = ['pack', 'folder', data / 'people', '--no-progress', '--out']
    assert cli.main([str(word) for word in words + [whole]]) == 0
    with files_up_to(20000):
        said = sentence(capsys, words + [broken])
    assert not (broken / 'train.rec').exists()
    assert 'What is packed so far is kept: make room and give the same command again' in said
    assert cli.main([str(word) for word in words + [broken]]) == 0
    for name in ('train.rec', 'train.idx', 'property', 'classes.txt'):
        assert (whole / name).read_bytes() == (broken / name).read_bytes()
    assert not list(broken.glob('*.part')) and not list(broken.glob('.*.tmp'))


def test_full_disk_while_training(data, tmp_path):
    words = ['--epochs', 2, '--save-every', 3]
    assert cli.main(train(data, tmp_path / 'whole', *words)) == 0
    process = Fork(tmp_path / 'said.txt', run_command, train(data, tmp_path / 'broken', *words), 100000)
    code, said = process.end(), process.said()
    assert code == 2 and 'Traceback' not in said and 'Exception ignored' not in said, said
    assert '{} cannot be written: File too large. The checkpoints in it are whole: make room and continue with ' \
           '--resume'.format(tmp_path / 'broken') in said
    assert not [path for path in (tmp_path / 'broken' / 'checkpoint').iterdir()], 'no half checkpoint is left'
    assert cli.main(train(data, tmp_path / 'broken', *words, '--resume')) == 0
    same_end(tmp_path / 'whole', tmp_path / 'broken')


def test_full_disk_while_embedding(data, trained, tmp_path, capsys):
    words = ['embed', trained, data / 'people', '--batch-size', '7', '--no-progress', '--out']
    assert cli.main([str(word) for word in words + [tmp_path / 'whole.npz']]) == 0
    for size in (1200, 8000):  # the partial file does not fit; the result does not
        with files_up_to(size):
            said = sentence(capsys, words + [tmp_path / 'broken.npz'])
        assert not (tmp_path / 'broken.npz').exists()
        assert 'broken.npz cannot be written: File too large. What is embedded so far is kept' in said
    assert cli.main([str(word) for word in words + [tmp_path / 'broken.npz']]) == 0
    assert (tmp_path / 'broken.npz').read_bytes() == (tmp_path / 'whole.npz').read_bytes()


def kill_at(folder, words, ready):
    """SIGKILL a command as soon as ``ready()`` is true."""
    process = Fork(folder / 'said.txt', run_command, words)
    process.wait_for(ready)
    process.kill()


def test_killed_while_training(data, tmp_path):
    """Twice, then resumed, with the newest checkpoint damaged on top: the end is that of the unbroken run."""
    words = ['--steps', 25, '--eval-every', 5, '--save-every', 3, '--batch-size', 6]
    assert cli.main(train(data, tmp_path / 'whole', *words)) == 0
    out = tmp_path / 'broken'
    folder = out / 'checkpoint'
    kill_at(tmp_path, train(data, out, *words), (folder / 'step-00000006.npz').exists)
    kill_at(tmp_path, train(data, out, *words, '--resume'), (folder / 'step-00000012.npz').exists)
    newest = sorted(folder.glob('step-*.npz'))[-1]
    newest.write_bytes(newest.read_bytes()[:-100])
    with pytest.warns(UserWarning, match='is damaged .* Trying the one before'):
        assert cli.main(train(data, out, *words, '--resume')) == 0
    same_end(tmp_path / 'whole', out)
    assert not [path for path in folder.iterdir() if path.name.endswith('.tmp')]


def test_nothing_but_damaged_checkpoints(data, tmp_path, capsys):
    assert cli.main(train(data, tmp_path / 'run', '--epochs', 1)) == 0
    capsys.readouterr()
    for path in (tmp_path / 'run' / 'checkpoint').glob('*.npz'):
        path.write_bytes(b'PK\x03\x04 no more')
    with pytest.warns(UserWarning, match='is damaged'):
        assert cli.main(train(data, tmp_path / 'run', '--epochs', 1, '--resume')) == 2
    assert 'every checkpoint in' in capsys.readouterr().err


def test_damaged_weights_and_cards(data, tmp_path, capsys):
    run = tmp_path / 'run'
    assert cli.main(train(data, run, '--epochs', 1)) == 0
    capsys.readouterr()
    weights = run / 'checkpoint' / 'best.params'
    good = bytearray(weights.read_bytes())
    for spoilt in (bytes(good[:-10]), bytes(good[:900] + struct.pack('B', good[900] ^ 1) + good[901:])):
        weights.write_bytes(spoilt)
        for words in (['verify', run, '--data', data / 'val.bin'], train(data, tmp_path / 'x', '--finetune', run)):
            said = sentence(capsys, words)
            assert 'best.params must have the SHA-256' in said and 'changed or damaged' in said
    weights.unlink()
    assert 'best.params are missing' in sentence(capsys, ['embed', run, data / 'people', '--out', tmp_path / 'e.npy'])


def test_killed_while_embedding(data, trained, tmp_path):
    listed = tmp_path / 'list.txt'
    listed.write_text(''.join('{}\t0\n'.format(path) for path in sorted(data.glob('people/*/*.png'))) * 25)
    words = ['embed', trained, listed, '--no-progress', '--batch-size', 16, '--out']
    partial = tmp_path / 'broken.npz.partial'
    kill_at(tmp_path, words + [tmp_path / 'broken.npz'], lambda: partial.exists() and partial.stat().st_size > 1000)
    assert cli.main([str(word) for word in words + [tmp_path / 'broken.npz']]) == 0
    assert cli.main([str(word) for word in words + [tmp_path / 'whole.npz']]) == 0
    assert (tmp_path / 'broken.npz').read_bytes() == (tmp_path / 'whole.npz').read_bytes() and not partial.exists()
