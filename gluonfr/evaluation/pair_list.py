"""A list of pairs of image files, in a folder."""
import os
from typing import Any, Callable, Optional

import numpy as np

from ..data.image import ImageError, read_image
from ..data.image_files import ImageFiles
from ..data.pairs import read_pairs
from ..data.walk import find_image
from .given import GivenPairs, file_facts

__all__ = ['given_pair_list']


def given_pair_list(path: str, root: Optional[str] = None, find: Optional[Callable] = None) -> GivenPairs:
    """The pairs of a list, without those that lack an image.

    Parameters
    ----------
    path : str
        What `read_pairs` takes.
    root : str or None
        What its paths are relative to; None: the folder of the list.
    find : callable or None
        (paths) -> (dataset of the faces that were found, paths and reasons of photographs without one), where the
        images are photographs.

    Raises
    ------
    ValueError
        A line is wrong (its number), or no pair is left.
    """
    listed = read_pairs(path)
    root = os.path.dirname(os.path.abspath(path)) if root is None else os.path.expanduser(root)
    paths = {name: find_image(root, name) for pair in listed for name in pair[:2]}
    images, why = (find or _readable)([found for found in paths.values() if found])
    number = {found: i for i, found in enumerate(images.paths)}
    kept, left_out = [], []
    for first, second, same in listed:
        ends = [number.get(paths[name]) for name in (first, second)]
        if None not in ends:
            kept.append(ends + [same])
            continue
        name = (first, second)[ends.index(None)]
        left_out.append(('{} {}'.format(first, second), why.get(paths[name], 'there is no {}'.format(
            os.path.join(root, name)))))
    if not kept:
        raise ValueError('{}: none of its {:,} pairs has two images that can be read, the first: {}. root says which '
                         'folder their paths are relative to.'.format(path, len(listed), left_out[0][1]))
    name, sha256 = file_facts(path)
    first, second, same = map(np.array, zip(*kept))
    given = GivenPairs(name, os.path.abspath(path), first, second, same, sha256=sha256, images=images,
                       people=_people(paths, images, listed))
    given.kind = 'a list of pairs'
    for what, reason in left_out:
        given.leave_out(what, reason)
    if len(set(listed)) < len(listed):
        given.assumed.append('{}: {:,} of its pairs are listed twice, and count twice.'.format(
            name, len(listed) - len(set(listed))))
    return given


def _readable(paths):
    """The images that can be read, and why the others cannot."""
    why = {}
    for path in paths:
        try:
            read_image(path)
        except (ImageError, OSError) as error:
            why[path] = str(error)
    return ImageFiles([path for path in paths if path not in why]), why


def _people(paths, images, listed) -> Any:
    """Who is on each image, by the folder that it lies in, where that agrees with the list; else None."""
    folder = {name: os.path.dirname(name) for name in paths}
    if any((folder[first] == folder[second]) != same for first, second, same in listed):
        return None
    names = {found: name for name, found in paths.items()}
    return [folder[names[path]] for path in images.paths]
