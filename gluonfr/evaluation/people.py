"""People with one image or several each: a folder of people, a list, a .rec, or embeddings of them."""
import os
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from ..data import draw_pairs, open_dataset
from ..data.pairs import most_pairs, sample_pairs
from ..metrics import PairTruth, PeopleTruth, QualityTruth, SearchTruth
from ..utils.check import check_int, check_number
from ..utils.messages import counted
from .given import Given, Task, note_skipped, plain_name

__all__ = ['GivenPeople', 'given_people', 'people_of', 'split_gallery']

ALL_PAIRS = 1000000000  # of so many all are compared, of more SAMPLE
SAMPLE = 10000000
KEPT = 1000000  # of so many the scores are kept
FOLDS, PAIRS_OF_FOLD = 10, 600  # as LFW has them


class GivenPeople(Given):
    """Images, or embeddings, of people that are named.

    Parameters
    ----------
    people : array (N,)
    most_pairs : int
        Up to so many all pairs are compared; of more a sample of 10,000,000, by the seed.
    unknown : float in [0, 1), or None
        Share of the people that the gallery of `identification` does not know, drawn by the seed; None: those with one
        image.
    seed : int
    of_pairs : bool
        Whether pairs of its images are to be compared: False for a gallery, or for probes, which may show one person
        or one image of each.
    **given
        As for `Given`.

    Raises
    ------
    ValueError
        There are fewer than two people, or none has two images, where pairs are compared.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.evaluation import GivenPeople
    >>> people = np.repeat(['ann', 'bob', 'eve', 'tom'], 3)
    >>> given = GivenPeople('mine', '', people, embeddings=np.eye(12), names=range(12))
    >>> len(given.pairs().same), given.task('kfold').parameters
    (66, {'nfolds': 2})
    >>> given.assumed[-1].partition(',')[0]
    'mine: kfold: 24 pairs drawn (seed 0) in 2 folds'
    """

    kind = 'people'
    protocols = ('kfold', 'pairs', 'identification', 'groups', 'quality')

    def __init__(self, name: str, path: str, people: Any, *, most_pairs: int = ALL_PAIRS,
                 unknown: Optional[float] = None, seed: int = 0, of_pairs: bool = True, **given: Any):
        super().__init__(name, path, people=people, **given)
        self.most = check_int('evaluate', 'most_pairs', most_pairs, 2)
        self.unknown = None if unknown is None else check_number('evaluate', 'unknown', unknown, 0, 1, high_open=True)
        self.seed = check_int('evaluate', 'seed', seed, 0, 2 ** 32 - 1)
        self._pairs = None
        self._say_alike()
        if of_pairs:
            self._check_pairs()

    def _say_alike(self):
        """Note names that are hardly two, and images that have one name."""
        called: Dict[str, List[str]] = {}
        for person in np.unique(self.people).tolist():
            called.setdefault(plain_name(person) or str(person), []).append(str(person))
        alike = [found for found in called.values() if len(found) > 1]
        if alike:
            self.assumed.append('{}: {} differ in case and marks alone, and count as different people.'.format(
                self.name, '; '.join(' and '.join(found) for found in alike[:3])))
        twice = self.count - len(set(self.names))
        if twice and self.embeddings is not None:  # of files `note_skipped` says which
            self.assumed.append('{}: {} the name of another.'.format(
                self.name, counted(twice, 'image has', 'images have')))

    def _check_pairs(self):
        there, images = np.unique(self.people, return_counts=True)
        if len(there) < 2:
            raise ValueError('{}: must show at least two people, got {}.'.format(
                self.name, counted(len(there), 'person', 'people')))
        alone = int((images == 1).sum())
        if alone == len(there):
            raise ValueError('{}: each of its {} people has one image only, so there is no pair of one person. Give '
                             'two images of some, or the others as --probes.'.format(self.name, len(there)))
        if alone:
            self.assumed.append('{}: {} of {} people have one image only: they are part of pairs of two people, and of '
                                'no pair of one.'.format(self.name, alone, len(there)))
        self.say_few_people()

    def has(self, protocol):
        if protocol == 'kfold':
            return self._folds(self._several())[0] > 0
        return {'groups': self.groups is not None, 'quality': self.by_quality}.get(protocol, True)

    def task(self, protocol):
        if protocol == 'kfold':
            return self._kfold()
        if protocol == 'pairs':
            return Task(PeopleTruth(self.people) if self._count_pairs() <= self.most else
                        self._listed(SAMPLE, 'compared'))
        if protocol == 'quality':
            pairs = self._listed(SAMPLE, 'compared by quality')
            return Task(QualityTruth(pairs.first, pairs.second, pairs.same, self.quality))
        if protocol == 'groups':
            return self._grouped()
        if protocol == 'identification':
            gallery, probes, said = split_gallery(self.people, self.unknown, self.seed)
            self.assumed.append('{}: identification: {}'.format(self.name, said))
            return Task(SearchTruth(self.people[gallery], self.people[probes]), (gallery, probes))
        raise self.refuse(protocol)

    def pairs(self):
        """All pairs of the images, or a sample of 1,000,000."""
        if self._pairs is None:
            self._pairs = self._listed(KEPT, 'kept')
        return self._pairs

    def _listed(self, most, what):
        """All pairs, or a sample of `most`, said to be compared or kept."""
        most = min(most, self.most)
        if self._count_pairs() <= most:
            first, second = np.triu_indices(self.count, 1)
            return PairTruth(first, second, self.people[first] == self.people[second], None, self.people)
        self.assumed.append('{}: of its {:,} pairs a sample of {:,} (seed {}) is {}, with those of one person as far '
                            'as they are at most half of it.'.format(self.name, self._count_pairs(), most, self.seed,
                                                                     what))
        return PairTruth(*sample_pairs(self.people, most, self.seed), None, self.people)

    @property
    def of_all_pairs(self):
        return min(KEPT, self.most) < self._count_pairs() <= self.most

    def _count_pairs(self):
        return self.count * (self.count - 1) // 2

    def _folds(self, images, asked=None):
        """How many folds, and how many pairs: as many folds as leave half of the pairs that other numbers give."""
        people = self.people[images]
        tried = [asked] if asked else range(1, min(FOLDS, len(np.unique(people)) // 2) + 1)
        pairs = {folds: min(most_pairs(people, folds, self.seed), folds * PAIRS_OF_FOLD) for folds in tried}
        most = max([pairs[folds] for folds in pairs if folds > 1] or pairs.values(), default=0)
        return max(((folds, pairs[folds]) for folds in pairs if 2 * pairs[folds] >= most > 0), default=(0, 0))

    def _several(self, images=None):
        """The images, among some, of people who have several there."""
        images = np.arange(self.count) if images is None else images
        _, who, counts = np.unique(self.people[images], return_inverse=True, return_counts=True)
        return images[counts[who] > 1]

    def _drawn(self, images, pairs, folds):
        """First, second and same of pairs drawn in folds."""
        first, second, same = draw_pairs(self.people[images], pairs, folds, self.seed)
        return images[first], images[second], same

    def _kfold(self):
        several = self._several()
        folds, pairs = self._folds(several, self.nfolds)
        if not folds:
            raise self.refuse('kfold', 'each fold takes two people with two images each, and there are {}'.format(
                len(np.unique(self.people[several]))))
        self.assumed.append('{}: kfold: {} drawn (seed {}) in {}, half of them of one person; no person is in two '
                            'folds{}.'.format(self.name, counted(pairs, 'pair'), self.seed, counted(folds, 'fold'),
                                              '' if folds == (self.nfolds or FOLDS) else
                                              ', and its people fill no more'))
        return Task(PairTruth(*self._drawn(several, pairs, folds), None, self.people), None, {'nfolds': folds})

    def _grouped(self):
        if self.groups is None:
            raise self.refuse('groups', 'groups must be given, a file of image or person, and group')
        images, folds = {}, {}
        for group in np.unique(self.groups[self.groups != '']).tolist():
            images[group] = self._several(np.flatnonzero(self.groups == group))
            folds[group] = self._folds(images[group], self.nfolds)[0]
            if not folds[group]:
                self.leave_out('group {}'.format(group), 'it has no two people with two images each{}'.format(
                    ' in each of {} folds'.format(self.nfolds) if self.nfolds else ''))
        common = min(filter(None, folds.values()), default=0)
        if not common:
            raise ValueError('{}: no group has pairs of one person and of two.'.format(self.name))
        parts = []
        for group in filter(folds.get, folds):
            pairs = min(most_pairs(self.people[images[group]], common, self.seed), common * PAIRS_OF_FOLD)
            first, second, same = self._drawn(images[group], pairs, common)
            parts.append((first, second, same, np.full(pairs, group)))
        self.assumed.append('{}: groups: {} drawn (seed {}), half of them of one person, in {}.'.format(
            self.name, ', '.join('{} of {}'.format(counted(len(part[2]), 'pair'), part[3][0]) for part in parts),
            self.seed, counted(common, 'fold')))
        return Task(PairTruth(*map(np.concatenate, zip(*parts)), self.people), None, {'nfolds': common})


def given_people(path: str, *, images: Any = None, **options: Any) -> GivenPeople:
    """The people of a folder, list or .rec.

    Parameters
    ----------
    path : str
        What `open_dataset` takes with people=True.
    images : dataset or None
        Of that path, where it is opened already, such as faces found in its photographs.
    **options
        most_pairs, unknown, seed, of_pairs: see `GivenPeople`.
    """
    if images is None:
        images = open_dataset(path, 'skip', people=True)
    known = images.labels >= 0
    given = GivenPeople(os.path.basename(os.path.abspath(path)), os.path.abspath(path), people_of(images),
                        images=images, **options)
    given.kind = 'a {} of people'.format('folder' if os.path.isdir(path) else 'file')
    if not known.all():
        given.assumed.append('{}: {} of nobody that is named count as another person each.'.format(
            given.name, counted(int((~known).sum()), 'image')))
    note_skipped(given, images)
    return given


def people_of(images: Any) -> np.ndarray:
    """The people of a dataset: names where it has them, else labels; an image without a label is a person alone."""
    labels = np.asarray(images.labels)
    called = [str(images.classes[label]) if 0 <= label < len(images.classes) else str(label) for label in labels]
    return np.array(['{} {}'.format(name, i) if label < 0 else name
                     for i, (name, label) in enumerate(zip(called, labels))], dtype=str)


def split_gallery(people: np.ndarray, unknown: Optional[float] = None,
                  seed: int = 0) -> Tuple[np.ndarray, np.ndarray, str]:
    """Cut a set into gallery and probes: the first image of a person is in the gallery, the others are probes.

    Parameters
    ----------
    people : array (N,)
    unknown : float in [0, 1), or None
        Share of the people, drawn by the seed, whose images are probes only. None: the people with one image are these.
    seed : int

    Returns
    -------
    gallery, probes : int64 arrays
        Images.
    said : str
        The rule.
    """
    names, first, counts = np.unique(people, return_index=True, return_counts=True)
    if unknown is None:
        outside = counts == 1
        rule = 'the people with one image ({:,}) are unknown to it'.format(int(outside.sum()))
    else:
        outside = np.zeros(len(names), bool)
        outside[np.random.RandomState(seed).permutation(len(names))[:int(round(unknown * len(names)))]] = True
        rule = '{:,} of {:,} people are unknown to it (seed {})'.format(int(outside.sum()), len(names), seed)
    gallery = np.sort(first[~outside])
    probes = np.setdiff1d(np.arange(len(people)), gallery)
    return gallery, probes, 'the first image of a person is in the gallery, the others are probes; {}.'.format(rule)
