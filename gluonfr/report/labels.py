"""What the results of a report are called, and how their curves look."""
from collections import Counter, namedtuple

from .numbers import is_number
from .pictures import style

__all__ = ['Labelled', 'labelled', 'largest_section', 'series_of']

Labelled = namedtuple('Labelled', 'label look result')


def labelled(results):
    """Each result with a label of its own: the model, the data, or both, whichever tells them apart; and a style.

    A model that was used in several ways is named with what differs, such as 'net (flip sum)'.
    """
    models = _models(results)
    sets = [str(result.data.get('name') or 'data') for result in results]
    if len(set(models)) == len(models):
        labels = [model or name for model, name in zip(models, sets)]
    elif len(set(models)) == 1 and len(set(sets)) == len(sets):
        labels = sets
    else:
        labels = ['{} on {}'.format(model, name) if model else name for model, name in zip(models, sets)]
    times, counts = Counter(labels), Counter()
    for i, label in enumerate(labels):
        counts[label] += 1
        if times[label] > 1:
            labels[i] = '{} ({})'.format(label, counts[label])
    return [Labelled(label, style(i), result) for i, (label, result) in enumerate(zip(labels, results))]


def series_of(known, curve):
    """(label, Style, curve) of each result that has a curve: of the section with the most pairs or probes."""
    return [(label, look, section['curves'][curve]) for label, look, result in known
            for section in [largest_section(result, curve)] if section]


def largest_section(result, curve):
    """The section with a curve that has the most pairs or probes, the first of equals; None without any."""
    sections = [section for section in result.sections if section['curves'].get(curve)]
    return max(sections, key=_size, default=None)


def _size(section):
    row = section['rows'][0] if section['rows'] else {}
    return next((row[name] for name in ('pairs', 'probes') if is_number(row.get(name))), 0)


def _models(results):
    """Names of the models, with how they were used where that tells more of them apart."""
    best = []
    for ways in ((), ('flip',), ('precision',), ('engine',), ('flip', 'precision', 'engine')):
        names = [_model(result.model or {}, ways) for result in results]
        best = names if len(set(names)) > len(set(best)) else best
    return best


def _model(model, ways):
    more = ', '.join('{} {}'.format(way, model[way]) if way == 'flip' else str(model[way])
                     for way in ways if model.get(way) not in (None, 'none'))
    return str(model.get('name') or '') + (' ({})'.format(more) if more else '')
