"""Verification in pictures: ROC curves, accuracy against the threshold, and the scores of both kinds of pairs."""
from typing import Any, Optional, Sequence, Union

import numpy as np

from ..utils.types import ArrayLike
from .figure import as_numpy, new_figure, palette, save_png, several_curves

__all__ = ['plot_accuracy', 'plot_roc', 'plot_scores']

POINTS = 1500   # across a ROC: more than the picture has pixels


def plot_roc(tpr: Union[ArrayLike, Sequence[ArrayLike]], fpr: Union[ArrayLike, Sequence[ArrayLike]],
             x_name: str = 'FPR', y_name: str = 'TPR', *, path: Optional[str] = None,
             names: Union[None, str, Sequence[str]] = None, fars: Sequence[float] = (1e-4, 1e-3, 1e-2),
             log: bool = True, title: str = 'ROC') -> Any:
    """Draw one ROC or several, with the TAR at given FARs marked and written into the legend.

    At every FAR x the curve shows the largest TAR whose FAR is at most x; nothing is interpolated.

    Parameters
    ----------
    tpr, fpr : array, (M,), or list of such arrays
        In [0, 1], fpr rising; a list for several curves. (Mind the order: `roc_curve` gives fpr first,
        `FaceVerification.get` tpr first.)
    x_name, y_name : str
        Names of the axes.
    path : str or None
        The PNG file to write, its folder is made; None gives the figure.
    names : list of str or None
        One for each curve.
    fars : sequence of float
        In (0, 1]. Those below the smallest FAR above 0 of a curve are not marked: too few impostors to measure.
    log : bool
        Logarithmic FAR axis, from the decade of the smallest FAR above 0.
    title : str

    Returns
    -------
    str or matplotlib.figure.Figure
        ``path``, or the figure if that is None.

    Raises
    ------
    ValueError
        Arrays of other shapes, or values that are not finite or out of range.

    Examples
    --------
    >>> from gluonfr.metrics import roc_curve
    >>> from gluonfr.viz import plot_roc
    >>> roc = roc_curve([0.9, 0.8, 0.3, 0.2], [True, True, False, False])
    >>> figure = plot_roc(roc.tpr, roc.fpr, 'FAR', 'TAR')
    >>> print(figure.axes[0].get_xlabel(), figure.axes[0].get_xscale())
    FAR log
    """
    curves = several_curves('plot_roc', names, tpr=tpr, fpr=fpr)
    for _, _, x in curves:
        if (np.diff(x) < 0).any():
            raise ValueError('plot_roc: fpr must rise, got {:g} to {:g}.'.format(x[0], x[-1]))
    smallest = min([x[x > 0].min() for _, _, x in curves if (x > 0).any()], default=1e-3)
    left = 10 ** np.floor(np.log10(min(smallest, 0.1)) + 1e-9) if log else 0
    with new_figure(6, 5) as figure:
        axes = figure.subplots()
        grid = np.geomspace(left, 1, POINTS) if log else np.linspace(0, 1, POINTS)
        for (name, *curve), colour in zip(curves, palette(len(curves))):
            _draw_curve(axes, *curve, grid, fars, name, colour)
        if log:
            axes.set_xscale('log')
        axes.set(xlim=(left, 1), xlabel=x_name, ylabel=y_name)
        low, high = axes.get_ylim()
        axes.set_ylim(max(low, 0), min(high, 1.005))
        if axes.get_legend_handles_labels()[1]:
            axes.legend(loc='lower right', fontsize=8.5)
        axes.set_title(title.strip(), fontsize=10.5)
        figure.tight_layout()
        return figure if path is None else save_png(figure, path)


