"""ROC curves and what is read off them, against slow plain loops and scikit-learn."""
import numpy as np
import pytest
from gluonfr.metrics import (accuracy_curve, auc, equal_error_rate, kfold_accuracy, kfold_tar_at_far, roc_curve,
                             score_histogram, tar_at_far)
from metrics_cases import KINDS, case, slow_operating_point, slow_rates
from scipy import stats
from sklearn.metrics import roc_auc_score
from sklearn.metrics import roc_curve as sklearn_roc_curve


@pytest.mark.parametrize('kind', KINDS)
def test_roc_is_that_of_scikit_learn(kind):
    scores, issame = case(kind)
    fpr, tpr, thresholds = sklearn_roc_curve(issame, scores, drop_intermediate=False)
    roc = roc_curve(scores, issame)
    np.testing.assert_array_equal(roc.fpr, fpr)
    np.testing.assert_array_equal(roc.tpr, tpr)
    np.testing.assert_array_equal(roc.thresholds[1:], thresholds[1:])
    assert auc(roc) == pytest.approx(roc_auc_score(issame, scores), abs=1e-14)
    accuracies, at = accuracy_curve(scores, issame)
    np.testing.assert_allclose(accuracies, [np.mean((scores >= t) == issame) for t in at])


@pytest.mark.parametrize('kind', KINDS)
def test_tar_at_far_is_that_of_the_slow_loops(kind):
    scores, issame = case(kind)
    fars = [0.1, 0.0, 1e-3, 1.0, 1 / 30, 2 / 30, 0.5, 0.999]
    got = tar_at_far(scores, issame, fars)
    for i, far in enumerate(fars):
        threshold, tar, false = slow_operating_point(scores.tolist(), issame.tolist(), far)
        assert (got.tar[i], got.far[i]) == (tar, false)
        assert got.thresholds[i] == pytest.approx(threshold, rel=1e-15)
        assert got.tar[i] == roc_curve(scores, issame).tpr[roc_curve(scores, issame).fpr <= far].max()
    np.testing.assert_array_equal(got.true_accepts / got.genuine, got.tar)
    np.testing.assert_array_equal(got.false_accepts / got.impostors, got.far)
    np.testing.assert_array_equal(got.target, fars)


def test_a_single_far_and_inputs_are_left_alone():
    scores, issame = case('plain')
    before = scores.copy(), issame.copy()
    assert tar_at_far(scores, issame, 0.1).tar.shape == (1,)
    kfold_tar_at_far(scores, issame, 0.1, 1)
    kfold_accuracy(scores, issame)
    np.testing.assert_array_equal(scores, before[0])
    np.testing.assert_array_equal(issame, before[1])


def test_equal_error_rate():
    # FAR and FRR of 1/4 at the third score; then a tie that is cut in the middle; then perfect and useless scores
    assert equal_error_rate(roc_curve([9, 8, 7, 3, 7.5, 2, 1, 0], [1, 1, 1, 1, 0, 0, 0, 0])) == (0.25, 7)
    assert equal_error_rate(roc_curve([1, 1, 0, 0], [True, False, True, False]))[0] == 0.5
    assert equal_error_rate(roc_curve(*case('separable')))[0] == 0
    assert equal_error_rate(roc_curve(*case('equal')))[0] == 0.5
    assert equal_error_rate(roc_curve(*case('reversed')))[0] == 1


def test_score_histogram():
    scores, issame = case('plain')
    histogram = score_histogram(scores, issame, 7)
    assert histogram.edges.shape == (8,) and histogram.genuine.sum() == issame.sum() == 30
    np.testing.assert_array_equal(histogram.genuine + histogram.impostor, np.histogram(scores, 7)[0])
    assert score_histogram(*case('equal'), 3).genuine.sum() == 30


# ---- mistakes that such code is known for ----

