"""The pairs that a network gets most wrong, with small pictures of them."""
import base64
from typing import Any, Dict, List, Optional

import numpy as np

from ..data.image import encode, resize
from ..metrics.cosines import all_cosines, unit_embeddings
from .given import Given

__all__ = ['HARDEST', 'THUMBNAIL', 'find_hardest', 'thumbnail']

HARDEST = 24  # of each kind
THUMBNAIL = 80  # pixels of the longer side


def find_hardest(given: Given, arrays: Dict[str, np.ndarray], threshold: Optional[float], most: int = HARDEST,
                 faces: bool = True, embeddings: Optional[np.ndarray] = None) -> Dict[str, List[Dict[str, Any]]]:
    """The pairs of two people with the highest scores, and those of one person with the lowest.

    Parameters
    ----------
    given : Given
    arrays : dict
        scores, same, first and second (P,).
    threshold : float or None
        By which a pair is wrong, where it is known.
    most : int
        Of each kind.
    faces : bool
        Whether images are read for thumbnails.
    embeddings : array (N, D) or None
        Look at all pairs of two people, not only at those in the arrays.

    Returns
    -------
    dict
        'false_accepts' and 'false_rejects', the worst first: score, first, second, first_name, second_name,
        first_thumb, second_thumb (JPEG in base64, None without images), wrong (None without a threshold).
    """
    thumbs: Dict[int, Optional[str]] = {}

    def thumb(i):
        if i not in thumbs:
            thumbs[i] = thumbnail(given.images.read(i)[0]) if faces and given.images is not None else None
        return thumbs[i]

    def shown(kind, scores, first, second):
        order = np.argsort(scores if kind else -scores, kind='stable')
        for score, i, j in zip(scores[order].tolist(), first[order].tolist(), second[order].tolist()):
            yield {'score': round(score, 5), 'first': i, 'second': j, 'first_name': given.names[i],
                   'second_name': given.names[j], 'first_thumb': thumb(i), 'second_thumb': thumb(j),
                   'wrong': None if threshold is None else (score >= threshold) != kind}

    def listed(kind):
        places = np.flatnonzero(arrays['same'] == kind)
        places = places[_lowest(arrays['scores'][places] * (1 if kind else -1), most)]
        return arrays['scores'][places], arrays['first'][places], arrays['second'][places]

    others = listed(False) if embeddings is None else _of_all(embeddings, given.people, most)
    return {'false_accepts': list(shown(False, *others)), 'false_rejects': list(shown(True, *listed(True)))}


def _of_all(embeddings, people, most):
    """Scores, first and second of the pairs of two people with the highest scores, among all pairs of images."""
    units, codes = unit_embeddings('find_hardest', embeddings), np.unique(people, return_inverse=True)[1]
    best, rank, done = np.zeros(0), np.zeros(0, np.int64), 0
    for scores, same in all_cosines(units, codes):
        scores[same] = -2
        places = _lowest(-scores, most)
        best, rank = np.concatenate([best, scores[places]]), np.concatenate([rank, done + places])
        kept = _lowest(-best, most)
        best, rank, done = best[kept], rank[kept], done + len(scores)
    # pairs are numbered (0, 1), (0, 2), ..., (1, 2), ...: those of image i begin at i (2 N - i - 1) / 2
    i = np.arange(len(codes), dtype=np.int64)
    starts = i * (2 * len(codes) - i - 1) // 2
    first = np.searchsorted(starts, rank, side='right') - 1
    return best, first, rank - starts[first] + first + 1


def _lowest(values, most):
    """Places of the lowest values, in any order."""
    if len(values) <= most:
        return np.arange(len(values))
    return np.argpartition(values, most)[:most] if most else np.zeros(0, np.int64)


def thumbnail(image: np.ndarray) -> str:
    """A JPEG of an image in base64, its longer side 80 pixels."""
    height, width = image.shape[:2]
    scale = THUMBNAIL / max(height, width)
    small = resize(image, (max(1, round(height * scale)), max(1, round(width * scale))))
    return base64.b64encode(encode(small, '.jpg', 80)).decode('ascii')
