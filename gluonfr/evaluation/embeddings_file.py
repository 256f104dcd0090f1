"""Embeddings in a .npz: of people, or of pairs."""
import json
import os
from typing import Any, Dict, List, Tuple

import numpy as np

from ..utils.arrays_file import read_npy, read_npz
from .given import Given, GivenPairs, file_facts
from .people import GivenPeople

__all__ = ['given_embeddings', 'of_one_length', 'read_embeddings', 'read_features']

FORMS = ('embeddings (N, D), and who is on each: people (N,), or labels (N,) as `gluonfr embed` writes them; or which '
         'pairs to compare: first, second and same (P,), or issame (P,) where pair p is rows 2 p and 2 p + 1')


def given_embeddings(path: str, **options: Any) -> Given:
    """What a .npz of embeddings gives.

    Parameters
    ----------
    path : str
    **options
        Of `GivenPeople`, for people.

    Raises
    ------
    ValueError
        It holds something else; the message says what is allowed. An embedding is not finite, with its row.
    """
    saved, embeddings, names = read_embeddings(path, FORMS)
    count = len(embeddings)
    name, sha256 = file_facts(path)
    facts = {'sha256': sha256, 'embeddings': embeddings, 'names': names}
    people = _people(path, saved, names)
    if 'issame' in saved or 'same' in saved:
        same = saved.get('issame', saved.get('same'))
        if 'first' in saved and 'second' in saved:
            first, second = saved['first'], saved['second']
        else:
            first, second = np.arange(0, count, 2), np.arange(1, count, 2)
        _check_pairs(path, first, second, same, count)
        given = GivenPairs(name, os.path.abspath(path), first, second, same, people=people, **facts)
        given.kind = 'embeddings of pairs'
    elif people is None:
        raise ValueError('{} must hold {}; got {}.'.format(path, FORMS, ', '.join(sorted(saved))))
    else:
        given = GivenPeople(name, os.path.abspath(path), people, **facts, **options)
        given.kind = 'embeddings of people'
    given.columns = {column: array for column, array in saved.items()
                     if array.shape == (count,) and array.dtype.kind in 'fiu'}
    given.net = _net(path, saved)
    return given


def read_embeddings(path: str, forms: str = 'embeddings (N, D), as `gluonfr embed` writes them') -> Tuple[
        Dict[str, np.ndarray], np.ndarray, List[str]]:
    """The arrays of a .npz, its embeddings (N, D), and what they are called: their names, or else their numbers.

    Raises
    ------
    ValueError
        It holds no embeddings, but should hold one of the ``forms``; or one of them is not finite, with its row.
    """
    saved = read_npz(path)
    embeddings = saved.get('embeddings')
    if embeddings is None:
        raise ValueError('{} must hold {}; got {}.'.format(path, forms, ', '.join(sorted(saved)) or 'nothing'))
    _check(path, embeddings)
    names = saved.get('names', np.arange(len(embeddings))).astype(str).tolist()
    if len(names) != len(embeddings):
        raise ValueError('{}: names must be ({},), got {}.'.format(path, len(embeddings), len(names)))
    return saved, embeddings, names


def of_one_length(embeddings: np.ndarray) -> bool:
    """Whether all have the same length, such as 1, so that it says nothing of an image."""
    return bool(np.ptp(np.linalg.norm(embeddings, axis=1)) < 1e-3)


def read_features(path: str, count: int) -> np.ndarray:
    """Embeddings (N, D) in the order of the images of a set, from a .npy or a .npz with one array of two dimensions.

    Raises
    ------
    ValueError
        There is no such array, or it has not a row for each image.
    """
    if path.endswith('.npy'):
        found = np.array(read_npy(path))
    else:
        arrays = read_npz(path)
        two = [array for name, array in arrays.items() if array.ndim == 2 and array.dtype.kind == 'f']
        if len(two) != 1:
            raise ValueError('{} must hold one array of two dimensions, got {}.'.format(
                path, ', '.join('{} {}'.format(name, array.shape) for name, array in arrays.items()) or 'nothing'))
        found = two[0]
    _check(path, found)
    if len(found) != count:
        raise ValueError('{} must have a row for each of {:,} images, in their order, got {:,}.'.format(
            path, count, len(found)))
    return found


def _check(path, embeddings):
    if embeddings.ndim != 2 or embeddings.dtype.kind != 'f' or not embeddings.size:
        raise ValueError('{}: embeddings must be numbers (N, D), got {} of shape {}.'.format(
            path, embeddings.dtype, embeddings.shape))
    bad = ~np.isfinite(embeddings).all(axis=1)
    if bad.any():
        raise ValueError('{}: embeddings must be finite, got NaN or infinity in {:,} of {:,} rows, first in row {}.'
                         .format(path, int(bad.sum()), len(bad), int(bad.argmax())))
    zero = ~embeddings.any(axis=1)
    if zero.any():
        raise ValueError('{}: embeddings must have a direction, got zeros alone in row {}.'.format(
            path, int(zero.argmax())))


def _check_pairs(path, first, second, same, count):
    if not (first.shape == second.shape == same.shape and same.ndim == 1 and len(same)):
        raise ValueError('{}: first, second and same must be of one length (P,), got {}, {} and {} for {:,} embeddings.'
                         .format(path, first.shape, second.shape, same.shape, count))
    for what, rows in (('first', first), ('second', second)):
        if rows.dtype.kind not in 'iu' or rows.min() < 0 or rows.max() >= count:
            raise ValueError('{}: {} must be rows of the embeddings, 0 to {}, got {} to {}.'.format(
                path, what, count - 1, rows.min(), rows.max()))
    wrong = ~np.isin(same, (0, 1))
    if wrong.any():
        raise ValueError('{}: same must be true or false (1 or 0), got {} in row {}.'.format(
            path, same[wrong.argmax()], int(wrong.argmax())))


def _people(path, saved, names):
    """Who is on each embedding, None where nothing says it."""
    people = saved.get('people', saved.get('labels'))
    if people is None or 'people' not in saved and people.dtype.kind in 'iuf' and (people < 0).all():
        return None
    if people.shape != (len(names),):
        raise ValueError('{}: people must be ({},), a person for each embedding, got {}.'.format(
            path, len(names), people.shape))
    classes = saved.get('classes', ())
    if 'people' in saved or people.dtype.kind not in 'iuf' or not len(classes):
        return people.astype(str)
    return np.array([str(classes[int(label)]) if 0 <= label < len(classes) else '{} {}'.format(int(label), i)
                     for i, label in enumerate(people)])


def _net(path, saved):
    """What the file says of the network that made it."""
    if 'net' not in saved:
        return None
    try:
        net = json.loads(str(saved['net']))
    except (RecursionError, ValueError) as error:
        raise ValueError('{} must say its network as JSON: {}.'.format(path, error)) from error
    spec = net.get('input') if isinstance(net, dict) else ()
    if spec is not None and not (isinstance(spec, list) and len(spec) == 4 and all(
            isinstance(part, list) and part and all(isinstance(value, (int, float)) for value in part)
            for part in spec[:3])):
        raise ValueError('{}: net must say its input as size, mean, std and colour, got {!r:.100}.'.format(path, net))
    return net
