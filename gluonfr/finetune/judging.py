"""Which network is kept: both recognise people that they were not trained on, each fold of people its own network."""
from collections import namedtuple
from typing import List, Optional, Sequence, Tuple

import numpy as np

from ..data.pairs import sample_pairs
from ..evaluation import GivenPairs, GivenPeople, advise, evaluate
from ..evaluation.result import Result
from ..metrics import auc, paired_bootstrap, roc_curve
from ..metrics.far_cells import shown
from ..metrics.kfold import kfold_accuracy
from ..utils.vectors import unit_rows

__all__ = ['FMRS', 'HeldOutPairs', 'Verdict', 'accuracies', 'advice_for', 'best_epoch', 'held_out_pairs',
           'held_out_result', 'judge', 'of_fold', 'result_of_all', 'separation']

FMRS = 1e-3, 1e-2  # of the thresholds in the card; the first that can be shown is the one that commands use
DATA = 'held-out people'
MOST, MOST_OF_PERSON = 200000, 45  # pairs of a fold, and genuine ones of a person

HeldOutPairs = namedtuple('HeldOutPairs', 'first second same fold drawn')
HeldOutPairs.__doc__ = """Pairs of images of people of one fold.

Parameters
----------
first, second : int array (P,)
same : bool array (P,)
fold : int array (P,)
drawn : bool array (P,)
    Those by which the accuracy is measured: in each fold as many of two people as of one.
"""

Verdict = namedtuple('Verdict', 'keep_new start new difference low high people sentence')
Verdict.__doc__ = """Which network is kept, and why.

Parameters
----------
keep_new : bool
start, new : float or None
    Accuracy on held-out people.
difference, low, high : float or None
    New less start, and its 95 % interval over people.
people : int
sentence : str
"""


def held_out_pairs(people: Sequence[str], folds: np.ndarray, seed: int) -> HeldOutPairs:
    """All pairs within each fold; of people with very many images, and of very many people, a part, by the seed.

    Parameters
    ----------
    people : array (N,)
    folds : int array (N,)
    seed : int
    """
    random, parts = np.random.RandomState(seed), []
    who = np.unique(people, return_inverse=True)[1]
    for k in range(folds.max() + 1):
        rows = np.flatnonzero(folds == k)
        first, second, same = sample_pairs(who[rows], MOST, seed)
        genuine = np.concatenate([_some(of, MOST_OF_PERSON, random) for of in _by(
            np.flatnonzero(same), who[rows[first]])] or [np.zeros(0, np.int64)])
        impostors = np.flatnonzero(~same)
        count = min(len(genuine), len(impostors))
        drawn = np.concatenate([_some(genuine, count, random), _some(impostors, count, random)])
        chosen = np.concatenate([genuine, impostors])
        parts.append((rows[first[chosen]], rows[second[chosen]], same[chosen], np.full(len(chosen), k),
                      np.isin(chosen, drawn)))
    return HeldOutPairs(*map(np.concatenate, zip(*parts)))


def of_fold(pairs: HeldOutPairs, fold: int) -> HeldOutPairs:
    """The pairs of one fold."""
    mine = pairs.fold == fold
    return HeldOutPairs(*(values[mine] for values in pairs))


def _some(values, most, random):
    return values if len(values) <= most else np.sort(random.choice(values, most, replace=False))


def _by(values, groups):
    """Values in parts, by the group of each."""
    order = values[np.argsort(groups[values], kind='stable')]
    return np.split(order, np.flatnonzero(np.diff(groups[order])) + 1) if len(order) else []


def scores_of(embeddings: np.ndarray, pairs: HeldOutPairs) -> np.ndarray:
    """The cosine of each pair, (P,)."""
    units = unit_rows(embeddings.astype('float32', copy=False))
    return np.einsum('ij,ij->i', units[pairs.first], units[pairs.second])


def separation(embeddings: np.ndarray, pairs: HeldOutPairs) -> float:
    """How well pairs of one person are told from others: the area under the ROC curve, in [0, 1]."""
    return auc(roc_curve(scores_of(embeddings, pairs), pairs.same))


def best_epoch(separations: np.ndarray, fold: Optional[int] = None) -> int:
    """The epoch after which people who are held out are told apart best, 0 for the start; of equal ones the first.

    Parameters
    ----------
    separations : array (folds, 1 + epochs)
    fold : int or None
        Chosen without this fold, so that a fold judges an epoch that it had no part in choosing. None: by all.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.finetune.judging import best_epoch
    >>> separations = np.array([[0.5, 0.9, 0.7], [0.5, 0.6, 0.8], [0.5, 0.5, 0.7]])
    >>> best_epoch(separations), best_epoch(separations, fold=0)
    (2, 2)
    """
    others = separations if fold is None else np.delete(separations, fold, axis=0)
    return int(np.argmax(others.mean(axis=0).round(9)))


