"""Faces as image files: a list of paths and labels."""
import logging
import os
from typing import Callable, Optional

from ..utils.check import check_choice
from ..utils.types import PathLike
from .image_files import ImageFiles, readable

__all__ = ['ListDataset', 'TRUTH', 'read_image_list', 'read_lines']

MOST = 2 ** 31  # labels are below it
TRUTH = {'1': True, 'true': True, '0': False, 'false': False}  # as lists write it, in any case


class ListDataset(ImageFiles):
    """Images that a text file lists, a line for each.

    A line is a path and a label, with a tabulator, a comma or blanks between; or a line of MXNet's im2rec (index, label
    or labels, path) or of InsightFace's face2rec (1 if it is aligned, path, label), with tabulators between. Of several
    labels the first counts. Empty lines and those that begin with # are comments. The order of the samples is that of
    the lines.

    Parameters
    ----------
    path : str or Path
        The list, in UTF-8; all its lines are of one form.
    root : str, Path or None
        What the paths are relative to; None: the folder of the list.
    transform : callable or None
        (NDArray uint8 (H,W,3) RGB, int) -> what indexing gives.
    on_error : {'raise', 'skip'}
        'raise': an image that cannot be read raises when it is read. 'skip': every image is read once at the beginning
        and those that cannot be are left out; labels stay as they are.

    Attributes
    ----------
    paths : list of str, (N,)
    labels : int64 array, (N,)
    num_classes : int
        The highest label in the list, plus one.
    ranges : int64 array, (num_classes, 2), or None
        [start, stop) of each class's positions if the labels never fall from one line to the next.
    skipped : list of (path, reason)

    Indexing gives (NDArray uint8 (H,W,3) RGB, int).

    Raises
    ------
    FileNotFoundError
        There is no such list.
    ValueError
        A line is wrong (its number), there are none, or with 'skip', no readable image.
    """

    def __init__(self, path: PathLike, root: Optional[PathLike] = None, transform: Optional[Callable] = None,
                 on_error: str = 'raise'):
        check_choice('ListDataset', 'on_error', on_error, ('raise', 'skip'))
        path = os.path.expanduser(os.fspath(path))
        root = os.path.dirname(path) if root is None else os.path.expanduser(os.fspath(root))
        names, labels = read_image_list(path)
        paths, skipped = [os.path.join(root, name) for name in names], []
        kept = readable('ListDataset', paths, on_error, skipped)
        super().__init__([paths[i] for i in kept], [labels[i] for i in kept], num_classes=max(labels) + 1,
                         transform=transform, root=root, skipped=skipped)


def read_image_list(path):
    """Paths and labels, as they stand in a list of images; see `ListDataset`.

    Returns
    -------
    (list of str, list of int)
    """
    lines = list(read_lines(path))
    if not lines:
        raise ValueError('ListDataset: {} must list at least one image, got no line but comments.'.format(path))
    forms = [form for form in _FORMS if form(lines[0][1])]
    wrong = 0
    for form in forms:
        parsed = [form(line) for _, line in lines]
        if None not in parsed:
            break
        wrong = max(wrong, parsed.index(None))
    else:
        number, line = lines[wrong]
        raise ValueError('ListDataset: {}, line {}: must be a path, a tabulator and a whole number in [0, 2^31), or a '
                         'line of im2rec or face2rec{}, got {!r:.200}.'.format(
                             path, number, ', and of one form with the lines before' if forms else '', line))
    _say_form(path, form, lines)
    return [name for name, _ in parsed], [label for _, label in parsed]


def read_lines(path):
    """Yield (number, line) of a UTF-8 text file without its empty lines and its comments (#); numbers are from 1."""
    with open(path, 'rb') as file:
        if b'\0' in file.read(4096):
            raise ValueError('{} must be a list, a text file in UTF-8, but holds other data.'.format(path))
    with open(path, encoding='utf-8-sig', errors='surrogateescape') as file:  # as file names that are not UTF-8
        for number, line in enumerate(file, 1):
            line = line.rstrip('\r\n')
            if line.strip() and not line.startswith('#'):
                yield number, line


def _tabs(line):
    return _path_and_label(line.split('\t'))


def _im2rec(line):
    """Index, label or labels, path."""
    fields = [field.strip() for field in line.split('\t')]
    if len(fields) < 3 or not fields[0].isdecimal() or not fields[-1] or _is_number(fields[-1]) or not all(
            map(_is_number, fields[1:-1])):
        return None
    label = float(fields[1])
    return (fields[-1], int(label)) if label.is_integer() and 0 <= label < MOST else None


def _face2rec(line):
    """1 if it is aligned, path, label, and perhaps a box and five points."""
    fields = [field.strip() for field in line.split('\t')]
    if len(fields) < 3 or fields[0] not in ('0', '1') or not all(map(_is_number, fields[3:])):
        return None
    return _path_and_label(fields[1:3])


def _commas(line):
    return _path_and_label(line.rsplit(',', 1))


def _blanks(line):
    return _path_and_label(line.rsplit(None, 1))


_FORMS = (_tabs, _im2rec, _face2rec, _commas, _blanks)  # of the first line the first that all lines have


def _path_and_label(fields):
    """(path, label) of two fields, None if they are not that."""
    name, label = (field.strip() for field in fields) if len(fields) == 2 else ('', '')
    fits = name and '\t' not in name and label.isdecimal() and int(label[:11]) < MOST
    return (name, int(label)) if fits else None


def _is_number(text):
    try:
        return abs(float(text)) < float('inf')
    except ValueError:
        return False


def _say_form(path, form, lines):
    """Log which form a list was taken to have, where it is not gluonfr's own."""
    logger = logging.getLogger('gluonfr')
    if form is _im2rec:
        several = any(line.count('\t') > 2 for _, line in lines)
        logger.info('%s: read as a list of im2rec: index, label, path%s.', path,
                    '; of several labels the first counts' if several else '')
    elif form is _face2rec:
        logger.info('%s: read as a list of face2rec: aligned, path, label.', path)
        raw = sum(line.split('\t')[0].strip() == '0' for _, line in lines)
        if raw:
            logger.warning('%s: %d of %d images are not aligned, as their first column says: their boxes and points '
                           'are not used. Align them with `gluonfr align` first.', path, raw, len(lines))
