"""Embeddings that are computed once for each content."""
import os

import cv2
import numpy as np
import pytest
from evaluation_cases import face, make_people
from photo_cases import CountingNet

from gluonfr.data import encode, open_dataset
from gluonfr.photos import embed_cached
from gluonfr.photos.embeddings import cache_path


def test_they_are_those_of_the_net_with_sharpness_and_small_pictures(tmp_path):
    images, net = open_dataset(make_people(tmp_path / 'people'), people=True), CountingNet()
    found = embed_cached(images, net, str(tmp_path / 'out'))
    np.testing.assert_allclose(found.embeddings, net(images), rtol=1e-6)
    assert found.new == len(images) == 17 and len({digest.tobytes() for digest in found.digests}) == 17
    grey = cv2.cvtColor(images.read(5)[0], cv2.COLOR_RGB2GRAY)
    laplacian = cv2.Laplacian(grey.astype('float64'), cv2.CV_64F)
    assert found.sharpness[5] == pytest.approx(laplacian.var(), rel=1e-4)
    assert found.thumbs[5].tolist() == cv2.resize(grey, (16, 16), interpolation=cv2.INTER_AREA).ravel().tolist()


def test_only_new_contents_are_computed_whatever_the_names(tmp_path):
    people, net = make_people(tmp_path / 'people'), CountingNet()
    first = embed_cached(open_dataset(people, people=True), net, str(tmp_path / 'out'))
    os.rename(people / 'p0', people / 'renamed')
    (people / 'p1' / 'copy.png').write_bytes((people / 'p1' / '0.png').read_bytes())
    (people / 'p1' / 'new.png').write_bytes(encode(face(50, 0), '.png'))
    (people / 'p1' / 'newer.png').write_bytes(encode(face(50, 0), '.png'))
    del net.seen[:]
    images = open_dataset(people, people=True)
    again = embed_cached(images, net, str(tmp_path / 'out'))
    assert [os.path.basename(path) for path in net.seen] == ['new.png'] and again.new == 1 and len(images) == 20
    np.testing.assert_allclose(again.embeddings, net(images), rtol=1e-6)
    assert sorted(map(tuple, first.embeddings[:3])) == sorted(map(tuple, again.embeddings[-3:]))


def test_what_was_killed_goes_on_and_a_damaged_end_is_computed_again(tmp_path):
    images = open_dataset(make_people(tmp_path / 'people'), people=True)
    with pytest.raises(OSError, match='killed'):
        embed_cached(images, CountingNet(fails_at=2), str(tmp_path / 'out'))
    path = cache_path(str(tmp_path / 'out'), CountingNet())
    with open(path, 'ab') as file:
        file.write(b'half a batch')
    net = CountingNet()
    found = embed_cached(images, net, str(tmp_path / 'out'))
    assert len(net.seen) == 9 and found.new == 9
    np.testing.assert_allclose(found.embeddings, net(images), rtol=1e-6)
    with open(path, 'r+b') as file:
        file.seek(-20, os.SEEK_END)
        file.write(b'x')
    assert embed_cached(images, CountingNet(), str(tmp_path / 'out')).new == 1
    assert embed_cached(images, CountingNet(), str(tmp_path / 'out')).new == 0


def test_another_net_or_another_way_has_a_file_of_its_own(tmp_path):
    nets = [CountingNet(), CountingNet(), CountingNet()]
    nets[1].flip, nets[2].normalize = 'sum', True
    assert len({cache_path(str(tmp_path), net) for net in nets}) == 3


def test_chosen_images(tmp_path):
    images, net = open_dataset(make_people(tmp_path / 'people'), people=True), CountingNet()
    found = embed_cached(images, net, str(tmp_path / 'out'), chosen=[7, 2])
    np.testing.assert_allclose(found.embeddings, net(images)[[7, 2]], rtol=1e-6)
    none = embed_cached(images, net, str(tmp_path / 'out'), chosen=[])
    assert none.embeddings.shape == (0, 8) and none.digests.shape == (0, 32)
