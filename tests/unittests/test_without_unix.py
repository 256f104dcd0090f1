"""From people to results without MXNet; here, and in a process from which what only Unix has is taken away."""
import io
import os
import subprocess
import sys

import numpy as np
import pytest
from cli_cases import embedded, make_data, run
from helpers import ROOT, environ

from gluonfr.data import RecordDataset, open_dataset, pack_dataset
from gluonfr.deploy import Embedder, embed_to_file

pytest.importorskip('onnx', reason='the extra onnx')
pytest.importorskip('onnxruntime', reason='the extra onnx')

NET = 'lenetplus_arcface'  # comes with gluonfr


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """See `make_data`; one of the people has a name of another alphabet."""
    folder = make_data(tmp_path_factory.mktemp('data'))
    (folder / 'people' / 'p1').rename(folder / 'people' / '\u5b89\u5a1c')
    return folder


@pytest.fixture(scope='module')
def embedder():
    return Embedder(NET, engine='onnxruntime', batch_size=8)


def stopping(dataset, at):
    """Have an image of a dataset stop the work, as Ctrl-C does."""
    read = dataset.read_bytes

    def read_or_stop(i):
        if i == at:
            raise KeyboardInterrupt
        return read(i)

    dataset.read_bytes = read_or_stop
    return dataset


def test_an_interrupted_embedding_is_gone_on_with(data, embedder, tmp_path, caplog):
    out = tmp_path / 'faces.npz'
    with pytest.raises(KeyboardInterrupt):
        embed_to_file(embedder, stopping(open_dataset(data), 41), str(out))
    assert (tmp_path / 'faces.npz.partial').exists() and not out.exists()
    caplog.set_level('INFO', 'gluonfr')
    rows = embed_to_file(embedder, open_dataset(data), str(out))
    assert 'the others follow' in caplog.text
    assert [path.name for path in tmp_path.iterdir()] == ['faces.npz']
    np.testing.assert_array_equal(embedded(out)['embeddings'], rows)
    np.testing.assert_allclose(rows, embedder(open_dataset(data)), atol=1e-6)


def test_an_interrupted_packing_is_gone_on_with(data, tmp_path, monkeypatch):
    monkeypatch.setattr('gluonfr.data.packing.write._MARK_EVERY', 1)
    again, whole = tmp_path / 'again', tmp_path / 'whole'
    with pytest.raises(KeyboardInterrupt):
        pack_dataset(stopping(open_dataset(data / 'people'), 30), str(again), progress=False, workers=1)
    assert {path.name for path in again.iterdir()} == {'train.rec.part', 'train.rec.journal'}
    for folder, resume in ((again, True), (again, True), (whole, True), (whole, False)):  # also finished, and anew
        pack_dataset(open_dataset(data / 'people'), str(folder), progress=False, resume=resume)
    assert RecordDataset(again / 'train.rec').classes[-1] == '\u5b89\u5a1c'
    for name in ('train.rec', 'train.idx', 'property', 'classes.txt'):
        assert (again / name).read_bytes() == (whole / name).read_bytes()
    assert b'\r' not in (again / 'train.idx').read_bytes()
    run('pack', 'check', again / 'train.rec', '--no-progress')


def test_a_wrong_image_leaves_nothing(data, tmp_path):
    people = open_dataset(data / 'people')
    read = people.read_bytes
    people.read_bytes = lambda i: (read(i)[0][:90], 0) if i == 30 else read(i)
    with pytest.raises(ValueError, match='decode|damaged|cut off|truncated'):
        pack_dataset(people, str(tmp_path), progress=False)
    assert not list(tmp_path.iterdir())


def test_the_commands(data, tmp_path, monkeypatch, capsys):
    net, people = tmp_path / 'net.onnx', data / 'people'
    run('export', NET, '--onnx', net)
    run('verify', net, '--data', data / 'val.bin', '--folds', 2, '--no-progress')
    assert 'val: accuracy 0.6' in capsys.readouterr().out
    run('embed', net, people, '--out', tmp_path / 'faces.npy', '--no-progress')
    assert 'p0' in (tmp_path / 'faces.txt').read_text(encoding='utf-8')
    run('compare', net, people / 'p0' / '0.png', people / 'p0' / '1.png')
    capsys.readouterr()
    console = io.TextIOWrapper(io.BytesIO(), encoding='cp1252')  # as where the output of a command goes to a file
    monkeypatch.setattr(sys, 'stdout', console)
    query = people / '\u5b89\u5a1c' / '0.png'
    run('search', tmp_path / 'faces.npy', query, '--net', net, '--top', 1, '--no-progress')
    console.flush()
    assert b'1.0000  \\u5b89\\u5a1c  ' in console.buffer.getvalue()


@pytest.mark.skipif('without_unix' in sys.modules, reason='it is taken away here')
def test_it_works_where_unix_is_taken_away():
    words = ['-m', 'pytest', '-q', '-p', 'without_unix', '-p', 'no:cacheprovider',
             'tests/unittests/test_without_unix.py', 'tests/unittests/data/record/test_record_writing.py',
             'tests/unittests/photos/test_enrolled.py']
    if sys.version_info >= (3, 10):
        words = ['-X', 'warn_default_encoding', '-W', 'error::EncodingWarning:gluonfr'] + words
    path = os.pathsep.join([str(ROOT / 'tests' / 'cases'), environ()['PYTHONPATH']])  # -p comes before pythonpath
    done = subprocess.run([sys.executable, *words], cwd=str(ROOT), env={**environ(), 'PYTHONPATH': path},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding='utf-8', timeout=300)
    assert done.returncode == 0, done.stdout
    assert 'passed' in done.stdout
