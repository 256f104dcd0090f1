"""Errors in pictures: DET, CMC and error versus reject, each of one model or several."""
from itertools import cycle
from typing import Any, Optional, Sequence, Union

import numpy as np

from ..utils.types import ArrayLike
from .figure import new_figure, palette, save_png, several_curves

__all__ = ['plot_cmc', 'plot_det', 'plot_reject']

Lines = Union[ArrayLike, Sequence[ArrayLike]]
Names = Union[None, str, Sequence[str]]
PROBITS = np.array([1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95])
RANKS = np.array([k * 10 ** n for n in range(7) for k in (1, 2, 5)])
LOOKS = ('-', 'o'), ('--', 's'), (':', '^'), ('-.', 'D'), ((0, (8, 2)), 'v'), ((0, (3, 1, 1, 1)), 'P')  # without colour


def plot_det(fmr: Lines, fnmr: Lines, *, path: Optional[str] = None, names: Names = None, title: str = 'DET') -> Any:
    """Draw false non-match rate against false match rate, both on axes that follow the normal distribution.

    Scores that are normally distributed give a straight line. Points where a rate is 0 or 1 have no place and are left
    out.

    Parameters
    ----------
    fmr, fnmr : array, (M,), or list of such arrays
        In [0, 1], as the curve 'det' of a protocol gives them; a list for several curves.
    path : str or None
        The PNG file to write, its folder is made; None gives the figure.
    names : list of str or None
        One for each curve.
    title : str

    Returns
    -------
    str or matplotlib.figure.Figure
        ``path``, or the figure if that is None.

    Raises
    ------
    ValueError
        Arrays of other shapes, values out of range, or no curve with a point that has a place.

    Examples
    --------
    >>> from gluonfr.viz import plot_det
    >>> figure = plot_det([0.001, 0.01, 0.1], [0.2, 0.08, 0.01], names='a net')
    >>> print(figure.axes[0].get_xlabel())
    false match rate
    """
    from scipy.special import ndtri  # scipy.stats takes half a second to import
    lines = several_curves('plot_det', names, fmr=fmr, fnmr=fnmr)
    lines = [(name, *(rate[((x > 0) & (x < 1) & (y > 0) & (y < 1))] for rate in (x, y))) for name, x, y in lines]
    if not any(len(x) for _, x, _ in lines):
        raise ValueError('plot_det: fmr and fnmr must have points with rates between 0 and 1, got none.')

    def draw(axes):
        for values, axis in ((1, axes.xaxis), (2, axes.yaxis)):
            rates = np.concatenate([line[values] for line in lines])
            ticks = PROBITS[(PROBITS >= rates.min() / 3) & (PROBITS <= max(rates.max(), 0.5))]
            axis.set_ticks(ndtri(ticks))
            axis.set_ticklabels(['{:g} %'.format(100 * tick) for tick in ticks])
        axes.set(xlabel='false match rate', ylabel='false non-match rate')

    return _draw([(name, ndtri(x), ndtri(y), None) for name, x, y in lines], draw, path, title, 'upper right')


def plot_cmc(rank: Lines, rate: Lines, *, low: Optional[Lines] = None, high: Optional[Lines] = None,
             path: Optional[str] = None, names: Names = None, title: str = 'CMC') -> Any:
    """Draw the share of probes whose person is among the first of the gallery, against how many are looked at.

    Parameters
    ----------
    rank, rate : array, (M,), or list of such arrays
        Ranks from 1, and rates in [0, 1], as the curve 'cmc' of a protocol gives them; a list for several curves.
    low, high : as rate, or None
        The ends of an interval, both or none, drawn as a band.
    path, names, title
        As for `plot_det`.

    Returns
    -------
    str or matplotlib.figure.Figure
        ``path``, or the figure if that is None.

    Raises
    ------
    ValueError
        Arrays of other shapes, values out of range, or one end of an interval without the other.

    Examples
    --------
    >>> from gluonfr.viz import plot_cmc
    >>> figure = plot_cmc([1, 5, 10], [0.9, 0.97, 0.99])
    >>> print(figure.axes[0].get_xlabel(), figure.axes[0].lines[0].get_ydata().tolist())
    rank [90.0, 97.0, 99.0]
    """
    if (low is None) != (high is None):
        raise ValueError('plot_cmc: low and high must be given together, got {} alone.'.format(
            'low' if high is None else 'high'))
    band = {} if low is None else {'low': low, 'high': high}
    lines = several_curves('plot_cmc', names, rank=rank, rate=rate, **band)
    if min(line[1].min() for line in lines) < 1:
        raise ValueError('plot_cmc: rank must be >= 1, got {:g}.'.format(min(line[1].min() for line in lines)))

    def draw(axes):
        last = max(line[1].max() for line in lines)
        axes.set_xscale('log')
        axes.set_xticks(RANKS[RANKS <= last])
        axes.set_xticklabels(map(str, RANKS[RANKS <= last]))
        axes.minorticks_off()
        axes.set(xlabel='rank', ylabel='probes whose person is among them, %')

    return _draw([(line[0], line[1], 100 * line[2], [100 * end for end in line[3:]]) for line in lines], draw, path,
                 title, 'lower right')


def plot_reject(rejected: Lines, fnmr: Lines, *, path: Optional[str] = None, names: Names = None,
                title: str = 'Error versus reject') -> Any:
    """Draw the false non-match rate of what is left when the pairs of the worst quality are left out.

    A quality is worth its name if the line falls.

    Parameters
    ----------
    rejected, fnmr : array, (M,), or list of such arrays
        Shares in [0, 1], as the curve 'reject' of a protocol gives them; a list for several curves.
    path, names, title
        As for `plot_det`.

    Returns
    -------
    str or matplotlib.figure.Figure
        ``path``, or the figure if that is None.

    Raises
    ------
    ValueError
        Arrays of other shapes, or values out of range.
    """
    lines = several_curves('plot_reject', names, rejected=rejected, fnmr=fnmr)

    def draw(axes):
        axes.set(xlabel='pairs left out for low quality, %', ylabel='false non-match rate of the others, %')
        axes.set_ylim(bottom=0)

    return _draw([(name, 100 * x, 100 * y, None) for name, x, y in lines], draw, path, title, 'upper right')


def _draw(lines, finish, path, title, place):
    """Lines (name, x, y, band or None) with dashes and marks of their own; the figure, or what `save_png` gives."""
    with new_figure(6, 5) as figure:
        axes = figure.subplots()
        for (name, x, y, band), colour, (dashes, mark) in zip(lines, palette(len(lines)), cycle(LOOKS)):
            axes.plot(x, y, color=colour, linestyle=dashes, marker=mark, markevery=max(1, len(x) // 8), markersize=5,
                      linewidth=1.8, label=name or None)
            if band:
                axes.fill_between(x, *band, color=colour, alpha=0.15, linewidth=0)
        finish(axes)
        if axes.get_legend_handles_labels()[1]:
            axes.legend(loc=place, fontsize=8.5)
        axes.set_title(title.strip(), fontsize=10.5)
        figure.tight_layout()
        return figure if path is None else save_png(figure, path)
