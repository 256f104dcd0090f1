"""Pictures of what has no line: histograms of scores, folds, groups, differences between models."""
import numpy as np

from .numbers import column_words, is_number, percent, short
from .pictures import Picture, axis_names, new_plot, safe_text, style, thinned

__all__ = ['differences_picture', 'folds_picture', 'groups_picture', 'histogram_picture']

GENUINE, IMPOSTOR = style(0), style(1)
MOST_LINES = 4  # thresholds in a histogram


def histogram_picture(name, label, curve, thresholds):
    """How the scores of both kinds of pairs lie, with the thresholds.

    Parameters
    ----------
    name, label : str
        Of the picture, and of the result for its title.
    curve : dict
        edges, genuine, impostor (counts).
    thresholds : list of (str, float)
        Lines to draw, with their names.

    Returns
    -------
    Picture or None
        None where no pair was counted.
    """
    from bokeh.models import ColumnDataSource
    edges = np.array(curve['edges'], 'float64')
    counts = {kind: np.array(curve[kind], 'float64') for kind in ('genuine', 'impostor')}
    if len(edges) < 2 or not sum(map(np.sum, counts.values())):
        return None
    plot = new_plot('score', 'pairs of each kind, %', tips=[('', '@kind'), ('scores', '@left{0.000} to @right{0.000}'),
                                                            ('pairs', '@count{0,0}'), ('share', '@top{0.00} %')])
    bars = []
    for kind, words, look, hatch in (('impostor', 'different people', IMPOSTOR, 'right_diagonal_line'),
                                     ('genuine', 'one person', GENUINE, None)):
        share = 100 * counts[kind] / max(counts[kind].sum(), 1)
        shown = share > 0
        source = ColumnDataSource({'left': edges[:-1][shown], 'right': edges[1:][shown], 'top': share[shown],
                                   'count': counts[kind][shown], 'kind': [words] * int(shown.sum())})
        bars.append(plot.quad(
            left='left', right='right', top='top', bottom=0, source=source, fill_color=look.colour, fill_alpha=0.35,
            line_color=look.colour, line_alpha=0.5, hatch_pattern=hatch, hatch_color=look.colour, hatch_alpha=0.7,
            hatch_scale=7, name='series-{}'.format(look.number)))
    plot.hover.renderers = bars
    legend = [('pairs of one person: {:,.0f}'.format(counts['genuine'].sum()), GENUINE),
              ('pairs of different people: {:,.0f} (hatched)'.format(counts['impostor'].sum()), IMPOSTOR)]
    highest = max(100 * (counts[kind] / max(counts[kind].sum(), 1)).max() for kind in counts)
    for i, (words, threshold) in enumerate(thresholds[:MOST_LINES]):
        look = style(i + 2)
        plot.line([threshold] * 2, [0, 1.05 * highest], line_color=look.colour, line_dash=look.dash, line_width=2.4,
                  name='series-{}'.format(look.number))
        plot.scatter([threshold], [1.05 * highest], marker=look.marker, size=9, color=look.colour,
                     name='series-{}'.format(look.number))
        legend.append(('{}: {:.4f}'.format(words, threshold), look))
    plot.y_range.start = 0
    middles = 0.5 * (edges[1:] + edges[:-1])
    rows = [[words, short(len_), '{:.3f}'.format(_quantile(middles, counts[kind], 0.01)),
             '{:.3f}'.format(_quantile(middles, counts[kind], 0.5)),
             '{:.3f}'.format(_quantile(middles, counts[kind], 0.99))]
            for kind, words in (('genuine', 'one person'), ('impostor', 'different people'))
            for len_ in [counts[kind].sum()] if len_]
    return Picture(name, 'Scores' + (': ' + label if label else ''), 'The less the two hills overlap, the better. '
                   'Right of a threshold pairs are accepted: the hatched ones there are false accepts, those of one '
                   'person left of it false rejects.', plot, legend,
                   ['pairs of', 'count', 'score of 1 % or less', 'median', 'score of 99 % or less'], rows)


def _quantile(middles, counts, share):
    """The score in whose bin a share of the counted pairs is reached."""
    below = np.cumsum(counts) / max(counts.sum(), 1)
    return middles[min(int(np.searchsorted(below, share)), len(middles) - 1)]


def folds_picture(series):
    """The accuracy on each fold, a line of marks for each of the series (label, Style, curve)."""
    series = [(label, look, np.array(curve['accuracy'], 'float64'), curve.get('threshold'))
              for label, look, curve in series if curve.get('accuracy')]
    if not series:
        return None
    from bokeh.models import ColumnDataSource, Span
    plot = new_plot('fold', 'accuracy, %', tips=[
        ('curve', '@label'), ('fold', '@fold'), ('accuracy', '@y{0.00} %'), ('threshold', '@threshold{0.0000}')])
    for i, (label, look, accuracy, threshold) in enumerate(series):
        count = len(accuracy)
        source = ColumnDataSource({
            'x': np.arange(count) + 1 + 0.6 * ((i + 0.5) / len(series) - 0.5), 'y': 100 * accuracy,
            'fold': np.arange(count) + 1, 'label': [safe_text(label)] * count,
            'threshold': np.array(threshold or [None] * count, 'float64')})
        name = 'series-{}'.format(look.number)
        plot.scatter('x', 'y', source=source, marker=look.marker, size=10, color=look.colour, name=name)
        plot.add_layout(Span(location=100 * float(accuracy.mean()), dimension='width', line_color=look.colour,
                             line_dash=look.dash, line_width=1.8, name=name))
    plot.xaxis.ticker = list(range(1, max(len(accuracy) for _, _, accuracy, _ in series) + 1))
    return Picture('folds', 'Accuracy by fold', 'Each mark is a fold, judged at the threshold that is best on the '
                   'others; the level lines are the means. Marks that lie far apart say that the data are few or '
                   'unlike each other.', plot, [line[:2] for line in series], ['curve', 'fold', 'accuracy'],
                   [[label, str(k + 1), percent(accuracy[k])] for label, _, accuracy, _ in series
                    for k in thinned(len(accuracy))])


