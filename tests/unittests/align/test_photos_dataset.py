"""Photographs as a data set from Python: a report that is gone on with, and photographs without a face."""
import csv

import numpy as np
import pytest
from align_cases import photo, points

from gluonfr.align import FaceError, Finder, open_photos
from gluonfr.align.detectors import Face
from gluonfr.data.image import encode


class Marks:
    """A detector that finds the yellow marks of `photo`, and counts its photographs."""

    def __init__(self):
        self.seen = 0

    def detect(self, image):
        self.seen += 1
        marks = np.argwhere((image == (255, 255, 0)).all(axis=2))[::64]  # of 8 x 8 pixels, beneath each other
        return [Face(np.array([x - 16, y - 16, x + 24, y + 24]), 1.0, points(x, y)) for y, x in marks]


@pytest.fixture
def folder(tmp_path):
    """A photograph of one mark, one of two, and one of none."""
    root = tmp_path / 'photos'
    root.mkdir()
    for name, marks in (('a', [(40, 40)]), ('b', [(40, 16), (40, 56)]), ('none', [])):
        (root / (name + '.png')).write_bytes(encode(photo(96, 96, marks), '.png'))
    return root


def names(faces):
    return [path[-5:-4] for path in faces.paths]


def test_a_report_is_gone_on_with_by_the_same_finder_only(folder, tmp_path):
    detector, report = Marks(), str(tmp_path / 'reports' / 'faces.csv')
    for several, settings, found, seen in (('largest', None, 'ab', 3), ('largest', None, 'ab', 1),
                                           ('all', None, 'abb', 3), ('all', {'detect': 'marks'}, 'abb', 3)):
        detector.seen = 0
        faces = open_photos(str(folder), Finder(detector, several=several), 28, report=report, settings=settings,
                            on_error='skip')
        assert names(faces) == list(found) and detector.seen == seen  # what gave no face is tried again
        assert faces.read(0)[0].shape == (28, 28, 3)
    with open(report, newline='') as file:
        assert [row['status'] for row in csv.DictReader(file)] == ['ok', 'ok', 'ok', 'no-face']
    np.testing.assert_allclose(faces.landmarks, [points(40, 40), points(40, 16), points(40, 56)], atol=1e-3)


def test_photographs_without_a_face(folder, caplog):
    with pytest.raises(FaceError, match="^1 of 3 photographs gives no face, the first is .*none.png: no face was "
                                        "found. on_error='skip' leaves them out.$"):
        open_photos(str(folder), Finder(Marks()))
    faces = open_photos(str(folder), Finder(Marks()), on_error='skip')
    assert names(faces) == ['a', 'b'] and 'gives no face' in caplog.text
    assert [(path[-8:], why) for path, why in faces.skipped] == [('none.png', 'no face was found')]
    (folder / 'a.png').unlink(), (folder / 'b.png').unlink()
    with pytest.raises(FaceError, match='^1 of 1 photograph gives no face'):
        open_photos(str(folder), Finder(Marks()), on_error='skip')
    with pytest.raises(ValueError, match="open_photos: on_error must be one of 'raise', 'skip', got 'ignore'"):
        open_photos(str(folder), Finder(Marks()), on_error='ignore')
