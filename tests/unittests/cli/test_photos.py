"""Photographs in the commands that embed: embed, compare and search, and in the Embedder."""
import csv
import os
import re
import shutil

import cv2
import mxnet as mx
import numpy as np
import pytest
from align_cases import WHITE, photo, points, write_yunet
from cli_cases import embedded, run
from deploy_cases import lenet
from mxnet import nd

from gluonfr.align import FaceError, align_face, get_detector
from gluonfr.data import pack_folder
from gluonfr.data.image import encode, read_image
from gluonfr.deploy import Embedder, load_net, write_card
from gluonfr.model_zoo import InputSpec

SPEC = InputSpec((28, 28), (127.5,), (127.5,), 'grey', 8)
PLACES = [(40, 40), (16, 32, WHITE), (64, 48)]


def scene(seed, place):
    """A photograph of a person: a background of its own and a mark in it."""
    image = np.random.RandomState(seed).randint(0, 140, (16, 24, 3)).astype('uint8')
    image = cv2.resize(image, (144, 96), interpolation=cv2.INTER_CUBIC)
    x, y, *colour = place
    image[y:y + 8, x:x + 8] = photo(8, 8, [(0, 0, *colour)])
    return image


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """A folder with a net, weights of YuNet, and photographs of three people: the first three of each, and others."""
    folder = tmp_path_factory.mktemp('photos')
    net = lenet(embedding_size=8)
    net(nd.zeros((1, 1, 28, 28)))
    net.save_parameters(str(folder / 'w.params'))
    write_card(str(folder / 'card.json'), str(folder / 'w.params'), 'lenetplus', {'embedding_size': 8}, SPEC)
    write_yunet(folder / 'marks.onnx')
    for person in range(3):
        (folder / 'people' / 'p{}'.format(person)).mkdir(parents=True)
        for i in range(3):
            (folder / 'people' / 'p{}'.format(person) / '{}.png'.format(i)).write_bytes(
                encode(scene(10 * person + i, PLACES[i]), '.png'))
    (folder / 'none.png').write_bytes(encode(photo(96, 96, []), '.png'))
    (folder / 'two.png').write_bytes(encode(photo(96, 160, [(40, 40), (96, 40, WHITE)]), '.png'))
    return folder


def detect(place):
    return ['--detect', 'yunet', '--detector-model', place / 'marks.onnx']


def paths(place):
    return [str(place / 'people' / 'p{}'.format(person) / '{}.png'.format(i)) for person in range(3) for i in range(3)]


def want(place):
    """Embeddings of the faces where they are known to be."""
    spots = [points(*spot[:2], 2 if len(spot) > 2 else 1) for spot in PLACES] * 3
    return Embedder(load_net(str(place)))([align_face(read_image(path), spot, 28)
                                          for path, spot in zip(paths(place), spots)])


def test_the_embedder_takes_photographs(place):
    detector = get_detector('yunet', model=str(place / 'marks.onnx'))
    embedder = Embedder(str(place))
    found = embedder(paths(place), detect=detector)
    for one in (paths(place)[4], mx.image.imread(paths(place)[4])):
        np.testing.assert_array_equal(embedder(one, detect=detector), found[4:5])
    np.testing.assert_allclose(found, want(place), atol=0.02)
    np.testing.assert_array_equal(embedder([read_image(path) for path in paths(place)], detect=detector), found)
    assert embedder([], detect=detector).shape == (0, 8)
    with pytest.raises(FaceError, match='none.png: no face was found.$'):
        embedder([paths(place)[0], place / 'none.png'], detect=detector)
    with pytest.raises(FaceError, match=r'gone.png: it cannot be read \(.*No such file.*\).$'):
        embedder([str(place / 'gone.png')], detect=detector)
    with pytest.raises(FaceError, match='^image 1: no face was found.$'):
        embedder([photo(96, 96, [(40, 40)]), photo(96, 96, [])], detect=detector)


def test_compare(place, capsys):
    first, second = paths(place)[:2]
    run('compare', place, first, second, *detect(place))
    cosine = want(place)[0] @ want(place)[1]
    assert float(capsys.readouterr().out.split()[-1]) == pytest.approx(cosine, abs=0.02)
    run('compare', place, first, second, code=2)  # photographs that are not aligned, but taken to be
    said = capsys.readouterr().err
    assert 'images must be RGB of shape (28, 28, 3), got (96, 144, 3) for image {}.'.format(first) in said
    assert '`gluonfr align`, by --detect of embed' in said
    for name, options, message in (('none', [], 'none.png: no face was found.'), ('two', [], ''),
                                   ('two', ['--several', 'refuse'], 'two.png: it shows several faces.'),
                                   ('two', ['--several', 'all'], '--several must be largest, center or refuse here'),
                                   ('two', ['--min-face', '90'], 'two.png: its faces are too small.')):
        run('compare', place, place / (name + '.png'), second, *detect(place), *options, code=2 if message else 0)
        assert message in capsys.readouterr().err


