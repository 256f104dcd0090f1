"""Whether the people or images of a set were trained on."""
import os
from typing import Any, Dict, Optional

import numpy as np

from ..data import open_dataset
from ..utils.messages import counted
from ..utils.vectors import unit_rows
from .embeddings_file import read_embeddings
from .given import Given, plain_name
from .joined import HashedImages

__all__ = ['NEAR', 'find_overlap']

NEAR = 0.95  # cosine from which on two images are taken for copies of one
NAMED = 20  # of each kind in the result
ROWS = 4096  # images of the training set compared at a time


def find_overlap(given: Given, embeddings: Optional[np.ndarray], digests: Optional[np.ndarray], train: str,
                 embedder: Any = None, *, root: Optional[str] = None, progress: bool = False) -> Dict[str, Any]:
    """Look for the people and images of a set among those of a training set.

    Three ways, as far as the data allow each: by the names of the people, without regard to case and marks; by the
    bytes of the images; and by embeddings as like as those of two copies of one image.

    Parameters
    ----------
    given : Given
    embeddings : array (N, D), or None
    digests : uint8 array (N, 32), or None
        SHA-256 of each image.
    train : str
        What `open_dataset` takes, or a .npz of embeddings.
    embedder : Embedder or None
    root : str or None
        Folder of training sets that have names.
    progress : bool

    Returns
    -------
    dict
        train, images, people (shared; None where names are not known), names, equal (images of equal bytes; None where
        bytes are not known), near (further images that have a copy, None without embeddings), threshold, pairs (list of
        [image, image of the training set, cosine]), sentence.

    Raises
    ------
    ValueError
        Nothing of the set can be compared.
    """
    there = _train_set(train, embedder, root, progress)
    mine = _names(() if given.people is None else np.unique(given.people).tolist())
    people = None
    if mine and there['people']:
        people = sorted(mine[name] for name in set(mine) & set(there['people']))
    equal = None
    if digests is not None and there['digests'] is not None:
        known = {digest.tobytes() for digest in there['digests']}
        equal = np.array([digest.tobytes() in known for digest in digests])
    near = pairs = None
    if embeddings is not None and there['embeddings'] is not None:
        if embeddings.shape[1] != there['embeddings'].shape[1]:
            raise ValueError('{}: its embeddings have {} numbers, and those of {} {}: they are of another '
                             'network.'.format(train, there['embeddings'].shape[1], given.name,
                                               embeddings.shape[1]))
        best, where = _nearest(unit_rows(embeddings), unit_rows(there['embeddings']))
        near = best >= NEAR
        pairs = [[given.names[i], there['names'][where[i]], round(float(best[i]), 4)]
                 for i in np.argsort(-best, kind='stable')[:NAMED] if near[i]]
    if people is None and equal is None and near is None:
        raise ValueError('{}: nothing in it can be compared with {}: neither names of people, nor images, nor '
                         'embeddings.'.format(train, given.name))
    found = {'train': os.path.abspath(train), 'images': there['count'],
             'people': None if people is None else len(people),
             'names': (people or [])[:NAMED], 'equal': None if equal is None else int(equal.sum()),
             'near': None if near is None else int((near & ~equal if equal is not None else near).sum()),
             'threshold': NEAR, 'pairs': pairs or []}
    found['sentence'] = _sentence(given, train, found)
    return found


def _train_set(train, embedder, root, progress):
    """What is known of a training set."""
    if train.endswith('.npz'):
        saved, embeddings, names = read_embeddings(train)
        people = saved['people'] if 'people' in saved else saved.get('classes')
        return {'embeddings': embeddings, 'digests': None, 'people': _names(() if people is None else people),
                'names': names, 'count': len(embeddings)}
    images = open_dataset(train, 'skip', sets=root)
    hashed = HashedImages(images)
    embeddings = None
    if embedder is not None:
        embeddings = embedder(hashed, progress='training data' if progress else False)
    else:
        for i in range(len(hashed)):
            hashed.read(i)
    return {'embeddings': embeddings, 'digests': hashed.digests, 'count': len(images), 'names': list(images.names),
            'people': _names(images.classes)}


def _nearest(embeddings, others):
    """The largest cosine of each embedding with any other, and which that is."""
    best, where = np.full(len(embeddings), -2.0), np.zeros(len(embeddings), np.int64)
    for begin in range(0, len(others), ROWS):
        cosines = embeddings @ others[begin:begin + ROWS].T.astype(embeddings.dtype)
        place = cosines.argmax(axis=1)
        found = cosines[np.arange(len(cosines)), place]
        better = found > best
        best[better], where[better] = found[better], begin + place[better]
    return best, where


def _names(people):
    """{name without case and marks: name} of people who have names, with letters: numbers say nothing."""
    return {plain_name(name): str(name) for name in people if plain_name(name)}


def _sentence(given, train, found):
    said = [counted(found['people'], 'person by name', 'people by name') if found['people'] else '',
            counted(found['equal'], 'image of equal bytes', 'images of equal bytes') if found['equal'] else '',
            counted(found['near'], 'image that looks like a copy', 'images that look like copies')
            + ' (cosine >= {:g})'.format(NEAR) if found['near'] else '']
    ways = ' and '.join(way for way, key in (('names', 'people'), ('bytes', 'equal'), ('embeddings', 'near'))
                        if found[key] is not None)
    if any(said):
        return '{}: {} are in the training data {}, too: the numbers are better than on new people.'.format(
            given.name, ', '.join(filter(None, said)), train)
    return '{}: no overlap with the training data {} is found by {}.'.format(given.name, train, ways)
