"""The test of TinyFace: probes, a gallery of the same people, and faces of others."""
import os
from typing import Optional

import numpy as np

from ..utils.types import PathLike
from .image_files import ImageFiles, readable
from .walk import walk_images

__all__ = ['TinyFace', 'tinyface_folder']

FOLDERS = ('Gallery_Match', 'Probe', 'Gallery_Distractor')
# lists beside the folders, and what they call the images and their people
LISTS = {'Gallery_Match': ('gallery_match_img_ID_pairs.mat', 'gallery_set', 'gallery_ids'),
         'Probe': ('probe_img_ID_pairs.mat', 'probe_set', 'probe_ids')}


class TinyFace:
    """TinyFace (Cheng et al., "Low-Resolution Face Recognition", arXiv:1811.08965): 3,728 probes, a gallery of 4,443
    faces of the same people, and 153,428 faces of others.

    Who is on an image, the lists gallery_match_img_ID_pairs.mat and probe_img_ID_pairs.mat beside the folders say, or
    its name, PERSON_NUMBER.jpg. The faces have many sizes, mostly about 20 pixels.

    Parameters
    ----------
    root : str or Path
        The folder with Gallery_Match, Probe and Gallery_Distractor, or one above: Testing_Set, tinyface. Faces that
        were aligned and lie in another folder with these three, as AdaFace's evaluation has them, are taken if that
        folder is given.

    Attributes
    ----------
    gallery, probes, distractors : ImageFiles
        `classes` are the people of both. Images that cannot be read are left out and listed in `skipped`.
    path : str

    Raises
    ------
    FileNotFoundError
        There are no such folders.
    ValueError
        Nothing says who is on an image.
    """

    def __init__(self, root: PathLike):
        root = os.path.expanduser(os.fspath(root))
        self.path = tinyface_folder(root)
        if self.path is None:
            raise FileNotFoundError('TinyFace: {} must hold the folders {}.'.format(root, ', '.join(FOLDERS)))
        paths, people = {}, {}
        skipped = {name: [] for name in FOLDERS}
        for name in FOLDERS:
            folder = os.path.join(self.path, name)
            walk = walk_images(folder, on_error='skip')
            skipped[name] += [(os.path.join(folder, path), why) for path, why in walk.unreadable]
            found = [os.path.join(folder, path) for path in walk.images]
            if not found:
                raise ValueError('TinyFace: {} must hold images, got none.'.format(folder))
            paths[name] = [found[i] for i in readable('TinyFace', found, 'skip', skipped[name])]
        for name in LISTS:
            listed = self._listed(*LISTS[name])
            people[name] = [_person(path, listed) for path in paths[name]]
        classes = sorted(set(people['Gallery_Match']) | set(people['Probe']))
        number = {person: label for label, person in enumerate(classes)}
        self.gallery, self.probes, self.distractors = (
            ImageFiles(paths[name], [number[person] for person in people[name]] if name in people else None, classes,
                       root=self.path, skipped=skipped[name]) for name in FOLDERS)

    def __repr__(self):
        return 'TinyFace({:,} probes, {:,} images in the gallery, {:,} of others)'.format(
            len(self.probes), len(self.gallery), len(self.distractors))

    def _listed(self, file, images, ids):
        """{name of an image: person} in a list; empty where it is not there."""
        path = os.path.join(self.path, file)
        if not os.path.isfile(path):
            return {}
        from scipy.io import loadmat
        try:
            content = loadmat(path)
        except Exception as error:  # SciPy has many for bytes that make no sense
            raise ValueError('TinyFace: {} is no .mat file, or is damaged: {}.'.format(path, error)) from error
        missing = [name for name in (images, ids) if name not in content]
        if missing:
            raise ValueError('TinyFace: {} must hold {} and {}, but lacks {}.'.format(
                path, images, ids, ' and '.join(missing)))
        called = [str(np.ravel(entry)[0]) if np.size(entry) else '' for entry in content[images].ravel()]
        people = content[ids].ravel()
        if len(called) != len(people):
            raise ValueError('TinyFace: {}: {} and {} must be of one length, got {:,} and {:,}.'.format(
                path, images, ids, len(called), len(people)))
        return {_stem(name): str(int(person)) for name, person in zip(called, people)}


def tinyface_folder(folder: str) -> Optional[str]:
    """The folder with TinyFace's three, in a folder or in its Testing_Set; None where there is none."""
    for place in (folder, os.path.join(folder, 'Testing_Set'), os.path.join(folder, 'tinyface', 'Testing_Set')):
        if all(os.path.isdir(os.path.join(place, name)) for name in FOLDERS):
            return place
    return None


def _stem(path):
    return os.path.splitext(os.path.basename(path))[0]


def _person(path, listed):
    stem = _stem(path)
    if stem in listed:
        return listed[stem]
    person, _, number = stem.rpartition('_')
    if not person or not number:
        raise ValueError('TinyFace: the name of {} must be PERSON_NUMBER, or stand in the lists beside the folders.'
                         .format(path))
    return person
