"""From photographs to a gallery: each photo has its row, whatever it is."""
import os

import numpy as np
import pytest
from align_cases import photo

from gluonfr.align import Finder
from gluonfr.data.image import encode
from gluonfr.data.input_spec import InputSpec
from gluonfr.photos import ENROLMENTS, Enrolled, enrol_embeddings, enrol_people, is_enrolled, people_in


class Means:
    """An embedder whose embeddings are the mean colours of an image, and which counts what it embeds."""

    spec = InputSpec((28, 28), (0.0,), (1.0,), 'rgb', 3)
    precision, flip, engine, files = 'float32', 'none', 'onnxruntime', None

    def __init__(self, number=7):
        self.number, self.count = number, 0

    def fingerprint(self):
        return self.number

    def __call__(self, images):
        self.count += len(images)
        return np.stack([image.mean(axis=(0, 1)) for image in images]).astype('float32')


def write(path, *colour, size=28):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(np.full((size, size, 3), colour, 'uint8'), '.png'))
    return str(path)


@pytest.fixture
def place(tmp_path):
    """A gallery that is not there yet, and a red and a green photo."""
    return (str(tmp_path / 'gallery'), write(tmp_path / 'in' / 'red.png', 200, 9, 9),
            write(tmp_path / 'in' / 'green.png', 9, 200, 9))


def statuses(rows):
    return [(row.name, os.path.basename(row.path), row.status) for row in rows]


def test_each_photo_has_its_row(place, tmp_path):
    path, red, _ = place
    copy = write(tmp_path / 'in' / 'copy.png', 200, 9, 9)
    (tmp_path / 'in' / 'empty.jpg').write_bytes(b'')
    (tmp_path / 'in' / 'cut.png').write_bytes((tmp_path / 'in' / 'red.png').read_bytes()[:40])
    (tmp_path / 'more').mkdir()
    (tmp_path / 'more' / 'notes.txt').write_text('')
    large = write(tmp_path / 'more' / 'large.png', 200, 9, 9, size=30)
    (tmp_path / 'nothing').mkdir()
    before = {file: file.read_bytes() for file in tmp_path.rglob('*') if file.is_file()}
    more = [str(tmp_path / name) for name in ('in/empty.jpg', 'in/cut.png', 'gone.png', 'more', 'nothing')]
    rows = enrol_people(path, [('Anna', [red, copy] + more), (' ', [red])], Means())
    assert statuses(rows) == [
        ('Anna', 'red.png', 'enrolled'), ('Anna', 'copy.png', 'known'), ('Anna', 'empty.jpg', 'unreadable'),
        ('Anna', 'cut.png', 'unreadable'), ('Anna', 'gone.png', 'unreadable'), ('Anna', 'large.png', 'wrong-size'),
        ('Anna', 'notes.txt', 'ignored'), ('Anna', 'nothing', 'no-photo'), (' ', 'red.png', 'no-name')]
    assert rows[5].detail == 'it has 30 x 30 pixels, and must have 28 x 28' and rows[5].path == large
    assert {row.status for row in rows} <= set(ENROLMENTS)
    assert all(file.read_bytes() == data for file, data in before.items())
    assert [photo for photo, _, _ in Enrolled(path).photos('Anna')] == [red]


def test_the_same_call_embeds_nothing_again(place):
    path, red, green = place
    embedder = Means()
    enrol_people(path, [('Anna', [red])], embedder)
    rows = enrol_people(path, [('Anna', [red, green]), ('Bob', [green])], embedder)
    assert statuses(rows) == [('Anna', 'red.png', 'known'), ('Anna', 'green.png', 'enrolled'),
                              ('Bob', 'green.png', 'enrolled')]
    assert embedder.count == 3


def test_who_looks_like_somebody_else_is_told(place, tmp_path):
    path, red, green = place
    enrol_people(path, [('Anna', [red])], Means())
    other = write(tmp_path / 'in' / 'other.png', 199, 9, 9)
    rows = enrol_people(path, [('Bob', [other, green])], Means())
    assert [row.detail for row in rows] == ['looks like Anna, 1.0000', '']


def test_nothing_is_made_where_no_photo_counts(place, tmp_path):
    rows = enrol_people(place[0], [('Anna', [str(tmp_path / 'gone.png')])], Means())
    assert statuses(rows) == [('Anna', 'gone.png', 'unreadable')] and not is_enrolled(place[0])


