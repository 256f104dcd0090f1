"""Random changes of training images.

An augmentation is called with an image, uint8 (H,W,C) with C = 1 or 3 (RGB), and a `numpy.random.RandomState`, from
which it takes all its randomness. It returns uint8 of the same shape and never writes to what it was given; an image
that stays as it is may be returned itself. None keeps a state, so several threads may share one.
"""
import cv2
import numpy as np

from ..utils.check import check_int, check_number
from ..utils.registry import Registry
from .image import decode, encode
from .normalize import GREY

__all__ = ['CenterCrop', 'Compose', 'Crop', 'Erase', 'JPEGQuality', 'LowResolution', 'Mirror', 'Photometric', 'Resize',
           'TRANSFORMS', 'augmentation']

TRANSFORMS = Registry('transform')

# RGB -> luma and two colour axes (YIQ), in which a hue is an angle
_YIQ = np.array([GREY, (0.596, -0.275, -0.321), (0.212, -0.523, 0.311)])
_RGB = np.linalg.inv(_YIQ)


def augmentation(what):
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
    """
    parts = [name.strip() for name in what.split(',') if name.strip()] if isinstance(what, str) else what
    return Compose([TRANSFORMS.create(part) if isinstance(part, str) else part for part in parts])


class Compose:
    """Several augmentations, one after the other.

    Parameters
    ----------
    transforms : sequence of augmentations
    """

    def __init__(self, transforms):
        self._transforms = list(transforms)
        for transform in self._transforms:
            if not callable(transform):
                raise TypeError('Compose: each transform must be callable, got {!r}.'.format(transform))

    def __call__(self, image, random):
        for transform in self._transforms:
            image = transform(image, random)
        return image


@TRANSFORMS.register('mirror')
class Mirror:
    """Left and right exchanged.

    Parameters
    ----------
    p : float, [0, 1]
        Probability.
    """

    def __init__(self, p=0.5):
        self._p = check_number('Mirror', 'p', p, 0, 1)

    def __call__(self, image, random):
        return _channels_kept(image, cv2.flip(image, 1)) if random.random_sample() < self._p else image


@TRANSFORMS.register('crop')
class Crop:
    """A window of random size and place, brought to the size of the image.

    Parameters
    ----------
    pad : int, >= 0
        Pixels that the window may reach beyond each edge, where the image is continued by its reflection.
    scale : (float, float), 0 < low <= high <= 1
        Range of the window's sides as a share of the image's.
    """

    def __init__(self, pad=4, scale=(0.9, 1.0)):
        self._pad = check_int('Crop', 'pad', pad, 0)
        self._scale = _check_range('Crop', 'scale', scale, 0, 1, low_open=True)

    def __call__(self, image, random):
        height, width = image.shape[:2]
        scale = random.uniform(*self._scale)
        h, w = _scaled(height, scale), _scaled(width, scale)
        top, left = (random.randint(0, n + 2 * self._pad - size + 1) for n, size in ((height, h), (width, w)))
        if self._pad:
            image = _channels_kept(image, cv2.copyMakeBorder(image, *[self._pad] * 4, cv2.BORDER_REFLECT_101))
        window = image[top:top + h, left:left + w]
        return window if (h, w) == (height, width) else _resized(window, height, width, cv2.INTER_LINEAR)


@TRANSFORMS.register('photometric')
class Photometric:
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

    def __init__(self, brightness=0.2, contrast=0.2, saturation=0.2, hue=0.0):
        self._brightness = check_number('Photometric', 'brightness', brightness, 0, 1)
        self._contrast = check_number('Photometric', 'contrast', contrast, 0, 1)
        self._saturation = check_number('Photometric', 'saturation', saturation, 0, 1)
        self._hue = check_number('Photometric', 'hue', hue, 0, 0.5)

    def __call__(self, image, random):
        brightness, contrast, saturation, turn = random.uniform(-1, 1, 4) * (
            self._brightness, self._contrast, self._saturation, 2 * np.pi * self._hue)
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
        return _channels_kept(image, cv2.transform(image, np.hstack([matrix, shift])))


@TRANSFORMS.register('low_resolution', 'lowres')
class LowResolution:
    """The image made smaller and large again, as AdaFace (2204.00964) augments.

    Parameters
    ----------
    scale : (float, float), 0 < low <= high <= 1
        Range of the small image's sides as a share of the image's.
    p : float, [0, 1]
        Probability.
    """

    _METHODS = (cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_AREA, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)

    def __init__(self, scale=(0.2, 1.0), p=0.2):
        self._scale = _check_range('LowResolution', 'scale', scale, 0, 1, low_open=True)
        self._p = check_number('LowResolution', 'p', p, 0, 1)

    def __call__(self, image, random):
        if random.random_sample() >= self._p:
            return image
        height, width = image.shape[:2]
        scale = random.uniform(*self._scale)
        down, up = (self._METHODS[i] for i in random.randint(0, len(self._METHODS), 2))
        small = _resized(image, _scaled(height, scale), _scaled(width, scale), down)
        return _resized(small, height, width, up)


@TRANSFORMS.register('jpeg_quality', 'jpeg')
class JPEGQuality:
    """The traces of a JPEG compression of random quality.

    Parameters
    ----------
    quality : (int, int), 1 <= low <= high <= 100
        Range of the quality, both ends included.
    p : float, [0, 1]
        Probability.
    """

    def __init__(self, quality=(30, 95), p=0.2):
        self._quality = [check_int('JPEGQuality', 'quality', q)
                         for q in _check_range('JPEGQuality', 'quality', quality, 1, 100)]
        self._p = check_number('JPEGQuality', 'p', p, 0, 1)

    def __call__(self, image, random):
        if random.random_sample() >= self._p:
            return image
        quality = random.randint(self._quality[0], self._quality[1] + 1)
        return decode(encode(image, '.jpg', quality), flag=1 if image.shape[2] == 3 else 0)


@TRANSFORMS.register('erase')
class Erase:
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

    def __init__(self, area=(0.02, 0.2), ratio=(0.3, 3.3), p=0.2, fill=None):
        self._area = _check_range('Erase', 'area', area, 0, 1)
        self._log_ratio = np.log(_check_range('Erase', 'ratio', ratio, 0, low_open=True))
        self._p = check_number('Erase', 'p', p, 0, 1)
        self._fill = fill if fill is None else check_int('Erase', 'fill', fill, 0, 255)

    def __call__(self, image, random):
        if random.random_sample() >= self._p:
            return image
        height, width = image.shape[:2]
        area = random.uniform(*self._area) * height * width
        ratio = np.exp(random.uniform(*self._log_ratio))
        h = min(int(round((area * ratio) ** 0.5)), height)
        w = min(int(round((area / ratio) ** 0.5)), width)
        top, left = random.randint(0, height - h + 1), random.randint(0, width - w + 1)
        image = image.copy()
        window = image[top:top + h, left:left + w]
        window[:] = random.randint(0, 256, window.shape, np.uint8) if self._fill is None else self._fill
        return image


class Resize:
    """The whole image in another size, for data that are not of the net's size; nothing in it is random.

    Parameters
    ----------
    size : int or (int, int), >= 1
        Height and width in pixels.
    """

    def __init__(self, size):
        self._size = _check_size('Resize', size)

    def __call__(self, image, random=None):
        if image.shape[:2] == self._size:
            return image
        smaller = self._size[0] < image.shape[0] and self._size[1] < image.shape[1]
        return _resized(image, *self._size, cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)


class CenterCrop:
    """The middle of the image, for data that are larger than the net's input; nothing in it is random.

    Parameters
    ----------
    size : int or (int, int), >= 1
        Height and width in pixels.

    Raises
    ------
    ValueError
        When called with an image that is smaller.
    """

    def __init__(self, size):
        self._size = _check_size('CenterCrop', size)

    def __call__(self, image, random=None):
        (height, width), (h, w) = image.shape[:2], self._size
        if height < h or width < w:
            raise ValueError('CenterCrop: the image must be at least {}x{}, got {}x{}.'.format(h, w, height, width))
        top, left = (height - h) // 2, (width - w) // 2
        return image[top:top + h, left:left + w]


def _check_range(owner, name, value, low, high=None, low_open=False):
    """Return (first, last) of a pair of numbers in the interval that are in order."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise ValueError('{}: {} must be two numbers, (low, high), got {!r}.'.format(owner, name, value))
    first, last = (check_number(owner, name, v, low, high, low_open=low_open) for v in value)
    if first > last:
        raise ValueError('{}: {} must be in order, (low, high), got {!r}.'.format(owner, name, value))
    return first, last


def _check_size(owner, size):
    size = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
    if len(size) != 2:
        raise ValueError('{}: size must be a number or (height, width), got {!r}.'.format(owner, size))
    return tuple(check_int(owner, 'size', side, 1) for side in size)


def _scaled(side, scale):
    return max(int(round(side * scale)), 1)


def _resized(image, height, width, method):
    return _channels_kept(image, cv2.resize(image, (width, height), interpolation=method))


def _channels_kept(image, changed):
    """`changed` with the channel axis that OpenCV drops from grey images."""
    return changed.reshape(changed.shape[:2] + image.shape[2:])
