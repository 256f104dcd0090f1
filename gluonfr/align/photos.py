"""Photographs as aligned faces that an Embedder takes."""
import os

import numpy as np

from ..data.image import read_photo
from ..utils.files import is_path
from .find import STATUSES, Finder
from .geometry import align_face

__all__ = ['FaceError', 'PhotoFaces', 'find_faces']


class FaceError(ValueError):
    """A photograph without the one face that was asked for."""


class PhotoFaces:
    """Faces in photographs whose landmarks are known, as a dataset of aligned images.

    Parameters
    ----------
    photos : sequence of str, Path or uint8 array (H, W, 3) RGB
        A photograph may come several times.
    landmarks : sequence of array (5, 2)
    size : int or (int, int)
        As for `template`.
    labels : sequence of int or None
        None: -1 for each.

    Attributes
    ----------
    paths : list of str
    labels : int64 array, (N,)
    landmarks : float64 array, (N, 5, 2)
    """

    def __init__(self, photos, landmarks, size=112, labels=None):
        self._photos, self._size = photos, size
        self.landmarks = np.asarray(landmarks, np.float64).reshape(-1, 5, 2)
        self.paths = [os.fspath(photo) if is_path(photo) else 'image {}'.format(i) for i, photo in enumerate(photos)]
        self.labels = np.full(len(photos), -1) if labels is None else np.asarray(labels, np.int64)

    def __len__(self):
        return len(self._photos)

    def read(self, i):
        """Return (uint8 array (height, width, 3) RGB, int label) of a face; several threads may."""
        photo = self._photos[i]
        image = read_photo(photo) if is_path(photo) else photo
        return align_face(image, self.landmarks[i], self._size), int(self.labels[i])


def find_faces(photos, detector, size=112):
    """The faces in photographs, one in each, as a dataset that an `Embedder` takes.

    Parameters
    ----------
    photos : sequence of str, Path or uint8 array (H, W, 3) RGB
    detector : str, Detector or Finder
        A name or detector takes the largest face.
    size : int or (int, int)
        As for `template`.

    Returns
    -------
    PhotoFaces

    Raises
    ------
    FaceError
        A photograph cannot be read, or has no face that counts; with its path.
    """
    finder = detector if isinstance(detector, Finder) else Finder(detector)
    landmarks = []
    for found in finder.survey(photos):
        if found.status != 'ok':
            raise FaceError('{}: {}{}.'.format(found.path, STATUSES[found.status],
                                               ' ({})'.format(found.detail.rstrip('.')) if found.detail else ''))
        landmarks.append(found.faces[0].landmarks)
    return PhotoFaces(photos, landmarks, size)
