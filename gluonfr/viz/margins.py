"""Losses over angles: the score of the own class, and the boundary to another one."""
from typing import Any, Optional, Sequence

import numpy as np

from ..utils.types import ArrayLike
from .figure import as_numpy, new_figure, palette, save_png
from .rates import LOOKS

__all__ = ['plot_margins']


def plot_margins(names: Sequence[str], theta: ArrayLike, targets: Sequence[ArrayLike], plane: ArrayLike,
                 decisions: Sequence[ArrayLike], *, path: Optional[str] = None, title: str = '') -> Any:
    """Draw what losses make of angles, the two pictures that papers on margins print.

    Left the score of the own class over the angle to its centre. Right the boundary in the plane of two angles: to the
    right of its line an embedding still loses against the other class. The other class has the same line, mirrored at
    the diagonal; what lies between the two is the margin.

    Parameters
    ----------
    names : list of str
        One for each loss.
    theta : array (N,)
        Degrees.
    targets : list of array (N,)
        Scores over their scale.
    plane : array (M,)
        Degrees.
    decisions : list of array (M, M)
        By the angle to the other class (rows) and to the own (columns): above 0 where the own class wins.
    path : str or None
        The PNG file to write, its folder is made; None gives the figure.
    title : str

    Returns
    -------
    str or matplotlib.figure.Figure
        ``path``, or the figure if that is None.

    Raises
    ------
    ValueError
        No loss, or arrays of other shapes.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.viz import plot_margins
    >>> theta = np.arange(0, 181)
    >>> cosines = np.cos(np.radians(theta))
    >>> figure = plot_margins(['CosFace'], theta, [cosines - 0.35], theta, [cosines[None] - 0.35 - cosines[:, None]])
    >>> print(figure.axes[1].get_xlabel())
    angle to the own centre in degrees
    """
    theta, plane = as_numpy(theta), as_numpy(plane)
    targets, decisions = [as_numpy(part) for part in targets], [as_numpy(part) for part in decisions]
    shapes = [part.shape for part in targets], [part.shape for part in decisions]
    if not names or shapes != ([theta.shape] * len(names), [plane.shape * 2] * len(names)):
        raise ValueError('plot_margins: targets must be (N,) and decisions (M, M) for each name, got {} names with '
                         'N = {}, M = {}, and shapes {}.'.format(len(names), theta.size, plane.size, shapes))
    with new_figure(13, max(4.8, 0.8 + 0.2 * len(names))) as figure:
        left, right, legend = figure.subplots(1, 3, gridspec_kw=dict(width_ratios=(1, 1, 0.55)))
        right.plot(plane[[0, -1]], plane[[0, -1]], color='.7', linewidth=1)
        for i, (name, colour) in enumerate(zip(names, palette(len(names)))):
            look = dict(color=colour, linestyle=LOOKS[i % len(LOOKS)][0], linewidth=1.6)
            left.plot(theta, targets[i], label=name, **look)
            right.plot(*_boundary(plane, decisions[i]), **look)
        left.set(xlabel='angle to the own centre in degrees', ylabel='score of the own class / s', xlim=theta[[0, -1]])
        right.set(xlabel='angle to the own centre in degrees', ylabel='angle to another centre in degrees',
                  xlim=plane[[0, -1]], ylim=plane[[0, -1]])
        legend.set_axis_off()
        legend.legend(*left.get_legend_handles_labels(), loc='center left', frameon=False, fontsize=9)
        figure.suptitle(title, fontsize=10.5)
        figure.tight_layout()
        return figure if path is None else save_png(figure, path)


def _boundary(plane, decision):
    """Where the decision passes 0 in each row, as x and y: the first angle at which the own class loses."""
    wins = decision > 0
    change = wins[:, :-1] & ~wins[:, 1:]
    rows = np.flatnonzero(change.any(axis=1))
    at = change[rows].argmax(axis=1)
    here, there = decision[rows, at], decision[rows, at + 1]
    return plane[at] + (plane[at + 1] - plane[at]) * here / (here - there), plane[rows]
