"""Scatter plots of embeddings: the plane for two dimensions, a box for three, PCA beyond."""
from typing import Any, Optional, Sequence, Union

import numpy as np

from ..utils.check import check_number
from ..utils.types import ArrayLike
from .figure import as_numpy, checked, new_figure, palette, save_png

__all__ = ['embedding_limits', 'fit_projection', 'plot_embeddings']


def embedding_limits(embeddings: Union[ArrayLike, Sequence[ArrayLike]], quantile: float = 0.998,
                     pad: float = 0.06) -> np.ndarray:
    """Axis ranges that hold nearly all points of one or several sets of embeddings, the same length on every axis.

    Give it the embeddings of every epoch of a run and the frames of the run do not jump.

    Parameters
    ----------
    embeddings : array, (N,D), or list of such arrays
        All with one D.
    quantile : float
        Share of the points that lies inside per axis and side, in (0.5, 1]; a few strays then do not shrink the
        picture. 1 shows every point.
    pad : float
        Free rim, as a share of the range, >= 0.

    Returns
    -------
    float64 array, (D,2)
        (low, high) of each axis; every row has the same width.

    Raises
    ------
    ValueError
        Arrays of other shapes, or a number out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.viz import embedding_limits
    >>> embedding_limits(np.array([[0., 0.], [2., 1.]]), quantile=1, pad=0).tolist()
    [[0.0, 2.0], [-0.5, 1.5]]
    """
    check_number('embedding_limits', 'quantile', quantile, 0.5, 1, low_open=True)
    check_number('embedding_limits', 'pad', pad, 0)
    sets = [as_numpy(e) for e in (embeddings if isinstance(embeddings, (list, tuple)) else [embeddings])]
    if not sets or any(e.ndim != 2 or e.shape[0] == 0 or e.shape[1] != sets[0].shape[1] for e in sets):
        raise ValueError('embedding_limits: embeddings must be (N,D) arrays, N >= 1, of one D, got shapes {}.'.format(
            [e.shape for e in sets]))
    low = np.min([np.quantile(e, 1 - quantile, axis=0) for e in sets], axis=0)
    high = np.max([np.quantile(e, quantile, axis=0) for e in sets], axis=0)
    # a point cloud of no extent still needs a picture: one unit
    half = 0.5 * max((high - low).max(), 1e-6) * (1 + 2 * pad) if (high > low).any() else 0.5
    middle = 0.5 * (low + high)
    return np.stack([middle - half, middle + half], axis=1)


def fit_projection(embeddings: ArrayLike) -> Any:
    """Principal components of embeddings onto the plane.

    Fitted once (on the last epoch, say) and handed to `plot_embeddings` for all epochs, it keeps the frames of a run in
    one coordinate system. The sign of each component makes its largest entry positive, so that two fits of nearly the
    same data look alike.

    Parameters
    ----------
    embeddings : array, (N,D)
        D > 3.

    Returns
    -------
    sklearn.decomposition.PCA
    """
    from sklearn.decomposition import PCA
    pca = PCA(n_components=2, svd_solver='full').fit(as_numpy(embeddings))
    largest = np.abs(pca.components_).argmax(axis=1)
    pca.components_ *= np.sign(pca.components_[np.arange(2), largest])[:, None]
    return pca


def plot_embeddings(embeddings: ArrayLike, labels: ArrayLike, path: str, *, title: str = '',
                    limits: Optional[ArrayLike] = None, centres: Optional[ArrayLike] = None, projection: Any = None,
                    max_points: Optional[int] = 5000, quantile: float = 0.998) -> str:
    """Draw embeddings coloured by class, with the class numbers at the medians, into a PNG file.

    Parameters
    ----------
    embeddings : array, (N,D)
        D = 2 is drawn as it is with equal scales, D = 3 as a rotated box, D > 3 by its two first principal components
        (their share of the variance stands in the title); D = 1 against the class number.
    labels : int array, (N,)
    path : str
        The PNG file to write; its folder is made.
    title : str
    limits : array, (d,2), or None
        Of what is drawn, from `embedding_limits`; None for the limits of these embeddings.
    centres : array, (C,D), or None
        Drawn as black-rimmed diamonds in the colour of their class.
    projection : object with ``transform`` and ``explained_variance_ratio_``, or None
        What `fit_projection` gives; None to fit one. Only for D > 3.
    max_points : int or None
        More points than this are thinned evenly, >= 1.
    quantile : float
        As for `embedding_limits`; used when ``limits`` is None.

    Returns
    -------
    str
        ``path``.

    Raises
    ------
    ValueError
        Arrays of other shapes, embeddings that are not finite, or limits out of order.
    """
    embeddings, labels = checked('plot_embeddings', embeddings, labels, max_points)
    size = embeddings.shape[1]
    if centres is not None:
        centres = as_numpy(centres)
        if centres.ndim != 2 or centres.shape[1] != size:
            raise ValueError('plot_embeddings: centres must be (C,{}), got {}.'.format(size, centres.shape))
    if size == 1:
        embeddings, centres = _beside(embeddings, labels), centres if centres is None else _beside(centres)
    elif size > 3:
        projection = projection or fit_projection(embeddings)
        embeddings, centres = (points if points is None else projection.transform(points)
                               for points in (embeddings, centres))
        title += '   PCA of {} dimensions, {:.0f} % of the variance'.format(
            size, 100 * sum(projection.explained_variance_ratio_[:2]))
    drawn = embeddings.shape[1]
    limits = embedding_limits(embeddings, quantile) if limits is None else as_numpy(limits)
    if limits.shape != (drawn, 2) or not (limits[:, 0] < limits[:, 1]).all():
        raise ValueError('plot_embeddings: limits must be ({},2) with low < high, got {}.'.format(
            drawn, limits.tolist()))
    with new_figure(6, 6) as figure:
        draw = _draw_space if drawn == 3 else _draw_plane
        axes = draw(figure, embeddings, labels, limits, centres)
        if size == 1:
            axes.set_aspect('auto')
        figure.suptitle(title.strip(), fontsize=10.5, y=0.97)
        return save_png(figure, path)


