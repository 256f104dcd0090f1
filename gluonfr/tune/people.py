"""People in folds, and the pairs of each fold by which a candidate is measured on people it was not trained on."""
from collections import namedtuple

import numpy as np

from ..data.pairs import sample_pairs
from ..metrics import auc, roc_curve, tar_at_far
from ..utils.messages import counted

__all__ = ['Pairs', 'Score', 'choose_far', 'draw_folds', 'fold_pairs', 'measure']

MOST_IMAGES = 10      # of a person in pairs: else few people with many images would decide
MOST_PAIRS = 100000   # of a fold
FARS = 1e-3, 1e-2, 1e-1
ALLOWED = 10          # impostor pairs that a FAR must allow, to be measured at

Pairs = namedtuple('Pairs', 'first second same fold')
Pairs.__doc__ = """Pairs within folds: positions (P,) of both images, whether they are of one person, and the fold."""

Score = namedtuple('Score', 'tar auc')
Score.__doc__ = """TAR at the FAR of the search, and the area under the ROC, which decides between equal TARs."""


def draw_folds(labels: np.ndarray, folds: int, seed: int = 0) -> np.ndarray:
    """The fold of each image, int (N,): all images of a person are in one, and people with many images are spread.

    Parameters
    ----------
    labels : int array (N,)
        Who is on each image.
    folds : int
        >= 2.
    seed : int

    Raises
    ------
    ValueError
        A fold needs two people, one of them with two images, and there are not enough.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.tune.people import draw_folds
    >>> draw_folds(np.array([0, 0, 1, 1, 2, 3]), 2).tolist()
    [1, 1, 0, 0, 0, 1]
    """
    people, who, counts = np.unique(labels, return_inverse=True, return_counts=True)
    several = int((counts > 1).sum())
    if len(people) < 2 * folds or several < folds:
        raise ValueError('tune: each of the {} folds needs two people, and one of them with two images; got {}, {} of '
                         'them with two images or more.'.format(folds, counted(len(people), 'person', 'people'),
                                                                several))
    drawn = np.random.RandomState(seed).permutation(len(people))
    order = drawn[np.argsort(-counts[drawn], kind='stable')]
    fold = np.empty(len(people), np.int64)
    fold[order] = np.arange(len(people)) % folds
    return fold[who]


def fold_pairs(labels: np.ndarray, fold: np.ndarray, seed: int = 0) -> Pairs:
    """All pairs within each fold of up to ten images of a person, of more than 100,000 a sample."""
    parts = []
    for k in range(fold.max() + 1):
        random = np.random.RandomState((seed, k))
        images = random.permutation(np.flatnonzero(fold == k))
        images = images[np.argsort(labels[images], kind='stable')]
        place = np.arange(len(images)) - np.searchsorted(labels[images], labels[images])
        images = np.sort(images[place < MOST_IMAGES])
        if len(images) * (len(images) - 1) // 2 > MOST_PAIRS:
            first, second, _ = sample_pairs(labels[images], MOST_PAIRS, seed)
        else:
            first, second = np.triu_indices(len(images), 1)
        parts.append(np.stack([images[first], images[second], np.full(len(first), k)]))
    first, second, of = np.concatenate(parts, axis=1)
    return Pairs(first, second, labels[first] == labels[second], of)


def choose_far(pairs: Pairs) -> float:
    """The smallest of the FARs 0.001, 0.01 and 0.1 that lets ten impostor pairs through, else 0.1."""
    impostors = np.count_nonzero(~pairs.same)
    return next((far for far in FARS if far * impostors >= ALLOWED), FARS[-1])


def measure(scores: np.ndarray, pairs: Pairs, far: float) -> Score:
    """How good scores of the pairs are, higher ones for more alike."""
    return Score(float(tar_at_far(scores, pairs.same, far).tar[0]), auc(roc_curve(scores, pairs.same)))
