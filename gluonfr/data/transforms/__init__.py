"""Random changes of training images.

An augmentation is called with an image, uint8 (H,W,C) with C = 1 or 3 (RGB), and a `numpy.random.RandomState`, from
which it takes all its randomness. It returns uint8 of the same shape and never writes to what it was given; an image
that stays as it is may be returned itself. None keeps a state, so several threads may share one.

Each has two halves: `draw` says from the random generator what becomes of an image, `apply` does it. Another library
that changes images, as DALI, brings its own `apply` (`loading.dali_pipeline`).
"""
from typing import Callable, Sequence, Union

from .base import TRANSFORMS, Compose, Transform, Window
from .geometry import CenterCrop, Crop, Erase, Mirror, Resize
from .quality import JPEGQuality, LowResolution, Photometric

__all__ = ['CenterCrop', 'Compose', 'Crop', 'Erase', 'JPEGQuality', 'LowResolution', 'Mirror', 'Photometric', 'Resize',
           'TRANSFORMS', 'Transform', 'Window', 'augmentation']


def augmentation(what: Union[str, Sequence[Union[str, Callable]]]) -> Compose:
    """Make one augmentation of several.

    Parameters
    ----------
    what : str, or sequence of str and augmentations
        'mirror,crop,photometric': names, in the order of their use, with their default strengths; augmentations are
        taken as they are. An empty string or sequence changes nothing.

    Returns
    -------
    Compose

    Raises
    ------
    ValueError
        An unknown name; the message lists all names and the nearest one.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.data import augmentation
    >>> change = augmentation('mirror,crop,photometric')
    >>> changed = change(np.full((112, 112, 3), 100, np.uint8), np.random.RandomState(0))
    >>> print(changed.shape, changed.dtype)
    (112, 112, 3) uint8
    """
    parts = [name.strip() for name in what.split(',') if name.strip()] if isinstance(what, str) else what
    return Compose([TRANSFORMS.create(part) if isinstance(part, str) else part for part in parts])
