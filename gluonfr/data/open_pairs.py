"""Pairs of images from whatever a path or name says."""
import os
from typing import Optional, Tuple

from .pairs import BinFile, read_bin
from .recognition import FRValDataset
from .walk import is_image

__all__ = ['open_pairs']


def open_pairs(path: str, root: Optional[str] = None) -> Tuple[str, BinFile]:
    """A set of pairs from a .bin file, or by its name in a folder of sets.

    Parameters
    ----------
    path : str
        A .bin file, or a name that `FRValDataset` takes.
    root : str or None
        Where named sets lie, None for the default of `FRValDataset`.

    Returns
    -------
    (str, BinFile)
        What the set is called, and its pairs.

    Raises
    ------
    FileNotFoundError
        There is no such file or set.
    ValueError
        It is something else than pairs; the message says what, and how to make pairs of it.
    """
    if os.path.isdir(path):
        found = sorted(name for name in os.listdir(path) if name.endswith('.bin'))
        raise ValueError('{} is a folder, and a set of pairs is a .bin file: {}.'.format(
            path, 'give {}'.format(' or '.join(os.path.join(path, name) for name in found)) if found else
            'make one with `gluonfr pack pairs`, or draw pairs of people with examples/face/prepare.py'))
    if os.path.isfile(path) and not path.endswith('.bin'):
        raise ValueError(_no_pairs(path))
    if path.endswith('.bin'):
        if not os.path.isfile(path):
            raise FileNotFoundError('there is no {}.'.format(path))
        return os.path.basename(path)[:-4], read_bin(path)
    return path, FRValDataset(path, root).bin


def _no_pairs(path):
    """What a file is instead of pairs, and what to do."""
    if is_image(path, foreign=True):
        return '{} is one image, and a set of pairs (.bin) is needed: `gluonfr compare` compares images.'.format(path)
    if path.endswith('.rec'):
        return ('{} holds people, and a set of pairs (.bin) is needed. examples/face/prepare.py draws pairs of people; '
                '`gluonfr pack pairs LIST --root DIR --out FILE.bin` packs those of a list.'.format(path))
    return ('{} must be a .bin, or the name of a set in --root. If it is a list of pairs: gluonfr pack pairs {} --root '
            'DIR --out FILE.bin'.format(path, path))
