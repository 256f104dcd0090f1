"""`gluonfr embed`: kinds of data, what was killed or changed meanwhile, precisions."""
import os
import shutil

import mxnet as mx
import numpy as np
import pytest
from cli_cases import embedded, run

from gluonfr.deploy import Embedder
from gluonfr.model_zoo import get_model


def test_embed_kinds_of_data(trained, data, tmp_path, capsys):
    listed = tmp_path / 'list.txt'
    listed.write_text(''.join('{}\t{}\n'.format(data / 'people' / 'p1' / '{}.png'.format(i), 1) for i in range(3)))
    folder, flat = data / 'people', data / 'people' / 'p1'
    found = {}
    for kind, place in (('folder', folder), ('flat', flat), ('list', listed), ('rec', data / 'train.rec')):
        run('embed', trained, place, '--out', tmp_path / 'new' / (kind + '.npz'), '--no-progress', '--batch-size', 5)
        found[kind] = embedded(tmp_path / 'new' / (kind + '.npz'))
    assert [len(found[kind]['embeddings']) for kind in ('folder', 'flat', 'list', 'rec')] == [48, 8, 3, 48]
    np.testing.assert_allclose(np.linalg.norm(found['rec']['embeddings'], axis=1), 1, atol=1e-5)
    for kind in ('folder', 'rec'):
        assert (found[kind]['labels'] == np.repeat(np.arange(6), 8)).all()
    assert set(found['flat']['labels']) == {-1} and list(found['list']['labels']) == [1, 1, 1]
    assert list(found['flat']['names']) == [str(flat / '{}.png'.format(i)) for i in range(8)]
    assert list(found['rec']['names'][:2]) == ['1', '2']
    np.testing.assert_allclose(found['flat']['embeddings'], found['folder']['embeddings'][8:16], atol=1e-5)
    np.testing.assert_allclose(found['folder']['embeddings'], found['rec']['embeddings'], atol=1e-5)
    picture = tmp_path / 'pictures' / 'people.png'
    run('embed', trained, data / 'train.rec', '--out', tmp_path / 'new' / 'rec.npz', '--plot', picture)
    assert picture.read_bytes()[:4] == b'\x89PNG' and 'picture: {}'.format(picture) in capsys.readouterr().out
    run('embed', trained, flat, '--out', tmp_path / 'e.npy', '--flip', 'concat')
    assert np.load(str(tmp_path / 'e.npy')).shape == (8, 4) and 'embed: 100%' in capsys.readouterr().err
    assert (tmp_path / 'e.txt').read_text().splitlines() == list(found['flat']['names'])
    assert not [name for name in os.listdir(str(tmp_path)) if 'partial' in name or name.endswith('.tmp')]


def test_embed_goes_on_where_it_was_killed(trained, data, tmp_path, monkeypatch, capsys):
    whole, broken = tmp_path / 'whole.npz', tmp_path / 'broken.npz'
    words = ['embed', trained, data / 'train.rec', '--no-progress', '--batch-size', 7]
    run(*words, '--out', whole)
    starts = record_starts(monkeypatch, batches=3)
    run(*words, '--out', broken, code=130)
    assert 'stopped; the same command continues from there' in capsys.readouterr().err
    partial = tmp_path / 'broken.npz.partial'
    partial.write_bytes(partial.read_bytes()[:-5])  # the third batch is half there
    record_starts(monkeypatch, starts)
    run(*words, '--out', broken)
    assert starts == [0, 14] and not partial.exists()
    assert embedded(whole)['embeddings'].tobytes() == embedded(broken)['embeddings'].tobytes()
    partial.write_bytes(b'of something else')
    run(*words, '--out', broken)
    assert starts == [0, 14, 0] and not partial.exists()


def test_embed_again_what_was_replaced_meanwhile(trained, data, tmp_path, monkeypatch, caplog):
    people, again = tmp_path / 'people', tmp_path / 'again.npz'
    shutil.copytree(str(data / 'people'), str(people))
    paths = sorted(people.glob('*/*.png'))
    for path in paths:  # of one length, as those of a camera without compression
        path.write_bytes(path.read_bytes().ljust(4000, b'\0'))
    starts = record_starts(monkeypatch, batches=3)
    words = ['embed', trained, people, '--no-progress', '--batch-size', 7, '--out']
    run(*words, tmp_path / 'e.npz', code=130)
    before = paths[10].stat()
    paths[10].write_bytes(paths[40].read_bytes())
    os.utime(str(paths[10]), ns=(before.st_atime_ns, before.st_mtime_ns))
    record_starts(monkeypatch, starts)
    run(*words, tmp_path / 'e.npz')
    run(*words, again)
    assert starts == [0, 7, 0] and 'image 11 of 48 is not what it was' in caplog.text
    assert embedded(tmp_path / 'e.npz')['embeddings'].tobytes() == embedded(again)['embeddings'].tobytes()


@pytest.mark.parametrize('words', [['bfloat16'], ['int8', '--calibrate', 'PEOPLE']], ids=lambda words: words[0])
def test_precisions(trained, data, tmp_path, words):
    words = [str(data / 'people') if word == 'PEOPLE' else word for word in words]
    both = []
    for name, options in (('a', []), ('b', ['--precision', *words])):
        run('embed', trained, data / 'train.rec', '--no-progress', '--out', tmp_path / (name + '.npz'), *options)
        both.append(embedded(tmp_path / (name + '.npz'))['embeddings'])
    assert 0.9 < (both[0] * both[1]).sum(axis=1).min() < 1 - 1e-9


def record_starts(monkeypatch, starts=None, batches=None, real=Embedder.batches):
    """The list of where each embedding begins; with `batches` it is interrupted after so many."""
    starts = [] if starts is None else starts

    def recorded(self, dataset, start, progress):
        starts.append(start)
        for number, batch in enumerate(real(self, dataset, start, progress)):
            if number == batches:
                raise KeyboardInterrupt
            yield batch

    monkeypatch.setattr(Embedder, 'batches', recorded)
    return starts


@pytest.mark.parametrize('change', ['net', 'flip', 'data', 'precision'])
def test_embed_begins_anew_where_net_options_or_data_differ(data, tmp_path, monkeypatch, change):
    for name in ('a', 'b'):
        net = get_model('lenetplus')
        net.initialize(mx.init.Normal())
        net(mx.nd.zeros((1, 1, 28, 28)))
        net.save_parameters(str(tmp_path / name))
    starts = record_starts(monkeypatch, batches=1)
    words = ['embed', 'lenetplus', '--no-progress', '--batch-size', 20, '--out', tmp_path / 'e.npz']
    run(*words, data / 'train.rec', '--params', tmp_path / 'a', code=130)
    record_starts(monkeypatch, starts)
    run(*words, data / ('people' if change == 'data' else 'train.rec'),
        '--params', tmp_path / ('b' if change == 'net' else 'a'), '--flip', 'sum' if change == 'flip' else 'none',
        '--precision', 'bfloat16' if change == 'precision' else 'float32')
    assert starts == [0, 0]