def groups_picture(series):
    """A rate for each group of people, with its interval, for each of the series (label, Style, curve)."""
    known = []
    for label, look, curve in series:
        rate = next((name for name in curve if name not in ('name', 'low', 'high') and isinstance(curve[name], list)
                     and any(map(is_number, curve[name])) and not name.endswith(('_low', '_high'))
                     and name.startswith(('acc', 'tar', 'fnmr', 'fmr', 'rank'))), None)
        if rate and curve.get('name'):
            known.append((label, look, rate, curve))
    if not known:
        return None
    words = column_words({'accuracy': 'acc'}.get(known[0][2], known[0][2]))[0]
    return Picture('groups', 'Groups', 'Each mark is a group of people, the line through it the 95 % interval. Groups '
                   'whose lines overlap may differ less than these data can show.',
                   *_ranges(known, words + ', %'))


def differences_picture(compared):
    """Differences between two models with their intervals; None where none is known.

    Parameters
    ----------
    compared : list of dict
        With first, second and measure, and where it is known difference, low and high (shares).
    """
    known = [entry for entry in compared if is_number(entry.get('difference'))]
    if not known:
        return None
    from bokeh.models import Span
    pairs = ['{} against {}'.format(entry['second'], entry['first']) for entry in known]
    curve = {'name': ['{}{}'.format(entry['measure'], ': ' + pair if len(set(pairs)) > 1 else '')
                      for entry, pair in zip(known, pairs)],
             **{name: [entry.get(name) for entry in known] for name in ('difference', 'low', 'high')}}
    ends = [100 * value for name in ('difference', 'low', 'high') for value in curve[name] if is_number(value)] + [0]
    room = 0.08 * (max(ends) - min(ends)) or 1
    plot, _, columns, rows = _ranges([('difference', style(0), 'difference', curve)],
                                     'difference, percentage points', x_range=(min(ends) - room, max(ends) + room))
    plot.add_layout(Span(location=0, dimension='height', line_width=1.5, line_color='#78828c'))
    return Picture('differences', 'Model against model', 'Right of the line at 0 the model that is named first is '
                   'better: {}. Where the interval crosses that line, no difference is shown.'.format(
                       '; '.join(dict.fromkeys(pairs))), plot, [],
                   columns, rows)


def _ranges(known, x_name, **more):
    """(plot, legend, columns, rows): names from top to bottom, a mark and an interval for each."""
    from bokeh.models import ColumnDataSource
    from bokeh.transform import dodge
    places = axis_names([name for _, _, _, curve in known for name in curve['name']])
    names = list(places.values())
    plot = new_plot(x_name, '', height=130 + len(names) * max(44, 26 * len(known)), y_range=names[::-1], tips=[
        ('', '@name'), ('curve', '@label'), (x_name.partition(',')[0], '@x{0.00}'),
        ('95 % interval', '@low{0.00} to @high{0.00}')], **more)
    rows, marks = [], []
    for i, (label, look, rate, curve) in enumerate(known):
        found = {name: 100 * np.array(curve.get(name) or [None] * len(curve['name']), 'float64')
                 for name in (rate, 'low', 'high')}
        source = ColumnDataSource({'name': list(map(safe_text, curve['name'])), 'x': found[rate], 'low': found['low'],
                                   'high': found['high'], 'label': [safe_text(label)] * len(found[rate]),
                                   'place': [places[name] for name in curve['name']]})
        place = dodge('place', 0.5 * (0.5 - (i + 0.5) / len(known)), range=plot.y_range)
        name = 'series-{}'.format(look.number)
        plot.segment(x0='low', x1='high', y0=place, y1=place, source=source, line_color=look.colour, line_width=2.2,
                     line_dash=look.dash, name=name)
        marks.append(plot.scatter(x='x', y=place, source=source, marker=look.marker, size=10, color=look.colour,
                                  name=name))
        for j, group in enumerate(curve['name']):
            rows.append([label, group, *('{:.2f}'.format(found[key][j]) if np.isfinite(found[key][j]) else '\u2013'
                                         for key in (rate, 'low', 'high'))])
    plot.hover.renderers = marks
    plot.y_range.range_padding = 0.1
    return plot, [line[:2] for line in known], ['curve', 'group', x_name, 'low', 'high'], rows
