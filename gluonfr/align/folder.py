"""A folder of photographs -> the same tree of aligned faces, and a report that says what came of each."""
import os
from collections import Counter
from functools import partial
from typing import Any, Dict, Optional

from ..data.image import WRITTEN_SUFFIXES, encode
from ..data.opening import check_apart
from ..data.walk import IMAGE_SUFFIXES, say_ignored, walk_images
from ..utils.files import atomic_path, fitting_name, path_inside
from ..utils.lock import sole_writer
from ..utils.types import Size
from .find import Finder
from .geometry import align_face, image_size, template
from .report import read_report, report_rows, report_settings, run_report

__all__ = ['align_folder']

REPORT_NAME = 'align.csv'


def align_folder(folder: str, out: str, finder: Finder, size: Size = 112, settings: Optional[Dict[str, Any]] = None,
                 overwrite: bool = False, progress: bool = True) -> Dict[str, int]:
    """Align the faces in all photographs below a folder.

    A photograph a/b.jpg becomes out/a/b.jpg, or with several='all' out/a/b-1.jpg, b-2.jpg, ..., the largest first, in
    the format of its suffix (JPEG and WebP at quality 95); a GIF, HEIC or other that is not written becomes a PNG,
    a/b.heic.png. Which files are images is the rule of `gluonfr.data.walk`; what is left out is logged. Nothing that is
    in a file ends the run: the report, out/align.csv, has a line for each photograph, or each face in it, with the
    columns path, status (see `STATUSES`), faces (how many are large enough), out, score, x1 to y5 (the five points in
    the photograph), detail and stamp (of the photograph); `read_landmarks` reads it. Killed, the same call goes on:
    photographs whose size and time are as in the report and whose faces are in `out` are kept, all others are tried
    again.

    Parameters
    ----------
    folder, out : str
    finder : Finder
    size : int or (int, int)
        As for `template`.
    settings : dict or None
        What else decides the result, such as the name of the detector, as JSON values: kept in out/align.json.
    overwrite : bool
        Do not go on with what is in `out`, but remove the faces in its report and begin again.
    progress : bool
        Show a progress bar.

    Returns
    -------
    dict of str to int
        Photographs of each status.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        There is no such folder.
    ValueError
        It holds no images, `out` is it or lies in it, or `out` holds faces that were aligned with other settings, or
        has no report and files where faces would go; with `overwrite`, its report names files that no alignment writes.
    OSError
        The disk is full, `out` cannot be written, or another process writes there.
    """
    template(size)
    folder, out = os.path.abspath(folder), os.path.abspath(out)
    check_apart('align_folder: out', out, folder)
    paths = photographs(folder)
    with sole_writer(os.path.join(out, '.lock'), out):
        return _align_all(folder, paths, out, finder, size, settings, overwrite, progress)


def _align_all(folder, paths, out, finder, size, settings, overwrite, progress):
    report = os.path.join(out, REPORT_NAME)
    settings = dict(settings or {}, size=list(image_size(size)), several=finder.several, min_face=finder.min_face)
    before = report_settings(report)
    if overwrite:
        for face in _faces_before(report, out):
            os.remove(face)
    elif not before and not os.path.isfile(report):
        _check_free(paths, finder.several, out)
    elif before and before != settings:
        raise ValueError('align_folder: {} holds faces aligned with {}, got {}. Give another folder, or overwrite.'
                         .format(out, before, settings))
    rows = run_report(report, settings, {path: partial(_align, folder, path, out, finder, size) for path in paths},
                      partial(_is_whole, out, finder.several), overwrite, 'align' if progress else False, folder)
    return Counter({row['path']: row['status'] for row in rows}.values())


def photographs(folder):
    """Paths of the images below a folder, relative to it, with '/'; what is no image is logged."""
    found = walk_images(folder, on_error='skip')
    say_ignored(folder, found.ignored + found.unreadable)
    if not found.images:
        raise ValueError('{} must hold images ({}), in any depth, got none.'.format(folder, ' '.join(IMAGE_SUFFIXES)))
    return [path.replace(os.sep, '/') for path in found.images]


def _align(folder, path, out, finder, size):
    """Write the faces of one photograph; returns its rows."""
    found, image = finder.find(os.path.join(folder, path))
    outs = _face_names(path, finder.several, len(found.faces))
    for face, name in zip(found.faces, outs):
        written = os.path.join(out, name)
        os.makedirs(os.path.dirname(written), exist_ok=True)
        with atomic_path(written) as temporary, open(temporary, 'wb') as file:
            file.write(encode(align_face(image, face.landmarks, size), os.path.splitext(name)[1].lower()))
    return report_rows(found, path, outs)


def _face_names(path, several, count):
    """What the faces of a photograph are called."""
    stem, suffix = os.path.splitext(path)
    if suffix.lower() not in WRITTEN_SUFFIXES:
        stem, suffix = path, '.png'
    return [fitting_name('{}-{}{}'.format(stem, i + 1, suffix)) for i in range(count)] if several == 'all' else [
        fitting_name(stem + suffix)]


def _check_free(paths, several, out):
    """Raise a ValueError if faces would replace files: photographs of the same names, for example."""
    names = [name for path in paths for name in _face_names(path, several, 1)]
    there = [name for name in names if os.path.lexists(os.path.join(out, name))]
    if there:
        raise ValueError('align_folder: {} must not hold files that are called as faces would be, got {} of {} without '
                         'the report of an alignment, such as {}. Give another folder, or overwrite.'.format(
                             out, len(there), len(names), there[0]))


def _faces_before(report, out):
    """The faces that a report names and that are there. What it returns is removed, and a report may come from
    elsewhere: a ValueError for one that names anything else."""
    faces = []
    for photo, rows in read_report(report).items():
        names = _face_names(photo, 'all', len(rows)) + _face_names(photo, 'largest', 1)
        for name in filter(None, [row['out'] for row in rows]):
            try:
                if name not in names:
                    raise ValueError('{!r:.200} is no face of {!r:.200}'.format(name, photo))
                path = path_inside(out, name, links=False)
            except ValueError as error:
                raise ValueError('align_folder: {} must be the report of an alignment into its folder, got another '
                                 'one: {}. Nothing was removed: give another folder.'.format(report, error)) from error
            if os.path.isfile(path):
                faces.append(path)
    return faces


def _is_whole(out, several, rows):
    """Whether all faces of a photograph are there."""
    names = _face_names(rows[0]['path'], several, len(rows))
    return [row['out'] for row in rows] == names and (several != 'all' or len(rows) == int(rows[0]['faces'])) and all(
        os.path.isfile(os.path.join(out, name)) for name in names)
