"""Pictures of rates as lines: ROC, DET, CMC, DIR over FPIR, distractors, error versus reject."""
from collections import namedtuple

import numpy as np

from .numbers import percent, short
from .pictures import Picture, new_plot, safe_text, thinned

__all__ = ['LINES', 'line_picture']

# x, y: columns of the curve; steps: the rate holds up to the next x; axis: 'log', 'linear' or 'probit'
Kind = namedtuple('Kind', 'title x y x_name y_name axis steps caption')

LINES = {
    'roc': Kind('ROC: true accepts at each false accept rate', 'far', 'tar', 'FAR: accepted pairs of different people',
                'TAR: accepted pairs of one person, %', 'log', True,
                'Higher is better. Each point is a threshold; the curve shows the largest TAR whose FAR is at most x, '
                'and nothing is interpolated. Left of the smallest FAR that the data can show, no pair of different '
                'people is accepted.'),
    'det': Kind('DET: both kinds of errors', 'fmr', 'fnmr', 'false match rate', 'false non-match rate', 'probit', False,
                'Lower and further left is better. On these axes, which follow the normal distribution, scores that '
                'are normally distributed give a straight line.'),
    'cmc': Kind('CMC: the right person among the first', 'rank', 'rate', 'rank: how many of the gallery are looked at',
                'probes whose person is among them, %', 'log', True,
                'Higher is better. Only probes whose person is in the gallery count. The band is the 95 % interval.'),
    'dir': Kind('Search with strangers: DIR at each FPIR', 'fpir', 'dir', 'FPIR: strangers who raise an alarm',
                'DIR: people found and accepted at rank 1, %', 'log', True,
                'Higher is better. FPIR is the share of probes of people outside the gallery with a score above the '
                'threshold. The band is the 95 % interval.'),
    'distractors': Kind('Rank 1 among strangers', 'size', 'rank1', 'people in the gallery who are not looked for',
                        'probes whose person comes first, %', 'log', False,
                        'Higher is better; a flatter line bears larger galleries. The band is the 95 % interval.'),
    'reject': Kind('Error versus reject', 'rejected', 'fnmr', 'pairs left out for low quality, %',
                   'false non-match rate of the others, %', 'linear', True,
                   'A quality score is worth its name if the error falls as the pairs with the worst quality are left '
                   'out; a flat line says that it tells nothing.'),
}
IN_PERCENT = {'rejected'}  # columns along x that are shares
RANKS = [k * 10 ** n for n in range(6) for k in (1, 2, 5)]
PROBITS = [1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95]


def line_picture(kind, series):
    """The picture of one kind, a line for each of the series.

    Parameters
    ----------
    kind : str
        One of `LINES`.
    series : list of (label, Style, curve)
        ``curve`` is a dict of lists.

    Returns
    -------
    Picture or None
        None where no curve has a point that can be drawn.
    """
    about = LINES[kind]
    lines = [(label, look, _points(about, curve)) for label, look, curve in series]
    lines = [line for line in lines if len(line[2]['x'])]
    if not lines:
        return None
    plot = new_plot(about.x_name, about.y_name, tips=_tips(about, lines), across=about.axis != 'probit',
                    printf=['@x'] if about.x in ('far', 'fpir') else [],
                    x_axis_type='log' if about.axis == 'log' else 'linear')
    for label, look, points in lines:
        _draw(plot, about, safe_text(label), look, points)
    _set_axes(plot, about, lines)
    return Picture(kind, about.title, about.caption, plot, [line[:2] for line in lines],
                   ['curve', about.x_name, about.y_name], [
                       [label, *words] for label, _, points in lines for words in _words(about, points)])


def _points(about, curve):
    """The columns x, y and, where the curve has them, low, high and threshold, as float64, without gaps."""
    found = {'x': curve.get(about.x), 'y': curve.get(about.y)}
    if any(values is None for values in found.values()):
        return {'x': []}
    found.update({name: curve[name] for name in ('low', 'high', 'threshold') if name in curve})
    found = {name: np.array(values, 'float64') for name, values in found.items()}
    known = np.isfinite(found['x']) & np.isfinite(found['y'])
    if about.axis == 'probit':
        known &= (found['x'] > 0) & (found['x'] < 1) & (found['y'] > 0) & (found['y'] < 1)
    order = np.flatnonzero(known)[np.argsort(found['x'][known], kind='stable')]
    found = {name: values[order] for name, values in found.items()}
    if about.axis == 'log':
        kept = max(int((found['x'] <= 0).sum()) - 1, 0)   # of those at 0, which have no place, the last
        found = {name: values[kept:] for name, values in found.items()}
        positive = found['x'][found['x'] > 0]
        if not len(positive):
            return {'x': []}
        found['x'] = np.maximum(found['x'], _left(positive))
    return found


def _left(x):
    """The decade at or below the smallest x."""
    return 10 ** np.floor(np.log10(x.min()) + 1e-9)


