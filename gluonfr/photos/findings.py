"""What is wrong with images of people, judged by their embeddings: a list of findings, the worst first."""
from collections import namedtuple
from itertools import count, repeat
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ..evaluation.overlap import NEAR as COPY_OF_TEST
from ..utils.check import check_int, check_number
from ..utils.messages import counted
from ..utils.vectors import unit_rows
from .duplicates import ALL_PAIRS, find_copies, near_pairs, nearest_of
from .embeddings import Embedded
from .mislabelled import impostor_threshold, judge_labels, mixed_people, same_people

__all__ = ['KINDS', 'NEAR', 'Finding', 'Limits', 'Against', 'examine', 'people_now']

NEAR = 0.85  # cosine of two copies, which must look alike, too
BY_CHANCE = 0.1  # wrong images, and pairs of people, that pass the threshold by chance, at most about so many

KINDS = {  # kind -> title
    'unreadable': 'Cannot be read', 'no images': 'People without images', 'left out': 'No images of people',
    'size': 'Of another size', 'blurred': 'Not sharp', 'norm': 'Short embeddings',
    'wrong label': 'Another person', 'stranger': 'Unlike the others of the person',
    'two names': 'One person under two names', 'two people': 'Two people under one name',
    'copy': 'Equal bytes', 'near copy': 'Copies', 'in test': 'In the test set',
    'person in test': 'Of people in the test set', 'few': 'People with too few images'}

Finding = namedtuple('Finding', 'kind image person score own other resembles proposed action why',
                     defaults=(None, None, '', '', '', ''))
Finding.__doc__ = """One thing that is wrong.

Parameters
----------
kind : str
    Of `KINDS`.
image : int or str
    Which one, or the name of what is not in the set.
person : str
score : float or None
    What it was found by.
own : float or None
    Median cosine with the other images of the person.
other : int or None
    The image that it resembles.
resembles : str
    The name of that, where it is in another set.
proposed : str
    The person that it is of instead.
action : str
    'exclude', 'relabel' or ''.
why : str
    A sentence.
"""

Against = namedtuple('Against', 'name names digests embeddings people')
Against.__doc__ = """A test set: its name, and of its images names, digests, embeddings and people; digests and people
are None where they are not known."""


class Limits:
    """From where on something is found.

    Parameters
    ----------
    threshold : float in (-1, 1), or None
        Cosine from which on two images are of one person; None: measured on the images, so that about one image in ten
        is as like any of the other people by chance.
    near : float in (0, 1]
        Cosine of two copies.
    min_images : int
        Images that a person must have.
    min_norm, min_sharpness : float or None
        Length of the embedding, and variance of the Laplacian, that an image must have; None: any.
    """

    def __init__(self, threshold: Optional[float] = None, near: float = NEAR, min_images: int = 2,
                 min_norm: Optional[float] = None, min_sharpness: Optional[float] = None):
        self.threshold = None if threshold is None else check_number('clean', 'threshold', threshold, -1, 1, True, True)
        self.near = check_number('clean', 'near', near, 0, 1, low_open=True)
        self.min_images = check_int('clean', 'min_images', min_images, 1)
        self.min_norm, self.min_sharpness = (None if value is None else check_number('clean', name, value, 0)
                                             for name, value in (('min_norm', min_norm),
                                                                 ('min_sharpness', min_sharpness)))


def examine(images: Embedded, people: Sequence[str], limits: Optional[Limits] = None,
            tested: Optional[Against] = None) -> Tuple[List[Finding], Dict[str, Any]]:
    """Find what is wrong with images of people.

    Parameters
    ----------
    images : Embedded
    people : sequence of str (N,)
    limits : Limits or None
    tested : Against or None

    Returns
    -------
    findings : list of Finding
        By kind, each kind the worst first.
    facts : dict
        threshold (None where it cannot be measured), pairs_threshold, and sentences on what was not looked at.
    """
    limits, people = limits or Limits(), np.asarray(people).astype(str)
    found = _bad_images(images, people, limits)
    bad = np.zeros(len(people), bool)
    bad[[finding.image for finding in found]] = True
    kept = np.flatnonzero(~bad)
    facts = {'threshold': None, 'pairs_threshold': None, 'sentences': []}
    if len(kept):
        look = _Look(images, people, kept, limits, facts)
        found += look.labels() + look.copies()
    if tested is not None and len(kept):
        found += _in_test(images, people, kept, tested)
    found += _few(found, people, limits.min_images)
    order = list(KINDS)
    return sorted(found, key=lambda finding: order.index(finding.kind)), facts


