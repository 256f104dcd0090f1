"""The .bin files that are made from lists of verification pairs."""
import logging
import os
from collections import namedtuple
from typing import Optional, Sequence, Tuple

import numpy as np

from ...utils.check import check_choice, check_int
from ...utils.files import write_sha256
from ...utils.progress import Bar
from ...utils.types import PathLike, Size
from ..image import ImageError, decode_file, encode, read_file
from ..image import resize as stretch
from ..walk import find_image
from .bins import write_bin

__all__ = ['PairsReport', 'pack_pairs']

logger = logging.getLogger('gluonfr')

PairsReport = namedtuple('PairsReport', 'path pairs same images skipped')
PairsReport.__doc__ = """What `pack_pairs` wrote: path, number of pairs, of pairs of one person and of different images,
and `skipped`, a list of (path1, path2, reason)."""


def pack_pairs(pairs: Sequence[Tuple[str, str, bool]], root: PathLike, out: PathLike, *, resize: Optional[Size] = None,
               quality: int = 95, protocol: int = 2, on_error: str = 'raise', progress: bool = True) -> PairsReport:
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
    files = {name: find_image(root, name) for pair in pairs for name in pair[:2]}
    missing = [name for name, file in files.items() if file is None]
    if missing and on_error == 'raise':
        raise FileNotFoundError('pack_pairs: {} lacks {:,} of the {:,} images of the pairs: {}{}. Give the folder that '
                                "their paths are relative to, or use on_error='skip'.".format(
                                    root, len(missing), len(files), ', '.join(missing[:5]),
                                    ' and others' if len(missing) > 5 else ''))
    faults = dict.fromkeys(missing, 'the file is missing')
    encoded, sizes = {}, set()
    for name in Bar([name for name in files if name not in faults], desc='pairs', unit=' images',
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
        logger.warning('pack_pairs: the images have %d sizes, from %d x %d to %d x %d pixels, and a network takes one: '
                       'resize stretches them.', len(sizes), *min(sizes), *max(sizes))
    write_bin(out, [encoded[name] for pair in kept for name in pair[:2]], [pair[2] for pair in kept], protocol)
    write_sha256(out)
    used = {name for pair in kept for name in pair[:2]}
    return PairsReport(out, len(kept), sum(bool(pair[2]) for pair in kept), len(used), skipped)


def _encoded(file, size, quality):
    """Return the bytes of an image file, encoded anew only if it has not the size, and what size it then has."""
    data = read_file(file)
    image = decode_file(data, file)
    if size in (None, image.shape[:2]):
        return data, image.shape[:2]
    return encode(stretch(image, size), '.jpg', quality), size