def _scaled(about, points):
    """Points as they are drawn: in percent, or as probits, with both ends of each step."""
    if about.axis == 'probit':
        from scipy.special import ndtri  # scipy.stats takes half a second to import
        return dict(points, x=ndtri(points['x']), y=ndtri(points['y']))
    drawn = {name: values if name in ('x', 'threshold') else 100 * values for name, values in points.items()}
    if about.x in IN_PERCENT:
        drawn['x'] = 100 * drawn['x']
    if about.steps:
        drawn = {name: np.repeat(values, 2)[1:] if name == 'x' else np.repeat(values, 2)[:-1]
                 for name, values in drawn.items()}
    return drawn


def _draw(plot, about, label, look, points):
    from bokeh.models import ColumnDataSource
    drawn = _scaled(about, points)
    said = {'label': [label] * len(drawn['x'])}
    if about.axis == 'probit':
        said.update(x_said=list(map(percent, points['x'])), y_said=list(map(percent, points['y'])))
    known = {name: values.astype('float32') for name, values in drawn.items()}
    source = ColumnDataSource({**known, **said})
    shared = {'source': source, 'name': 'series-{}'.format(look.number)}
    if {'low', 'high'} <= set(drawn) and np.isfinite(drawn['low']).all() and np.isfinite(drawn['high']).all():
        plot.varea(x='x', y1='low', y2='high', fill_color=look.colour, fill_alpha=0.15, **shared)
    line = plot.line(x='x', y='y', line_color=look.colour, line_dash=look.dash, line_width=2.2, **shared)
    plot.hover.renderers = [*(plot.hover[0].renderers if isinstance(plot.hover[0].renderers, list) else []), line]
    marked = thinned(len(points['x']), 7 if len(points['x']) > 14 else 14)
    at, step = (2 * marked, 1) if about.steps else (marked, 0)   # the rate at an x is where its step begins
    plot.scatter(x=drawn['x'][np.maximum(at - step, 0)], y=drawn['y'][at], marker=look.marker, size=8,
                 line_color=look.colour, fill_color=look.colour, name=shared['name'])


def _tips(about, lines):
    if about.axis == 'probit':
        return [('curve', '@label'), (about.x_name, '@x_said'), (about.y_name, '@y_said')]
    x = '@x{0,0}' if about.x in ('rank', 'size') else '@x{0.0}' if about.x in IN_PERCENT else '@x{%.3g}'
    tips = [('curve', '@label'), (about.x, x), (about.y, '@y{0.00} %')]
    if any('low' in points for _, _, points in lines):
        tips.append(('95 % interval', '@low{0.00} to @high{0.00} %'))
    if any('threshold' in points for _, _, points in lines):
        tips.append(('threshold', '@threshold{0.0000}'))
    return tips


def _set_axes(plot, about, lines):
    from bokeh.models import FixedTicker, Range1d
    if about.axis == 'probit':
        from scipy.special import ndtri  # scipy.stats takes half a second to import
        for axis, name in ((plot.xaxis, 'x'), (plot.yaxis, 'y')):
            smallest = min(points[name].min() for _, _, points in lines)
            largest = max(points[name].max() for _, _, points in lines)
            ticks = [tick for tick in PROBITS if smallest / 3 <= tick <= max(largest, 0.5)]
            axis.ticker = FixedTicker(ticks=[float(ndtri(tick)) for tick in ticks])
            axis.major_label_overrides = {float(ndtri(tick)): '{:g} %'.format(100 * tick) for tick in ticks}
        return
    largest = max(points['y'].max() for _, _, points in lines)
    smallest = min(points['y'].min() for _, _, points in lines)
    if about.y == 'fnmr':
        plot.y_range = Range1d(0, 110 * largest or 1)
        return
    bands = [points['low'].min() for _, _, points in lines if 'low' in points and np.isfinite(points['low']).all()]
    smallest = min([smallest, *bands])
    plot.y_range = Range1d(max(0, 100 * smallest - 8 * (1.05 - smallest)), 100 + 4 * (1.05 - smallest))
    if about.x in ('far', 'fpir'):
        plot.x_range = Range1d(min(_left(points['x']) for _, _, points in lines), 1)
    elif about.x == 'rank':
        last = max(points['x'].max() for _, _, points in lines)
        plot.x_range = Range1d(0.95, 1.05 * max(last, 2))
        plot.xaxis.ticker = FixedTicker(ticks=[rank for rank in RANKS if rank <= last])
        plot.xaxis.major_label_overrides = {rank: str(rank) for rank in RANKS}


def _words(about, points):
    """Some of the points as words: (x, y)."""
    rate = short if about.x in ('rank', 'size') else percent
    for i in thinned(len(points['x'])):
        between = ' ({} to {})'.format(percent(points['low'][i]), percent(points['high'][i])) \
            if 'low' in points and 'high' in points else ''
        yield rate(points['x'][i]), percent(points['y'][i]) + between