def test_embed(place, tmp_path, capsys):
    out = tmp_path / 'people.npz'
    words = ['embed', place, place / 'people', '--out', out, '--no-progress', *detect(place)]
    run(*words)
    found = embedded(out)
    np.testing.assert_allclose(found['embeddings'], want(place), atol=0.02)
    assert list(found['names']) == paths(place) and list(found['labels']) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    np.testing.assert_allclose(found['landmarks'][0], points(40, 40), atol=0.1)
    assert {path.name for path in tmp_path.iterdir()} == {'people.npz', 'people.faces.csv', 'people.faces.json'}
    run('embed', place, place / 'people', '--out', tmp_path / 'again.npz', '--landmarks', tmp_path / 'people.faces.csv')
    np.testing.assert_allclose(embedded(tmp_path / 'again.npz')['embeddings'], found['embeddings'], atol=1e-3)
    pack_folder(str(place / 'people'), str(tmp_path / 'packed'), progress=False)
    run(*words[:2], tmp_path / 'packed' / 'train.rec', *words[3:], code=2)
    assert 'train.rec: a rec holds aligned faces' in capsys.readouterr().err


def test_embed_photographs_that_were_replaced(place, tmp_path, capsys):
    folder = tmp_path / 'photos'
    folder.mkdir()
    for name, shift in (('a', 40), ('b', 24)):
        (folder / (name + '.bmp')).write_bytes(encode(photo(96, 96, [(shift, 40)]), '.bmp'))  # of one size
    words = ['embed', place, folder, '--out', tmp_path / 'e.npz', '--no-progress', *detect(place)]
    run(*words)
    first = embedded(tmp_path / 'e.npz')
    before = (folder / 'a.bmp').stat()
    (folder / 'a.bmp').write_bytes((folder / 'b.bmp').read_bytes())
    run(*words)  # another time: its face is found again
    assert (embedded(tmp_path / 'e.npz')['landmarks'][0] == first['landmarks'][1]).all()
    (folder / 'b.bmp').write_bytes(encode(photo(96, 96, [(40, 40)]), '.bmp'))
    os.utime(str(folder / 'a.bmp'), ns=(before.st_atime_ns, before.st_mtime_ns))
    run(*words)
    before = (folder / 'b.bmp').stat()
    (folder / 'b.bmp').write_bytes((folder / 'a.bmp').read_bytes())
    os.utime(str(folder / 'b.bmp'), ns=(before.st_atime_ns, before.st_mtime_ns))
    run(*words, code=2)  # of the same size and time
    assert 'b.bmp is not the photograph any more in which a face was found. Delete {}'.format(
        tmp_path / 'e.faces.csv') in capsys.readouterr().err
    (tmp_path / 'e.faces.csv').unlink()
    run(*words)
    assert (embedded(tmp_path / 'e.npz')['landmarks'] == first['landmarks'][1]).all()


def test_embed_photographs_without_a_face(place, tmp_path, capsys):
    folder = tmp_path / 'mixed'
    folder.mkdir()
    for name, source in (('a', 'people/p0/0.png'), ('b', 'none.png'), ('c', 'two.png')):
        (folder / (name + '.png')).write_bytes((place / source).read_bytes())
    (folder / 'd.png').write_bytes(b'')
    words = ['embed', place, folder, '--no-progress', *detect(place)]
    run(*words, '--out', tmp_path / 'x.npz', code=2)
    error = capsys.readouterr().err
    assert '2 of 4 photographs give no face, the first is {}: no face was found.'.format(folder / 'b.png') in error
    assert '--on-error skip leaves them out' in error and not (tmp_path / 'x.npz').exists()
    run(*words, '--out', tmp_path / 'y.npz', '--on-error', 'skip')
    assert [os.path.basename(name) for name in embedded(tmp_path / 'y.npz')['names']] == ['a.png', 'c.png']
    with open(str(tmp_path / 'y.faces.csv'), newline='') as file:
        assert [row['status'] for row in csv.DictReader(file)] == ['ok', 'no-face', 'ok', 'unreadable']
    run(*words, '--out', tmp_path / 'y.npz', '--on-error', 'skip', '--several', 'all')
    found = embedded(tmp_path / 'y.npz')
    assert [os.path.basename(name) for name in found['names']] == ['a.png', 'c.png', 'c.png']
    np.testing.assert_allclose(found['landmarks'][1:], [points(96, 40, 2), points(40, 40)], atol=0.1)
    run(*words, '--out', tmp_path / 'z.npz', '--on-error', 'skip', '--min-face', '100', code=2)
    assert '4 of 4 photographs give no face' in capsys.readouterr().err


