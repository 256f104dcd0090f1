"""Is one model better than another on the same data? Paired bootstrap over people, and McNemar's test."""
from collections import namedtuple
from typing import Optional, Sequence

import numpy as np

from ..utils.check import check_int, check_number
from ..utils.types import ArrayLike
from .far_cells import cannot_show
from .kfold import kfold_accuracy, most_folds
from .people import pairs_of_people
from .roc import tar_at_far
from .scores import as_numpy, check_issame, check_pairs

__all__ = ['Comparison', 'McNemar', 'PairedDifference', 'compare_models', 'mcnemar', 'paired_bootstrap']

McNemar = namedtuple('McNemar', 'only_a only_b p')
PairedDifference = namedtuple('PairedDifference', 'difference low high p')
Comparison = namedtuple('Comparison', 'measure a b difference low high p mcnemar_p people shown sentence')


def mcnemar(correct_a: ArrayLike, correct_b: ArrayLike) -> McNemar:
    """McNemar's exact test: do two models differ in how many of the same pairs they judge correctly?

    Psychometrika 12 (1947); of the pairs that only one of them judges correctly, a fair coin decides which, if they are
    equally good. It takes pairs as independent, which those that share people are not: see `paired_bootstrap`.

    Parameters
    ----------
    correct_a, correct_b : bool array, (N,)
        Decisions of both models on the same pairs, such as ``kfold_accuracy(...).correct``.

    Returns
    -------
    McNemar : namedtuple
        ``only_a`` and ``only_b``, how many pairs only one of them judges correctly, and ``p``, two-sided.

    Examples
    --------
    >>> from gluonfr.metrics import mcnemar
    >>> found = mcnemar([1, 1, 1, 1, 1, 1, 0, 1], [1, 0, 0, 0, 0, 0, 0, 1])
    >>> print(found.only_a, found.only_b, '{:.4f}'.format(found.p))
    5 0 0.0625
    """
    from scipy.special import bdtr  # the binomial distribution, as of scipy.stats, whose import takes half a second
    a, b = _decisions('mcnemar', correct_a, correct_b)
    only_a, only_b = int(np.count_nonzero(a & ~b)), int(np.count_nonzero(b & ~a))
    p = min(1.0, 2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)))
    return McNemar(only_a, only_b, p)


def paired_bootstrap(correct_a: ArrayLike, correct_b: ArrayLike, people0: ArrayLike,
                     people1: Optional[ArrayLike] = None, issame: Optional[ArrayLike] = None, *,
                     confidence: float = 0.95, draws: int = 1000, seed: int = 0) -> PairedDifference:
    """How much more often B is correct than A, and its interval, with the people as the sample.

    Each draw of people (see `bootstrap_accuracy`) weights the same pairs for both models, so that what makes a pair
    hard for both does not blur their difference.

    Parameters
    ----------
    correct_a, correct_b : bool array, (N,)
        Decisions of both models on the same pairs or probes.
    people0, people1 : sequence of int or of str, (N,)
        Who is on both images of each pair; only ``people0`` for probes or genuine pairs, of one person each.
    issame : bool array, (N,), or None
        None where ``people0`` and ``people1`` say it.
    confidence : float in (0, 1)
    draws : int >= 1
    seed : int

    Returns
    -------
    PairedDifference : namedtuple of float
        ``difference`` (B less A), ``low`` and ``high``, and ``p``, two-sided: twice the smaller share of draws on
        either side of 0.

    Raises
    ------
    ValueError
        Lengths that differ, people that contradict ``issame``, or no usable draw.
    """
    owner = 'paired_bootstrap'
    check_number(owner, 'confidence', confidence, 0, 1, True, True)
    check_int(owner, 'draws', draws, 1)
    a, b = _decisions(owner, correct_a, correct_b)
    people1 = people0 if people1 is None else people1
    issame = as_numpy(people0) == as_numpy(people1) if issame is None else check_issame(owner, issame)
    people = pairs_of_people(owner, np.atleast_1d(issame), people0, people1)
    if people.issame.shape != a.shape:
        raise ValueError('{}: people must be as many as decisions, {}, got {}.'.format(
            owner, len(a), len(people.issame)))
    gain = b.astype('float64') - a
    return PairedDifference(float(gain.mean()), *_interval(_drawn_means(owner, people, gain, draws, seed), confidence))


