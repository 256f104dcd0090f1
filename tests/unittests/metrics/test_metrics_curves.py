"""Curves for pictures: few points, all of them of the whole curve, and no corner lost that a picture could show."""
import numpy as np
import pytest
from metrics_cases import KINDS, case

from gluonfr.metrics import kfold_accuracy, roc_curve, score_histogram
from gluonfr.metrics.curves import fold_curve, histogram_curve, roc_curves


@pytest.mark.parametrize('kind', KINDS)
def test_each_point_is_one_of_the_whole_curve(kind):
    roc = roc_curve(*case(kind))
    curves = roc_curves(roc)
    whole = set(zip(roc.fpr.tolist(), roc.tpr.tolist(), roc.thresholds.tolist()))
    kept = list(zip(*(curves['roc'][name] for name in ('far', 'tar', 'threshold'))))
    assert set(kept) <= whole and len(set(kept)) == len(kept)
    assert kept[0][:2] == (0, 0) and kept[-1][:2] == (1, 1)
    assert {(fmr, 1 - fnmr) for fmr, fnmr in zip(*curves['det'].values())} <= {
        (far, 1 - (1 - tar)) for far, tar, _ in kept if 0 < far < 1 and 0 < tar < 1}


def test_a_curve_of_many_points_keeps_to_a_few_and_stays_near():
    random = np.random.RandomState(0)
    same = random.rand(200000) < 0.1
    roc = roc_curve(random.randn(200000) + 2.5 * same, same)
    found = roc_curves(roc)['roc']
    far, tar = np.array(found['far']), np.array(found['tar'])
    assert 300 < len(far) <= 500 and (np.diff(far) >= 0).all() and (np.diff(tar) >= 0).all()
    for x in (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.5):
        best = roc.tpr[np.searchsorted(roc.fpr, x, side='right') - 1]
        assert best - 0.01 <= tar[np.searchsorted(far, x, side='right') - 1] <= best


def test_one_pair_of_a_kind():
    curves = roc_curves(roc_curve([0.5, 0.4], [True, False]))
    assert curves['roc']['far'] == [0, 0, 1] and curves['roc']['tar'] == [0, 1, 1] and curves['det']['fmr'] == []


def test_histogram_and_folds():
    scores, same = case('plain')
    found = histogram_curve(score_histogram(scores, same, 7))['histogram']
    assert list(found) == ['edges', 'genuine', 'impostor'] and len(found['edges']) == 8
    assert sum(found['genuine']) == sum(found['impostor']) == 30
    accuracy = kfold_accuracy(scores, same, 3)
    assert fold_curve(accuracy)['folds'] == {'accuracy': accuracy.folds.tolist(),
                                             'threshold': accuracy.thresholds.tolist()}
