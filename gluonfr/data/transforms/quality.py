"""How a picture is taken: light, colour, resolution and compression."""
from typing import Tuple

import cv2
import numpy as np

from ...utils.check import check_int, check_number
from ..image import decode, encode
from ..normalize import GREY
from .base import TRANSFORMS, Transform, channels_kept, check_range, resized, scaled

__all__ = ['JPEGQuality', 'LowResolution', 'Photometric']

# RGB -> luma and two colour axes (YIQ), in which a hue is an angle
_YIQ = np.array([GREY, (0.596, -0.275, -0.321), (0.212, -0.523, 0.311)])
_RGB = np.linalg.inv(_YIQ)


@TRANSFORMS.register('photometric')
class Photometric(Transform):
    """Brightness, contrast, saturation and hue, each by a factor or an angle drawn around no change.

    All are linear in the colour, so one matrix does them, and values are cut to 0..255 once.

    Parameters
    ----------
    brightness : float, [0, 1]
        b: all values times a factor in [1 - b, 1 + b].
    contrast : float, [0, 1]
        c: the difference to the image's mean grey times a factor in [1 - c, 1 + c].
    saturation : float, [0, 1]
        s: the difference to the pixel's own grey times a factor in [1 - s, 1 + s].
    hue : float, [0, 0.5]
        h: hues turned by an angle in [-h, h] of a full turn (in YIQ), the greys kept.
    """

    def __init__(self, brightness: float = 0.2, contrast: float = 0.2, saturation: float = 0.2, hue: float = 0.0):
        self._brightness = check_number('Photometric', 'brightness', brightness, 0, 1)
        self._contrast = check_number('Photometric', 'contrast', contrast, 0, 1)
        self._saturation = check_number('Photometric', 'saturation', saturation, 0, 1)
        self._hue = check_number('Photometric', 'hue', hue, 0, 0.5)

    def draw(self, random, shape):
        """Four numbers in [-1, 1], by which the four strengths are multiplied."""
        return random.uniform(-1, 1, 4)

    def changes(self, drawn, full_turn):
        """Brightness, contrast and saturation as drawn, and the hue in the unit of which a full turn has so many."""
        return drawn * (self._brightness, self._contrast, self._saturation, full_turn * self._hue)

    def apply(self, image, drawn):
        brightness, contrast, saturation, turn = self.changes(drawn, 2 * np.pi)
        if not (brightness or contrast or saturation or turn):
            return image
        gain = (1 + brightness) * (1 + contrast)
        mean = cv2.mean(image)[:image.shape[2]]
        if image.shape[2] == 1:
            matrix, grey = np.array([[gain]]), mean[0]
        else:
            cos, sin = (1 + saturation) * np.cos(turn), (1 + saturation) * np.sin(turn)
            matrix = gain * _RGB.dot([[1, 0, 0], [0, cos, -sin], [0, sin, cos]]).dot(_YIQ)
            grey = np.dot(GREY, mean)
        shift = np.full((len(matrix), 1), -(1 + brightness) * contrast * grey)
        return channels_kept(image, cv2.transform(image, np.hstack([matrix, shift])))


@TRANSFORMS.register('low_resolution', 'lowres')
class LowResolution(Transform):
    """The image made smaller and large again, as AdaFace (2204.00964) augments.

    Parameters
    ----------
    scale : (float, float), 0 < low <= high <= 1
        Range of the small image's sides as a share of the image's.
    p : float, [0, 1]
        Probability.
    """

    METHODS = {'nearest': cv2.INTER_NEAREST, 'linear': cv2.INTER_LINEAR, 'area': cv2.INTER_AREA,
               'cubic': cv2.INTER_CUBIC, 'lanczos': cv2.INTER_LANCZOS4}

    def __init__(self, scale: Tuple[float, float] = (0.2, 1.0), p: float = 0.2):
        self._scale = check_range('LowResolution', 'scale', scale, 0, 1, low_open=True)
        self._p = check_number('LowResolution', 'p', p, 0, 1)

    def draw(self, random, shape):
        """((height, width) of the small image, method on the way down, method on the way up), or None."""
        if random.random_sample() >= self._p:
            return None
        scale = random.uniform(*self._scale)
        down, up = random.randint(0, len(self.METHODS), 2)
        names = list(self.METHODS)
        return tuple(scaled(side, scale) for side in shape[:2]), names[down], names[up]

    def apply(self, image, drawn):
        if drawn is None:
            return image
        size, down, up = drawn
        return resized(resized(image, *size, self.METHODS[down]), *image.shape[:2], self.METHODS[up])


@TRANSFORMS.register('jpeg_quality', 'jpeg')
class JPEGQuality(Transform):
    """The traces of a JPEG compression of random quality.

    Parameters
    ----------
    quality : (int, int), 1 <= low <= high <= 100
        Range of the quality, both ends included.
    p : float, [0, 1]
        Probability.
    """

    def __init__(self, quality: Tuple[int, int] = (30, 95), p: float = 0.2):
        self._quality = [check_int('JPEGQuality', 'quality', q)
                        for q in check_range('JPEGQuality', 'quality', quality, 1, 100)]
        self._p = check_number('JPEGQuality', 'p', p, 0, 1)

    def draw(self, random, shape):
        """The quality, or None."""
        return None if random.random_sample() >= self._p else random.randint(self._quality[0], self._quality[1] + 1)

    def apply(self, image, drawn):
        if drawn is None:
            return image
        return decode(encode(image, '.jpg', drawn), flag=1 if image.shape[2] == 3 else 0)