def people_now(findings: Sequence[Finding], people: Sequence[str]) -> List[str]:
    """Whose each image is when what is proposed is done."""
    joined = {finding.person: finding.proposed for finding in findings if finding.kind == 'two names'}
    given = {finding.image: finding.proposed for finding in reversed(findings)
             if finding.action == 'relabel' and finding.kind != 'two names'}
    now = []
    for i, person in enumerate(people):
        person = given.get(i, person)
        while person in joined:
            person = joined[person]
        now.append(person)
    return now


def _bad_images(images, people, limits):
    lengths = np.linalg.norm(images.embeddings, axis=1)
    found = []
    for kind, values, least, what in (
            ('norm', lengths, limits.min_norm, 'its embedding has the length {:.4g}, less than {:.4g}'),
            ('blurred', images.sharpness, limits.min_sharpness, 'its sharpness is {:.4g}, less than {:.4g}')):
        if least is not None:
            found += [Finding(kind, int(i), people[i], float(values[i]), action='exclude',
                              why=what.format(values[i], least))
                      for i in np.argsort(values, kind='stable') if values[i] < least]
    zero = np.flatnonzero(lengths == 0)
    return found + [Finding('norm', int(i), people[i], 0.0, action='exclude', why='the net gives zeros')
                    for i in zero if not (limits.min_norm and limits.min_norm > 0)]


class _Look:
    """A look at the images that are not bad, whose places in the set are `kept`."""

    def __init__(self, images, people, kept, limits, facts):
        self.images, self.kept, self.limits = images, kept, limits
        self.units = unit_rows(images.embeddings[kept].astype('float32', copy=False))
        self.names, self.codes = np.unique(people[kept], return_inverse=True)
        self.threshold = self.judged = None
        self.own = np.ones(len(kept))  # where there is no other image of the person, nothing speaks against the label
        self.doubted = np.zeros(len(kept), bool)
        persons = len(self.names)
        if persons < 2:
            facts['sentences'].append('There is one person only: labels cannot be compared with those of others.')
            self.threshold = limits.threshold
        elif limits.threshold is None:
            self.threshold = impostor_threshold(self.units, self.codes, BY_CHANCE / persons)
            self.least = impostor_threshold(self.units, self.codes, 2 * BY_CHANCE / (persons * (persons - 1)))
        else:
            self.threshold = self.least = limits.threshold
        if persons > 1:
            self.judged = judge_labels(self.units, self.codes, self.threshold)
            self.own = np.nan_to_num(self.judged.own, nan=1)
            facts['pairs_threshold'] = self.least
        facts['threshold'] = self.threshold

    def labels(self):
        """Findings on whose images they are."""
        if self.threshold is None:
            return []
        if self.judged is None:
            return self._mixed()
        merged, found = self._same()
        judged = self.judged
        wrong = (self.own < self.threshold) & (judged.likeness >= self.threshold) & (
            merged[self.codes] != merged[judged.other])
        for i in np.flatnonzero(wrong)[np.argsort((self.own - judged.likeness)[wrong], kind='stable')]:
            other = judged.other[i]
            members = judged.centres.members[other]
            members = members[self.codes[members] == other]  # others that are wrongly labelled are no evidence
            if not len(members):
                members = np.flatnonzero(self.codes == other)
            like = members[(self.units[members] @ self.units[i]).argmax()]
            found.append(self._finding(
                'wrong label', i, judged.likeness[i], like, self.names[other], 'relabel',
                'it resembles {} ({:.2f}) more than its own person ({:.2f})'.format(
                    self.names[other], judged.likeness[i], self.own[i])))
        self.doubted |= wrong
        found += self._mixed()
        return found + self._strangers()

    def _same(self):
        """The person with whom each is one, and the findings."""
        merged, found = np.arange(len(self.names)), []
        for first, second, score in same_people(self.judged.centres, self.least):
            if score < self.threshold:
                continue
            root, joined = merged[first], merged[second]
            if root == joined:
                continue
            merged[merged == joined] = root
            images = [self._typical(person) for person in (second, first)]
            found.append(self._finding(
                'two names', images[0], score, images[1], self.names[root], 'relabel',
                '{} and {} look like one person (mean cosine {:.2f})'.format(
                    self.names[second], self.names[first], score))._replace(person=str(self.names[joined])))
        return merged, found

    def _typical(self, person):
        members = self.judged.centres.members[person]
        return members[(self.units[members] @ self.judged.centres.vectors[person]).argmax()]

    def _mixed(self):
        found, there = [], set(self.names.tolist())
        for mixture in mixed_people(self.units, self.codes, ~self.doubted, self.threshold):
            name = self.names[mixture.person]
            new = next(new for new in map('{}-{}'.format, repeat(name), count(2)) if new not in there)
            there.add(new)
            for i in mixture.second:
                like = mixture.first[(self.units[mixture.first] @ self.units[i]).argmin()]
                found.append(self._finding(
                    'two people', i, mixture.score, like, new, 'relabel',
                    '{} of {} are of another person than the other {} (mean cosine {:.2f})'.format(
                        counted(len(mixture.second), 'image'), name, len(mixture.first), mixture.score)))
            self.doubted[mixture.second] = True
        return found

    def _strangers(self):
        """Images that resemble neither the others of their person, which resemble one another, nor other people."""
        own = self.own
        agreed = np.bincount(self.codes, own >= self.threshold, len(self.names))
        strange = (own < self.threshold) & ~self.doubted & (agreed[self.codes] >= 2)
        self.doubted |= strange
        return [self._finding('stranger', i, own[i], self._typical(self.codes[i]), '', 'exclude',
                              'its median cosine with the other images of the person is {:.2f}'.format(own[i]))
                for i in np.flatnonzero(strange)[np.argsort(own[strange], kind='stable')]]

    def copies(self):
        """Findings on copies: of each group of them the best one is kept."""
        digests = self.images.digests[self.kept]
        _, content = find_copies(digests, np.zeros((0, 2), np.int64))
        first = np.unique(content, return_index=True)[1]  # one of each content
        cells = None
        if len(first) > ALL_PAIRS:
            cells = self.codes[first, None] if self.judged is None else np.column_stack(
                [self.codes, self.judged.nearest])[first]
        thumbs = None if self.images.thumbs is None else self.images.thumbs[self.kept][first]
        pairs = near_pairs(self.units[first], self.limits.near, thumbs, cells)[0]
        group = find_copies(digests, first[pairs])[0]
        order = np.lexsort([-self.images.sharpness[self.kept], -self.own.round(1), self.doubted, group])
        begins = np.flatnonzero(np.diff(group[order], prepend=-1))
        best = np.repeat(order[begins], np.diff(np.append(begins, len(order))))
        copies = order[order != best]
        best = best[order != best]
        cosines = np.einsum('ij,ij->i', self.units[copies], self.units[best])
        found = []
        for k in np.argsort(-cosines, kind='stable'):
            i, kept = copies[k], best[k]
            equal, names = content[i] == content[kept], self.names[self.codes[[i, kept]]]
            under = '' if names[0] == names[1] else ', under the name {}'.format(names[1])
            found.append(self._finding('copy' if equal else 'near copy', i, cosines[k], kept, '', 'exclude',
                                       '{} image is kept{}'.format('the same' if equal else 'a like', under)))
        return found

    def _finding(self, kind, i, score, other, proposed, action, why):
        own = np.nan if self.judged is None else self.judged.own[i]
        return Finding(kind, int(self.kept[i]), str(self.names[self.codes[i]]), float(score),
                       None if np.isnan(own) else float(own), int(self.kept[other]), '', str(proposed), action, why)


