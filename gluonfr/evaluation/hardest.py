"""The pairs that a net gets most wrong, with small pictures of them."""
import base64
from typing import Any, Dict, List, Optional

import numpy as np

from ..data.image import encode, resize
from .given import Given

__all__ = ['HARDEST', 'THUMBNAIL', 'find_hardest']

HARDEST = 24  # of each kind
THUMBNAIL = 80  # pixels of the longer side


def find_hardest(given: Given, arrays: Dict[str, np.ndarray], threshold: Optional[float], most: int = HARDEST,
                 faces: bool = True) -> Dict[str, List[Dict[str, Any]]]:
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

    Returns
    -------
    dict
        'false_accepts' and 'false_rejects', the worst first: score, first, second, first_name, second_name,
        first_thumb, second_thumb (JPEG in base64, None without images), wrong (None without a threshold).
    """
    scores, same = arrays['scores'], arrays['same']
    thumbs: Dict[int, Optional[str]] = {}

    def thumb(i):
        if i not in thumbs:
            thumbs[i] = _thumbnail(given.images.read(i)[0]) if faces and given.images is not None else None
        return thumbs[i]

    def worst(sign, kind):
        places = np.flatnonzero(same == kind)
        if len(places) > most:
            places = places[np.argpartition(sign * scores[places], most)[:most]] if most else places[:0]
        for p in places[np.argsort(sign * scores[places], kind='stable')]:
            first, second, score = int(arrays['first'][p]), int(arrays['second'][p]), float(scores[p])
            yield {'score': round(score, 5), 'first': first, 'second': second, 'first_name': given.names[first],
                   'second_name': given.names[second], 'first_thumb': thumb(first), 'second_thumb': thumb(second),
                   'wrong': None if threshold is None else bool((score >= threshold) != kind)}

    return {'false_accepts': list(worst(-1, False)), 'false_rejects': list(worst(1, True))}


def _thumbnail(image):
    """A JPEG of an image in base64, its longer side 80 pixels."""
    height, width = image.shape[:2]
    scale = THUMBNAIL / max(height, width)
    small = resize(image, (max(1, round(height * scale)), max(1, round(width * scale))))
    return base64.b64encode(encode(small, '.jpg', 80)).decode('ascii')
