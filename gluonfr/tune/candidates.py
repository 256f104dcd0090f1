"""What is tried: losses with values of s, m and the like, and learning rates, from one table."""
import itertools
from collections import namedtuple
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ..loss import fill_arguments, get_loss, get_loss_list, loss_keywords, parse_loss

__all__ = ['Candidate', 'LEARNING_RATES', 'RANGES', 'find_losses', 'list_candidates']

SCALES, LEARNING_RATES = (32, 64, 16), (0.03, 0.1, 0.01)

# The values of each argument, the usual one first; a loss that is not here gets SCALES for its s and its own defaults.
RANGES = {
    'adacos': {'dynamic': (True, False)},
    'adaface': {'m': (0.4, 0.2), 's': SCALES},
    'arcface': {'m': (0.3, 0.5, 0.15), 's': SCALES, 'easy_margin': (False,)},
    'asoftmax': {'m': (2, 4), 's': SCALES, 'lambda_base': (100.0, 1500.0)},
    'centerloss': {'lamda': (0.003, 0.03)},
    'circle': {'m': (0.25, 0.4), 'gamma': (64, 256)},
    'cocoloss': {'alpha': SCALES},
    'combined': {'m1': (1.0,), 'm2': (0.3, 0.15), 'm3': (0.2, 0.1), 's': SCALES},
    'cosloss': {'m': (0.2, 0.35, 0.1), 's': SCALES},
    'curricularface': {'m': (0.3, 0.5, 0.15), 's': SCALES},
    'dynamicmargin': {'m_max': (0.5, 0.3), 'm_min': (0.05, 0.15), 's': SCALES},
    'elasticarc': {'m': (0.3, 0.5), 's': SCALES, 'plus': (False, True)},
    'elasticcos': {'m': (0.2, 0.35), 's': SCALES, 'plus': (False, True)},
    'focalloss': {'gamma': (2.0, 1.0)},
    'gitloss': {'lamda_c': (0.003, 0.03), 'lamda_g': (0.003,)},
    'l2softmax': {'alpha': SCALES},
    'lgmloss': {'alpha': (0.2, 0.5), 'lamda': (0.1,), 'lr_mult': (1.0,)},
    'liarcface': {'m': (0.3, 0.45), 's': SCALES},
    'lsoftmax': {'m': (2, 3)},
    'proxyanchor': {'alpha': (32, 16), 'delta': (0.1, 0.2)},
    'ringloss': {'lamda': (0.01, 0.1), 'r_init': ('auto',)},
    'sphereface2': {'m': (0.4, 0.2), 's': (40, 64, 20)},
    'spherefacer': {'m': (1.4, 1.2), 's': (60, 30)},
    'subcenterarcface': {'m': (0.3, 0.5), 's': SCALES, 'subcenters': (2, 3)},
    'svxsoftmax': {'m': (0.2, 0.35), 't': (1.2, 1.12), 's': SCALES},
    'uniface': {'m': (0.4, 0.2), 's': SCALES},
}
OF_THE_EMBEDDING = {'pred', 'label', 'embedding'}


class Candidate(namedtuple('Candidate', 'loss arguments lr')):
    """A loss by name, its arguments as (name, value) pairs, and a learning rate; as text 'arcface m=0.3 s=32 lr=0.1'.

    Examples
    --------
    >>> from gluonfr.tune import Candidate
    >>> str(Candidate('arcface', (('m', 0.3), ('s', 32)), 0.1))
    'arcface m=0.3 s=32 lr=0.1'
    """
    __slots__ = ()

    def __str__(self):
        return ' '.join([self.loss, *('{}={}'.format(*pair) for pair in self.arguments), 'lr={:g}'.format(self.lr)])


def find_losses(wanted: Optional[Sequence[str]], classes: int,
                embedding_size: int) -> Tuple[List[str], Dict[str, str]]:
    """The losses that batches of images and labels are enough for, and why the others are left out.

    Parameters
    ----------
    wanted : sequence of str or None
        Names of losses or sums of them, as `get_loss` takes them; None for all that are registered.
    classes, embedding_size : int
        Of the people to train on, and the network.

    Returns
    -------
    (list of str, dict of str to str)
        Names, and name -> reason.

    Raises
    ------
    ValueError
        An unknown name, or none of those that were asked for can be tried.

    Examples
    --------
    >>> from gluonfr.tune import find_losses
    >>> names, left_out = find_losses(['arcface', 'triplet'], 10, 64)
    >>> names, left_out['triplet']
    (['arcface'], 'it takes pairs or triplets, no labels')
    """
    names, left_out = [], {}
    for name in dict.fromkeys(_canonical(name) for name in wanted) if wanted else get_loss_list():
        reason = _unsuitable(name, classes, embedding_size)
        if reason:
            left_out[name] = reason
        else:
            names.append(name)
    if not names:
        raise ValueError('tune: losses must hold one that class labels are enough for, got {}.'.format('; '.join(
            '{} ({})'.format(*pair) for pair in left_out.items())))
    return names, left_out


def list_candidates(losses: Sequence[str], count: Optional[int] = None, seed: int = 0) -> List[Candidate]:
    """So many candidates: of each loss as many, its usual values first, then others of its grid in a drawn order.

    More of them begin with the fewer: ``list_candidates(losses, 9)[:5] == list_candidates(losses, 5)``.

    Parameters
    ----------
    losses : sequence of str
        What `find_losses` found.
    count : int or None
        None for all.
    seed : int
        Of the order.

    Examples
    --------
    >>> from gluonfr.tune import list_candidates
    >>> print(*list_candidates(['arcface', 'softmax'], 3), sep=', ')
    arcface m=0.3 s=32 easy_margin=False lr=0.03, softmax lr=0.03, arcface m=0.3 s=64 easy_margin=False lr=0.01
    """
    grids = []
    for name in losses:
        ranges = _ranges(name)
        grid = [Candidate(name, tuple(zip(ranges, values)), lr)
                for *values, lr in itertools.product(*ranges.values(), LEARNING_RATES)]
        order = 1 + np.random.RandomState((seed, *name.encode())).permutation(len(grid) - 1)
        grids.append([grid[i] for i in [0, *order]])
    rounds = itertools.chain.from_iterable(itertools.zip_longest(*grids))
    return [candidate for candidate in rounds if candidate is not None][:count]


def _canonical(name):
    return '+'.join(map(str, parse_loss(name)))


def _ranges(name) -> Dict[str, Tuple[Any, ...]]:
    """Argument -> values, of a loss or of the first of a sum; a sum says the others' arguments itself."""
    first = parse_loss(name)[0]
    ranges = RANGES.get(first.name, {'s': SCALES} if 's' in first.keywords else {})
    return {key: values for key, values in ranges.items() if key not in first.arguments}


def _unsuitable(name, classes, embedding_size):
    """Why a loss cannot be a candidate, None if it can."""
    if 'num_in_class' in loss_keywords(name):
        return 'it takes batches of several images of each person'
    arguments = {key: values[0] for key, values in _ranges(name).items()}
    try:
        loss = get_loss(name, **fill_arguments(name, arguments, classes=classes, embedding_size=embedding_size,
                                              counts=[2] * classes))
    except (TypeError, ValueError) as error:
        return str(error).rstrip('.')
    if not set(loss.inputs) <= OF_THE_EMBEDDING:
        return 'it takes pairs or triplets, no labels'
    if loss.head is None and not loss.keeps_classes:
        return 'it compares the images of a batch, and has no classes'
    return None
