"""Which faces of a photograph count, and what comes of photographs that have none."""
import os
from collections import namedtuple
from functools import partial
from typing import Any, Dict, Iterator, Optional, Sequence, Tuple, Union

import numpy as np

from ..data.image import ImageError, read_photo
from ..utils.check import check_choice, check_number
from ..utils.files import is_path
from ..utils.threads import ahead
from ..utils.types import PathLike
from .detectors import DetectorError, Face, get_detector
from .geometry import corners, similarity, template

__all__ = ['Finder', 'Found', 'SEVERAL', 'STATUSES']

SEVERAL = ('largest', 'center', 'all', 'refuse')

# status -> what it says of a photograph
STATUSES = {
    'ok': 'a face was found',
    'no-face': 'no face was found',
    'too-small': 'its faces are too small',
    'several': 'it shows several faces',
    'no-landmarks': 'the landmarks do not name it',
    'bad-landmarks': 'its landmarks cannot be a face',
    'unreadable': 'it cannot be read',  # empty, truncated, damaged, too large, no image at all
    'failed': 'the detector failed',
}

Found = namedtuple('Found', 'path status faces count detail')
Found.__doc__ = """What came of one photograph.

path : str
    The file, or 'image 3' for the fourth of images that were given as arrays.
status : str
    A key of STATUSES.
faces : list of Face
    Those that count, empty unless 'ok': one, or with several='all' the largest first.
count : int
    Faces that are large enough.
detail : str
    What an error said, where there was one.
"""


class Finder:
    """Finds the faces that count in photographs, and has a word for everything that may be in a file.

    Parameters
    ----------
    detector : str, Detector or None
        A name for `get_detector`, or any object with ``detect(image) -> list of Face``. None with landmarks.
    landmarks : dict or None
        Absolute path -> (5, 2), as `read_landmarks` gives: no detector is needed then.
    several : {'largest', 'center', 'all', 'refuse'}
        Which of several faces counts: the one with the largest box, the one nearest to the middle of the photograph,
        all of them, or none.
    min_face : float, >= 0
        Faces whose box is narrower or lower do not count, in pixels of the photograph. With landmarks the box is what
        the aligned image covers.

    Raises
    ------
    ValueError
        Both or neither of detector and landmarks, or a parameter out of its range.

    Examples
    --------
    >>> import os
    >>> from gluonfr.align import Finder, template
    >>> finder = Finder(landmarks={os.path.abspath('anna.jpg'): template() * 2}, several='refuse')
    >>> print(finder.find('anna.jpg')[0].status)  # there is no such file
    unreadable
    """

    def __init__(self, detector: Any = None, landmarks: Optional[Dict[str, np.ndarray]] = None,
                 several: str = 'largest', min_face: float = 0):
        if (detector is None) == (landmarks is None):
            raise ValueError('Finder: either detector or landmarks must be given.')
        self._detector = get_detector(detector) if isinstance(detector, str) else detector
        self._landmarks = landmarks
        self.several = check_choice('Finder', 'several', several, SEVERAL)
        self.min_face = check_number('Finder', 'min_face', min_face, 0)

    def find(self, photo: Union[PathLike, np.ndarray], index: int = 0) -> Tuple[Found, Optional[np.ndarray]]:
        """What came of a photograph, and its pixels.

        Parameters
        ----------
        photo : str, Path or uint8 array (H, W, 3) RGB
        index : int
            Its place among others, by which an array is called.

        Returns
        -------
        (Found, uint8 array (H, W, 3) or None)
            None where it cannot be read.
        """
        is_file = is_path(photo)
        path = os.fspath(photo) if is_file else 'image {}'.format(index)
        try:
            image = read_photo(path) if is_file else photo
        except (ImageError, OSError) as error:
            return Found(path, 'unreadable', [], 0, str(error.__cause__ or error)), None
        try:
            found = self._choose(path, image.shape[:2], self._faces(path, image))
            for face in found.faces:
                similarity(face.landmarks, template())
        except DetectorError as error:
            found = Found(path, 'failed', [], 0, str(error))
        except ValueError as error:
            found = Found(path, 'bad-landmarks', [], 0, str(error))
        return found, image

    def survey(self, photos: Sequence[Union[PathLike, np.ndarray]]) -> Iterator[Found]:
        """Yield the `Found` of each of many photographs, in their order; threads read ahead."""
        return ahead([partial(self._found, photo, i) for i, photo in enumerate(photos)], 2, 2)

    def _found(self, photo, index):
        return self.find(photo, index)[0]

    def _faces(self, path, image):
        """The faces in an image; None if the landmarks do not name it."""
        if self._landmarks is None:
            return self._detector.detect(image)
        points = self._landmarks.get(os.path.abspath(path))
        if points is None:
            return None
        x, y = corners(similarity(points, template()), 112, 112).T
        return [Face(np.array([x.min(), y.min(), x.max(), y.max()]), 1.0, points)]

    def _choose(self, path, size, faces):
        if faces is None:
            return Found(path, 'no-landmarks', [], 0, '')
        large = [face for face in faces if min(face.box[2:] - face.box[:2]) >= self.min_face]
        if not large:
            return Found(path, 'too-small' if faces else 'no-face', [], 0, '')
        if self.several == 'refuse' and len(large) > 1:
            return Found(path, 'several', [], len(large), '')
        middle = np.array([size[1], size[0]]) / 2
        order = sorted(large, key=partial(_off_centre, middle) if self.several == 'center' else _minus_area)
        return Found(path, 'ok', order if self.several == 'all' else order[:1], len(large), '')


def _minus_area(face):
    return -(face.box[2:] - face.box[:2]).prod()


def _off_centre(middle, face):
    return np.hypot(*((face.box[:2] + face.box[2:]) / 2 - middle))
