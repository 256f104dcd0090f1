"""gluonfr.metrics against slow plain loops and scikit-learn, and the mistakes that such code is known for."""
import ast
import logging
import math
from pathlib import Path

import gluonfr
import mxnet as mx
import numpy as np
import pytest
from gluonfr import metrics
from gluonfr.metrics import (FaceVerification, accuracy_curve, auc, bootstrap_accuracy, clopper_pearson, combine_flip,
                             equal_error_rate, kfold_accuracy, kfold_curve, kfold_tar_at_far, pair_scores, pca_scores,
                             roc_curve, score_histogram, tar_at_far)
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from sklearn.metrics import roc_curve as sklearn_roc_curve
from sklearn.model_selection import KFold


def case(kind, n=60, seed=0):
    """(scores, issame) of one shape; every fold of ten has pairs of both kinds."""
    rng = np.random.RandomState(seed)
    issame = np.arange(n) % 6 < 3
    scores = rng.randn(n) + 1.3 * issame
    if kind == 'ties':
        scores = np.round(2 * scores) / 2
    elif kind == 'equal':
        scores = np.zeros(n)
    elif kind == 'separable':
        scores = np.where(issame, 5 + rng.rand(n), rng.rand(n))
    elif kind == 'reversed':
        scores = np.where(issame, rng.rand(n), 5 + rng.rand(n))
    elif kind == 'two values':
        scores = np.where(rng.rand(n) < 0.3, issame, ~issame).astype('float64')
    elif kind == 'few impostors':
        issame = (np.arange(n) % 6 != 0)
        scores = rng.randn(n) + issame
    elif kind == 'neighbours':  # no float lies between them
        scores = np.where(rng.rand(n) < 0.3, np.nextafter(1, 2), 1.0)
    return scores, issame


KINDS = ['plain', 'ties', 'equal', 'separable', 'reversed', 'two values', 'few impostors', 'neighbours']


# ---- the slow loops: one candidate and one pair at a time ----

def fold_indices(n, nfolds):
    if nfolds == 1:
        return [(list(range(n)), list(range(n)))]
    return [(list(a), list(b)) for a, b in KFold(nfolds, shuffle=False).split(np.zeros(n))]


def slow_candidates(scores):
    """Thresholds from strict to loose: above all, between neighbours, at the lowest."""
    distinct = sorted(set(scores), reverse=True)
    middles = [b + (a - b) / 2 if b < b + (a - b) / 2 else a for a, b in zip(distinct, distinct[1:])]
    return [math.nextafter(distinct[0], math.inf) if hasattr(math, 'nextafter') else np.nextafter(distinct[0], np.inf),
            *middles, distinct[-1]]


def slow_accuracy(scores, issame, nfolds, grid=None):
    accuracies, thresholds = [], []
    for train, test in fold_indices(len(scores), nfolds):
        best, chosen = -1, None
        for t in slow_candidates([scores[i] for i in train]) if grid is None else sorted(grid, reverse=True):
            right = sum((scores[i] >= t) == issame[i] for i in train)
            if right > best:
                best, chosen = right, t
        thresholds.append(chosen)
        accuracies.append(sum((scores[i] >= chosen) == issame[i] for i in test) / len(test))
    return accuracies, thresholds


def slow_rates(scores, issame, t):
    genuine = [s for s, same in zip(scores, issame) if same]
    impostors = [s for s, same in zip(scores, issame) if not same]
    return sum(s >= t for s in genuine) / len(genuine), sum(s >= t for s in impostors) / len(impostors)


def slow_operating_point(scores, issame, far, grid=None):
    """(threshold, TAR, FAR) of the loosest candidate whose FAR is at most far."""
    found = (math.inf, 0.0, 0.0)
    for t in slow_candidates(scores) if grid is None else sorted(grid, reverse=True):
        if slow_rates(scores, issame, t)[1] <= far:
            found = (t, *slow_rates(scores, issame, t))
    return found


