"""Models against models on the same pairs."""
from ..evaluation.comparison import compare_results

__all__ = ['comparisons']


def comparisons(known):
    """Each result against those that it was compared with, or else, on the same data, against the first one.

    Parameters
    ----------
    known : list of Labelled

    Returns
    -------
    list of dict
        As `compare_results` gives them. Where two results of one data set cannot be
        compared, the sentence says why, and there is no difference.
    """
    found = []
    for i, (label, _, result) in enumerate(known):
        entries = result.compared
        if not entries and i and _data(result) and _data(result) == _data(known[0].result):
            entries = _against(known[0], known[i])
        for entry in entries:
            found.append(dict(entry, first=entry.get('first') or 'another', second=entry.get('second') or label,
                              measure=entry.get('measure') or 'difference'))
    return found


def _against(first, second):
    try:
        return compare_results(second.result, first.result, names=(first.label, second.label))
    except ValueError as error:
        return [{'first': first.label, 'second': second.label,
                 'sentence': '{} is not compared with {}: {}'.format(second.label, first.label, error)}]


def _data(result):
    return result.data.get('sha256')