def judge(start: np.ndarray, new: np.ndarray, pairs: HeldOutPairs, people: Sequence[str], epoch: int) -> Verdict:
    """Compare two networks on people that neither was trained on: the start stays unless the other is clearly better.

    The accuracy of each fold is measured with the threshold that is best on the other folds. Of both networks the same
    pairs are judged, and people are the sample of the bootstrap.

    Parameters
    ----------
    start, new : array (N, D)
        Embeddings: of `new` each by the network of its fold.
    pairs : HeldOutPairs
    people : array (N,)
    epoch : int
        After which the new network is best; 0 where that is never.
    """
    people, chosen = np.asarray(people), pairs.drawn
    same, fold = pairs.same[chosen], pairs.fold[chosen]
    decisions = [_decided(scores_of(embeddings, pairs)[chosen], same, fold) for embeddings in (start, new)]
    shown_people = people[pairs.first[chosen]], people[pairs.second[chosen]]
    found = paired_bootstrap(*decisions, *shown_people, same)
    count = len(np.unique(np.concatenate(shown_people)))
    before, now = (float(decided.mean()) for decided in decisions)
    better = found.low > 0 and epoch > 0
    said = ('accuracy on held-out people {:.4f}, of the start network {:.4f}, difference {:+.4f} [{:+.4f}, {:+.4f}] '
            'by {} people').format(now, before, found.difference, found.low, found.high, count)
    if better:
        sentence = 'the fine-tuned network is kept: {}.'.format(said)
    elif epoch == 0:
        sentence = 'the start network is kept: after no epoch were held-out people told apart better ({}).'.format(said)
    else:
        sentence = 'the start network is kept, as the fine-tuned one is not shown to be better: {}.'.format(said)
    return Verdict(bool(better), before, now, found.difference, found.low, found.high, count, sentence)


def accuracies(embeddings: np.ndarray, pairs: HeldOutPairs) -> np.ndarray:
    """The accuracy on the drawn pairs of each fold, with the threshold that is best on the others, (folds,)."""
    same, fold = pairs.same[pairs.drawn], pairs.fold[pairs.drawn]
    correct = _decided(scores_of(embeddings, pairs)[pairs.drawn], same, fold)
    return np.array([correct[fold == k].mean() for k in range(fold.max() + 1)])


def _decided(scores, same, fold):
    """Whether each pair is judged rightly by the threshold of the pairs of other folds."""
    correct = np.empty(len(scores), bool)
    for k in np.unique(fold):
        others = fold != k
        threshold = kfold_accuracy(scores[others], same[others], 1).thresholds[0]
        correct[~others] = (scores[~others] >= threshold) == same[~others]
    return correct


def held_out_result(embeddings: np.ndarray, pairs: HeldOutPairs, people: Sequence[str], keys: Sequence[str],
                    name: str) -> Result:
    """A network's result on held-out pairs, as `gluonfr evaluate` makes it."""
    given = GivenPairs(DATA, '', pairs.first, pairs.second, pairs.same, embeddings=embeddings, names=keys,
                       people=people)
    return _result(given, name)


def result_of_all(embeddings: np.ndarray, people: Sequence[str], keys: Sequence[str], name: str) -> Result:
    """The result of a network that was trained on none of the people: on all their pairs."""
    return _result(GivenPeople(DATA, '', people, embeddings=embeddings, names=keys), name)


def _result(given, name):
    result = evaluate(given, name=name, protocols=['pairs'], plane=None, hardest=0).result
    result.model = {'name': name}
    return result


def advice_for(result: Result, flip: str) -> Tuple[List[dict], List[str]]:
    """(thresholds at the rates of `FMRS` that the people can show, sentences on these and on those that they cannot).

    Parameters
    ----------
    result : Result
        On people whom the network was not trained on.
    flip : str
        With which it was measured.
    """
    impostors = int(np.count_nonzero(~result.arrays['same']))
    if not any(shown(fmr, impostors) for fmr in FMRS):
        return [], ['no threshold: {:,} pairs of two people cannot show a false match rate of {:g}. Give a threshold '
                    'yourself, or more people.'.format(impostors, max(FMRS))]
    before = len(result.assumed)
    advice = advise(result, FMRS)
    said = [entry['sentence'] for entry in advice] + result.assumed[before:]
    return [{**entry, 'flip': flip, 'precision': 'float32'} for entry in advice], said
