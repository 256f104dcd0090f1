"""Scores of pairs of embeddings: their kinds, flipped images, PCA; what the metrics module offers and uses."""
import ast
import importlib
import math
from pathlib import Path

import gluonfr
import numpy as np
import pytest
from gluonfr import metrics
from gluonfr.metrics import combine_flip, pair_scores, pca_scores
from metrics_cases import fold_indices
from sklearn.decomposition import PCA


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


# ---- the modules of gluonfr.metrics ----

def test_names_that_numpy_removed_are_not_used():
    removed = {'bool', 'float', 'int', 'object', 'str', 'long', 'complex', 'trapz', 'float_', 'in1d'}

    def used(source):
        return {node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name) and node.value.id == 'np'} & removed

    assert used('issame.astype(np.bool)') == {'bool'}
    folder = Path(gluonfr.__file__).parent
    for path in [*sorted((folder / 'metrics').glob('*.py')), folder / 'viz' / 'roc.py']:
        assert not used(path.read_text()), path


@pytest.mark.mxnet
def test_every_public_name_is_listed():
    assert sorted(metrics.__all__, key=str) == sorted(set(metrics.__all__), key=str)
    modules = [path.stem for path in Path(metrics.__file__).parent.glob('*.py') if path.stem != '__init__']
    for module in set(modules) - {'cosines', 'counting', 'curves', 'far_cells', 'highest', 'people'}:  # what they share
        assert set(importlib.import_module('gluonfr.metrics.' + module).__all__) <= set(metrics.__all__)
