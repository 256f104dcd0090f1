"""Which threshold to take: that at which a chosen share of pairs of two people is taken for one."""
from typing import Any, Dict, List, Sequence

import numpy as np

from ..metrics import advise_threshold
from ..metrics.far_cells import cannot_show, shown
from .comparison import pair_people
from .result import Result

__all__ = ['advise']


def advise(result: Result, fmrs: Sequence[float]) -> List[Dict[str, Any]]:
    """Thresholds at chosen false match rates, from the pairs of a result, with their intervals over people.

    The people of the set must be others than those of the training: see `find_overlap`.

    Parameters
    ----------
    result : Result
        With scores of pairs whose people are known.
    fmrs : sequence of float in [0, 1]

    Returns
    -------
    list of dict
        fmr, threshold, low, high, people, tar, held_out_fmr (see `gluonfr.metrics.advise_threshold`), data,
        data_sha256, flip, precision, sentence. Rates that the pairs cannot show have none, and a sentence among what
        the result takes for granted.

    Raises
    ------
    ValueError
        There are no such pairs, or too few impostor pairs for each of the rates.
    """
    arrays = result.arrays
    people = pair_people(arrays)
    if 'scores' not in arrays or people[0] is None:
        raise ValueError('advise: {} has no pairs whose people are known, which a threshold needs.'.format(
            result.data['name']))
    model = result.model or {}
    impostors = int(np.count_nonzero(~arrays['same']))
    known = [fmr for fmr in fmrs if shown(fmr, impostors)]
    if known and len(known) < len(fmrs):
        result.assumed += [note + ': no threshold is advised.' for note in cannot_show(
            result.data['name'], fmrs, impostors, rate='FMR')]
    advice = []
    for fmr in known or fmrs:
        found = advise_threshold(arrays['scores'], arrays['same'], *people, fmr=fmr)
        said = ('{}: threshold {:.4f} [{:.4f}, {:.4f}] for FMR {:g}, by {} people; it accepts {:.2%} of the pairs of '
                'one person'.format(result.data['name'], found.threshold, found.low, found.high, fmr, found.people,
                                    found.tar))
        if found.held_out_fmr is not None:
            said += '; on people left out of the choice the FMR was {:.2g}'.format(found.held_out_fmr)
        advice.append({**found._asdict(), 'data': result.data['name'], 'data_sha256': result.data['sha256'],
                       'flip': model.get('flip'), 'precision': model.get('precision'), 'sentence': said})
    return advice
