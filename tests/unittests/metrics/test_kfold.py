"""Accuracy and TAR at a FAR over k folds, against slow plain loops."""
import numpy as np
import pytest
from gluonfr.metrics import kfold_accuracy, kfold_curve, kfold_tar_at_far, most_folds
from metrics_cases import KINDS, case, fold_indices, slow_accuracy, slow_rates, slow_val


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('nfolds', [1, 2, 7, 10])
def test_kfold_accuracy_is_that_of_the_slow_loops(kind, nfolds):
    scores, issame = case(kind)
    folds, thresholds = slow_accuracy(scores.tolist(), issame.tolist(), nfolds)
    got = kfold_accuracy(scores, issame, nfolds)
    np.testing.assert_array_equal(got.folds, folds)
    np.testing.assert_allclose(got.thresholds, thresholds, rtol=1e-15)
    assert got.mean == pytest.approx(np.mean(folds)) and got.std == pytest.approx(np.std(folds))
    assert got.correct.mean() == pytest.approx(np.average(folds, weights=[len(b) for _, b in
                                                                          fold_indices(60, nfolds)]))


@pytest.mark.parametrize('seed', range(20))
def test_kfold_accuracy_of_small_sets_with_many_ties(seed):
    rng = np.random.RandomState(seed)
    n = rng.randint(12, 40)
    issame = rng.rand(n) < rng.uniform(0.3, 0.7)
    issame[:6] = issame[-6:] = np.tile([True, False], 3)
    scores, nfolds = rng.randint(0, rng.randint(2, 12), n) / 2, rng.randint(1, 7)
    folds, thresholds = slow_accuracy(scores.tolist(), issame.tolist(), nfolds)
    got = kfold_accuracy(scores, issame, nfolds)
    np.testing.assert_array_equal(got.thresholds, thresholds)
    np.testing.assert_array_equal(got.folds, folds)


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('nfolds', [1, 3, 10])
@pytest.mark.parametrize('far', [0.0, 1e-3, 0.1, 0.5, 1.0])
def test_kfold_tar_at_far_is_that_of_the_slow_loops(kind, nfolds, far):
    scores, issame = case(kind)
    tars, fars = slow_val(scores.tolist(), issame.tolist(), far, nfolds)
    got = kfold_tar_at_far(scores, issame, far, nfolds)
    np.testing.assert_array_equal(got.folds, tars)
    np.testing.assert_array_equal(got.fars, fars)
    assert (got.mean, got.std, got.far) == pytest.approx((np.mean(tars), np.std(tars), np.mean(fars)))
    train = min(sum(not issame[i] for i in train) for train, _ in fold_indices(60, nfolds))
    assert got.impostors == train


@pytest.mark.parametrize('far, threshold', [(0, 4), (0.1, 3.2), (0.25, 2), (0.4, 1.4), (0.5, 1), (0.75, 0), (1, None)])
def test_a_threshold_between_those_of_a_grid(far, threshold):
    """Four impostor pairs, of which the thresholds 4, 2, 1 and 0 accept 0 to 3."""
    scores, issame = np.array([2.5, 1.5, 0.5, -9, 9]), np.arange(5) == 4
    found = kfold_tar_at_far(scores, issame, far, 1, thresholds=[0, 1, 2, 4], interpolate=True)
    assert found.thresholds[0] == pytest.approx(np.nextafter(9, 10) if threshold is None else threshold)


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('nfolds', [1, 7, 10])
def test_kfold_on_a_grid_is_that_of_the_slow_loops(kind, nfolds):
    scores, issame = case(kind)
    grid = np.linspace(-1, 3, 9)
    folds, thresholds = slow_accuracy(scores.tolist(), issame.tolist(), nfolds, grid)
    got = kfold_accuracy(scores, issame, nfolds, thresholds=grid)
    np.testing.assert_array_equal(got.folds, folds)
    np.testing.assert_array_equal(got.thresholds, thresholds)
    tars, fars = slow_val(scores.tolist(), issame.tolist(), 0.2, nfolds, grid)
    val = kfold_tar_at_far(scores, issame, 0.2, nfolds, thresholds=grid)
    np.testing.assert_array_equal(val.folds, tars)
    np.testing.assert_array_equal(val.fars, fars)
    curve = kfold_curve(scores, issame, grid, nfolds)
    slow = [[slow_rates(scores[test], issame[test], t) for t in sorted(grid, reverse=True)]
            for _, test in fold_indices(60, nfolds)]
    np.testing.assert_allclose(np.transpose(curve), np.mean(slow, axis=0))


