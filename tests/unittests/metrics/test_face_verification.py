"""FaceVerification: the interface and the numbers of gluonfr 1.0, batches, flip, PCA; what gluonfr.metrics refuses."""
import logging

import mxnet as mx
import numpy as np
import pytest
from gluonfr.metrics import (FaceVerification, combine_flip, kfold_accuracy, kfold_tar_at_far, pair_scores, pca_scores,
                             roc_curve, tar_at_far)
from metrics_cases import fold_indices
from sklearn.metrics import roc_auc_score


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
    coarse = filled(nfolds, grid, 0.1, dist_type, data=(labels, x, y)).get()
    assert_same(coarse, filled(nfolds, grid[::-1], 0.1, dist_type, data=(labels, x, y)).get())
    fine = grid if dist_type != 2 else np.arange(0, 4, 0.001)  # InsightFace's script has another grid for VAL
    fine = filled(nfolds, fine, 0.1, dist_type, data=(labels, x, y)).get()
    assert_same(got, coarse[:3] + fine[3:6] + coarse[6:])


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


def test_folds_without_a_kind_of_pairs_hide_no_other_result(caplog):
    labels, x, y = np.arange(60) < 30, *pairs()[1:]
    metric = filled(10, far_target=0.1, data=(labels, x, y))
    values = dict(metric.get_name_value())
    scores = -distances(0, x, y)
    assert values['acc'] == kfold_accuracy(scores, labels).mean and values['auc'] == roc_auc_score(labels, scores)
    assert values['val'] == pytest.approx(np.nanmean(kfold_tar_at_far(scores, labels, 0.1).folds))
    metric.get()
    assert [record.getMessage() for record in caplog.records] == [
        'FaceVerification: 5 of the 10 folds have no genuine pairs: val is the mean over the others.',
        'FaceVerification: 5 of the 10 folds have no impostor pairs: far is the mean over the others.']
