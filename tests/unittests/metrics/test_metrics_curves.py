"""Curves for pictures: few points, all of them of the whole curve, and no corner lost that a picture could show."""
import numpy as np
import pytest
from metrics_cases import KINDS, case
from sklearn.metrics import det_curve, roc_auc_score

from gluonfr.metrics import PairsAtFars, kfold_accuracy, roc_curve, score_histogram
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


@pytest.mark.parametrize('kind', KINDS)
def test_det_and_auc_are_those_of_scikit_learn(kind):
    scores, same = case(kind)
    row, _, _, curves = PairsAtFars([0.5]).measure_scores(scores, same, 'x')
    assert row[0]['auc'] == pytest.approx(roc_auc_score(same, scores), abs=1e-6)
    whole = {(round(x, 9), round(y, 9)) for x, y, _ in zip(*det_curve(same, scores))}
    corners = {(x, y) for x, y in whole if not any((u, v) != (x, y) and u <= x and v <= y for u, v in whole)}
    found = {(round(x, 9), round(y, 9)) for x, y in zip(*curves['det'].values())}
    assert {(x, y) for x, y in corners if 0 < x < 1 and 0 < y < 1} <= found <= whole


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
