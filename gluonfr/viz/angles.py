"""What an angular loss sees of an embedding: its direction."""
from typing import Optional

import numpy as np

from ..utils.types import ArrayLike
from ..utils.vectors import unit_rows
from .figure import as_numpy, checked, new_figure, palette, save_png

__all__ = ['plot_angles']

BINS = 180          # of two degrees each
RING = 1.07         # radius at which the histogram begins
RING_HEIGHT = 0.42


def plot_angles(embeddings: ArrayLike, labels: ArrayLike, path: str, *, title: str = '',
                centres: Optional[ArrayLike] = None, max_points: Optional[int] = 5000) -> str:
    """Draw the directions of embeddings and of the class centres into a PNG file.

    Embedding size 2: the unit circle with every embedding at radius 1, the class centres as arrows from the middle, and
    around the circle a histogram of the angles of each class (height by the square root of the share, so that thin
    tails are seen). Size 3: the unit sphere. Beyond: histograms of the angle to the centre of the own class and to the
    nearest other centre, which is what decides a verification.

    Parameters
    ----------
    embeddings : array, (N,D)
        D >= 2; normalised here. Rows of length 0 have no direction and are left out.
    labels : int array, (N,)
    path : str
        The PNG file to write; its folder is made.
    title : str
    centres : array, (C,D), or None
        The weights of the head; normalised here. None takes the mean direction of each class.
    max_points : int or None
        More points than this are thinned evenly, >= 1.

    Returns
    -------
    str
        ``path``.

    Raises
    ------
    ValueError
        Arrays of other shapes, embeddings that are not finite or all zero.
    """
    embeddings, labels = checked('plot_angles', embeddings, labels, max_points)
    size = embeddings.shape[1]
    if size < 2:
        raise ValueError('plot_angles: embeddings must have D >= 2 to have a direction, got D = {}.'.format(size))
    norms = np.linalg.norm(embeddings, axis=1)
    embeddings, labels = embeddings[norms > 0] / norms[norms > 0, None], labels[norms > 0]
    if len(labels) == 0:
        raise ValueError('plot_angles: embeddings must not all be zero.')
    centres = _directions(_means(embeddings, labels) if centres is None else as_numpy(centres), size, labels.max())
    with new_figure(6, 6) as figure:
        draw = {2: _draw_circle, 3: _draw_sphere}.get(size, _draw_histograms)
        draw(figure, embeddings, labels, centres)
        figure.suptitle(title.strip(), fontsize=10.5, y=0.97)
        return save_png(figure, path)


def _means(embeddings, labels):
    """The mean of each class, (C,D), zeros for one that does not occur."""
    known = np.unique(labels)
    means = np.zeros((int(labels.max()) + 1, embeddings.shape[1]))
    means[known] = [embeddings[labels == k].mean(axis=0) for k in known]
    return means


def _directions(centres, size, largest):
    """Centres (C,D), checked and normalised."""
    if centres.ndim != 2 or centres.shape[1] != size or len(centres) <= largest:
        raise ValueError('plot_angles: centres must be (C,{}) with C > {}, the largest label, got {}.'.format(
            size, largest, centres.shape))
    return unit_rows(centres)


def _draw_circle(figure, points, labels, centres):
    from matplotlib.patches import Circle
    axes = figure.add_axes([0.02, 0.01, 0.96, 0.93])
    colours = palette(len(centres))
    axes.add_patch(Circle((0, 0), 1, fill=False, color='.7', linewidth=1, zorder=1))
    _draw_rim(axes, points, labels, colours)
    axes.scatter(points[:, 0], points[:, 1], c=[colours[k] for k in labels], s=5, alpha=0.5, linewidths=0, zorder=3)
    _draw_arrows(axes, centres, colours)
    limit = RING + RING_HEIGHT + 0.03
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect='equal')
    axes.axis('off')


def _draw_rim(axes, points, labels, colours):
    """The histogram of each class's angles, around the circle."""
    angles = np.arctan2(points[:, 1], points[:, 0])
    edges = np.linspace(-np.pi, np.pi, BINS + 1)
    counts = np.stack([np.histogram(angles[labels == k], edges)[0] for k in range(len(colours))])
    heights = np.sqrt(counts / max(counts.max(), 1))
    step = np.linspace(0, 1, 3)
    for k in range(len(colours)):
        for i in np.flatnonzero(counts[k]):
            arc = edges[i] + (edges[i + 1] - edges[i]) * step
            rim = np.concatenate([np.stack([np.cos(arc), np.sin(arc)], 1) * (RING + RING_HEIGHT * heights[k, i]),
                                  np.stack([np.cos(arc), np.sin(arc)], 1)[::-1] * RING])
            axes.fill(rim[:, 0], rim[:, 1], color=colours[k], alpha=0.6, linewidth=0, zorder=2)


def _draw_arrows(axes, centres, colours):
    """An arrow from the middle to each centre, with the number of the class."""
    from matplotlib.patheffects import withStroke
    for k, (x, y) in enumerate(centres):
        axes.annotate('', xy=(0.98 * x, 0.98 * y), xytext=(0, 0), zorder=4,
                      arrowprops={'arrowstyle': '-|>', 'color': colours[k], 'linewidth': 1.8, 'shrinkA': 0,
                                  'shrinkB': 0})
        axes.text(0.8 * x, 0.8 * y, str(k), ha='center', va='center', fontsize=13, fontweight='bold', color=colours[k],
                  path_effects=[withStroke(linewidth=3.5, foreground='white')], zorder=5)


def _draw_sphere(figure, points, labels, centres):
    from matplotlib.patheffects import withStroke
    axes = figure.add_axes([0.0, 0.0, 1, 0.95], projection='3d')
    colours = palette(len(centres))
    u, v = np.mgrid[0:2 * np.pi:25j, 0:np.pi:13j]
    axes.plot_wireframe(np.cos(u) * np.sin(v), np.sin(u) * np.sin(v), np.cos(v), color='.85', linewidth=0.5)
    axes.scatter(points[:, 0], points[:, 1], points[:, 2], c=[colours[k] for k in labels], s=4, alpha=0.5, linewidths=0)
    for k, centre in enumerate(centres):
        axes.plot(*np.stack([np.zeros(3), centre], axis=1), color=colours[k], linewidth=1.5)
        axes.text(*(1.1 * centre), str(k), fontsize=13, fontweight='bold', color=colours[k], ha='center', va='center',
                  path_effects=[withStroke(linewidth=3, foreground='white')], zorder=10)
    axes.set(xlim=(-1, 1), ylim=(-1, 1), zlim=(-1, 1))
    axes.set_box_aspect((1, 1, 1))
    axes.view_init(elev=22, azim=38)
    axes.axis('off')


def _draw_histograms(figure, points, labels, centres):
    axes = figure.add_axes([0.11, 0.09, 0.85, 0.83])
    angles = np.degrees(np.arccos(np.clip(points @ centres.T, -1, 1)))
    rows = np.arange(len(labels))
    own = angles[rows, labels]
    angles[rows, labels] = np.inf
    colours = palette(2)
    sets = [('own centre', own)]
    if len(centres) > 1:
        sets.append(('nearest other centre', angles.min(axis=1)))
    for (name, values), colour in zip(sets, colours):
        axes.hist(values, bins=np.linspace(0, 180, 91), color=colour, alpha=0.6,
                  label='{}, mean {:.1f}'.format(name, values.mean()))
    axes.set(xlim=(0, 180), xlabel='angle in degrees, {} dimensions'.format(points.shape[1]), ylabel='embeddings')
    axes.legend(loc='upper right')
