"""Lists of verification pairs, and the .bin files made from them."""
import logging
import os
from collections import namedtuple

import numpy as np
from tqdm import tqdm

from ...utils.check import check_choice, check_int
from ..image import ImageError, decode, encode
from ..image import resize as stretch
from ..lists import read_lines
from ..record.checksums import write_sha256
from ..walk import IMAGE_SUFFIXES
from .bins import write_bin

__all__ = ['PairsReport', 'pack_pairs', 'read_pairs']

logger = logging.getLogger('gluonfr')

PairsReport = namedtuple('PairsReport', 'path pairs same images skipped')
PairsReport.__doc__ = """What `pack_pairs` wrote: path, number of pairs, of pairs of one person and of different images,
and `skipped`, a list of (path1, path2, reason)."""


def read_pairs(path, format='auto', names='{name}/{name}_{number:04d}.jpg'):
    """Read a list of verification pairs.

    Parameters
    ----------
    path : str or Path
    format : {'auto', 'lfw', 'list'}
        'lfw': as pairs.txt and pairsDev*.txt of LFW (Huang et al., "Labeled Faces in the Wild", 2007): folds and pairs
        of each kind a fold ('10 300'; '1100' is one fold), then for each fold the lines 'name 1 4' of one person and
        the lines 'name 1 other 2' of two. Without that first line pairs may come in any order and number. 'list': path,
        path and 1 or True (one person) or 0 or False, with tabulators, commas or blanks between. In both, empty lines
        and those that begin with # are comments. 'auto': lfw if the first line is one or two numbers or a pair of LFW.
    names : str
        Path of a person's n-th image in an lfw list, by str.format with `name` and `number`.

    Returns
    -------
    list of (path1, path2, same)
        In the order of the lines; same is a bool.

    Raises
    ------
    FileNotFoundError
        There is no such list.
    ValueError
        A line is wrong (its number), there is none, or an lfw list has not as many as the numbers in its first line
        say.
    """
    check_choice('read_pairs', 'format', format, ('auto', 'lfw', 'list'))
    path = os.path.expanduser(os.fspath(path))
    lines = list(read_lines(path))
    if not lines:
        raise ValueError('read_pairs: {} must list at least one pair, got no line but comments.'.format(path))
    head = lines[0][1].replace(',', ' ').split()
    counted = format != 'list' and len(head) <= 2 and all(field.isdecimal() for field in head)
    if format == 'list' or format == 'auto' and not counted and _lfw_fields(lines[0][1]) is None:
        return _list_pairs(path, lines)
    if not counted:
        return [_lfw_pair(path, names, *line) for line in lines]
    pairs = [_lfw_pair(path, names, *line) for line in lines[1:]]
    folds, each = ([1] + [int(field) for field in head])[-2:]
    # as many of one person as of two, fold by fold: whoever splits them by position relies on it
    same = [pair[2] for pair in pairs]
    if len(same) != 2 * each * folds or same != ([True] * each + [False] * each) * folds:
        raise ValueError('read_pairs: {}: must hold {} fold(s) of {} pairs of one person and then {} of two, as its '
                         'first line says, got {:,} pairs, {:,} of them of one person. If they are right, remove that '
                         'line.'.format(path, folds, each, each, len(same), sum(same)))
    return pairs


