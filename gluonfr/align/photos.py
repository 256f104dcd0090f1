"""Photographs as aligned faces that an Embedder takes."""
import logging
import os
import zlib
from functools import partial
from typing import Any, Dict, Optional, Sequence, Tuple, Union

import numpy as np

from ..data.image import decode_photo
from ..data.image_files import ImageFiles
from ..data.opening import open_dataset
from ..utils.check import check_choice
from ..utils.files import is_path
from ..utils.messages import counted
from .find import STATUSES, Finder
from .geometry import align_face, image_size
from .report import landmarks_of, report_rows, report_settings, run_report

__all__ = ['FaceError', 'PhotoFaces', 'find_faces', 'open_photos']


class FaceError(ValueError):
    """A photograph without the one face that was asked for."""


class PhotoFaces(ImageFiles):
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
    classes : sequence of str
        Names of people by label.
    checksums : sequence of (int or None), or None
        CRC-32 of each photograph's file when its face was found, where that is known.
    report : str or None
        The file that says so.
    skipped : sequence of (str, str)
        Path and reason of each photograph that was left out.

    Attributes
    ----------
    paths : list of str
    labels : int64 array, (N,)
    landmarks : float64 array, (N, 5, 2)
    classes, skipped

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.align import PhotoFaces, template
    >>> faces = PhotoFaces([np.zeros((300, 400, 3), np.uint8)], [template() * 2 + 40], labels=[3])
    >>> image, label = faces.read(0)
    >>> print(len(faces), image.shape, label)
    1 (112, 112, 3) 3
    """

    def __init__(self, photos: Sequence[Any], landmarks: Sequence[np.ndarray], size: Union[int, Tuple[int, int]] = 112,
                 labels: Optional[Sequence[int]] = None, *, classes: Sequence[str] = (),
                 checksums: Optional[Sequence[Optional[int]]] = None, report: Optional[str] = None,
                 skipped: Sequence[Tuple[str, str]] = ()):
        self._photos, self._size, self._checksums, self._report = photos, size, checksums, report
        self.landmarks = np.asarray(landmarks, np.float64).reshape(-1, 5, 2)
        super().__init__([os.fspath(photo) if is_path(photo) else 'image {}'.format(i)
                          for i, photo in enumerate(photos)], labels, classes, skipped=skipped)

    def read(self, index):
        """Return (uint8 array (height, width, 3) RGB, int label) of a face; several threads may."""
        if is_path(self._photos[index]):
            return super().read(index)
        return self._cut(self._photos[index], index), int(self.labels[index])

    def read_bytes(self, index):
        """The file of a photograph and the label of the face: (bytes, int).

        Raises
        ------
        ValueError
            It is not the photograph any more in which the face was found.
        """
        data, label = super().read_bytes(index)
        if self._checksums and self._checksums[index] not in (None, zlib.crc32(data)):
            raise ValueError('{} is not the photograph any more in which a face was found. Delete {} and give the same '
                             'command again.'.format(self.paths[index], self._report))
        return data, label

    def decode(self, data, index):
        """The aligned face in the bytes of its photograph."""
        return self._cut(decode_photo(data, self.paths[index]), index)

    def size_of(self, index):
        return image_size(self._size)

    def _cut(self, photo, index):
        return align_face(photo, self.landmarks[index], self._size)

    def _identifying(self):
        return [self.labels, self.landmarks]


def find_faces(photos: Sequence[Any], detector: Any, size: Union[int, Tuple[int, int]] = 112, *,
               on_error: str = 'raise') -> PhotoFaces:
    """The faces in photographs, one in each, as a dataset that an `Embedder` takes.

    Parameters
    ----------
    photos : sequence of str, Path or uint8 array (H, W, 3) RGB
    detector : str, Detector or Finder
        A name or detector takes the largest face.
    size : int or (int, int)
        As for `template`.
    on_error : {'raise', 'skip'}
        What a photograph without a face that counts does: raise, or be left out and listed in ``skipped``.

    Returns
    -------
    PhotoFaces

    Raises
    ------
    FaceError
        With on_error='raise', a photograph cannot be read, or has no face that counts; with its path.
    """
    check_choice('find_faces', 'on_error', on_error, ('raise', 'skip'))
    finder = detector if isinstance(detector, Finder) else Finder(detector)
    kept, landmarks, skipped = [], [], []
    for photo, found in zip(photos, finder.survey(photos)):
        if found.status == 'ok':
            kept.append(photo)
            landmarks.append(found.faces[0].landmarks)
            continue
        why = STATUSES[found.status] + (' ({})'.format(found.detail.rstrip('.')) if found.detail else '')
        if on_error == 'raise':
            raise FaceError('{}: {}.'.format(found.path, why))
        skipped.append((found.path, why))
    return PhotoFaces(kept, landmarks, size, skipped=skipped)


def open_photos(path: str, finder: Finder, size: Union[int, Tuple[int, int]] = 112, *, report: Optional[str] = None,
                settings: Optional[Dict[str, Any]] = None, on_error: str = 'raise',
                progress: bool = False) -> PhotoFaces:
    """The faces in the photographs of a folder or list, or in one, as a dataset that an `Embedder` takes.

    Parameters
    ----------
    path : str
        What `open_dataset` takes, but a rec.
    finder : Finder
        With several='all' each face of a photograph is an image.
    size : int or (int, int)
        As for `template`.
    report : str or None
        A .csv that says what came of each photograph, and from which a killed run goes on; None for no report.
    settings : dict or None
        What else decides which faces are found, such as the name of the detector, as JSON values: a report that was
        made with others begins anew.
    on_error : {'raise', 'skip'}
        What a photograph without a face that counts does: raise, or be left out, logged and listed in ``skipped``.
    progress : bool
        Show a progress bar, with a report.

    Returns
    -------
    PhotoFaces

    Raises
    ------
    FaceError
        With on_error='raise', a photograph gives no face; else, all of them.
    FileNotFoundError, ValueError
        As for `open_dataset`.
    """
    check_choice('open_photos', 'on_error', on_error, ('raise', 'skip'))
    photos = open_dataset(path, on_error, check=False)  # the finder says what is wrong with an image
    if not isinstance(photos, ImageFiles):
        raise ValueError('open_photos: a finder needs image files, got {}: a rec holds aligned faces.'.format(path))
    tasks = {photo: partial(_rows, finder, photo) for photo in photos.paths}
    if report is None:
        rows = [row for task in tasks.values() for row in task()]
    else:
        os.makedirs(os.path.dirname(os.path.abspath(report)), exist_ok=True)
        settings = dict(settings or {}, several=finder.several, min_face=finder.min_face)
        is_whole = (lambda rows: len(rows) == int(rows[0]['faces'])) if finder.several == 'all' else bool
        rows = run_report(report, settings, tasks, is_whole, report_settings(report) != settings,
                          'find faces' if progress else False)
    bad = [row for row in rows if row['status'] != 'ok']
    if bad:
        detail = ' ({})'.format(bad[0]['detail'].rstrip('.')) if bad[0]['detail'] else ''
        said = '{} of {} {} no face, the first is {}: {}{}.{}'.format(
            len(bad), counted(len(photos), 'photograph'), 'gives' if len(bad) == 1 else 'give', bad[0]['path'],
            STATUSES[bad[0]['status']], detail, ' {} lists all.'.format(report) if report else '')
        if on_error == 'raise' or len(bad) == len(rows):
            raise FaceError(said + (" on_error='skip' leaves them out." if on_error == 'raise' else ''))
        logging.getLogger('gluonfr').warning('%s', said)
    label = dict(zip(photos.paths, photos.labels))
    rows = [row for row in rows if row['status'] == 'ok']
    # one that is replaced by another of the same size and time is noticed when it is read
    checksums = [int(row['stamp'][-8:], 16) if row.get('stamp') else None for row in rows]
    return PhotoFaces([row['path'] for row in rows], [landmarks_of(row) for row in rows], size,
                      [label[row['path']] for row in rows], classes=photos.classes, checksums=checksums,
                      report=report, skipped=photos.skipped + [(row['path'], STATUSES[row['status']]) for row in bad])


def _rows(finder, path):
    return report_rows(finder.find(path)[0], path)