def plot_accuracy(accs: ArrayLike, thresholds: ArrayLike, *, path: Optional[str] = None, x_name: str = 'threshold',
                  y_name: str = 'accuracy in %', title: str = 'Accuracy') -> Any:
    """Draw accuracy against the threshold (`accuracy_curve` gives both) and mark the best.

    Parameters
    ----------
    accs : array, (M,)
        In [0, 1].
    thresholds : array, (M,)
        In any order.
    path : str or None
        The PNG file to write, its folder is made; None gives the figure.
    x_name, y_name, title : str

    Returns
    -------
    str or matplotlib.figure.Figure
        ``path``, or the figure if that is None.

    Raises
    ------
    ValueError
        Arrays of other shapes, or values that are not finite.
    """
    y, x = _finite('plot_accuracy', 'accs', accs), _finite('plot_accuracy', 'thresholds', thresholds)
    if y.shape != x.shape or y.ndim != 1 or not y.size:
        raise ValueError('plot_accuracy: accs and thresholds must be (M,), M >= 1, got {} and {}.'.format(
            y.shape, x.shape))
    order = np.argsort(x, kind='stable')
    x, y = x[order], 100 * y[order]
    best = int(np.argmax(y))
    shown = np.unique(np.append(np.linspace(0, len(x) - 1, min(len(x), 4 * POINTS)).round().astype('int64'), best))
    with new_figure(6, 4) as figure:
        axes = figure.subplots()
        line, mark = palette(2)
        axes.plot(x[shown], y[shown], color=line, linewidth=1.8)
        axes.scatter([x[best]], [y[best]], color=[mark], s=36, zorder=3,
                     label='best {:.2f} % at {:.4g}'.format(y[best], x[best]))
        axes.set(xlabel=x_name, ylabel=y_name)
        axes.legend(loc='best', fontsize=8.5)
        axes.set_title(title.strip(), fontsize=10.5)
        figure.tight_layout()
        return figure if path is None else save_png(figure, path)


def plot_scores(scores: ArrayLike, issame: ArrayLike, path: str, *, threshold: Optional[float] = None, bins: int = 100,
                x_name: str = 'score', title: str = '') -> str:
    """Draw histograms of the scores of genuine and impostor pairs, each by its share, into a PNG file.

    Parameters
    ----------
    scores : array, (N,)
        Higher is more alike.
    issame : bool array, (N,)
        With both kinds.
    path : str
        The PNG file to write; its folder is made.
    threshold : float or None
        Drawn as a line, with the shares of wrong decisions it makes; a pair is accepted if its score is at least the
        threshold.
    bins : int
        >= 1.
    x_name, title : str

    Returns
    -------
    str
        ``path``.

    Raises
    ------
    ValueError
        As `gluonfr.metrics.roc_curve`.
    """
    from ..metrics import score_histogram
    histogram = score_histogram(scores, issame, bins)
    scores, issame = as_numpy(scores), as_numpy(issame).astype(bool)
    with new_figure(6, 4) as figure:
        axes = figure.subplots()
        genuine, impostor = palette(2)
        for counts, colour, name in ((histogram.impostor, impostor, 'impostor'),
                                     (histogram.genuine, genuine, 'genuine')):
            share = 100 * counts / counts.sum()
            for kind, more in (('stepfilled', {'alpha': 0.45}),
                               ('step', {'label': '{:,} {} pairs'.format(counts.sum(), name)})):
                axes.hist(histogram.edges[:-1], histogram.edges, weights=share, histtype=kind, color=colour, **more)
        if threshold is not None:
            axes.axvline(threshold, color='.25', linewidth=1.2, linestyle='--',
                         label='threshold {:.4g}: {:.2f} % impostors accepted,\n{:.2f} % genuine rejected'.format(
                             threshold, 100 * np.mean(scores[~issame] >= threshold),
                             100 * np.mean(scores[issame] < threshold)))
        axes.set(xlabel=x_name, ylabel='pairs in %')
        axes.set_ylim(0, 1.35 * axes.get_ylim()[1])    # room for the legend
        axes.legend(loc='upper left', fontsize=8.5)
        axes.set_title(title.strip(), fontsize=10.5)
        figure.tight_layout()
        return save_png(figure, path)


def _draw_curve(axes, tpr, fpr, grid, fars, name, colour):
    """A curve at the FARs of a grid, and a dot at those of ``fars`` that it has impostors for."""
    marks = np.array([far for far in fars if (fpr[fpr > 0] <= far).any()])
    values = _at(tpr, fpr, marks)
    label = [name] * bool(name) + ['{:.2f} % at {:g}'.format(100 * value, far) for value, far in zip(values, marks)]
    axes.plot(grid, _at(tpr, fpr, grid), color=colour, linewidth=1.8, label='\n   '.join(label) or None)
    axes.scatter(marks, values, color=colour, s=26, zorder=3, edgecolors='white', linewidths=0.8)


def _finite(owner, name, values):
    values = as_numpy(values).astype('float64')
    if not np.isfinite(values).all():
        raise ValueError('{}: {} must be finite, got NaN or infinity.'.format(owner, name))
    return values


def _at(tpr, fpr, fars):
    """The TAR of the last point with FAR <= x for each x; NaN left of the first point."""
    last = np.searchsorted(fpr, fars, side='right') - 1
    return np.where(last < 0, np.nan, tpr[np.maximum(last, 0)])