def test_search(place, tmp_path, capsys):
    run('embed', place, place / 'people', '--out', tmp_path / 'people.npz', *detect(place))
    run('embed', place, place / 'people' / 'p1', '--out', tmp_path / 'some.npy', *detect(place))
    capsys.readouterr()
    run('search', tmp_path / 'people.npz', tmp_path / 'some.npy', '--top', 3, '--out', tmp_path / 'found.csv')
    lines = capsys.readouterr().out.splitlines()
    queries = paths(place)[3:6]
    assert lines[::4] == queries and len(lines) == 12
    assert lines[1] == '  1.0000  p1  {}'.format(queries[0])
    with open(str(tmp_path / 'found.csv'), newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['path'] for row in rows[::3]] == queries and [row['rank'] for row in rows] == ['1', '2', '3'] * 3
    found = embedded(tmp_path / 'people.npz')['embeddings']
    best = np.sort(found @ found[3])[::-1][:3]
    np.testing.assert_allclose([float(row['cosine']) for row in rows[:3]], best, atol=2e-6)
    run('search', tmp_path / 'people.npz', queries[1], '--net', place, *detect(place), '--top', 1)
    assert capsys.readouterr().out.splitlines() == [queries[1], '  1.0000  p1  {}'.format(queries[1])]
    run('search', place / 'people', queries[1], '--net', place, *detect(place), '--top', 1, '--threshold', 1.5,
        '--no-progress')
    assert capsys.readouterr().out == queries[1] + '  nobody\n'


@pytest.fixture(scope='module')
def faces(place, tmp_path_factory):
    """Aligned faces of three people, as files and as a rec, people.npz of the files, and the card of another net."""
    folder = tmp_path_factory.mktemp('faces')
    run('align', place / 'people', '--out', folder / 'people', *detect(place), '--size', 28, '--no-progress')
    pack_folder(str(folder / 'people'), str(folder / 'rec'), progress=False)
    run('embed', place, folder / 'people', '--out', folder / 'people.npz', '--no-progress')
    net = load_net(str(place))
    param = net.features[0].weight
    param.set_data(-param.data())
    (folder / 'other').mkdir()
    net.save_parameters(str(folder / 'other' / 'w.params'))
    write_card(str(folder / 'other' / 'card.json'), str(folder / 'other' / 'w.params'), 'lenetplus',
               {'embedding_size': 8}, SPEC)
    return folder


@pytest.mark.parametrize('options, differing', [
    (['--flip', 'sum'], 'flip none against flip sum'), (['--precision', 'bfloat16'], 'precision float32 against'),
    (['--net', 'OTHER'], 'net [0-9a-f]{8} against net [0-9a-f]{8}')], ids=lambda value: str(value))