def pack_pairs(pairs, root, out, *, resize=None, quality=95, protocol=2, on_error='raise', progress=True):
    """Write a .bin file from pairs of image files, and its SHA-256 beside it for `gluonfr pack check`.

    Parameters
    ----------
    pairs : sequence of (path1, path2, same)
        As of `read_pairs`. A path that is not there stands for the file of another image suffix (.png for .jpg, ...).
    root : str or Path
        What the paths are relative to.
    out : str or Path
        The file to write; it appears under this name when complete.
    resize : int, (int, int) or None
        Height and width in pixels that images are stretched to and encoded as JPEG; None: the files' bytes are copied.
        Images that have this size already are copied as well.
    quality : int, [1, 100]
        Of the JPEG, where an image is stretched.
    protocol : {2, 4}
        See `write_bin`.
    on_error : {'raise', 'skip'}
        What becomes of a pair with a missing or damaged image: an error, or it is left out, counted and reported. Folds
        that are cut by position then shift.
    progress : bool
        Show a bar on stderr.

    Returns
    -------
    PairsReport

    Raises
    ------
    FileNotFoundError
        Images are missing: how many and the first of them.
    ImageError
        An image is damaged, with its path.
    ValueError
        There are no pairs, or with 'skip' none is left; or a parameter is out of range.
    """
    check_choice('pack_pairs', 'on_error', on_error, ('raise', 'skip'))
    check_choice('pack_pairs', 'protocol', protocol, (2, 4))
    check_int('pack_pairs', 'quality', quality, 1, 100)
    if resize is not None:
        height, width = (resize, resize) if np.ndim(resize) == 0 else resize
        resize = check_int('pack_pairs', 'resize', height, 1), check_int('pack_pairs', 'resize', width, 1)
    root, out = os.path.expanduser(os.fspath(root)), os.path.expanduser(os.fspath(out))
    files = {name: _find(root, name) for pair in pairs for name in pair[:2]}
    missing = [name for name, file in files.items() if file is None]
    if missing and on_error == 'raise':
        raise FileNotFoundError('pack_pairs: {} lacks {:,} of the {:,} images of the pairs: {}{}. Give the folder that '
                                "their paths are relative to, or use on_error='skip'.".format(
                                    root, len(missing), len(files), ', '.join(missing[:5]),
                                    ' and others' if len(missing) > 5 else ''))
    faults = dict.fromkeys(missing, 'the file is missing')
    encoded, sizes = {}, set()
    for name in tqdm([name for name in files if name not in faults], desc='pairs', unit=' images',
                     disable=None if progress else True):
        try:
            encoded[name], size = _encoded(files[name], resize, quality)
            sizes.add(size)
        except (ImageError, OSError) as error:
            if on_error == 'raise':
                raise
            faults[name] = str(error)
    kept = [pair for pair in pairs if pair[0] in encoded and pair[1] in encoded]
    skipped = [(first, second, faults[first] if first in faults else faults[second])
               for first, second, _ in pairs if first in faults or second in faults]
    if not kept:
        raise ValueError('pack_pairs: pairs must hold at least one whose images can be read, got {:,}{}.'.format(
            len(pairs), ', the first: {} {} ({})'.format(*skipped[0]) if skipped else ''))
    if skipped:
        logger.warning('pack_pairs: skipped %d of %d pairs, the first: %s %s (%s)', len(skipped), len(pairs),
                       *skipped[0])
    if len(sizes) > 1:
        logger.warning('pack_pairs: the images have %d sizes, from %d x %d to %d x %d pixels, and a net takes one: '
                       'resize stretches them.', len(sizes), *min(sizes), *max(sizes))
    write_bin(out, [encoded[name] for pair in kept for name in pair[:2]], [pair[2] for pair in kept], protocol)
    write_sha256(out)
    used = {name for pair in kept for name in pair[:2]}
    return PairsReport(out, len(kept), sum(bool(pair[2]) for pair in kept), len(used), skipped)


def _list_pairs(path, lines):
    """The pairs of a plain list, all of whose lines have one separator."""
    wrong = 0
    for separator in ('\t', ',', None):
        pairs = [_list_pair(line.split(separator)) for _, line in lines]
        if None not in pairs:
            return pairs
        wrong = max(wrong, pairs.index(None))
    raise ValueError('read_pairs: {}, line {}: must be a path, a path and 0 or 1, with tabulators, commas or blanks '
                     'between, got {!r:.200}.'.format(path, *lines[wrong]))


def _list_pair(fields):
    fields = [field.strip() for field in fields]
    if len(fields) != 3 or not all(fields) or fields[2].lower() not in _TRUTH:
        return None
    return fields[0], fields[1], _TRUTH[fields[2].lower()]


_TRUTH = {'1': True, 'true': True, '0': False, 'false': False}


def _lfw_fields(line):
    """[name, number, name, number] of a line, None if it is no pair of LFW."""
    fields = line.replace(',', ' ').split()
    if len(fields) == 3:
        fields.insert(2, fields[0])
    return fields if len(fields) == 4 and fields[1].isdecimal() and fields[3].isdecimal() else None


def _lfw_pair(path, names, number, line):
    fields = _lfw_fields(line)
    if fields is None:
        raise ValueError("read_pairs: {}, line {}: must be 'name 1 4' or 'name 1 other 2', got {!r:.200}.".format(
            path, number, line))
    first, second = (names.format(name=fields[i], number=int(fields[i + 1])) for i in (0, 2))
    return first, second, fields[0] == fields[2]


def _find(root, name):
    """Return the file of an image, whatever its suffix, or None."""
    path = os.path.join(root, name)
    candidates = [path] + [os.path.splitext(path)[0] + suffix for suffix in IMAGE_SUFFIXES]
    return next((candidate for candidate in candidates if os.path.isfile(candidate)), None)


def _encoded(file, size, quality):
    """Return the bytes of an image file, encoded anew only if it has not the size, and what size it then has."""
    with open(file, 'rb') as stream:
        data = stream.read()
    try:
        image = decode(data)
    except ImageError as error:
        raise ImageError('{}: {}'.format(file, error)) from error
    if size in (None, image.shape[:2]):
        return data, image.shape[:2]
    return encode(stretch(image, size), '.jpg', quality), size