def slow_val(scores, issame, far, nfolds, grid=None):
    tars, fars = [], []
    for train, test in fold_indices(len(scores), nfolds):
        t = slow_operating_point([scores[i] for i in train], [issame[i] for i in train], far, grid)[0]
        tar, false = slow_rates([scores[i] for i in test], [issame[i] for i in test], t)
        tars.append(tar)
        fars.append(false)
    return tars, fars


# ---- k folds ----

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
    with pytest.raises(ValueError, match='kfold_tar_at_far: every fold must have pairs of both kinds.* fewer folds'):
        kfold_tar_at_far(scores, issame, 0.1, 30)


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


# ---- ROC and what is read off it ----

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


# ---- scores of pairs ----

def embeddings(n=24, d=5, dtype='float64', seed=0):
    rng = np.random.RandomState(seed)
    return rng.randn(n, d).astype(dtype), rng.randn(n, d).astype(dtype)


@pytest.mark.parametrize('dtype', ['float16', 'float32', 'float64'])
@pytest.mark.parametrize('normalize', [False, True])
def test_pair_scores_are_those_of_plain_loops(dtype, normalize):
    x, y = embeddings(dtype=dtype)
    for i, scores in enumerate(zip(*(pair_scores(x, y, kind, normalize=normalize)
                                     for kind in ('cosine', 'l2', 'squared_l2')))):
        a, b = x[i].astype('float64').tolist(), y[i].astype('float64').tolist()
        lengths = math.sqrt(sum(v * v for v in a)), math.sqrt(sum(v * v for v in b))
        cosine = sum(v * w for v, w in zip(a, b)) / lengths[0] / lengths[1]
        if normalize:
            a, b = [v / lengths[0] for v in a], [v / lengths[1] for v in b]
        squares = sum((v - w) ** 2 for v, w in zip(a, b))
        assert scores == pytest.approx((cosine, -math.sqrt(squares), -squares), rel=1e-12)


def test_half_floats_neither_overflow_nor_vanish():
    x = np.full((2, 512), 200, dtype='float16')  # the square of 200 passes the largest float16
    np.testing.assert_allclose(pair_scores(x, -x, 'l2'), -400 * np.sqrt(512))
    small = np.full((2, 512), 6e-8, dtype='float16')
    np.testing.assert_allclose(pair_scores(small, small), 1)
    assert pair_scores(np.full((1, 2), 1e-200), np.full((1, 2), 1e200))[0] == pytest.approx(1)


def test_many_pairs_are_scored_in_blocks():
    x, y = embeddings(20000, 3)
    np.testing.assert_allclose(pair_scores(x, y, 'squared_l2'), -((x - y) ** 2).sum(axis=1))


def test_flip_modes():
    x, y = embeddings()
    assert combine_flip(x, None, 'none') is x
    total = combine_flip(x, y, 'sum')
    np.testing.assert_allclose(total, (x + y) / np.linalg.norm(x + y, axis=1)[:, None])
    both = combine_flip(x, y, 'concat')
    assert both.shape == (24, 10)
    np.testing.assert_allclose(both * np.sqrt((x ** 2).sum(1) + (y ** 2).sum(1))[:, None], np.hstack([x, y]))
    for mode, flipped in (('none', y), ('sum', None), ('concat', None)):
        with pytest.raises(ValueError, match="combine_flip: flipped must be .* mode '{}'".format(mode)):
            combine_flip(x, flipped, mode)


def test_pca_is_fitted_on_the_other_folds_only():
    x, y = embeddings(30, 6)
    got = pca_scores(x, y, 3, nfolds=4)
    for k, (train, _) in enumerate(fold_indices(30, 4)):
        pca = PCA(3, svd_solver='full').fit(np.concatenate([x[train], y[train]]))
        np.testing.assert_allclose(got[k], pair_scores(pca.transform(x), pca.transform(y), 'l2', normalize=True))
    x[:8] *= 100  # the first fold: its own row of scores may change only where its pairs stand
    np.testing.assert_allclose(pca_scores(x, y, 3, nfolds=4)[0, 8:], got[0, 8:])
    with pytest.raises(ValueError, match=r'pca_scores: components must be in \[1, 6\], got 7'):
        pca_scores(x, y, 7, nfolds=4)


# ---- intervals ----

