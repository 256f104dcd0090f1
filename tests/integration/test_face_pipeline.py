"""From drawn faces to embeddings, through commands as a user gives them."""
import contextlib
import io
import os
import re
import runpy
import signal
import subprocess
import sys

import numpy as np
import pytest
from forks import Fork, run_command
from helpers import ROOT, environ, rows

from gluonfr import cli
from gluonfr.data import RecordDataset, SyntheticFaces, read_bin
from gluonfr.data.image import encode
from gluonfr.deploy import read_card
from gluonfr.deploy.verify import score_pairs
from gluonfr.train.checkpoint import read_checkpoint

pytest.importorskip('tensorboardX', reason='pip install tensorboardX')

TRAIN = ['--network', 'mobilefacenet', '--network-args', 'blocks=1,0,0,0', '--loss', 'ringloss', '--loss-args',
         'lamda=0.1', 'r_init=5.0', '--lr', '0.01', '--batch-size', '6', '--steps', '9', '--eval-folds', '2',
         '--eval-every', '4', '--log-every', '2', '--save-every', '2', '--no-progress']


def run(*words, code=0):
    """Output of a command; fails with it if it does not end with ``code``."""
    done = subprocess.run([sys.executable, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, env=environ(), timeout=300, cwd=str(ROOT))
    assert done.returncode == code, done.stdout
    return done.stdout


def run_here(function, *words, code=0):
    """Output of a command that is run in this process, which has paid for the imports."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        assert function([str(word) for word in words]) == code, said.getvalue()
    return said.getvalue()


@pytest.fixture
def prepare(monkeypatch):
    """The module examples/face/prepare.py."""
    monkeypatch.syspath_prepend(str(ROOT / 'examples' / 'face'))
    import prepare
    return prepare


@pytest.fixture(scope='module')
def drawn(tmp_path_factory):
    """What prepare.py makes: 6 people x 6 images to train on, 16 pairs of 6 others."""
    out = tmp_path_factory.mktemp('drawn')
    words = ['examples/face/prepare.py', '--synthetic', 6, '--images', 6, '--val-people', 6, '--pairs', 16,
             '--folds', 2, '--out', out, '--no-progress']
    said = run(*words)
    assert '36 images of 6 people to train on (train.rec), 16 pairs of 6 others in 2 folds (val.bin)' in said
    return out, words


@pytest.fixture(scope='module')
def trained(drawn, tmp_path_factory):
    out = tmp_path_factory.mktemp('whole') / 'run'
    return out, run_here(cli.main, 'train', '--dataset', drawn[0], '--eval', drawn[0] / 'val.bin', '--out', out, *TRAIN)


def test_prepare_again_changes_nothing(drawn, prepare):
    out, words = drawn
    def files():
        return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob('*') if path.is_file()}

    before = files()
    run_here(prepare.main, *words[1:])
    assert files() == before
    assert set(before) >= {'train.rec', 'train.idx', 'property', 'val.bin', os.path.join('val', 'train.rec')}


def test_log_and_card(trained):
    out, said = trained
    log = (out / 'log.txt').read_text(encoding='utf-8')
    assert all(line in said for line in log.splitlines()) and 'card: {}'.format(out / 'card.json') in said
    assert re.search(r'^best: mean accuracy 0\.\d{4} on val, after step \d+; the card takes these weights$', said, re.M)
    assert log.count('wd=0.0005') == 1 and len(re.findall(r'epoch \d step \d .* Radius \S+ \d+ images/s', log)) == 5
    assert re.findall(r'step (\d) val: 0\.\d{4}\+-0\.\d{4}', log) == ['4', '8', '9']
    card, weights, spec = read_card(str(out / 'card.json'))
    best = max(rows(out / 'verify.csv'), key=lambda row: float(row['acc']))
    assert card['metrics']['val']['acc'] == float(best['acc']) and card['step'] == int(best['step'])
    assert (card['model'], spec.size, spec.embedding_size) == ('mobilefacenet', (112, 112), 128)
    assert os.path.basename(weights) == 'best.params'


def test_ctrl_c_then_kill_then_the_same_end(trained, drawn, tmp_path):
    """Ctrl-C saves the step it came in; SIGKILL loses what came after the newest checkpoint; the end is the same."""
    (whole, _), (data, _), out = trained, drawn, tmp_path / 'out'
    words = ['train', '--dataset', data, '--eval', data / 'val.bin', '--out', out, *TRAIN]
    process = Fork(tmp_path / 'first.txt', run_command, words)
    process.wait_for((out / 'checkpoint' / 'step-00000002.npz').exists)
    os.kill(process.process.pid, signal.SIGINT)
    code, said = process.end(), process.said()
    assert code == 130 and 'Traceback' not in said
    stopped = re.search(r'gluonfr train: stopped; step (\d) is saved: --resume continues from there\.', said)
    saved = int(stopped.group(1))
    assert (out / 'checkpoint' / 'step-{:08d}.npz'.format(saved)).exists() and saved < 9

    process = Fork(tmp_path / 'second.txt', run_command, words + ['--resume'])
    process.wait_for((out / 'checkpoint' / 'step-00000006.npz').exists)
    process.kill()
    assert not (out / 'card.json').exists()
    said = run_here(cli.main, *words, '--resume')
    assert 'resumed at step {}'.format(saved) in (out / 'log.txt').read_text(encoding='utf-8')
    assert re.search('resumed at step [678] ', said)

    for name in ('last', 'best'):
        path = 'checkpoint/{}.params'.format(name)
        assert (out / path).read_bytes() == (whole / path).read_bytes(), name
    first, second = (read_checkpoint(str(folder / 'checkpoint' / 'step-00000009.npz')) for folder in (whole, out))
    assert first.arrays.keys() == second.arrays.keys()
    assert all(first.arrays[name].tobytes() == second.arrays[name].tobytes() for name in first.arrays)
    assert rows(whole / 'verify.csv') == rows(out / 'verify.csv')
    assert [row['step'] for row in rows(out / 'steps.csv')] == ['2', '4', '6', '8', '9']
    assert [row['step'] for row in rows(out / 'metrics.csv')] == ['6']
    cards = [read_card(str(folder / 'card.json'))[0] for folder in (whole, out)]
    assert all(cards[0][name] == cards[1][name] for name in ('sha256', 'metrics', 'step', 'data'))


def example(monkeypatch, name, *words):
    """Output of a script in examples/face, run in this process as `python name words` runs it."""
    monkeypatch.setattr(sys, 'argv', [name, *map(str, words)])
    with pytest.raises(SystemExit) as end:
        run_here(lambda words: runpy.run_path(str(ROOT / 'examples' / 'face' / name), run_name='__main__'))
    assert end.value.code == 0


def test_verify_embed_and_compare(trained, drawn, tmp_path, monkeypatch):
    (out, _), (data, _) = trained, drawn
    # as in a checkout in which the command is not installed
    said = run('examples/face/verify.py', out, '--data', data / 'val.bin', '--folds', 2, '--csv', tmp_path / 'v.csv',
               '--no-progress')
    (row,) = rows(tmp_path / 'v.csv')
    best = max(rows(out / 'verify.csv'), key=lambda row: float(row['acc']))
    assert 'val: accuracy' in said and all(row[name] == best[name] for name in row if name in best)
    example(monkeypatch, 'embed.py', out, data / 'train.rec', '--out', tmp_path / 'e.npz', '--flip', 'sum')
    with np.load(str(tmp_path / 'e.npz')) as found:
        assert found['embeddings'].shape == (36, 128) and list(found['labels']) == list(np.repeat(np.arange(6), 6))
    images = [tmp_path / 'a.png', tmp_path / 'b.png']
    for i, path in enumerate(images):
        path.write_bytes(encode(RecordDataset(str(data / 'train.rec')).read(i)[0], '.png'))
    said = run_here(cli.main, 'compare', out, *images, '--flip', 'sum')
    with np.load(str(tmp_path / 'e.npz')) as found:
        cosine = float(found['embeddings'][0].dot(found['embeddings'][1]))
    assert float(said.split()[-1]) == pytest.approx(cosine, abs=2e-4)


def test_a_folder_of_people(tmp_path, capsys, caplog, prepare):
    """prepare.py --folder keeps people apart, takes as many pairs as there are, and says what does not work."""
    faces = SyntheticFaces(7, 3)
    for i, label in enumerate(faces.labels):
        (tmp_path / 'people' / 'p{}'.format(label)).mkdir(parents=True, exist_ok=True)
        (tmp_path / 'people' / 'p{}'.format(label) / '{}.jpg'.format(i)).write_bytes(encode(faces.read(i)[0]))
    (tmp_path / 'people' / 'p0' / 'album').mkdir()
    os.rename(str(tmp_path / 'people' / 'p0' / '0.jpg'), str(tmp_path / 'people' / 'p0' / 'album' / '0.jpg'))
    (tmp_path / 'people' / 'group.jpg').write_bytes(b'')
    words = ['--folder', str(tmp_path / 'people'), '--out', str(tmp_path / 'out'), '--no-progress', '--val-people', '4']
    assert prepare.main(words + ['--folds', '2', '--seed', '3']) == 0
    assert caplog.text.count('people: left out 1 beside the folders of people (group.jpg).') == 1
    said = capsys.readouterr().out
    assert '9 images of 3 people to train on (train.rec), 24 pairs of 4 others in 2 folds (val.bin)' in said
    assert '12 impostor pairs cannot show FAR 0.001; the smallest is 0.0834' in said
    assert '\nnext: gluonfr train --dataset ' in said and '--eval-folds 2' in said
    pairs = read_bin(str(tmp_path / 'out' / 'val.bin'))  # in a fold two people have 6 genuine pairs
    assert len(pairs) == 24 and pairs.issame.sum() == 12
    train = RecordDataset(str(tmp_path / 'out' / 'train.rec'))
    seen = {train.read(i)[0].tobytes() for i in range(9)}
    assert not seen & {pairs.image(i).tobytes() for i in range(48)}
    for more, expected in ((['--val-people', '7'], '--val-people must be in [2, 5]'), (['--val-people', '1'], '[2, 5]'),
                           (['--folds', '4', '--seed', '3'], 'too few for 4 folds'),
                           (['--folds', '2', '--seed', '3', '--pairs', '28'], 'were asked for'),
                           (['--pairs', '25'], '--pairs must be a multiple of twice --folds, 2, got 25'),
                           (['--out', str(tmp_path / 'people' / 'mine')], '--out must not lie among the photo'),
                           (['--folder', str(tmp_path / 'none')], 'none')):
        assert prepare.main(words + more) == 2
        said = capsys.readouterr().err
        assert said.startswith('prepare.py: ') and expected in said and said.count('\n') == 1, said
    assert prepare.main(words + ['--val-people', '5']) == 0  # what the calls before have left is no hindrance
    said = capsys.readouterr().out
    assert 'made anew' in said and '6 images of 2 people' in said
    pairs = read_bin(str(tmp_path / 'out' / 'val.bin'))
    (tmp_path / 'people' / 'p0' / 'more.jpg').write_bytes(encode(faces.read(20)[0]))
    assert prepare.main(words + ['--val-people', '5']) == 0 and 'made anew' in capsys.readouterr().out
    (tmp_path / 'out' / 'prepare.json').unlink()
    (tmp_path / 'people' / 'p0' / 'more.jpg').write_bytes(encode(faces.read(20)[0][:64, :64]))
    assert prepare.main(words) == 2 and 'holds a set that this script has not made' in capsys.readouterr().err
    words[3] += '2'
    assert prepare.main(words) == 2 and '--resize must be given for images of several' in capsys.readouterr().err
    assert prepare.main(words + ['--resize', '112']) == 0 and 'made anew' in capsys.readouterr().out
    for wrong in (['--synthetic', '3'], ['--pairs', '0']):
        with pytest.raises(SystemExit):
            prepare.main(words + wrong)


@pytest.mark.parametrize('people, images, expected', [
    (4, 2, '4 images of 2 people to train on (train.rec), 4 pairs of 2 others in 1 fold'),
    (6, 50, '200 images of 4 people to train on (train.rec), 4900 pairs of 2 others in 1 fold'),
    (10, 4, '32 images of 8 people to train on (train.rec), 24 pairs of 2 others in 1 fold'),
    (30, 6, '144 images of 24 people to train on (train.rec), 180 pairs of 6 others in 3 folds'),
    (100, 4, '320 images of 80 people to train on (train.rec), 240 pairs of 20 others in 10 folds'),
    (30, 1, '')])
def test_defaults_of_prepare_suit_few_people(tmp_path, capsys, prepare, people, images, expected):
    """And the pairs have what `gluonfr verify` and `train --eval` measure by default."""
    random = np.random.RandomState(0)
    for person in range(people):
        (tmp_path / 'people' / 'p{}'.format(person)).mkdir(parents=True)
        for image in range(images):
            data = encode(random.randint(0, 256, (8, 8, 3)).astype('uint8'), '.png')
            (tmp_path / 'people' / 'p{}'.format(person) / '{}.png'.format(image)).write_bytes(data)
    done = prepare.main(['--folder', str(tmp_path / 'people'), '--out', str(tmp_path / 'out'), '--no-progress'])
    if images == 1:
        assert done == 2 and '0 of them with two images or more' in capsys.readouterr().err
        return
    assert done == 0 and expected in capsys.readouterr().out
    issame = read_bin(str(tmp_path / 'out' / 'val.bin')).issame
    row = score_pairs(random.randn(2 * len(issame), 4), issame, 'val').row
    assert 0 <= row['acc'] <= 1 and 0 <= row['auc'] <= 1
    assert row['folds'] == min(10, len(issame)) and (row['tar@0.001'] is None) == (len(issame) < 2000)
