"""Folds of people, and the pairs in them."""
import numpy as np
import pytest

from gluonfr.tune.people import choose_far, draw_folds, fold_pairs, measure

LABELS = np.repeat(np.arange(40), np.random.RandomState(0).randint(1, 16, 40))


@pytest.mark.parametrize('folds', [2, 3, 5])
def test_all_images_of_a_person_are_in_one_fold_and_the_folds_are_alike(folds):
    fold = draw_folds(LABELS, folds, seed=3)
    assert all(len(set(fold[LABELS == person])) == 1 for person in range(40))
    people = [len(np.unique(LABELS[fold == k])) for k in range(folds)]
    images = np.bincount(fold)
    assert sum(people) == 40 and max(people) - min(people) <= 1 and max(images) < 1.25 * min(images)
    assert (draw_folds(LABELS, folds, seed=4) != fold).any() and (draw_folds(LABELS, folds, seed=3) == fold).all()


def test_pairs_lie_within_folds_and_no_person_has_more_than_ten_images_in_them():
    fold = draw_folds(LABELS, 3)
    pairs = fold_pairs(LABELS, fold)
    assert (fold[pairs.first] == pairs.fold).all() and (fold[pairs.second] == pairs.fold).all()
    assert ((LABELS[pairs.first] == LABELS[pairs.second]) == pairs.same).all()
    used = np.unique([pairs.first, pairs.second])
    assert np.bincount(LABELS[used]).tolist() == np.minimum(np.bincount(LABELS), 10).tolist()
    assert len({*zip(pairs.first, pairs.second)}) == len(pairs.first) and (pairs.first < pairs.second).all()
    per_fold = [int((np.isin(used, np.flatnonzero(fold == k))).sum()) for k in range(3)]
    assert len(pairs.same) == sum(count * (count - 1) // 2 for count in per_fold)


def test_of_too_many_pairs_a_sample_is_taken(monkeypatch):
    monkeypatch.setattr('gluonfr.tune.people.MOST_PAIRS', 100)
    fold = draw_folds(LABELS, 3)
    pairs = fold_pairs(LABELS, fold)
    assert np.bincount(pairs.fold).tolist() == [100] * 3 and (fold[pairs.first] == fold[pairs.second]).all()


def test_the_far_is_one_that_some_impostors_pass_and_the_score_is_the_tar_there():
    pairs = fold_pairs(LABELS, draw_folds(LABELS, 2))
    assert choose_far(pairs) == 0.001 and np.count_nonzero(~pairs.same) > 10000
    few = pairs._replace(same=np.arange(len(pairs.same)) >= 9999)
    assert choose_far(few) == 0.01 and choose_far(few._replace(same=np.arange(len(pairs.same)) >= 30)) == 0.1
    scores = np.random.RandomState(0).randn(len(pairs.same)) + 2 * pairs.same
    found = measure(scores, pairs, 0.01)
    impostors = np.sort(scores[~pairs.same])[::-1]
    threshold = impostors[int(0.01 * len(impostors))]
    assert found.tar == np.mean(scores[pairs.same] > threshold)
    wins = (scores[pairs.same][:, None] > scores[~pairs.same][None]).mean()
    assert found.auc == pytest.approx(wins)


def test_too_few_people_are_refused():
    with pytest.raises(ValueError, match='each of the 3 folds needs two people, and one of them with two images; got 5 '
                                         'people, 5 of them with two images or more.'):
        draw_folds(np.repeat(np.arange(5), 2), 3)
    with pytest.raises(ValueError, match='got 6 people, 1 of them'):
        draw_folds(np.array([0, 0, 1, 2, 3, 4, 5]), 2)
