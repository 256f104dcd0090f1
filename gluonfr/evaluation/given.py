"""What is given to be evaluated: images or embeddings or scores, and what is known of whom they show."""
import os
import re
from collections import namedtuple
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ..data.image_files import ImageFiles
from ..metrics import PairTruth, QualityTruth
from ..utils.files import file_sha256
from ..utils.messages import counted, names

__all__ = ['Given', 'GivenPairs', 'Task', 'file_facts', 'note_skipped', 'plain_name']

FEW_PEOPLE = 30

Task = namedtuple('Task', 'truth rows parameters', defaults=(None, {}))
Task.__doc__ = """What a protocol is to measure.

truth : object
    As the protocol's docstring says.
rows : None, int array or tuple of int arrays
    Which embeddings it takes, in its order; None for all. A tuple gives it a tuple of embeddings.
parameters : dict
    Of the protocol, where the data decide them.
"""


class Given:
    """A set to be evaluated. A subclass is a kind of data: it says which protocols fit, and what they measure.

    Attributes
    ----------
    kind : str
        What it is, as a result says it.
    protocols : tuple of str
        Those that fit, in the order in which they are measured where none is asked for.
    name, path : str
    sha256 : str or None
        Of the file; None of images, which are hashed as they are read.
    images : dataset or None
        With ``len``, ``names`` and ``read(i) -> (image, label)``.
    embeddings : array (N, D) or None
        In place of the images.
    names : list of str (N,)
    people : array (N,) of str, or None
        Who is on each image.
    are_named : bool
        Whether the people are known, not only which pairs are of one.
    groups : array (N,) of str, or None
        '' where an image belongs to none.
    quality : float array (N,), or None
        None takes the lengths of the embeddings.
    by_quality : bool
        Whether it is asked for.
    nfolds : int or None
        How many folds are asked for.
    left_out : list of dict
        'what' was left out, and 'why'.
    assumed : list of str
        Sentences on what was taken for granted, or decided here.
    net : dict or None
        What made the embeddings, as far as their file says it.
    columns : dict of str to array (N,)
        Numbers that come with the images, such as their quality.
    """

    kind, protocols = '', ()
    of_all_pairs = False  # whether more pairs are compared than `pairs` gives

    def __init__(self, name: str, path: str, *, sha256: Optional[str] = None, images: Any = None,
                 embeddings: Optional[np.ndarray] = None, names: Sequence[str] = (), people: Any = None):
        self.name, self.path, self.sha256 = name, path, sha256
        self.images, self.embeddings = images, embeddings
        self.names = list(map(str, names if len(names) or images is None else images.names))
        self.people = None if people is None else np.asarray(people)
        self.groups = self.quality = self.net = None
        self.by_quality, self.nfolds, self.are_named = False, None, self.people is not None
        self.columns: Dict[str, np.ndarray] = {}
        self.left_out: List[Dict[str, str]] = []
        self.assumed: List[str] = []

    @property
    def count(self) -> int:
        """How many images there are."""
        return len(self.names)

    def task(self, protocol: str) -> Task:
        """What a protocol measures here.

        Raises
        ------
        ValueError
            It does not fit, or the set does not give what it needs; the message says what would.
        """
        raise NotImplementedError

    def pairs(self) -> Optional[PairTruth]:
        """The pairs whose scores are compared, shown and kept; None where there are none to list."""
        return None

    def has(self, protocol: str) -> bool:
        """Whether a protocol among `protocols` is measured where none is asked for."""
        return True

    def refuse(self, protocol: str, why: str = '') -> ValueError:
        """The error of a protocol that does not fit."""
        return ValueError('{}: {} cannot be measured on {}{}. What fits: {}.'.format(
            self.name, protocol, self.kind, ': ' + why if why else '', ', '.join(self.protocols)))

    def leave_out(self, what: str, why: str) -> None:
        """Note that something does not take part."""
        self.left_out.append({'what': str(what), 'why': why})

    def say_few_people(self) -> None:
        """Note it where few people are shown."""
        count = 0 if self.people is None else len(np.unique(self.people))
        if 0 < count < FEW_PEOPLE:
            self.assumed.append('{}: {} cannot speak for all people: read the intervals, and compare models on it '
                                'rather than trust one number.'.format(self.name, counted(count, 'person', 'people')))


