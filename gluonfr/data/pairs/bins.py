"""Verification pairs in InsightFace's .bin form: a pickle of (images, issame), read without running it."""
import hashlib
import logging
import lzma
import os
import pickle
from typing import Sequence, Tuple, Union

import numpy as np

from ...utils.check import check_choice, check_int
from ...utils.files import atomic_path, read_at_most
from ...utils.messages import counted
from ...utils.types import ArrayLike, PathLike
from ..image import ImageError, decode, header_size
from .unpickle import UnpickleError, unpickle

__all__ = ['BinError', 'BinFile', 'read_bin', 'readable_pairs', 'write_bin']

MAX_BYTES = 2 ** 31


class BinError(ValueError):
    """A .bin file that is damaged, wrongly built, or holds more than images and booleans."""


class BinFile:
    """The pairs of a .bin file: pair i is the images 2i and 2i + 1.

    Attributes
    ----------
    images : list of bytes or uint8 arrays (N,), 2P of them
        Encoded images (JPEG, ...), as the file has them.
    issame : bool array, (P,)
        Whether a pair shows one person.
    path : str
    sha256 : str
        Of the file, in hex: files of one name from different packs differ.
    skipped : int
        Pairs of the file that were left out.
    """

    def __init__(self, path: str, sha256: str, images: Sequence[Union[bytes, np.ndarray]], issame: np.ndarray,
                 skipped: int = 0):
        self.path, self.sha256, self.images, self.issame, self.skipped = path, sha256, images, issame, skipped

    def __len__(self):
        return len(self.issame)

    def __repr__(self):
        return 'BinFile({}: {}, {:,} of one person; sha256 {}...)'.format(
            self.path, counted(len(self), 'pair'), int(self.issame.sum()), self.sha256[:12])

    def image(self, index: int, flag: int = 1) -> np.ndarray:
        """Decode image ``index`` in [0, 2P): uint8 (H,W,3) RGB, or (H,W,1) grey with ``flag`` 0; else a BinError."""
        try:
            return decode(self.images[index], flag)
        except ImageError as error:
            raise BinError('{}: image {} (of pair {}): {}'.format(self.path, index, index // 2, error)) from error

    def size_of(self, index: int) -> Tuple[int, int]:
        """Height and width of image ``index`` by its header."""
        try:
            return header_size(bytes(self.images[index]))
        except ImageError:
            return self.image(index).shape[:2]  # which says where it is


def read_bin(path: PathLike, max_bytes: int = MAX_BYTES) -> BinFile:
    """Read a .bin file, written by Python 2 or 3, with images as bytes or as arrays; or one that xz has packed (.xz).

    Nothing in the file is run or imported: a pickle can hold any program, so it is read by
    `gluonfr.data.pairs.unpickle`, which knows plain values only.

    Parameters
    ----------
    path : str or Path
    max_bytes : int, >= 1
        Larger files are refused.

    Returns
    -------
    BinFile

    Raises
    ------
    BinError
        For a file too large, a damaged pickle, one that asks for anything but plain values (by name), or another
        structure than a tuple or list of 2P > 0 images and P truth values. Images beyond 2P are left out, and a warning
        is logged.
    OSError
        The file cannot be read.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from gluonfr.data import encode, read_bin, write_bin
    >>> images = [encode(np.full((8, 8, 3), grey, np.uint8), '.png') for grey in (10, 10, 20, 30)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_bin(os.path.join(folder, 'mine.bin'), images, [True, False])
    ...     pairs = read_bin(os.path.join(folder, 'mine.bin'))
    >>> len(pairs), int(pairs.image(3).max())
    (2, 30)
    """
    path = os.path.expanduser(os.fspath(path))
    max_bytes = check_int('read_bin', 'max_bytes', max_bytes, 1)
    data = read_at_most(path, max_bytes)
    if data is None:
        raise BinError('{}: the file has more than {:,} bytes; give a larger max_bytes if it is right.'.format(
            path, max_bytes))
    try:
        content = unpickle(_unpacked(path, data, max_bytes))
    except UnpickleError as error:
        raise BinError('{}: {}'.format(path, error)) from error
    kind = type(content)
    if kind not in (tuple, list) or len(content) != 2:
        raise BinError('{}: must be a pickle of (images, issame), got a {}.'.format(
            path, '{} of {}'.format(kind.__name__, len(content)) if kind in (tuple, list) else kind.__name__))
    images, issame = _check(path, *content, more=True)
    return BinFile(path, hashlib.sha256(data).hexdigest(), images, issame)


def write_bin(path: PathLike, images: Sequence[Union[bytes, np.ndarray]], issame: ArrayLike, protocol: int = 2,
              as_arrays: bool = False) -> None:
    """Write a .bin file that InsightFace and `read_bin` read; it appears under its name when complete.

    Parameters
    ----------
    path : str or Path
        Its folder is made if need be.
    images : sequence of bytes or uint8 arrays (N,), 2P of them
        Encoded images, as of `gluonfr.data.image.encode`; equal bytes are stored once.
    issame : sequence of bool, (P,)
    protocol : {2, 4}
        2 is readable by Python 2 too and takes half as much space again; 4 needs Python 3.
    as_arrays : bool
        Write bytes as arrays, too.

    Raises
    ------
    BinError
        For no pairs, images that are no encoded ones, or lengths that do not match.
    OSError
        The file cannot be written; nothing is left of it.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from gluonfr.data import encode, read_bin, write_bin
    >>> images = [encode(np.full((8, 8, 3), grey, np.uint8), '.png') for grey in (0, 0, 0, 255)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_bin(os.path.join(folder, 'mine.bin'), images, [True, False])
    ...     pairs = read_bin(os.path.join(folder, 'mine.bin'))
    >>> print(len(pairs), pairs.issame.tolist(), pairs.image(3).shape)
    2 [True, False] (8, 8, 3)
    """
    path = os.path.expanduser(os.fspath(path))
    check_choice('write_bin', 'protocol', protocol, (2, 4))
    images, issame = _check(path, images, issame)
    unique = {}
    images = [unique.setdefault(image, image) if type(image) is bytes else image for image in images]
    if as_arrays:
        arrays = {image: np.frombuffer(image, np.uint8) for image in unique}
        images = [arrays[image] if type(image) is bytes else image for image in images]
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with atomic_path(path) as temporary, open(temporary, 'wb') as file:
        pickle.dump((images, issame.tolist()), file, protocol)


def _unpacked(path, data, max_bytes):
    """The pickle in the bytes of a file, which xz may have packed."""
    if not data.startswith(b'\xfd7zXZ\0'):
        return data
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=1 << 28)
    try:
        unpacked = unpacker.decompress(data, max_bytes + 1)
    except (lzma.LZMAError, MemoryError) as error:
        raise BinError('{}: what xz has packed is damaged: {}.'.format(path, error)) from error
    if len(unpacked) > max_bytes:
        raise BinError('{}: the file unpacks to more than {:,} bytes; give a larger max_bytes if it is right.'.format(
            path, max_bytes))
    if not unpacker.eof:
        raise BinError('{}: what xz has packed is cut off.'.format(path))
    return unpacked


def _check(path, images, issame, more=False):
    """Return the list of images, the arrays among them flat, and issame as an array, or raise a BinError.

    With `more` images beyond the two for each pair are left out.
    """
    if type(images) not in (list, tuple) or type(issame) not in (list, tuple, np.ndarray):
        raise BinError('{}: images must be a list and issame a list or array, got {} and {}.'.format(
            path, type(images).__name__, type(issame).__name__))
    if isinstance(issame, np.ndarray) and issame.ndim != 1:
        raise BinError('{}: issame must have one dimension, (P,), got shape {}.'.format(path, issame.shape))
    truth = [value.item() if isinstance(value, np.generic) else value for value in issame]
    for i, value in enumerate(truth):
        plain = type(value) in (bool, int, float)
        if not plain or value not in (0, 1):
            raise BinError('{}: issame must be true or false (1 or 0), got {} for pair {}.'.format(
                path, value if plain else type(value).__name__, i))
    if more and len(images) > 2 * len(truth) > 0:
        logging.getLogger('gluonfr').warning('%s: the last %d images are left out: they belong to none of its %d '
                                             'pairs.', path, len(images) - 2 * len(truth), len(truth))
        images = images[:2 * len(truth)]
    if not truth or len(images) != 2 * len(truth):
        raise BinError('{}: must hold two images for each of at least one pair, got {} and {}.'.format(
            path, counted(len(images), 'image'), counted(len(truth), 'pair')))
    return [_flat(path, i, image) for i, image in enumerate(images)], np.array(truth, dtype=bool)


def _flat(path, index, image):
    if type(image) is bytes:
        return image
    flat = isinstance(image, np.ndarray) and sum(side != 1 for side in image.shape) <= 1  # OpenCV gives (N,1)
    if not flat or image.dtype != np.uint8:
        raise BinError('{}: image {} must be the bytes of an encoded image (JPEG, ...) or a uint8 array (N,) of them, '
                       'got {}.'.format(path, index, '{} of shape {}'.format(image.dtype, image.shape)
                                        if isinstance(image, np.ndarray) else type(image).__name__))
    return image.reshape(-1)


def readable_pairs(name: str, pairs: BinFile) -> BinFile:
    """The pairs of a `BinFile` whose images can be decoded; those left out are logged, each by its number.

    Raises
    ------
    BinError
        None is left.
    """
    kept, logger = [], logging.getLogger('gluonfr')
    for p in range(len(pairs)):
        try:
            pairs.image(2 * p), pairs.image(2 * p + 1)
        except BinError as error:
            logger.warning('%s: left out pair %d: %s', name, p, error)
        else:
            kept.append(p)
    if len(kept) == len(pairs):
        return pairs
    logger.warning('%s: %d of %d pairs left out; folds are cut from the others', name, len(pairs) - len(kept),
                   len(pairs))
    if not kept:
        raise BinError('{}: no pair has two images that can be decoded.'.format(pairs.path))
    return BinFile(pairs.path, pairs.sha256, [pairs.images[i] for p in kept for i in (2 * p, 2 * p + 1)],
                   pairs.issame[kept], len(pairs) - len(kept))
