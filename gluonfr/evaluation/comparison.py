"""Two models on the same pairs: is one better, or is that chance?"""
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from ..metrics import compare_models
from .result import Result

__all__ = ['compare_results']

OF_PAIRS = ('scores', 'same', 'first', 'second', 'people')


def compare_results(result: Result, other: Result, *, fars: Optional[Sequence[float]] = None,
                    names: Optional[Sequence[str]] = None) -> List[Dict[str, Any]]:
    """A result against an earlier one on the same data, pair by pair.

    Parameters
    ----------
    result, other : Result
    fars : sequence of float, or None
        FARs at which the TAR is compared; None: the smallest of 0.1, 0.01 and 0.001 that the pairs can show. The
        accuracy is compared, too, where neither kind is below a tenth of the pairs: else it is that of the other kind.
    names : (str, str) or None
        What the models are called, the other's first; None: as in the results.

    Returns
    -------
    list of dict
        first (the other's name), second, and what `gluonfr.metrics.compare_models` says: measure, a, b, difference (the
        second less the first), low, high, p, mcnemar_p, people, shown, sentence.

    Raises
    ------
    ValueError
        The results are of other pairs, or of none.
    """
    mine, theirs = result.arrays, other.arrays
    if 'scores' not in mine or 'scores' not in theirs:
        raise ValueError('compare_results: results must have scores of pairs, got {} of {} and {} of {}.'.format(
            len(mine.get('scores', ())), result.data.get('name'), len(theirs.get('scores', ())),
            other.data.get('name')))
    for name in OF_PAIRS[1:]:
        if (name in mine) != (name in theirs) or name in mine and not np.array_equal(mine[name], theirs[name]):
            raise ValueError('compare_results: results must be of the same pairs, got {} ({}) and {} ({}): evaluate '
                             'both on the same data with the same seed and most_pairs.'.format(
                                 result.data.get('name'), str(result.data.get('sha256'))[:12],
                                 other.data.get('name'), str(other.data.get('sha256'))[:12]))
    names = tuple(names or [_called(each) for each in (other, result)])
    if names[0] == names[1]:
        names = names[0] + ' before', names[1] + ' now'
    same = mine['same']
    if fars is None:
        fars = [far for far in (1e-3, 1e-2, 1e-1) if far * np.count_nonzero(~same) >= 1][:1]
    accuracy = [None] if 0.1 <= same.mean() <= 0.9 or not len(fars) else []
    found = [compare_models(theirs['scores'], mine['scores'], same, *pair_people(mine), far=far, names=names)
             for far in accuracy + list(fars)]
    return [{'first': names[0], 'second': names[1], **comparison._asdict()} for comparison in found]


def pair_people(arrays):
    """Who is on the first and second image of each pair, (None, None) where that is not known."""
    if 'people' not in arrays:
        return None, None
    places = ('first', 'second') if 'first' in arrays else ('first_person', 'second_person')
    return tuple(arrays['people'][arrays[place]] for place in places)


def _called(result):
    if result.model is None:
        return result.data.get('name') or 'scores'
    flip = result.model.get('flip')
    return '{}{}'.format(result.model.get('name'), ' (flip {})'.format(flip) if flip not in (None, 'none') else '')
