"""Copies by bytes, cosines and small pictures."""
import numpy as np
import pytest
from photo_cases import made_up

from gluonfr.photos import duplicates
from gluonfr.photos.duplicates import find_copies, near_pairs, nearest_of


@pytest.mark.parametrize('block', [10, 1 << 24])
def test_all_near_pairs_are_found_in_blocks_too(monkeypatch, block):
    monkeypatch.setattr(duplicates, 'BLOCK', block)
    monkeypatch.setattr(duplicates, 'MANY', 1000)
    units = made_up(people=5, images=6)[0]
    pairs, cosines = near_pairs(units, 0.8)
    first, second = np.nonzero(np.triu(units @ units.T >= 0.8, 1))
    assert len(pairs) > 10 and pairs.tolist() == np.column_stack([first, second]).tolist()
    np.testing.assert_allclose(cosines, (units @ units.T)[first, second], atol=1e-6)


def test_cells_spare_those_that_have_none_in_common():
    units, people = made_up(people=5, images=6)
    everything = near_pairs(units, 0.75)[0]
    assert near_pairs(units, 0.75, None, np.column_stack([people, (people + 1) % 5]))[0].tolist() == \
        everything.tolist()
    assert len(near_pairs(units, 0.75, None, np.arange(30)[:, None])[0]) == 0


def test_pictures_must_be_alike_whatever_their_light():
    units = np.ones((3, 4), 'float32') / 2
    picture = np.random.RandomState(0).randint(50, 150, 256)
    thumbs = np.stack([picture, picture // 2 + 30, picture[::-1]]).astype('uint8')
    assert near_pairs(units, 0.9, thumbs)[0].tolist() == [[0, 1]]


def test_of_a_crowd_of_copies_only_the_pairs_that_join_them_are_kept():
    units = np.ones((200, 4), 'float32') / 2
    pairs = near_pairs(units, 0.9)[0]
    assert len(pairs) == 199 and len(np.unique(find_copies(_digests(200), pairs)[0])) == 1


def _digests(count):
    return np.random.RandomState(0).randint(0, 256, (count, 32)).astype('uint8')


def test_copies_of_copies_are_one_group_and_equal_bytes_one_content():
    digests = _digests(6)
    digests[4] = digests[1]
    group, content = find_copies(digests, np.array([[0, 1], [2, 3]]))
    assert group[0] == group[1] == group[4] and group[2] == group[3] and len(set(group)) == 3
    assert content[1] == content[4] and len(set(content)) == 5


def test_the_nearest_of_others(monkeypatch):
    monkeypatch.setattr(duplicates, 'BLOCK', 9)
    units, others = made_up(people=4, images=3)[0], made_up(people=3, images=2, seed=1)[0]
    where, cosines = nearest_of(units, others)
    assert where.tolist() == (units @ others.T).argmax(axis=1).tolist()
    np.testing.assert_allclose(cosines, (units @ others.T).max(axis=1), atol=1e-6)
