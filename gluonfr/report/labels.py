"""What the results of a report are called, and how their curves look."""
from collections import Counter, namedtuple

from .pictures import style

__all__ = ['Labelled', 'labelled', 'series_of']

Labelled = namedtuple('Labelled', 'label look result')


def labelled(results):
    """Each result with a label of its own: the model, the data, or both, whichever tells them apart; and a style."""
    models = [_model(result) for result in results]
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
    """(label, Style, curve) of all sections that have a curve; with the protocol in the label where one has two.

    Two protocols that found the same on the same pairs are one.
    """
    found = []
    for label, look, result in known:
        sections = [section for section in result.sections if section['curves'].get(curve)]
        different = [section for i, section in enumerate(sections)
                     if section['curves'][curve] not in [other['curves'][curve] for other in sections[:i]]]
        for section in different:
            more = ', ' + section['protocol'] if len(different) > 1 else ''
            found.append((label + more, look, section['curves'][curve]))
    looks = Counter(look.number for _, look, _ in found)
    return [(label, style(i) if max(looks.values()) > 1 else look, curve)
            for i, (label, look, curve) in enumerate(found)]


def _model(result):
    return str((result.model or {}).get('name') or '')
