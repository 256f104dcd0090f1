"""Verification at low FARs: given pairs, all pairs, bare scores, counted or held, and what each cannot show."""
import numpy as np
import pytest
from metrics_cases import KINDS, case, slow_candidates, slow_nearest_tar, slow_operating_point, slow_rates

from gluonfr.metrics import (KFoldPairs, PairsAtFars, PairTruth, PeopleTruth, bootstrap_accuracy, clopper_pearson,
                             kfold_accuracy, pair_scores, roc_curve)
from gluonfr.metrics.far_cells import nearest_tar

FARS = [0, 0.04, 0.1, 0.34, 1]


def people_of(count, images=3, spread=1.0, seed=0):
    """(embeddings, people) of so many people."""
    random = np.random.RandomState(seed)
    people = np.repeat(np.arange(count), images)
    return random.randn(count, 8)[people] + spread * random.randn(len(people), 8), people


def all_pairs(people):
    first, second = np.triu_indices(len(people), 1)
    return PairTruth(first, second, people[first] == people[second], None, people)


@pytest.mark.parametrize('kind', KINDS)
def test_scores_of_anybody_are_measured_as_by_slow_loops(kind):
    scores, same = case(kind)
    row, = PairsAtFars(FARS).measure_scores(scores, same, 'x').rows
    impostors = int((~same).sum())
    for far in FARS:
        cells = [row[form.format(far)] for form in ('tar@{:g}', 'far_at_{:g}', 'threshold@{:g}', 'compat_tar@{:g}')]
        if 0 < far < 1 / impostors:
            assert cells == [None] * 4
            continue
        threshold, tar, reached = slow_operating_point(scores, same, far)
        assert cells[:3] == [round(tar, 5), reached, pytest.approx(threshold, abs=1e-12)]
        low, high = clopper_pearson(round(tar * same.sum()), same.sum())
        assert (row['tar@{:g}_low'.format(far)], row['tar@{:g}_high'.format(far)]) == (round(low, 5), round(high, 5))
        compat = slow_nearest_tar(scores, same, far)
        assert cells[3] == (None if compat == tar else round(compat, 5))
    assert row['acc'] is row['people'] is None


def test_the_nearest_far_overstates_where_it_lies_above():
    """Of 10 impostors one is let in at FAR 0.1, two at 0.2: 0.16 is nearer to the second."""
    same = np.arange(20) < 10
    scores = np.where(same, 0.5 + 0.01 * np.arange(20), [1 - 0.1 * i for i in range(20)])
    scores[10:] = [0.7, 0.545] + [0.1 - 0.01 * i for i in range(8)]
    row, = PairsAtFars([0.16]).measure_scores(scores, same, 'x').rows
    assert row['tar@0.16'] == 0.5 and row['far_at_0.16'] == 0.1 and row['compat_tar@0.16'] == 1.0


@pytest.mark.parametrize('kind', KINDS)
def test_the_nearest_far_is_that_of_scikit_learns_curve_at_any_far(kind):
    for seed in range(3):
        scores, same = case(kind, seed=seed)
        fars = np.linspace(0, 1, 101)
        found = nearest_tar(roc_curve(scores, same), same.sum(), (~same).sum(), fars)
        assert found.tolist() == [slow_nearest_tar(scores, same, far) for far in fars]


@pytest.mark.parametrize('change', [np.exp, lambda s: 3 * s - 7, lambda s: s ** 3])
def test_neither_order_nor_scale_of_scores_counts(change):
    scores, same = case('ties')
    row, = PairsAtFars(FARS).measure_scores(scores, same, 'x').rows
    order = np.random.RandomState(1).permutation(len(scores))
    other, = PairsAtFars(FARS).measure_scores(change(scores)[order], same[order], 'x').rows
    assert {k: v for k, v in row.items() if 'threshold' not in k} == {
        k: v for k, v in other.items() if 'threshold' not in k}


@pytest.mark.parametrize('order', [slice(None), slice(None, None, -1), slice(None, None, 7)])
def test_given_pairs_are_those_of_all_pairs(order):
    embeddings, people = people_of(12)
    truth = all_pairs(people)
    some = PairTruth(truth.first[order], truth.second[order], truth.same[order])
    found = PairsAtFars([0.1]).measure(embeddings, some, 'x')
    np.testing.assert_allclose(found.scores, pair_scores(embeddings[some.first], embeddings[some.second]), atol=1e-14)
    if order == slice(None):
        (row,), scores, same, _ = PairsAtFars([0.1]).measure(embeddings, PeopleTruth(people), 'x')
        np.testing.assert_allclose(scores, found.scores, atol=1e-14)
        np.testing.assert_array_equal(same, truth.same)
        known, = PairsAtFars([0.1]).measure(embeddings, truth, 'x').rows
        assert row == known


