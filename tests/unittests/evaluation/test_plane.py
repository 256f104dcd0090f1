"""Embeddings in the plane."""
import builtins

import numpy as np
import pytest
from evaluation_cases import people_and_embeddings

from gluonfr.evaluation import plane
from gluonfr.evaluation.plane import plane_map

NAMES, EMBEDDINGS = people_and_embeddings(5, 4)


def test_principal_components_are_those_of_scikit_learn():
    from sklearn.decomposition import PCA
    found = plane_map(EMBEDDINGS, NAMES)
    points = np.array([found['x'], found['y']]).T
    expected = PCA(2).fit_transform(EMBEDDINGS)
    np.testing.assert_allclose(np.abs(points), np.abs(expected), atol=1e-3)
    assert found['names'] == sorted(set(NAMES)) and found['person'] == np.repeat(range(5), 4).tolist()


def test_people_are_drawn_whole_where_there_are_too_many(monkeypatch):
    monkeypatch.setattr(plane, 'MOST', 8)
    found = plane_map(EMBEDDINGS, NAMES, seed=3)
    assert len(found['x']) == 8 and len(found['names']) == 2 and np.bincount(found['person']).tolist() == [4, 4]


def test_tsne_keeps_people_together():
    found = plane_map(EMBEDDINGS, NAMES, 'tsne')
    points, who = np.array([found['x'], found['y']]).T, np.array(found['person'])
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    same = who[:, None] == who[None]
    assert apart[same].mean() < apart[~same].mean()


def test_without_people_or_umap(monkeypatch):
    assert plane_map(EMBEDDINGS, None) is None and plane_map(EMBEDDINGS[:2], NAMES[:2]) is None
    real = builtins.__import__

    def refuse(name, *rest):
        if name == 'umap':
            raise ImportError(name)
        return real(name, *rest)
    monkeypatch.setattr(builtins, '__import__', refuse)
    with pytest.raises(ImportError, match="plane='umap' needs umap-learn: pip install umap-learn"):
        plane_map(EMBEDDINGS, NAMES, 'umap')


def test_one_dimension_is_enough():
    found = plane_map(EMBEDDINGS[:, :1], NAMES)
    assert found['y'] == [0.0] * 20
