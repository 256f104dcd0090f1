"""TinyFace is read as its documentation says it lies."""
import pytest
from evaluation_cases import make_tinyface

from gluonfr.data import get_recognition_dataset
from gluonfr.data.tinyface import TinyFace


@pytest.mark.parametrize('lists, classes', [(True, ['3', '9']), (False, ['12', '7'])])
def test_people_come_from_the_lists_or_the_names(tmp_path, lists, classes):
    make_tinyface(tmp_path / 'tinyface', lists)
    faces = get_recognition_dataset('tinyface', root=tmp_path)
    assert faces.gallery.classes == faces.probes.classes == classes
    assert faces.gallery.labels.tolist() == [0, 1, 1] and faces.probes.labels.tolist() == [0, 1]
    assert faces.distractors.labels.tolist() == [-1, -1]
    assert faces.gallery.read(2)[0].shape == (22, 18, 3)
    assert repr(faces) == 'TinyFace(2 probes, 3 images in the gallery, 2 of others)'


def test_what_cannot_be_read_is_left_out(tmp_path):
    make_tinyface(tmp_path)
    bad = tmp_path / 'Testing_Set' / 'Probe' / '7_5.jpg'
    bad.write_bytes(b'no image')
    assert [path for path, _ in TinyFace(tmp_path).probes.skipped] == [str(bad)]


def test_what_is_missing_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match='must hold the folders Gallery_Match, Probe, Gallery_Distractor'):
        TinyFace(tmp_path)
    make_tinyface(tmp_path, lists=False)
    image = tmp_path / 'Testing_Set' / 'Probe' / '7_5.jpg'
    image.rename(image.with_name('nobody.jpg'))
    with pytest.raises(ValueError, match='the name of .*nobody.jpg must be PERSON_NUMBER'):
        TinyFace(tmp_path)
    (tmp_path / 'Testing_Set' / 'probe_img_ID_pairs.mat').write_bytes(b'no list')
    with pytest.raises(ValueError, match='probe_img_ID_pairs.mat is no .mat file'):
        TinyFace(tmp_path)