def _beside(points, numbers=None):
    """Points (N,1) with their class numbers as a second coordinate; those of centres are 0, 1, ..."""
    return np.column_stack([points, np.arange(len(points)) if numbers is None else numbers])


def _dot(count, smallest):
    """Area of a dot in square points: a hundred dots may be larger than thousands."""
    return max(smallest, min(40, 8000 / max(count, 1)))


def _draw_plane(figure, points, labels, limits, centres):
    from matplotlib.patheffects import withStroke
    axes = figure.add_axes([0.09, 0.05, 0.87, 0.87])
    colours = palette(int(labels.max()) + 1)
    order = np.random.RandomState(0).permutation(len(labels))   # else the last class lies on top of the others
    points, labels = points[order], labels[order]
    axes.scatter(points[:, 0], points[:, 1], c=[colours[k] for k in labels], s=_dot(len(points), 5),
                 alpha=0.55, linewidths=0)
    for k in np.unique(labels):
        x, y = np.median(points[labels == k], axis=0)
        axes.text(x, y, str(k), ha='center', va='center', fontsize=13, fontweight='bold', color=colours[k], zorder=4,
                  clip_on=True, path_effects=[withStroke(linewidth=3, foreground='white')])
    if centres is not None:
        axes.scatter(centres[:, 0], centres[:, 1], c=palette(max(len(centres), len(colours)))[:len(centres)],
                     marker='D', s=26, edgecolors='black', linewidths=1, zorder=3)
    axes.axhline(0, color='.75', linewidth=0.8, zorder=0)
    axes.axvline(0, color='.75', linewidth=0.8, zorder=0)
    axes.set_xlim(*limits[0])
    axes.set_ylim(*limits[1])
    axes.set_aspect('equal')
    outside = int(((points < limits[:, 0]) | (points > limits[:, 1])).any(axis=1).sum())
    if outside:
        axes.text(0.995, 0.005, '{} of {} points outside'.format(outside, len(points)), transform=axes.transAxes,
                  ha='right', va='bottom', fontsize=7.5, color='.4')
    return axes


def _draw_space(figure, points, labels, limits, centres):
    from matplotlib.patheffects import withStroke
    axes = figure.add_axes([0.0, 0.0, 0.97, 0.95], projection='3d')
    colours = palette(int(labels.max()) + 1)
    inside = ((points >= limits[:, 0]) & (points <= limits[:, 1])).all(axis=1)   # 3-D axes do not clip by themselves
    points, labels = points[inside], labels[inside]
    axes.scatter(points[:, 0], points[:, 1], points[:, 2], c=[colours[k] for k in labels], s=_dot(len(points), 4),
                 alpha=0.5, linewidths=0)
    for k in np.unique(labels):
        axes.text(*np.median(points[labels == k], axis=0), str(k), fontsize=13, fontweight='bold', color=colours[k],
                  ha='center', va='center', path_effects=[withStroke(linewidth=3, foreground='white')], zorder=10)
    if centres is not None:
        axes.scatter(*centres.T, c=palette(max(len(centres), len(colours)))[:len(centres)], marker='D', s=26,
                     edgecolors='black', linewidths=1)
    axes.set(xlim=limits[0], ylim=limits[1], zlim=limits[2])
    axes.set_box_aspect((1, 1, 1))
    axes.view_init(elev=22, azim=38)
    axes.tick_params(labelsize=7)
    return axes
