"""What all augmentations have in common."""
from collections import namedtuple
from typing import Any, Callable, Optional, Sequence, Tuple

import cv2
import numpy as np

from ...utils.check import check_int, check_number
from ...utils.registry import Registry

__all__ = ['Compose', 'TRANSFORMS', 'Transform', 'Window', 'channels_kept', 'check_range', 'check_size', 'resized',
           'scaled']

TRANSFORMS = Registry('transform')


class Window(namedtuple('Window', 'top left height width')):
    """A rectangle in an image, in pixels."""
    __slots__ = ()

    def of(self, image: np.ndarray) -> np.ndarray:
        """What an image has there, as a view."""
        return image[self.top:self.top + self.height, self.left:self.left + self.width]


class Transform:
    """Base of the augmentations.

    An augmentation of your own need not have it: any callable (image, random) -> image will do, but for DALI.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.data.transforms import Mirror
    >>> mirror, image = Mirror(), np.array([[[1], [2]]], np.uint8)
    >>> drawn = mirror.draw(np.random.RandomState(1), image.shape)
    >>> print(drawn, mirror.apply(image, drawn).ravel().tolist())
    True [2, 1]
    """

    def __call__(self, image: np.ndarray, random: Optional[np.random.RandomState] = None) -> np.ndarray:
        return self.apply(image, self.draw(random, image.shape))

    def draw(self, random: Optional[np.random.RandomState], shape: Tuple[int, ...]) -> Any:
        """What becomes of an image of a shape (H,W,C); None if it stays as it is, or nothing is random."""

    def apply(self, image: np.ndarray, drawn: Any) -> np.ndarray:
        """The image changed as drawn."""
        raise NotImplementedError

    def out_size(self, size: Tuple[int, int]) -> Tuple[int, int]:
        """Height and width of what an image of some height and width becomes."""
        return size


class Compose:
    """Several augmentations, one after the other.

    Parameters
    ----------
    transforms : sequence of augmentations
    """

    def __init__(self, transforms: Sequence[Callable]):
        self.transforms = list(transforms)
        for transform in self.transforms:
            if not callable(transform):
                raise TypeError('Compose: each transform must be callable, got {!r}.'.format(transform))

    def __call__(self, image: np.ndarray, random: np.random.RandomState) -> np.ndarray:
        for transform in self.transforms:
            image = transform(image, random)
        return image


def check_range(owner, name, value, low, high=None, low_open=False):
    """Return (first, last) of a pair of numbers in the interval that are in order."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise ValueError('{}: {} must be two numbers, (low, high), got {!r}.'.format(owner, name, value))
    first, last = (check_number(owner, name, v, low, high, low_open=low_open) for v in value)
    if first > last:
        raise ValueError('{}: {} must be in order, (low, high), got {!r}.'.format(owner, name, value))
    return first, last


def check_size(owner, size):
    """Return (height, width) of a size in pixels: one number for both, or two."""
    size = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
    if len(size) != 2:
        raise ValueError('{}: size must be a number or (height, width), got {!r}.'.format(owner, size))
    return tuple(check_int(owner, 'size', side, 1) for side in size)


def scaled(side, scale):
    """A side in pixels, scaled and rounded, at least 1."""
    return max(int(round(side * scale)), 1)


def resized(image, height, width, method):
    """The image in another size, by a method of interpolation of OpenCV."""
    return channels_kept(image, cv2.resize(image, (width, height), interpolation=method))


def channels_kept(image, changed):
    """`changed` with the channel axis that OpenCV drops from grey images."""
    return changed.reshape(changed.shape[:2] + image.shape[2:])
