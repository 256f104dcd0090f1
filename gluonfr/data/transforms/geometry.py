"""Where the pixels go: mirrored, cut out, covered, brought to another size."""
from typing import Optional, Tuple

import cv2
import numpy as np

from ...utils.check import check_int, check_number
from ...utils.types import Size
from ..image import resize
from .base import TRANSFORMS, Transform, Window, channels_kept, check_range, check_size, resized, scaled

__all__ = ['CenterCrop', 'Crop', 'Erase', 'Mirror', 'Resize']


@TRANSFORMS.register('mirror')
class Mirror(Transform):
    """Left and right exchanged.

    Parameters
    ----------
    p : float, [0, 1]
        Probability.
    """

    def __init__(self, p: float = 0.5):
        self._p = check_number('Mirror', 'p', p, 0, 1)

    def draw(self, random, shape):
        """True, or None."""
        return True if random.random_sample() < self._p else None

    def apply(self, image, drawn):
        return channels_kept(image, cv2.flip(image, 1)) if drawn else image


@TRANSFORMS.register('crop')
class Crop(Transform):
    """A window of random size and place, brought to the size of the image.

    Parameters
    ----------
    pad : int, >= 0
        Pixels that the window may reach beyond each edge, where the image is continued by its reflection.
    scale : (float, float), 0 < low <= high <= 1
        Range of the window's sides as a share of the image's.
    """

    def __init__(self, pad: int = 4, scale: Tuple[float, float] = (0.9, 1.0)):
        self.pad = check_int('Crop', 'pad', pad, 0)
        self._scale = check_range('Crop', 'scale', scale, 0, 1, low_open=True)

    def draw(self, random, shape):
        """The `Window`; its corner is negative where it begins beyond an edge."""
        height, width = shape[:2]
        scale = random.uniform(*self._scale)
        h, w = scaled(height, scale), scaled(width, scale)
        top, left = (random.randint(0, n + 2 * self.pad - side + 1) - self.pad for n, side in ((height, h), (width, w)))
        return Window(top, left, h, w)

    def apply(self, image, drawn):
        height, width = image.shape[:2]
        if self.pad:
            image = channels_kept(image, cv2.copyMakeBorder(image, *[self.pad] * 4, cv2.BORDER_REFLECT_101))
        window = drawn._replace(top=drawn.top + self.pad, left=drawn.left + self.pad).of(image)
        return window if window.shape[:2] == (height, width) else resized(window, height, width, cv2.INTER_LINEAR)


@TRANSFORMS.register('erase')
class Erase(Transform):
    """A rectangle of random size and place filled, "Random Erasing Data Augmentation" (1708.04896).

    Parameters
    ----------
    area : (float, float), 0 <= low <= high <= 1
        Range of the rectangle's area as a share of the image's.
    ratio : (float, float), 0 < low <= high
        Range of the rectangle's height over its width, drawn on a logarithmic scale; a rectangle longer than the image
        is cut.
    p : float, [0, 1]
        Probability.
    fill : int, [0, 255], or None
        Grey level that fills it; None for noise.
    """

    def __init__(self, area: Tuple[float, float] = (0.02, 0.2), ratio: Tuple[float, float] = (0.3, 3.3), p: float = 0.2,
                 fill: Optional[int] = None):
        self._area = check_range('Erase', 'area', area, 0, 1)
        self._log_ratio = np.log(check_range('Erase', 'ratio', ratio, 0, low_open=True))
        self._p = check_number('Erase', 'p', p, 0, 1)
        self.fill = fill if fill is None else check_int('Erase', 'fill', fill, 0, 255)

    def draw(self, random, shape):
        """(`Window`, what fills it: a number, or noise (H,W,C) of its size), or None."""
        if random.random_sample() >= self._p:
            return None
        height, width, channels = shape
        area = random.uniform(*self._area) * height * width
        ratio = np.exp(random.uniform(*self._log_ratio))
        h = min(int(round((area * ratio) ** 0.5)), height)
        w = min(int(round((area / ratio) ** 0.5)), width)
        window = Window(random.randint(0, height - h + 1), random.randint(0, width - w + 1), h, w)
        return window, random.randint(0, 256, (h, w, channels), np.uint8) if self.fill is None else self.fill

    def apply(self, image, drawn):
        if drawn is None:
            return image
        image, (window, fill) = image.copy(), drawn
        window.of(image)[:] = fill
        return image


class Resize(Transform):
    """The whole image in another size, for data that are not of the network's size; nothing in it is random.

    Parameters
    ----------
    size : int or (int, int), >= 1
        Height and width in pixels.
    """

    def __init__(self, size: Size):
        self.size = check_size('Resize', size)

    def apply(self, image, drawn=None):
        return resize(image, self.size)

    def out_size(self, size):
        return self.size


class CenterCrop(Transform):
    """The middle of the image, for data that are larger than the network's input; nothing in it is random.

    Parameters
    ----------
    size : int or (int, int), >= 1
        Height and width in pixels.

    Raises
    ------
    ValueError
        When called with an image that is smaller.
    """

    def __init__(self, size: Size):
        self.size = check_size('CenterCrop', size)

    def out_size(self, size):
        return self.size

    def apply(self, image, drawn=None):
        (height, width), (h, w) = image.shape[:2], self.size
        if height < h or width < w:
            raise ValueError('CenterCrop: the image must be at least {}x{}, got {}x{}.'.format(h, w, height, width))
        top, left = (height - h) // 2, (width - w) // 2
        return image[top:top + h, left:left + w]