def _in_test(images, people, kept, tested):
    """Images that are in a test set, and the other images of their people."""
    where, cosines = nearest_of(unit_rows(images.embeddings[kept]), unit_rows(tested.embeddings))
    there = cosines >= COPY_OF_TEST
    if tested.digests is not None:
        known = {digest.tobytes(): i for i, digest in enumerate(tested.digests)}
        for k, i in enumerate(kept):
            equal = known.get(images.digests[i].tobytes())
            if equal is not None:
                there[k], where[k], cosines[k] = True, equal, 1
    found = [Finding('in test', int(kept[k]), str(people[kept[k]]), float(cosines[k]), None, None,
                     str(tested.names[where[k]]), '', 'exclude', 'it is a copy of an image of {}'.format(tested.name))
             for k in np.argsort(-cosines, kind='stable') if there[k]]
    tested_people = set(people[kept[there]])
    if tested.people is not None:
        tested_people |= set(np.asarray(tested.people).astype(str)) & set(people)
    images_there = set(kept[there].tolist())
    return found + [Finding('person in test', int(i), people[i], None, action='exclude',
                            why='{} is in {}, too'.format(people[i], tested.name))
                    for i in kept if people[i] in tested_people and int(i) not in images_there]


def _few(found, people, least):
    """The images of people with too few, when all that was found is done."""
    there, now = np.ones(len(people), bool), np.array(people_now(found, people.tolist()))
    there[[finding.image for finding in found if finding.action == 'exclude']] = False
    names, codes = np.unique(now, return_inverse=True)
    counts = np.bincount(codes, there, len(names)).astype(int)
    return [Finding('few', int(i), str(people[i]), float(counts[codes[i]]), action='exclude',
                    why='{} has {} of at least {} images'.format(now[i], counts[codes[i]], least))
            for i in np.flatnonzero(there & (counts[codes] < least))]