def test_clopper_pearson_inverts_the_binomial_tails():
    for k, n in ((0, 10), (1, 10), (7, 10), (10, 10), (2991, 3000), (1, 1)):
        low, high = clopper_pearson(k, n, 0.9)
        assert low == 0 if k == 0 else stats.binom.sf(k - 1, n, low) == pytest.approx(0.05)
        assert high == 1 if k == n else stats.binom.cdf(k, n, high) == pytest.approx(0.05)
    # 10 of 10 at 95 %: 0.025^(1/10)
    assert clopper_pearson(10, 10).low == pytest.approx(0.025 ** 0.1)
    points = tar_at_far(*case('plain'), [0.1, 0.5])
    low, high = clopper_pearson(points.true_accepts, points.genuine)
    assert low.shape == (2,) and (low < points.tar).all() and (points.tar < high).all()
    with pytest.raises(ValueError, match='clopper_pearson: successes must be'):
        clopper_pearson(4, 3)


def slow_bootstrap(correct, issame, first, second, confidence, draws, seed):
    people = sorted(set(first) | set(second))
    random, found = np.random.RandomState(seed), []
    for _ in range(draws):
        times = dict(zip(people, random.multinomial(len(people), [1 / len(people)] * len(people))))
        right, weight = [0, 0], [0, 0]
        for ok, same, a, b in zip(correct, issame, first, second):
            w = times[a] if same else times[a] * times[b]
            right[int(same)] += w * ok
            weight[int(same)] += w
        if all(weight):
            share = sum(issame) / len(issame)
            found.append(share * right[1] / weight[1] + (1 - share) * right[0] / weight[0])
    return np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])


def people_of(n, people, seed=0):
    rng = np.random.RandomState(seed)
    first, second = rng.randint(0, people, n), rng.randint(0, people, n)
    second[::2] = first[::2]
    return first, second, first == second


@pytest.mark.parametrize('names', [int, 'person {}'.format])
@pytest.mark.parametrize('people', [3, 20])
def test_bootstrap_over_people_is_that_of_the_slow_loops(names, people, monkeypatch):
    first, second, issame = people_of(40, people)
    correct = np.random.RandomState(1).rand(40) < 0.8
    first, second = [[names(v) for v in part] for part in (first, second)]
    slow = slow_bootstrap(correct, issame, first, second, 0.9, 50, 3)
    for cells in (10 ** 9, 150):  # at once and in blocks of few draws
        monkeypatch.setattr('gluonfr.metrics.intervals.CELLS', cells)
        got = bootstrap_accuracy(correct, issame, first, second, confidence=0.9, draws=50, seed=3)
        np.testing.assert_allclose(got, slow)


def test_bootstrap_sees_that_pairs_of_one_person_are_not_independent():
    # every error belongs to two of 50 people: as pairs the accuracy looks far more certain than it is
    person = np.repeat(np.arange(50), 40)
    other = np.tile(np.arange(40), 50)
    other = np.where(other == person, 49 - (person == 49), other)
    first, second = np.concatenate([person, person]), np.concatenate([person, other])
    issame = first == second
    correct = ~(issame & (first < 2))
    low, high = bootstrap_accuracy(correct, issame, first, second)
    naive = clopper_pearson(correct.sum(), len(correct))
    assert low < correct.mean() < high <= 1
    assert high - low > 3 * (naive.high - naive.low)
    assert bootstrap_accuracy(np.ones(4000), issame, first, second) == (1, 1)
    correct = np.random.RandomState(0).rand(4000) < 0.9
    twice = [bootstrap_accuracy(correct, issame, first, second, draws=50, seed=seed) for seed in (0, 0, 1)]
    assert twice[0] == twice[1] != twice[2]


def test_bootstrap_refuses_people_that_contradict_the_labels():
    first, second, issame = people_of(40, 5)
    with pytest.raises(ValueError, match='exactly where people0 equals people1, got False for 7 and 7 in pair 3'):
        wrong = np.array(first), np.array(second)
        wrong[0][3] = wrong[1][3] = 7
        issame[3] = False
        bootstrap_accuracy(np.ones(40), issame, *wrong)
    with pytest.raises(ValueError, match='bootstrap_accuracy: correct, issame.* one length'):
        bootstrap_accuracy(np.ones(39), issame, first, second)