@pytest.mark.parametrize('kind', KINDS)
def test_no_threshold_is_infinite(kind):
    scores, issame = case(kind)
    assert np.isinf(sklearn_roc_curve(issame, scores)[2][0]) or sklearn_roc_curve(issame, scores)[2][0] > max(scores)
    roc = roc_curve(scores, issame)
    assert np.isfinite(roc.thresholds).all() and (np.diff(roc.thresholds) < 0).all()
    for (fpr, tpr, t) in zip(*roc):  # each threshold does what its point says
        assert slow_rates(scores, issame, t) == (tpr, fpr)
    assert np.isfinite(kfold_accuracy(scores, issame).thresholds).all()
    assert np.isfinite(tar_at_far(scores, issame, [0, 0.5, 1]).thresholds).all()
    assert np.isfinite(kfold_tar_at_far(scores, issame, 0).thresholds).all()
    assert np.isfinite(equal_error_rate(roc)).all()


def test_tar_is_at_the_largest_far_below_the_target_not_at_the_nearest():
    # ten impostors; FAR goes 0, 0.2: 0.2 is nearest to 0.15, and its TAR of 1 overstates
    scores = np.array([9, 9, 7, 7, 7, 7, 0, 0, 0, 0, 0, 0, 0, 0])
    issame = np.arange(14) < 4
    fpr, tpr, _ = sklearn_roc_curve(issame, scores, drop_intermediate=False)
    assert tpr[np.argmin(abs(fpr - 0.15))] > 0.5
    points = tar_at_far(scores, issame, [0.15, 0.2])
    assert points.tar.tolist() == [0.5, 1.0] and points.far.tolist() == [0.0, 0.2]


@pytest.mark.parametrize('far,n', [
    (0.29, 100), (0.57, 100), (0.07, 100), (1e-3, 3000), (1e-4, 30000), (0.7, 10), (1 / 3, 3),
    (np.nextafter(5 / 6, 0), 6), (np.nextafter(0.29, 0), 100), (np.nextafter(0.29, 1), 100)])
def test_a_far_that_is_met_exactly_is_not_lost_to_rounding(far, n):
    # 0.29 * 100 is 28.999999999999996: its floor would allow 28 impostors
    allowed = max(k for k in range(n + 1) if k / n <= far)
    scores = np.concatenate([np.arange(n), np.arange(n) + 0.5])
    issame = np.arange(2 * n) >= n
    assert tar_at_far(scores, issame, far).false_accepts[0] == allowed
    assert kfold_tar_at_far(scores, issame, far, 1).far == allowed / n


def test_repeated_fars_have_a_result():
    # the classic way interpolates thresholds over FARs that repeat, which has no defined value
    scores, issame = case('separable')
    for far in (0.0, 1e-3, 0.05):
        got = kfold_tar_at_far(scores, issame, far)
        assert (got.mean, got.std) == (1, 0) and np.isfinite(got.thresholds).all()


def test_a_far_below_the_resolution_gives_the_tar_at_far_0():
    scores, issame = case('plain')
    points = tar_at_far(scores, issame, [1e-6, 0])
    assert points.far.tolist() == [0, 0] and points.tar[0] == points.tar[1] == np.mean(
        scores[issame] > scores[~issame].max())


def test_a_million_pairs():
    rng = np.random.RandomState(0)
    issame = np.tile(np.repeat([True, False], 50000), 10)
    scores = rng.randn(1000000) + 2 * issame
    truth = stats.norm.cdf(1)
    got = kfold_accuracy(scores, issame)
    assert got.mean == pytest.approx(truth, abs=1e-3) and got.thresholds == pytest.approx(np.ones(10), abs=0.05)
    points = tar_at_far(scores, issame)
    assert points.tar == pytest.approx(stats.norm.sf(stats.norm.isf(points.target) - 2), abs=0.05)
    fpr, tpr, _ = sklearn_roc_curve(issame, scores, drop_intermediate=False)
    np.testing.assert_array_equal(points.tar, tpr[np.searchsorted(fpr, points.target, side='right') - 1])
