"""`gluonfr enrol`, `gluonfr gallery` and `gluonfr search` in a gallery that grows."""
import csv
import json
import shutil

import numpy as np
import pytest
from cli_cases import make_data, run

from gluonfr.photos import Enrolled

pytest.importorskip('onnxruntime', reason='the extra onnx')

NET = 'lenetplus_arcface'  # comes with gluonfr


@pytest.fixture(scope='module')
def people(tmp_path_factory):
    """Folders p0 to p5 of 28x28 faces."""
    return make_data(tmp_path_factory.mktemp('people')) / 'people'


@pytest.fixture(scope='module')
def enrolled(people, tmp_path_factory):
    """A gallery of the six."""
    path = tmp_path_factory.mktemp('gallery') / 'gallery'
    run('enrol', path, '--people', people, '--net', NET, '--no-progress')
    return path


@pytest.fixture
def gallery(enrolled, tmp_path):
    return shutil.copytree(str(enrolled), str(tmp_path / 'gallery'))


def test_enrol_list_search_remove(gallery, people, tmp_path, capsys):
    assert Enrolled(gallery).people() == ['p{}'.format(i) for i in range(6)]
    run('enrol', gallery, 'Ünal Öz', people / 'p0' / '0.png', people / 'p0' / '1.png', '--out', tmp_path / 'rows.csv')
    said = capsys.readouterr().out
    assert 'enrolled              2  it is enrolled now' in said and 'gallery: 7 people' in said
    with open(str(tmp_path / 'rows.csv'), encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    assert [(row['name'], row['status']) for row in rows] == [('Ünal Öz', 'enrolled')] * 2
    run('gallery', 'list', gallery)
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ['p0  8 photos', 'p1  8 photos'] and said[6] == 'Ünal Öz  2 photos' and '7 people' in said[7]
    run('gallery', 'list', gallery, 'Ünal Öz')
    assert str(people / 'p0' / '1.png') in capsys.readouterr().out
    run('gallery', 'remove', gallery, 'p1', 'gone', code=2)
    assert 'has nobody of the name gone: `gluonfr gallery list` names all.' in capsys.readouterr().err
    run('gallery', 'remove', gallery, 'p1')
    assert capsys.readouterr().out == 'removed p1 with 8 photos\n' and 'p1' not in Enrolled(gallery)


@pytest.mark.parametrize('index', ['numpy', 'faiss'])
def test_search_needs_no_net_and_says_unknown(gallery, people, tmp_path, capsys, index):
    if index == 'faiss':
        pytest.importorskip('faiss', reason='pip install faiss-cpu')
    photo, out = people / 'p2' / '3.png', tmp_path / 'found.csv'
    run('search', gallery, photo, '--no-progress', '--index', index, '--top', 2)
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith('the card of the network advises no threshold') and said[1] == str(photo)
    assert len(said) == 4 and said[2].split()[1].startswith('p')
    run('search', gallery, photo, '--no-progress', '--index', index, '--threshold', 1.01, '--out', out)
    assert capsys.readouterr().out == '{}  unknown\n'.format(photo)
    assert out.read_text().splitlines()[1] == '{},,,,,unknown'.format(photo)


def test_the_threshold_is_that_of_the_card(gallery, people, tmp_path, capsys):
    facts = json.loads((tmp_path / 'gallery' / 'gallery.json').read_text())
    facts['advice'] = [1.01, 0.001, 1.0, 1.02, 'val.bin']
    (tmp_path / 'gallery' / 'gallery.json').write_text(json.dumps(facts))
    run('search', gallery, people / 'p2' / '3.png', '--no-progress')
    said = capsys.readouterr().out
    assert 'threshold 1.0100 [1.0000, 1.0200]: that of the card' in said and said.rstrip().endswith('unknown')
    assert 'of strangers about 0.6 % would be taken for one of 6 people' in said


def test_another_net_or_flip_is_refused(gallery, people, capsys):
    for words in (['enrol', gallery, 'new'], ['search', gallery]):
        run(*words, people / 'p0' / '0.png', '--net', NET, '--flip', 'sum', '--no-progress', code=2)
        said = capsys.readouterr().err
        assert 'must be embedded by one network in one way' in said or '(n, 2)' in said
        assert 'flip none' in said and 'flip sum' in said
    assert 'new' not in Enrolled(gallery)


def test_what_cannot_be_enrolled(gallery, people, tmp_path, capsys):
    (tmp_path / 'bad.png').write_bytes(b'no image')
    run('enrol', gallery, 'new', tmp_path / 'bad.png', tmp_path / 'gone.png', code=2)
    said = capsys.readouterr()
    assert 'unreadable new  {}'.format(tmp_path / 'bad.png') in said.out and 'none of 2 photos could be' in said.err
    run('enrol', tmp_path / 'none', 'new', people / 'p0' / '0.png', code=2)
    assert '--net must be given: ' in capsys.readouterr().err
    for words in (['Anna'], ['Anna', 'x.png', '--people', people], ['--people', '']):
        run('enrol', gallery, *words, code=2)
        assert 'either NAME and PHOTOS or --people DATA must be given.' in capsys.readouterr().err


def test_from_a_file_of_embeddings(gallery, people, tmp_path, capsys):
    run('embed', NET, people, '--out', tmp_path / 'people.npz', '--no-progress')
    run('enrol', tmp_path / 'other', '--people', tmp_path / 'people.npz')
    assert '48 photos enrolled' in capsys.readouterr().out
    other = Enrolled(str(tmp_path / 'other'))
    np.testing.assert_array_equal(other.embeddings('p3'), Enrolled(gallery).embeddings('p3'))
    run('search', other.path, people / 'p2' / '3.png', code=2)
    assert '--net must be given' in capsys.readouterr().err