class GivenPairs(Given):
    """Pairs of images, or of embeddings.

    Parameters
    ----------
    first, second : int array (P,)
        Of each pair its two images.
    same : bool array (P,)
    **given
        As for `Given`.
    """

    kind = 'pairs'
    protocols = ('kfold', 'pairs', 'groups', 'quality')

    def __init__(self, name: str, path: str, first: Any, second: Any, same: Any, **given: Any):
        super().__init__(name, path, **given)
        self.first, self.second = np.asarray(first, np.int64), np.asarray(second, np.int64)
        self.same = np.asarray(same, bool)
        alone = int(np.count_nonzero(self.first == self.second))
        if alone:
            self.assumed.append('{}: {} of an image and itself, which every net gets right.'.format(
                name, counted(alone, 'pair is', 'pairs are')))
        if self.people is not None:
            self.say_few_people()
            return
        self.people = people_of_pairs(self.first, self.second, self.same, self.count)
        if self.people is not None:
            self.are_named = False
            self.assumed.append('{}: nothing names the people: images that a genuine pair joins are one person, all '
                                'others another each, so that intervals over people are too narrow.'.format(name))

    def has(self, protocol):
        return {'groups': self.groups is not None, 'quality': self.by_quality}.get(protocol, protocol == 'kfold')

    def pairs(self):
        return PairTruth(self.first, self.second, self.same, None, self.people)

    def task(self, protocol):
        if protocol in ('kfold', 'pairs'):
            return Task(self.pairs())
        if protocol == 'groups':
            return Task(self._grouped())
        if protocol == 'quality':
            return Task(QualityTruth(self.first, self.second, self.same, self.quality))
        raise self.refuse(protocol)

    def _grouped(self):
        if self.groups is None:
            raise ValueError('{}: groups must be given to measure by them: a file of image or person, and group.'
                             .format(self.name))
        group = self.groups[self.first]
        kept = (group == self.groups[self.second]) & (group != '')
        if not kept.any():
            raise ValueError('{}: no pair has both images in one group.'.format(self.name))
        if not kept.all():
            self.assumed.append('{}: groups: {} left out, as their images are not of one group.'.format(
                self.name, counted(int((~kept).sum()), 'pair')))
        return PairTruth(self.first[kept], self.second[kept], self.same[kept], group[kept], self.people)


def people_of_pairs(first, second, same, count):
    """Who is on each of `count` images, as far as pairs tell it: int64 (N,); None where they contradict themselves."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    links = coo_matrix((np.ones(int(same.sum())), (first[same], second[same])), shape=(count, count))
    people = connected_components(links, directed=False)[1].astype(np.int64)
    return None if (people[first[~same]] == people[second[~same]]).any() else people


def plain_name(person: Any) -> str:
    """A name without case and marks; '' of a number, which says nothing."""
    return re.sub(r'[\W_]+', '', str(person).lower()) if re.search(r'[^\W\d_]', str(person)) else ''


def file_facts(path: str) -> Tuple[str, str]:
    """Name and SHA-256 of a file."""
    return os.path.splitext(os.path.basename(path))[0], file_sha256(path)


def note_skipped(given: Given, images: Any) -> None:
    """Note what a dataset left out; a sentence where it has duplicates of names."""
    for what, why in images.skipped:
        given.leave_out(what, str(why))
    if isinstance(images, ImageFiles):
        seen, twice = set(), []
        for path in images.paths:
            (twice.append(path) if path in seen else seen.add(path))
        if twice:
            given.assumed.append('{}: listed twice, and counted twice: {}.'.format(given.name, names(twice, 5)))