def test_bootstrap_on_the_people_of_lfw(test_data):
    lines = [line.split() for line in test_data('lfw/pairs.txt').read_text().splitlines()]
    pairs = [line for line in lines if len(line) > 2]
    first = [line[0] for line in pairs]
    second = [line[2] if len(line) == 4 else line[0] for line in pairs]
    issame = np.array([len(line) == 3 for line in pairs])
    assert len(pairs) == 6000 and (issame.reshape(10, 2, 300) == [[True], [False]]).all()
    correct = np.random.RandomState(0).rand(6000) < 0.994
    low, high = bootstrap_accuracy(correct, issame, first, second, draws=200)
    exact = clopper_pearson(correct.sum(), 6000)
    assert low < correct.mean() < high
    assert exact.high - exact.low < high - low < 3 * (exact.high - exact.low)


# ---- mistakes that such code is known for ----

def test_names_that_numpy_removed_are_not_used():
    removed = {'bool', 'float', 'int', 'object', 'str', 'long', 'complex', 'trapz', 'float_', 'in1d'}

    def used(source):
        return {node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name) and node.value.id == 'np'} & removed

    assert used('issame.astype(np.bool)') == {'bool'}
    folder = Path(gluonfr.__file__).parent
    for path in [*sorted((folder / 'metrics').glob('*.py')), folder / 'viz' / 'roc.py']:
        assert not used(path.read_text()), path


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


# ---- FaceVerification ----

def pairs(n=60, d=8, seed=0, dtype='float32'):
    rng = np.random.RandomState(seed)
    labels = np.arange(n) % 6 < 3
    x = rng.randn(n, d)
    y = np.where(labels[:, None], x + 0.9 * rng.randn(n, d), rng.randn(n, d))
    return labels, x.astype(dtype), y.astype(dtype)


def filled(*args, batch=60, data=None, **kwargs):
    metric = FaceVerification(*args, **kwargs)
    labels, *arrays = data or pairs()
    for start in range(0, len(labels), batch):
        rows = slice(start, start + batch)
        metric.update(labels[rows], *(a[rows] for a in arrays))
    return metric


def assert_same(a, b):
    assert len(a) == len(b)
    for left, right in zip(a, b):
        np.testing.assert_array_equal(left, right)


def distances(dist_type, x, y):
    x, y = x.astype('float64'), y.astype('float64')
    squares = ((x - y) ** 2).sum(axis=1)
    cosine = (x * y).sum(axis=1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)
    return {0: np.sqrt(squares), 1: 1 - cosine, 2: squares}[dist_type]


def classic(grid, distance, issame, nfolds):
    """The loops of gluonfr 1.0 over a grid: below the threshold is the same person, the first best threshold wins."""
    accuracies, tprs, fprs = [], [], []
    for train, test in fold_indices(len(distance), nfolds):
        right = [sum((distance[i] < t) == issame[i] for i in train) for t in grid]
        best = grid[int(np.argmax(right))]
        accuracies.append(np.mean([(distance[i] < best) == issame[i] for i in test]))
        tprs.append([np.mean([distance[i] < t for i in test if issame[i]]) for t in grid])
        fprs.append([np.mean([distance[i] < t for i in test if not issame[i]]) for t in grid])
    return np.mean(tprs, axis=0), np.mean(fprs, axis=0), np.mean(accuracies), np.std(accuracies)


def test_interface_of_gluonfr_1_0():
    metric = FaceVerification(5, None, 0.1, 0)
    assert isinstance(metric, mx.metric.EvalMetric) and metric.name == 'FaceVerification'
    labels, x, y = pairs()
    metric.update(mx.nd.array(labels), mx.nd.array(x), mx.nd.array(y))
    tpr, fpr, acc, val, val_std, far, acc_std = metric.get()
    scores = -distances(0, x, y)
    np.testing.assert_allclose(metric.scores, scores)
    best, at_far, roc = kfold_accuracy(scores, labels, 5), kfold_tar_at_far(scores, labels, 0.1, 5), roc_curve(scores,
                                                                                                              labels)
    assert (acc, acc_std, val, val_std, far) == (best.mean, best.std, at_far.mean, at_far.std, at_far.far)
    assert 0.5 < acc < 1
    np.testing.assert_array_equal(tpr, roc.tpr)
    np.testing.assert_array_equal(fpr, roc.fpr)