def compare_models(scores_a: ArrayLike, scores_b: ArrayLike, issame: ArrayLike, people0: Optional[ArrayLike] = None,
                   people1: Optional[ArrayLike] = None, *, far: Optional[float] = None, nfolds: Optional[int] = None,
                   names: Sequence[str] = ('A', 'B'), confidence: float = 0.95, draws: int = 1000,
                   seed: int = 0) -> Comparison:
    """Compare two models by their scores of the same pairs, each with thresholds of its own.

    Parameters
    ----------
    scores_a, scores_b : array, (N,)
        Higher is more alike.
    issame : bool array, (N,)
    people0, people1 : sequence of int or of str, (N,), or None
        Who is on both images of each pair. Without them there is no interval, and McNemar's test alone decides.
    far : float in (0, 1], or None
        Compare TAR at this FAR, where every draw of people chooses both thresholds anew; None: accuracy over folds.
    nfolds : int >= 1, or None
        Of the accuracy; None for 10, or fewer where the pairs give no more.
    names : (str, str)
        Of the models, in the sentence.
    confidence : float in (0, 1)
    draws : int >= 1
    seed : int

    Returns
    -------
    Comparison : namedtuple
        ``measure`` ('accuracy' or such as 'TAR at FAR 0.001'), ``a`` and ``b``, ``difference`` (B less A), ``low`` and
        ``high``, ``p`` (of the paired bootstrap, else of McNemar's test), ``mcnemar_p`` (of the decisions on all pairs,
        or on the genuine ones), ``people`` (how many), ``shown``: whether there is a difference, ``sentence``.

    Raises
    ------
    ValueError
        As `roc_curve` and `bootstrap_accuracy`, or a FAR that so few impostor pairs cannot show.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.metrics import compare_models
    >>> people = np.repeat(np.arange(20), 2)
    >>> first, second = np.triu_indices(40, 1)
    >>> same = people[first] == people[second]
    >>> a, b = same + np.random.RandomState(0).randn(2, 780) * [[0.5], [0.51]]
    >>> for part in compare_models(a, b, same, people[first], people[second], far=0.01).sentence.split(', difference '):
    ...     print(part)
    No difference shown: TAR at FAR 0.01 of A 0.4500, of B 0.3000
    -0.1500 [-0.4012, 0.3000] (20 people; McNemar p 0.508).
    """
    owner = 'compare_models'
    check_number(owner, 'confidence', confidence, 0, 1, True, True)
    check_int(owner, 'draws', draws, 1)
    both = [check_pairs(owner, scores, issame) for scores in (scores_a, scores_b)]
    scores, issame = [pair[0] for pair in both], both[0][1]
    people = None if people0 is None else pairs_of_people(owner, issame, people0, people1)
    if far is None:
        measure = 'accuracy'
        nfolds = nfolds or most_folds(issame, 10)
        correct = [kfold_accuracy(part, issame, nfolds).correct for part in scores]
    else:
        check_number(owner, 'far', far, 0, 1, low_open=True)
        silent = cannot_show(owner, [far], int(np.count_nonzero(~issame)))
        if silent:
            raise ValueError(silent[0] + '.')
        measure = 'TAR at FAR {:g}'.format(far)
        correct = [part[issame] >= tar_at_far(part, issame, far).thresholds[0] for part in scores]
    test = mcnemar(*correct)
    rates = [float(part.mean()) for part in correct]
    low = high = None
    p, shown = test.p, test.p < 1 - confidence
    if people:
        if far is None:
            found = _drawn_means(owner, people, correct[1].astype('float64') - correct[0], draws, seed)
        else:
            found = _drawn_differences(people, scores, far, draws, seed)
        low, high, p = _interval(found, confidence)
        shown = low > 0 or high < 0
    sentence = _sentence(measure, names, rates, low, high, test, people, shown)
    return Comparison(measure, *rates, rates[1] - rates[0], low, high, p, test.p, people.count if people else None,
                      bool(shown), sentence)


def _decisions(owner, correct_a, correct_b):
    a, b = check_issame(owner, correct_a), check_issame(owner, correct_b)
    if a.shape != b.shape or not a.size:
        raise ValueError('{}: correct_a and correct_b must be of the same pairs, (N,) with N >= 1, got shapes {} and '
                         '{}.'.format(owner, a.shape, b.shape))
    return a, b


def _interval(found, confidence):
    """The ends of the interval, and p."""
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
    sides = [(1 + np.count_nonzero(side)) / (1 + len(found)) for side in (found <= 0, found >= 0)]
    return float(low), float(high), float(min(1, 2 * min(sides)))


def _drawn_means(owner, people, gain, draws, seed):
    """The mean of what B gains over A, in each draw."""
    return people.bootstrap_means(owner, gain[None], people.issame.mean(), draws, seed)[:, 0]


def _drawn_differences(people, scores, far, draws, seed):
    """TAR of B less that of A in each draw that holds pairs of both kinds."""
    genuine, found = people.subset(people.issame), []
    for times in people.draws(draws, seed):
        weights = times[:, genuine.first]
        tars = []
        for part in scores:
            limits = people.drawn_thresholds(part, far, times)
            tars.append((weights * (part[people.issame] >= limits[:, None])).sum(axis=1) / np.maximum(
                weights.sum(axis=1), 1))
        usable = weights.any(axis=1) & np.isfinite(limits)
        found.append((tars[1] - tars[0])[usable])
    return np.concatenate(found)


def _sentence(measure, names, rates, low, high, test, people, shown):
    if low is None:
        interval = ' (people unknown; McNemar p {:.3g})'.format(test.p)
    else:
        interval = ' [{:.4f}, {:.4f}] ({} people; McNemar p {:.3g})'.format(low, high, people.count, test.p)
    better = names[int(rates[1] > rates[0])]
    return '{}: {} of {} {:.4f}, of {} {:.4f}, difference {:.4f}{}.'.format(
        '{} is better'.format(better) if shown else 'No difference shown', measure, names[0], rates[0], names[1],
        rates[1], rates[1] - rates[0], interval)