@pytest.mark.parametrize('dense', [0, 10 ** 9])
@pytest.mark.parametrize('block', [1, 50, 10 ** 6])
def test_blocks_change_nothing(dense, block, monkeypatch):
    embeddings, people = people_of(12)
    truth = all_pairs(people)
    order = np.random.RandomState(0).permutation(len(truth.first))[:200]
    pairs = PairTruth(truth.first[order], truth.second[order], truth.same[order])
    once = [PairsAtFars([0.1]).measure(embeddings, known, 'x') for known in (pairs, PeopleTruth(people))]
    monkeypatch.setattr('gluonfr.metrics.cosines.BLOCK', block)
    monkeypatch.setattr('gluonfr.metrics.cosines.DENSE', dense)
    for known, before in zip((pairs, PeopleTruth(people)), once):
        again = PairsAtFars([0.1]).measure(embeddings, known, 'x')
        np.testing.assert_allclose(again.scores, before.scores, atol=1e-14)
        np.testing.assert_array_equal(again.genuine, before.genuine)


@pytest.mark.parametrize('bins', [1 << 16, 64, 2])
@pytest.mark.parametrize('spread', [0.0, 0.5, 1.5])
def test_what_is_too_much_to_be_held_is_counted_and_exact(bins, spread, monkeypatch):
    embeddings, people = people_of(15, spread=spread)
    protocol = PairsAtFars([0, 0.001, 0.01, 0.1, 0.5, 1])
    held = protocol.measure(embeddings, PeopleTruth(people), 'x')
    monkeypatch.setattr('gluonfr.metrics.pairs_at_fars.HELD', 10)
    monkeypatch.setattr('gluonfr.metrics.cosines.BLOCK', 100)
    monkeypatch.setattr('gluonfr.metrics.counting.BINS', bins)
    monkeypatch.setattr('gluonfr.metrics.counting._coarse', lambda counts: HISTOGRAM)
    counted = protocol.measure(embeddings, PeopleTruth(people), 'x')
    for column, value in held.rows[0].items():
        if column.startswith(('tar', 'far', 'threshold@')) or column in ('pairs', 'impostors', 'people'):
            assert counted.rows[0][column] == (value if value is None else pytest.approx(value, abs=1e-12)), column
        elif column.startswith('compat') or column in ('acc', 'acc_low', 'acc_high', 'threshold'):
            assert counted.rows[0][column] is None
        elif bins > 64 and column in ('auc', 'eer'):
            assert counted.rows[0][column] == pytest.approx(value, abs=1e-4)
    assert not counted.scores.size and not counted.genuine.size
    assert set(counted.curves) == {'roc', 'det', 'histogram'}


class HISTOGRAM:
    """Of no pairs."""

    @staticmethod
    def _asdict():
        return {}


def test_the_coarse_histogram_counts_all(monkeypatch):
    embeddings, people = people_of(15)
    monkeypatch.setattr('gluonfr.metrics.pairs_at_fars.HELD', 10)
    found = PairsAtFars().measure(embeddings, PeopleTruth(people), 'x').curves['histogram']
    assert sum(found['genuine']) == 45 and sum(found['impostor']) == 45 * 44 // 2 - 45
    assert found['edges'][0] == -1 and found['edges'][-1] == 1 and len(found['edges']) == 101


def test_accuracy_has_thresholds_of_other_people_and_an_interval_over_people():
    embeddings, people = people_of(20, spread=1.4)
    row, = PairsAtFars([0.1]).measure(embeddings, PeopleTruth(people), 'x').rows
    assert row['acc_low'] < row['acc'] < row['acc_high'] <= 1 and -1 < row['threshold'] < 1
    two, = PairsAtFars([0.5]).measure(embeddings[:6], PeopleTruth(people[:6]), 'x').rows
    assert two['people'] == 2 and two['acc'] is None and two['tar@0.5'] is not None
    assert len(PairsAtFars([0.5]).lines(two)) == 2 and 'accuracy' in PairsAtFars([0.1]).lines(row)[0]


