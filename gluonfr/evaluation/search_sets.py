"""A gallery and probes; a set of people among distractors; TinyFace."""
import os
from typing import Sequence

import numpy as np

from ..data.tinyface import TinyFace
from ..metrics import DistractorTruth, SearchTruth
from ..utils.messages import counted
from .columns import listed_images
from .given import Given, Task
from .joined import JoinedImages

__all__ = ['GivenDistractors', 'GivenSearch', 'given_tinyface']


class GivenSearch(Given):
    """Probes that are searched in a gallery.

    Parameters
    ----------
    gallery, probes : Given
        Each with images or embeddings, and `people`; a probe whose person the gallery lacks is unknown to it.
    """

    kind = 'a gallery and probes'
    protocols = ('identification',)

    def __init__(self, gallery: Given, probes: Given):
        if not (gallery.are_named and probes.are_named):
            raise ValueError('{} and {} must both say who is on each image: a folder of people, a list or embeddings '
                             'with people.'.format(gallery.path, probes.path))
        if (gallery.embeddings is None) != (probes.embeddings is None):
            raise ValueError('{} and {} must both be images, or both embeddings.'.format(gallery.path, probes.path))
        sides = (gallery, probes)
        super().__init__('{}/{}'.format(gallery.name, probes.name), gallery.path,
                         names=gallery.names + probes.names,
                         people=np.concatenate([side.people.astype(str) for side in sides]), **joined(*sides))
        self.left_out, self.assumed = gallery.left_out + probes.left_out, gallery.assumed + probes.assumed
        self.net = gallery.net
        self._gallery = gallery.count
        known = set(gallery.people.tolist())
        if not known & set(probes.people.tolist()):
            raise ValueError('{} and {}: none of the people of the probes is in the gallery; a person must have one '
                             'name in both.'.format(gallery.path, probes.path))

    def task(self, protocol):
        if protocol != 'identification':
            raise self.refuse(protocol)
        g = self._gallery
        return Task(SearchTruth(self.people[:g], self.people[g:]), (np.arange(g), np.arange(g, self.count)))


class GivenDistractors(Given):
    """A set of people with faces of others beside it, among whom they must be found.

    Parameters
    ----------
    given : GivenPeople
    others : Given
        Images or embeddings of people who are not in the set.
    noise : sequence of str
        Text files that list images of both which are left out of `distractors`, as they show somebody else.
    """

    protocols = ('distractors', 'kfold', 'pairs', 'identification', 'groups', 'quality')

    def __init__(self, given: Given, others: Given, noise: Sequence[str] = ()):
        if given.people is None or (given.embeddings is None) != (others.embeddings is None):
            raise ValueError('GivenDistractors: distractors must come with a set of people: both images, or both '
                             'embeddings.')
        super().__init__(given.name, given.path, names=given.names + others.names, **joined(given, others))
        self._given, self._others = given, others
        self.kind = '{}, and distractors'.format(given.kind)
        given.left_out += others.left_out
        self.left_out, self.assumed = given.left_out, given.assumed
        self.people, self.are_named, self.net = given.people, given.are_named, given.net
        self.of_all_pairs = given.of_all_pairs
        self._noise = [listed_images(part.names, noise) for part in (given, others)]
        if noise:
            self.assumed.append('{}: distractors: {} and {} are left out, which {} {}.'.format(
                self.name, counted(len(self._noise[0]), 'probe'), counted(len(self._noise[1]), 'distractor'),
                ' and '.join(noise), 'lists' if len(noise) == 1 else 'list'))
        if others.people is not None:
            both = set(given.people.tolist()) & set(others.people.tolist())
            if both:
                raise ValueError('{}: distractors must show none of the people of {}, got {} of them, such as {}.'
                                 .format(others.path, given.name, len(both), min(both)))

    def has(self, protocol):
        return protocol == 'distractors' or protocol in ('groups', 'quality') and self._given.has(protocol)

    def pairs(self):
        return self._given.pairs()

    def task(self, protocol):
        own = np.arange(self._given.count)
        if protocol == 'distractors':
            return Task(DistractorTruth(self.people, self._others.count, *self._noise),
                        (own, np.arange(len(own), self.count)))
        task = self._given.task(protocol)
        return task if task.rows is not None else task._replace(rows=own)


def joined(*parts):
    """The images or embeddings of some sets, one after the other, as arguments of a `Given`."""
    hashes = [part.sha256 for part in parts]
    sha256 = None if None in hashes else ' '.join(hashes)
    if parts[0].embeddings is not None:
        if len({part.embeddings.shape[1] for part in parts}) > 1:
            raise ValueError('embeddings must be of one size, got {}.'.format(' and '.join(
                '{} in {}'.format(part.embeddings.shape[1], part.path) for part in parts)))
        return {'embeddings': np.concatenate([part.embeddings for part in parts]), 'sha256': sha256}
    return {'images': JoinedImages([part.images for part in parts]), 'sha256': sha256}


def given_tinyface(folder: str) -> GivenSearch:
    """The test of TinyFace: its probes in a gallery of faces of the same people, and of others; see `TinyFace`."""
    faces = TinyFace(folder)
    in_gallery, searched = ([side.classes[label] for label in side.labels] for side in (faces.gallery, faces.probes))
    others = ['distractor {}'.format(i) for i in range(len(faces.distractors))]
    gallery = Given('gallery', faces.path, images=JoinedImages([faces.gallery, faces.distractors]),
                    people=in_gallery + others)
    given = GivenSearch(gallery, Given('probes', faces.path, images=faces.probes, people=searched))
    given.name, given.path, given.kind = 'tinyface', os.path.abspath(faces.path), 'TinyFace'
    for side in (faces.gallery, faces.probes, faces.distractors):
        for path, why in side.skipped:
            given.leave_out(path, why)
    given.assumed.append('tinyface: {} of the gallery show none of the people.'.format(counted(len(others), 'image')))
    return given
