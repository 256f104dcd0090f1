"""Verification pairs drawn from labels."""
import numpy as np
import pytest

from gluonfr.data.pairs import draw_pairs, most_pairs, sample_pairs

LABELS = np.random.RandomState(3).permutation(np.repeat(np.arange(30) * 7, 6))


def test_pairs_are_what_they_say():
    first, second, issame = draw_pairs(LABELS, 200, folds=5, seed=1)
    assert len(first) == len(second) == len(issame) == 200
    np.testing.assert_array_equal(issame, LABELS[first] == LABELS[second])
    assert (first != second).all()
    assert len({frozenset(pair) for pair in zip(first, second)}) == 200
    for fold in issame.reshape(5, 40):
        assert fold[0::2].all() and not fold[1::2].any()


def test_folds_have_disjoint_people():
    first, second, _ = draw_pairs(LABELS, 200, folds=5)
    people = [set(LABELS[first[k:k + 40]]) | set(LABELS[second[k:k + 40]]) for k in range(0, 200, 40)]
    for i, some in enumerate(people):
        for other in people[i + 1:]:
            assert not some & other


def test_the_seed_decides():
    again = draw_pairs(LABELS, 100, seed=4)
    for a, b in zip(draw_pairs(LABELS, 100, seed=4), again):
        np.testing.assert_array_equal(a, b)
    assert (draw_pairs(LABELS, 100, seed=5)[0] != again[0]).any()


def test_all_pairs_can_be_drawn():
    """Two people with two images have two genuine pairs and four impostor ones."""
    first, second, issame = draw_pairs([0, 0, 1, 1], 4, folds=1)
    assert sorted(zip(first[issame], second[issame])) == [(0, 1), (2, 3)]


@pytest.mark.parametrize('labels, count, folds, message', [
    (LABELS, 2.5, 1, 'count must be a whole number'),
    (LABELS, 101, 5, 'count must be a multiple of 2 .* folds = 10, got 101'),
    (LABELS, 0, 5, 'count must be >= 1, got 0'),
    ([0, 0, 1, 1], 6, 1, 'can form 2 genuine pairs and 4 impostor pairs, 3 of each'),
    ([0, 1, 2, 3], 2, 1, 'can form 0 genuine pairs'),
    ([0, 0, 1, 1], 4, 2, 'the 1 person of a fold can form 1 genuine pair and 0 impostor pairs'),
])
def test_too_few(labels, count, folds, message):
    with pytest.raises(ValueError, match='draw_pairs: .*' + message):
        draw_pairs(labels, count, folds)


@pytest.mark.parametrize('folds', [1, 2, 5])
def test_the_most_pairs_can_be_drawn_and_no_more(folds):
    most = most_pairs(LABELS, folds, seed=2)
    assert len(draw_pairs(LABELS, most, folds, seed=2)[0]) == most
    with pytest.raises(ValueError, match='Give fewer pairs'):
        draw_pairs(LABELS, most + 2 * folds, folds, seed=2)


def test_no_pairs_can_be_drawn_of_people_with_one_image():
    assert most_pairs([0, 1, 2, 3], 2) == 0


@pytest.mark.parametrize('labels, most, count, alike', [
    ('aabbbcd', 100, 21, 4), ('aabbbcd', 10, 10, 4), ('aabbbcd', 4, 4, 2), ('aaaab', 8, 8, 4), ('aaaab', 7, 7, 3),
    ('aaaaa', 6, 6, 6), ('abcde', 6, 6, 0)])
def test_a_sample_has_the_genuine_pairs_and_impostors_to_fill_it(labels, most, count, alike):
    labels = np.array(list(labels))
    first, second, issame = sample_pairs(labels, most, seed=5)
    assert len({frozenset(pair) for pair in zip(first, second)}) == len(first) == count and issame.sum() == alike
    np.testing.assert_array_equal(issame, labels[first] == labels[second])