def slow_held_out(scores, first, second, nfolds):
    """(accuracy, mean threshold): people k, k + nfolds, ... are judged by the pairs of the others alone."""
    right, thresholds = {True: [], False: []}, []
    pairs = list(zip(scores.tolist(), first.tolist(), second.tolist()))
    for k in range(nfolds):
        others = [(s, a == b) for s, a, b in pairs if a % nfolds != k and b % nfolds != k]
        parts = [s for s, _ in others], [same for _, same in others]
        gains = [round(np.subtract(*slow_rates(*parts, t)), 9) for t in slow_candidates(parts[0])]
        thresholds.append(slow_candidates(parts[0])[int(np.argmax(gains))])
        for s, a, b in pairs:
            if a % nfolds == b % nfolds == k:
                right[a == b].append((s >= thresholds[-1]) == (a == b))
    return np.mean([np.mean(right[True]), np.mean(right[False])]), np.mean(thresholds)


@pytest.mark.parametrize('count', [5, 8])
def test_accuracy_is_that_of_slow_loops_over_people(count):
    embeddings, people = people_of(count, spread=1.6)
    truth = all_pairs(people)
    (row,), scores, _, _ = PairsAtFars([0.1]).measure(embeddings, truth, 'x')
    accuracy, threshold = slow_held_out(scores, people[truth.first], people[truth.second], count // 2)
    assert row['acc'] == round(accuracy, 5) and row['threshold'] == pytest.approx(threshold, abs=1e-5)


def test_pairs_in_folds_have_an_interval_where_people_are_known():
    embeddings, people = people_of(20, spread=1.4)
    truth = all_pairs(people)
    order = np.concatenate([np.flatnonzero(truth.same), np.flatnonzero(~truth.same)[::28]])
    order = np.random.RandomState(0).permutation(order)
    first, second, same = truth.first[order], truth.second[order], truth.same[order]
    row, = KFoldPairs(5).measure(embeddings, PairTruth(first, second, same, None, people), 'x').rows
    accuracy = kfold_accuracy(pair_scores(embeddings[first], embeddings[second]), same, 5)
    low, high = bootstrap_accuracy(accuracy.correct, same, people[first], people[second])
    assert (row['acc'], row['acc_low'], row['acc_high']) == (round(accuracy.mean, 5), round(low, 5), round(high, 5))
    plain, = KFoldPairs(5).measure(embeddings, PairTruth(first, second, same), 'x').rows
    assert plain == {column: value for column, value in row.items() if column not in ('acc_low', 'acc_high')}
    in_order = embeddings[np.stack([first, second], axis=1).reshape(-1)]
    assert KFoldPairs(5).measure(in_order, same, 'x').rows == [plain]


@pytest.mark.parametrize('measure, message', [
    (lambda p: p.measure_scores([0.1, np.nan, 0.3], [1, 0, 1], 'x'), 'x: scores must be finite, got 1 .* in row 1'),
    (lambda p: p.measure_scores([0.1, 0.3], [1, 1], 'x'), 'x: pairs must be of both kinds, got 2 genuine'),
    (lambda p: p.measure_scores([0.1, 0.3], [0, 0], 'x'), 'x: pairs must be of both kinds, got 0 genuine'),
    (lambda p: p.measure_scores([0.1, 0.3], [1, 0, 1], 'x'), 'scores must be'),
    (lambda p: p.measure_scores([0.1, 0.3], [1, 0], 'x', ['a', 'b'], ['a', 'b']), 'exactly where people0 equals'),
    (lambda p: p.measure_scores([0.1, 0.3], [1, 0], 'x', ['a'], ['a']), 'must have one length'),
    (lambda p: p.measure(np.eye(3), PairTruth([0, 1], [1, 3], [1, 0]), 'x'), 'rows of the pairs, 0 to 3, got 3'),
    (lambda p: p.measure(np.eye(3), PairTruth([0, -1], [1, 2], [1, 0]), 'x'), 'pairs, -1 to 2'),
    (lambda p: p.measure(np.eye(3), PairTruth([0], [1, 2], [1, 0]), 'x'), 'must have one length'),
    (lambda p: p.measure(np.eye(3), PairTruth([0, 1], [1, 2], [1, 0], None, [1]), 'x'), r'people must be \(3,\)'),
    (lambda p: p.measure(np.zeros((3, 2)), PairTruth([0, 1], [1, 2], [1, 0]), 'x'), 'must have a direction'),
])
def test_what_does_not_fit_is_refused(measure, message):
    with pytest.raises(ValueError, match=message):
        measure(PairsAtFars([0.5]))