def test_search_refuses_a_gallery_of_another_net(place, faces, tmp_path, capsys, options, differing):
    net, image = (faces / 'other' if options[0] == '--net' else place), faces / 'people' / 'p1' / '0.png'
    options = [] if options[0] == '--net' else options
    run('embed', net, faces / 'people', '--out', tmp_path / 'b.npz', '--no-progress', *options)
    run('search', faces / 'people.npz', tmp_path / 'b.npz', code=2)
    said = capsys.readouterr().err
    assert '{} and {} must be embedded by one network in one way, got '.format(
        faces / 'people.npz', tmp_path / 'b.npz') in said and re.search(differing, said)
    run('search', faces / 'people.npz', image, '--net', net, *options, '--no-progress', code=2)
    assert '{} by --net {} must be embedded by one network'.format(image, net) in capsys.readouterr().err
    run('search', faces / 'people', tmp_path / 'b.npz', '--net', place, '--no-progress', code=2)
    assert 'must be embedded by one network' in capsys.readouterr().err
    run('search', tmp_path / 'b.npz', image, '--net', net, *options, '--no-progress', '--top', 1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(image) and lines[1].split()[1:] == ['p1', str(image)]


@pytest.mark.parametrize('kind', ['npz', 'npy', 'image'])
def test_search_takes_files_that_do_not_say_their_net(place, faces, tmp_path, caplog, capsys, kind):
    saved = embedded(faces / 'people.npz')
    old = tmp_path / ('old.npy' if kind == 'npy' else 'old.npz')
    if kind == 'npy':
        np.save(str(old), saved['embeddings'])
        (tmp_path / 'old.txt').write_text(''.join(name + '\n' for name in saved['names']))
    else:  # as gluonfr wrote it before
        np.savez(str(old), **{name: saved[name] for name in ('embeddings', 'labels', 'names')})
    query = faces / 'people' / 'p2' / '1.png'
    run('search', old, *([query, '--net', place, '--no-progress'] if kind == 'image' else [faces / 'people.npz']),
        '--top', 1)
    assert caplog.text.count('old.{}: nothing in it says of which network it is'.format(old.suffix[1:])) == 1
    assert capsys.readouterr().out.splitlines()[-1] == '  1.0000  p2  {}'.format(
        query if kind == 'image' else faces / 'people' / 'p2' / '2.png')


def test_search_shows_the_names_of_a_rec(place, faces, tmp_path, capsys):
    query = faces / 'people' / 'p1' / '2.png'
    run('embed', place, faces / 'rec' / 'train.rec', '--out', tmp_path / 'rec.npz', '--no-progress')
    for gallery in (tmp_path / 'rec.npz', faces / 'rec' / 'train.rec'):
        run('search', gallery, query, '--net', place, '--top', 1, '--no-progress')
        assert capsys.readouterr().out.splitlines()[-1].split()[1] == 'p1'
    other = tmp_path / 'other'
    shutil.copytree(str(faces / 'rec'), str(other))
    (other / 'classes.txt').write_text('of another rec\n')
    run('search', other / 'train.rec', query, '--net', place, '--top', 1, '--no-progress')
    assert capsys.readouterr().out.splitlines()[-1].split()[1] == '-'


def test_search_answers_the_queries_that_can_be_read(place, faces, tmp_path, capsys):
    good = [faces / 'people' / 'p0' / '0.png', faces / 'people.npz']
    (tmp_path / 'empty.png').write_bytes(b'')
    (tmp_path / 'bad.npz').write_bytes(b'no archive')
    bad = [tmp_path / 'gone.png', tmp_path / 'empty.png', place / 'none.png', tmp_path / 'bad.npz']
    words = ['search', faces / 'people.npz', '--net', place, '--top', 1, '--no-progress', '--out', tmp_path / 'f.csv']
    run(*words, good[0], *bad, code=2)
    assert not (tmp_path / 'f.csv').exists()
    run(*words, good[0], *bad, good[1], '--on-error', 'skip')
    with open(str(tmp_path / 'f.csv'), newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['query'] for row in rows[:5]] == [str(good[0])] + list(map(str, bad)) and len(rows) == 5 + 9
    assert [bool(row['error']) for row in rows] == [False] + [True] * 4 + [False] * 9
    assert all(bool(row['rank']) != bool(row['error']) for row in rows)
    run(*words, *bad, '--on-error', 'skip', code=2)
    assert 'none of the queries can be read, the first: ' in capsys.readouterr().err
    with open(str(tmp_path / 'f.csv'), newline='') as file:
        assert len(list(csv.DictReader(file))) == 4
    (tmp_path / 'photos').mkdir()
    for name in ('none.png', 'two.png'):
        shutil.copy(str(place / name), str(tmp_path / 'photos'))
    run('search', place / 'people', tmp_path / 'photos', '--net', place, *detect(place), '--top', 1, '--no-progress',
        '--on-error', 'skip', '--out', tmp_path / 'f.csv')
    with open(str(tmp_path / 'f.csv'), newline='') as file:
        rows = [(os.path.basename(row['query']), row['rank'], row['error']) for row in csv.DictReader(file)]
    assert rows == [('none.png', '', 'no face was found'), ('two.png', '1', '')]


@pytest.mark.parametrize('words, message', [
    (['a.npz', 'photo.png'], 'photo.png must end in .npz or .npy, or --net must be given'),
    (['a.npz', 'b.npz'], 'a.npz must hold embeddings, labels and names'),
    (['c.npz', 'c.npz'], 'c.npz must hold a name and a label for each embedding, got 2 and 3 for 3'),
    (['d.npz', 'e.npz'], 'is it one network'), (['gone.npz', 'e.npz'], 'gone.npz')])
def test_search_says_what_is_wrong(tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    np.savez('a.npz', embeddings=np.ones((3, 4)))
    for name, size, names in (('c', 4, 'xy'), ('d', 4, 'xyz'), ('e', 5, 'xyz')):
        np.savez(name + '.npz', embeddings=np.ones((3, size)), labels=np.zeros(3), names=list(names))
    run('search', *words, code=2)
    assert message in capsys.readouterr().err