def test_one_pair_a_fold_is_leave_one_out():
    scores, issame = case('ties', 30)
    folds, thresholds = slow_accuracy(scores.tolist(), issame.tolist(), 30)
    got = kfold_accuracy(scores, issame, 30)
    np.testing.assert_array_equal(got.folds, folds)
    np.testing.assert_array_equal(got.thresholds, thresholds)


@pytest.mark.parametrize('order, nfolds', [('genuine first', 4), ('genuine first', 10), ('one impostor', 4),
                                           ('impostors in one fold', 3), ('genuine in one fold', 3)])
@pytest.mark.parametrize('far', [0.0, 0.3, 1.0])
def test_folds_without_a_kind_of_pairs_have_no_tar_or_no_far(order, nfolds, far):
    issame = {'genuine first': np.arange(24) < 12, 'one impostor': np.arange(24) != 7,
              'impostors in one fold': np.arange(24) >= 8, 'genuine in one fold': np.arange(24) < 8}[order]
    scores = np.random.RandomState(3).randn(24) + issame
    for grid in (None, np.linspace(-1, 3, 9)):
        expected = slow_val(scores.tolist(), issame.tolist(), far, nfolds, grid)
        got = kfold_tar_at_far(scores, issame, far, nfolds, grid)
        np.testing.assert_array_equal((got.folds, got.fars), expected)
        assert np.isnan(expected).any()
        known = [np.compress(~np.isnan(rates), rates) for rates in expected]
        means = [rates.mean() if len(rates) else np.nan for rates in known]
        np.testing.assert_allclose((got.mean, got.far), means)


def test_most_folds():
    mixed, sorted_pairs = np.arange(24) % 2 == 0, np.arange(24) < 12
    assert most_folds(mixed) == most_folds(sorted_pairs) == 10 and most_folds(mixed, 3) == 3
    assert most_folds(mixed[:6]) == 6 and most_folds(mixed[:4]) == 4
    assert most_folds(mixed[:2]) == most_folds(sorted_pairs, 2) == 1  # each fold would leave one kind
    for issame in (mixed[:6], sorted_pairs, np.arange(9) == 4):
        folds = most_folds(issame)
        assert kfold_accuracy(np.where(issame, 1., 0.), issame, folds).mean == 1 or folds > 1


def test_a_row_of_scores_for_each_fold():
    rows = np.stack([case('plain', seed=k)[0] for k in range(4)])
    issame = case('plain')[1]
    for grid in (None, np.linspace(-1, 2, 7)):
        whole = kfold_accuracy(rows, issame, 4, grid), kfold_tar_at_far(rows, issame, 0.1, 4, grid)
        for k in range(4):
            assert whole[0].folds[k] == kfold_accuracy(rows[k], issame, 4, grid).folds[k]
            assert whole[1].folds[k] == kfold_tar_at_far(rows[k], issame, 0.1, 4, grid).folds[k]
            fold = slice(15 * k, 15 * k + 15)
            np.testing.assert_array_equal(whole[0].correct[fold], kfold_accuracy(rows[k], issame, 4,
                                                                                 grid).correct[fold])


def test_folds_of_cfp_have_700_pairs():
    issame = np.tile(np.repeat([True, False], 350), 10)
    scores = np.where(issame, 1.0, -1.0)
    scores[:700] *= -1  # fold 0 is all wrong; with 600 a fold a seventh of it would be in fold 1
    np.testing.assert_array_equal(kfold_accuracy(scores, issame).folds, [0] + 9 * [1])
    assert kfold_tar_at_far(scores, issame, 0.2).folds.tolist() == [0] + 9 * [1]


@pytest.mark.parametrize('n,sizes', [(6000, 10 * [600]), (7000, 10 * [700]), (6003, 3 * [601] + 7 * [600])])
def test_folds_are_those_of_kfold_without_shuffling(n, sizes):
    issame = np.arange(n) % 2 == 0
    assert [len(test) for _, test in fold_indices(n, 10)] == sizes
    start = 0
    for k, size in enumerate(sizes):
        scores = np.where(issame, 1.0, -1.0)
        scores[start:start + size] *= -1
        np.testing.assert_array_equal(kfold_accuracy(scores, issame).folds, np.arange(10) != k)
        start += size


def test_the_held_out_fold_does_not_choose_its_threshold():
    # scores of the second fold lie elsewhere: a threshold that has seen it would be right on all of it
    issame = np.tile([True, False], 20)
    scores = np.where(issame, 1.0, 0.0)
    scores[20:] += 10
    assert kfold_accuracy(scores, issame, 2).folds.tolist() == [0.5, 0.5]
    assert kfold_accuracy(scores[20:], issame[20:], 1).mean == 1