def test_another_net_precision_or_flip_is_refused(place):
    path, red, _ = place
    enrol_people(path, [('Anna', [red])], Means())
    for name, value in (('number', 8), ('precision', 'int8'), ('flip', 'sum')):
        embedder = Means()
        setattr(embedder, name, value)
        with pytest.raises(ValueError, match='and the network must be embedded by one network in one way'):
            enrol_people(path, [('Bob', [red])], embedder)
    assert Enrolled(path).people() == ['Anna']


class Marks:
    """A detector that finds the white marks of `photo`."""

    def detect(self, image):
        from align_cases import points
        from gluonfr.align import Face
        found = [(x, y) for x, y in ((40, 40), (96, 40)) if (image[y:y + 8, x:x + 8] > 100).all()]
        return [Face(np.array([x - 20, y - 20, x + 28, y + 28]), 1.0, points(x, y)) for x, y in found]


def test_photographs_are_aligned(tmp_path):
    white = (255, 255, 255)
    for name, marks in (('one', [(40, 40, white)]), ('two', [(40, 40, white), (96, 40, white)]), ('none', [])):
        (tmp_path / (name + '.png')).write_bytes(encode(photo(96, 160, marks), '.png'))
    photos = [str(tmp_path / (name + '.png')) for name in ('one', 'two', 'none')]
    rows = enrol_people(str(tmp_path / 'gallery'), [('Anna', photos)], Means(), Finder(Marks(), several='refuse'))
    assert statuses(rows) == [('Anna', 'one.png', 'enrolled'), ('Anna', 'two.png', 'several'),
                              ('Anna', 'none.png', 'no-face')]
    rows = enrol_people(str(tmp_path / 'gallery'), [('Anna', photos[1:2])], Means(), Finder(Marks()))
    assert statuses(rows) == [('Anna', 'two.png', 'enrolled')]
    with pytest.raises(ValueError, match="several must be 'refuse', 'largest' or 'center', got 'all'"):
        enrol_people(str(tmp_path / 'gallery'), [], Means(), Finder(Marks(), several='all'))


def test_people_in_a_folder(tmp_path):
    write(tmp_path / 'Anna Nagy' / 'a.png', 1, 2, 3)
    write(tmp_path / '田中' / '2020' / 'b.png', 1, 2, 3)
    write(tmp_path / 'c.png', 1, 2, 3)
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'notes.txt').write_text('')
    people, rows = people_in(str(tmp_path))
    assert people == [('Anna Nagy', [str(tmp_path / 'Anna Nagy' / 'a.png')]),
                      ('田中', [str(tmp_path / '田中' / '2020' / 'b.png')])]
    assert statuses(rows) == [('', 'notes.txt', 'ignored'), ('', 'c.png', 'no-name'), ('empty', 'empty', 'no-photo')]
    with pytest.raises(FileNotFoundError, match='there is no folder'):
        people_in(str(tmp_path / 'gone'))


def test_a_gallery_of_another(place, tmp_path):
    """A copy has all but those who were removed, of whom no byte stays."""
    path, red, green = place
    enrol_people(path, [('Anna', [red, green]), ('Bob', [green])], Means(), options={'net': 'x'})
    Enrolled(path).remove('Bob')
    other = str(tmp_path / 'other')
    assert enrol_embeddings(other, path) == (2, 0) and enrol_embeddings(other, path) == (0, 0)
    assert Enrolled(other).photos('Anna') == Enrolled(path).photos('Anna')
    assert Enrolled(other).options == {'net': 'x'}
    assert all(b'Bob' not in open(os.path.join(other, name), 'rb').read() for name in os.listdir(other))


def test_a_gallery_of_a_file_of_embeddings(tmp_path):
    saved = str(tmp_path / 'people.npz')
    facts = {'embeddings': np.eye(4, dtype='float32'), 'labels': np.array([0, 0, 1, -1]),
             'names': np.array(['a/1', 'a/2', 'b/1', 'c']), 'classes': np.array(['Anna', 'Bob'])}
    np.savez(saved, **facts)
    with pytest.raises(ValueError, match='people.npz must say of which network it is'):
        enrol_embeddings(str(tmp_path / 'gallery'), saved)
    np.savez(saved, net=np.array('{"net": "0000002a", "precision": "float32"}'), **facts)
    assert enrol_embeddings(str(tmp_path / 'gallery'), saved) == (3, 1)
    gallery = Enrolled(str(tmp_path / 'gallery'))
    assert [path for path, _, _ in gallery.photos('Anna')] == ['a/1', 'a/2']
    np.savez(saved, net=np.array('{"net": "0000002b", "precision": "float32"}'), **facts)
    with pytest.raises(ValueError, match='must be embedded by one network in one way'):
        enrol_embeddings(gallery.path, saved)