@pytest.mark.parametrize('dist_type', [0, 1, 2])
@pytest.mark.parametrize('nfolds', [3, 10])
def test_compat_is_the_classic_grid(dist_type, nfolds):
    grid = {0: np.arange(0, 2, 0.01), 1: np.arange(0, 1, 0.01), 2: np.arange(0, 4, 0.01)}[dist_type]
    labels, x, y = pairs()
    x, y = (a.astype('float64') / np.linalg.norm(a.astype('float64'), axis=1)[:, None] for a in (x, y))
    distance = distances(dist_type, x, y)
    tpr, fpr, acc, std = classic(grid, distance, labels, nfolds)
    got = filled(nfolds, None, 0.1, dist_type, compat=True, data=(labels, x, y)).get()
    np.testing.assert_allclose(got[0], tpr)
    np.testing.assert_allclose(got[1], fpr)
    assert (got[2], got[6]) == pytest.approx((acc, std))
    assert_same(got, filled(nfolds, grid, 0.1, dist_type, data=(labels, x, y)).get())
    assert_same(got, filled(nfolds, grid[::-1], 0.1, dist_type, data=(labels, x, y)).get())


def test_on_a_grid_a_distance_equal_to_the_threshold_is_rejected_as_in_1_0():
    labels = np.tile([True, False], 10)
    x = np.zeros((20, 1))
    y = np.where(labels, 0.5, 1.5)[:, None]
    y[::10] = 0.25
    kwargs = dict(far_target=0.5, data=(labels, x, y))
    assert filled(2, [0.5], **kwargs).get()[2] == 0.6
    assert filled(2, [np.nextafter(0.5, 1)], **kwargs).get()[2] == 1
    assert filled(2, **kwargs).get()[2] == 1


@pytest.mark.parametrize('batch', [1, 7, 60])
@pytest.mark.parametrize('kwargs', [{}, {'dist_type': 1}, {'pca': 4}, {'normalize': True, 'compat': True}])
def test_batches_of_any_size_and_kind_give_the_same(batch, kwargs):
    data = pairs()
    whole = filled(5, far_target=0.1, **kwargs).get()
    assert_same(whole, filled(5, far_target=0.1, batch=batch, **kwargs).get())
    assert_same(whole, filled(5, far_target=0.1, batch=batch, data=[mx.nd.array(a) for a in data], **kwargs).get())
    half = filled(5, far_target=0.1, data=pairs(dtype='float16'), **kwargs).get()
    assert half[2] == pytest.approx(whole[2], abs=0.04)


def test_reset_really_resets():
    fresh = filled(5, far_target=0.1, data=pairs(seed=1)).get()
    for reset in ('reset', 'reset_local'):
        metric = filled(5, far_target=0.1)
        metric.get()
        getattr(metric, reset)()
        assert metric.num_inst == 0
        with pytest.raises(ValueError, match='there are no pairs'):
            metric.get()
        metric.update(*pairs(seed=1))
        assert_same(metric.get(), fresh)


@pytest.mark.parametrize('pca', [None, 4])
def test_arrays_may_be_used_again_after_update(pca):
    data = pairs()
    metric = filled(5, far_target=0.1, data=data, pca=pca)
    before = metric.get()
    for array in data:
        array[:] = 0
    assert_same(metric.get(), before)


