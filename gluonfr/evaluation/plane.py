"""Embeddings in the plane, so that people can be seen as groups."""
from typing import Any, Dict, Optional

import numpy as np

from ..utils.check import check_choice

__all__ = ['PLANES', 'plane_map']

PLANES = ('pca', 'tsne', 'umap')
MOST = 3000  # points


def plane_map(embeddings: np.ndarray, people: Any, how: str = 'pca', seed: int = 0) -> Optional[Dict[str, Any]]:
    """The embeddings of at most 3,000 images in the plane.

    Parameters
    ----------
    embeddings : float array (N, D)
    people : array (M,) or None
        Who is on the first M images; those of more people than there is room for are drawn by the seed.
    how : {'pca', 'tsne', 'umap'}
        The two principal components; t-SNE by scikit-learn; or UMAP by umap-learn, which must be installed.
    seed : int

    Returns
    -------
    dict or None
        x, y, person (index into names), names, how. None where nothing says who is on the images, or there are fewer
        than three.

    Raises
    ------
    ImportError
        What it needs is not installed; the message says what to run.
    """
    check_choice('plane_map', 'plane', how, PLANES)
    if people is None or len(people) < 3:
        return None
    names, who = np.unique(np.asarray(people).astype(str), return_inverse=True)
    order = np.random.RandomState(seed).permutation(len(names))  # whole people, as far as they have room
    rank = np.argsort(order)
    chosen = np.sort(np.argsort(rank[who], kind='stable')[:MOST])
    x = np.asarray(embeddings, 'float64')[chosen]
    points = {'pca': _pca, 'tsne': _tsne, 'umap': _umap}[how](x - x.mean(axis=0), seed)
    shown, person = np.unique(who[chosen], return_inverse=True)
    return {'x': [round(float(value), 4) for value in points[:, 0]],
            'y': [round(float(value), 4) for value in points[:, 1]], 'person': person.tolist(),
            'names': names[shown].tolist(), 'how': how}


def _pca(x, seed):
    _, vectors = np.linalg.eigh(x.T @ x)
    axes = vectors[:, ::-1][:, :2]
    if axes.shape[1] < 2:
        axes = np.concatenate([axes, np.zeros((len(axes), 1))], axis=1)
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), [0, 1]] < 0, -1, 1)  # of both signs always the same
    return x @ axes


def _tsne(x, seed):
    from sklearn.manifold import TSNE
    return TSNE(2, perplexity=min(30, (len(x) - 1) / 3), init='random', random_state=seed).fit_transform(x)


def _umap(x, seed):
    try:
        from umap import UMAP
    except ImportError as error:
        raise ImportError("plane='umap' needs umap-learn: pip install umap-learn. pca and tsne need nothing more."
                          ) from error
    return UMAP(random_state=seed).fit_transform(x)
