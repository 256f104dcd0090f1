"""Wrong labels, one person under two names and two under one, on made-up embeddings."""
import numpy as np
import pytest
from photo_cases import made_up

from gluonfr.photos import mislabelled
from gluonfr.photos.mislabelled import impostor_threshold, judge_labels, mixed_people, same_people


def test_the_median_leaves_the_image_itself_out():
    units = np.array([[1, 0], [0.6, 0.8], [0.8, 0.6], [0, 1]], 'float32')
    judged = judge_labels(units, np.array([0, 0, 0, 1]), -1)
    # cosines of the first: 0.6 and 0.8; of the second: 0.6 and 0.96; of the third: 0.8 and 0.96
    np.testing.assert_allclose(judged.own[:3], [0.7, 0.78, 0.88], atol=1e-6)
    assert np.isnan(judged.own[3]) and judged.other.tolist() == [1, 1, 1, 0]
    np.testing.assert_allclose(judged.likeness, [0, 0.8, 0.6, 0.6], atol=1e-6)


def test_wrong_labels_are_nearer_to_the_right_person():
    units, right = made_up(people=10, images=8)
    given = right.copy()
    wrong = np.arange(3, 80, 9)
    given[wrong] = (right[wrong] + 4) % 10
    threshold = impostor_threshold(units, given, 0.01)
    judged = judge_labels(units, given, threshold)
    flagged = (judged.own < threshold) & (judged.likeness >= threshold)
    assert np.flatnonzero(flagged).tolist() == wrong.tolist()
    assert judged.other[wrong].tolist() == right[wrong].tolist()


def test_a_second_round_mends_a_person_with_more_wrong_images_than_right_ones():
    units, right = made_up(people=6, images=6)
    given = right.copy()
    given[[6, 7, 8, 9]] = 0  # of person 1, who keeps two, among the images of person 0, two of which are elsewhere
    given[[0, 1]] = 2
    judged = judge_labels(units, given, 0.4)
    flagged = (judged.own < 0.4) & (judged.likeness >= 0.4)
    assert set(np.flatnonzero(flagged)) == {0, 1, 6, 7, 8, 9}
    assert judged.other[[0, 1, 6, 7, 8, 9]].tolist() == [0, 0, 1, 1, 1, 1]


def test_results_do_not_depend_on_the_blocks(monkeypatch):
    units, people = made_up(people=5, images=7)
    whole, pairs = judge_labels(units, people, 0.4), same_people(judge_labels(units, people, 0.4).centres, -1)
    monkeypatch.setattr(mislabelled, 'BLOCK', 10)
    parts = judge_labels(units, people, 0.4)
    for one, other in zip(whole[:4], parts[:4]):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert [pair[:2] for pair in same_people(parts.centres, -1)] == [pair[:2] for pair in pairs]


def test_of_very_many_images_some_are_compared(monkeypatch):
    units, people = made_up(people=2, images=40)
    whole = judge_labels(units, people, 0.4).own
    monkeypatch.setattr(mislabelled, 'MOST', 10)
    assert np.abs(judge_labels(units, people, 0.4).own - whole).max() < 0.1


def test_the_threshold_is_that_of_a_normal_distribution_whatever_the_wrong_labels():
    random = np.random.RandomState(0)
    units = random.randn(3000, 100)
    units = (units / np.linalg.norm(units, axis=1, keepdims=True)).astype('float32')
    people = np.arange(3000) // 3
    assert impostor_threshold(units, people, 1e-3) == pytest.approx(3.09 / 10, abs=0.01)  # cosines have 1 / sqrt(D)
    alike, right = made_up(people=20, images=10, size=64)
    mixed = np.random.RandomState(1).permutation(right)  # each label is wrong: 5 % of the pairs are of one person
    assert impostor_threshold(alike, mixed, 1e-3) < 0.5 < (alike[0] * alike[1]).sum()
    with pytest.raises(ValueError, match='people must be at least two, got 1'):
        impostor_threshold(units, np.zeros(3000, int))


def test_one_person_under_two_names_comes_first():
    units, people = made_up(people=8, images=6)
    people = people.copy()
    people[[3, 4]] = 8  # of person 0
    people[[15]] = 9  # of person 2
    judged = judge_labels(units, people, 0.4)
    found = same_people(judged.centres, 0.5)
    assert [pair[:2] for pair in found] == [(0, 8), (2, 9)]
    cosines = units[[0, 1, 2, 5]] @ units[[3, 4]].T
    assert found[0][2] == pytest.approx(cosines.mean(), abs=1e-5)
    assert same_people(judged.centres, 2) == []


def test_people_who_are_less_alike_than_their_own_images_are_two():
    twins = np.eye(64)[:2]
    twins[1] += 0.5 * twins[0]  # a cosine of 0.45
    units = np.concatenate([twin + 0.03 * np.random.RandomState(0).randn(6, 64) for twin in twins])
    units = (units / np.linalg.norm(units, axis=1, keepdims=True)).astype('float32')
    judged = judge_labels(units, np.repeat([0, 1], 6), 0.2)
    assert 0.3 < (units[0] @ units[6]) < 0.6 and same_people(judged.centres, 0.3) == []


def test_two_people_under_one_name():
    units, people = made_up(people=4, images=6)
    people = np.where(people == 3, 0, people)  # six and six
    people[18] = 1  # and one alone, which makes no group
    found = mixed_people(units, people, None, 0.4)
    assert [mixture.person for mixture in found] == [0]
    assert sorted(map(sorted, found[0][1:3])) == [[0, 1, 2, 3, 4, 5], [19, 20, 21, 22, 23]]
    assert len(found[0].first) == 6
    assert found[0].score == pytest.approx((units[:6] @ units[19:24].T).mean(), abs=1e-5)
    assert mixed_people(units, people, ~np.isin(np.arange(24), [19, 20, 21, 22]), 0.4) == []