def test_name_values():
    metric = filled(5, far_target=0.1, dist_type=1)
    values = dict(metric.get_name_value())
    assert list(values) == ['acc', 'acc_std', 'val', 'val_std', 'far', 'auc', 'eer', 'threshold']
    assert all(type(value) is float for value in values.values())
    _, _, acc, val, val_std, far, acc_std = metric.get()
    assert [values[n] for n in ('acc', 'acc_std', 'val', 'val_std', 'far')] == [acc, acc_std, val, val_std, far]
    labels, x, y = pairs()
    assert values['auc'] == pytest.approx(roc_auc_score(labels, -distances(1, x, y)))
    assert values['threshold'] == pytest.approx(-kfold_accuracy(-distances(1, x, y), labels, 5).thresholds.mean())
    assert 'acc' in str(metric) and metric.get_global_name_value() == metric.get_name_value()


@pytest.mark.parametrize('flip', ['sum', 'concat'])
def test_flip_in_the_metric(flip):
    labels, x, y = pairs()
    mirrored = [a + np.float32(0.1) for a in (x, y)]
    metric = filled(5, far_target=0.1, flip=flip, data=(labels, x, y, *mirrored))
    np.testing.assert_allclose(metric.scores, pair_scores(combine_flip(x, mirrored[0], flip),
                                                          combine_flip(y, mirrored[1], flip), 'l2'))
    with pytest.raises(ValueError, match='flipped must be the embeddings of the mirrored images'):
        metric.update(labels, x, y)
    with pytest.raises(ValueError, match="flipped must be None with mode 'none'"):
        FaceVerification().update(labels, x, y, *mirrored)


def test_pca_in_the_metric():
    labels, x, y = pairs(63)
    metric = filled(4, far_target=0.1, pca=3, data=(labels, x, y), batch=100)
    scores = pca_scores(x, y, 3, 4)
    np.testing.assert_array_equal(metric.scores, scores)
    got = metric.get()
    assert got[2] == kfold_accuracy(scores, labels, 4).mean
    held_out = [scores[k, i] for k, (_, test) in enumerate(fold_indices(63, 4)) for i in test]
    np.testing.assert_array_equal(got[0], roc_curve(held_out, labels).tpr)


def test_a_far_target_below_the_resolution_is_said_once(caplog):
    metric = filled(5)
    with caplog.at_level(logging.WARNING, 'gluonfr'):
        metric.get()
        metric.get()
    assert [r.getMessage() for r in caplog.records] == [
        'FaceVerification: far_target 0.001 is below 1 / 24, the impostor pairs that a threshold is chosen on: val is '
        'the TAR at FAR 0.']
    caplog.clear()
    filled(5, far_target=1 / 24).get()
    filled(1, far_target=1 / 49, data=pairs(100), batch=100).get()  # of 49 impostors, and 1 / 49 * 49 < 1
    assert not caplog.records


def test_config_makes_the_same_metric():
    metric = FaceVerification(5, far_target=0.1, dist_type=2, normalize=True, name='lfw')
    config = metric.get_config()
    assert config.pop('metric') == 'FaceVerification'
    twin = FaceVerification(**{k: v for k, v in config.items() if k not in ('output_names', 'label_names')})
    assert twin.get_config() == metric.get_config()


# ---- what is refused ----

LABELS, X, Y = pairs()
BAD = np.array(X)
BAD[17, 2] = np.nan
ZERO = np.array(X)
ZERO[9] = 0


@pytest.mark.parametrize('call,match', [
    (lambda: FaceVerification(0), 'nfolds must be >= 1, got 0'),
    (lambda: FaceVerification(2.5), 'nfolds must be a whole number, got 2.5'),
    (lambda: FaceVerification(far_target=-1), r'far_target must be in \[0, 1\], got -1'),
    (lambda: FaceVerification(dist_type=3), 'dist_type must be one of 0, 1, 2, got 3'),
    (lambda: FaceVerification(flip='both'), "flip must be one of 'none', 'sum', 'concat', got 'both'"),
    (lambda: FaceVerification(pca=0), 'pca must be >= 1, got 0'),
    (lambda: FaceVerification(thresholds=[0.5], compat=True), 'thresholds must be None with compat=True'),
    (lambda: FaceVerification(thresholds=[]), 'thresholds must be finite numbers'),
    (lambda: FaceVerification(thresholds=[0.1, np.nan]), 'thresholds must be finite numbers.* NaN or infinity'),
    (lambda: FaceVerification().get(), r'there are no pairs, call update\(labels, embeddings0, embeddings1\) first'),
    (lambda: FaceVerification().get_name_value(), 'there are no pairs'),
    (lambda: FaceVerification().update(LABELS, BAD, Y), 'got NaN or infinity in 1 of 60 rows, first in row 17'),
    (lambda: FaceVerification().update(LABELS, X, np.where(BAD == BAD, Y, -np.inf)), 'first in row 17'),
    (lambda: FaceVerification().update(LABELS, X, Y[:, :7]), r'one shape .*got \(60, 8\) and \(60, 7\)'),
    (lambda: FaceVerification().update(LABELS[:59], X, Y), r'labels must be \(B,\) = \(60,\), got \(59,\)'),
    (lambda: FaceVerification().update(LABELS[:, None], X, Y), r'labels must be \(N,\), got \(60, 1\)'),
    (lambda: FaceVerification().update(LABELS + 1, X, Y), r'labels must be True or False \(1 or 0\), got 2'),
    (lambda: FaceVerification().update(np.where(LABELS, 1, -1), X, Y), r'labels must be True or False .*got -1'),
    (lambda: FaceVerification(dist_type=1).update(LABELS, ZERO, Y), 'got one of length 0 in row 9'),
    (lambda: FaceVerification().update(LABELS, X.astype(str), Y), 'embeddings must be real numbers'),
    (lambda: filled(61).get(), 'nfolds must be at most the number of pairs, 60, got 61'),
    (lambda: filled(data=(np.ones(60), X, Y)).get(), 'pairs must be of both kinds, got 60 genuine and 0 impostor'),
    (lambda: filled(2, data=(np.arange(60) < 30, X, Y)).get(), 'the folds other than fold 0 must have pairs of both'),
    (lambda: filled(10, data=(np.arange(60) < 30, X, Y)).get(),
     r'every fold must have pairs of both kinds, got 6 genuine and 0 impostor pairs in fold 0 \(pairs 0 to 5\)'),
    (lambda: filled(compat=True, data=(LABELS, 100 * X, 100 * Y)).get(),
     'thresholds must reach the distances, which begin at .*got none above 1.99: give normalize=True'),
    (lambda: roc_curve([], []), 'roc_curve: there are no pairs'),
    (lambda: roc_curve([1, 2, np.nan], [1, 0, 1]), 'roc_curve: scores must be finite, got 1'),
    (lambda: roc_curve([1, 2], [1, 0, 1]), r'roc_curve: scores must be \(3,\) for 3 pairs, got \(2,\)'),
    (lambda: tar_at_far([1, 2], [1, 0], 1.5), r'tar_at_far: fars must be in \[0, 1\], got \[1.5\]'),
    (lambda: tar_at_far([1, 2], [1, 0], np.nan), r'tar_at_far: fars must be in \[0, 1\]'),
    (lambda: kfold_accuracy(np.zeros((3, 4)), [1, 0, 1, 0], 2),
     r'kfold_accuracy: scores must be \(4,\) or \(2, 4\) for 4 pairs, got \(3, 4\)'),
    (lambda: kfold_tar_at_far([1, 2], [1, 0], -0.1, 1), r'kfold_tar_at_far: far must be in \[0, 1\]'),
    (lambda: pair_scores(X, Y, 'l1'), "pair_scores: kind must be one of 'cosine'"),
])
def test_what_is_refused(call, match):
    with pytest.raises(ValueError, match=match):
        call()


def test_a_refused_batch_adds_nothing():
    metric = filled(5, far_target=0.1)
    before = metric.get()
    for labels, x in ((LABELS, BAD), (LABELS + 1, X), (LABELS[:5], X)):
        with pytest.raises(ValueError):
            metric.update(labels, x, Y)
    assert metric.num_inst == 60
    assert_same(metric.get(), before)


def test_every_public_name_is_listed():
    assert sorted(metrics.__all__, key=str) == sorted(set(metrics.__all__), key=str)
    for module in ('intervals', 'kfold', 'roc', 'scores', 'verification'):
        assert set(getattr(metrics, module).__all__) <= set(metrics.__all__)
