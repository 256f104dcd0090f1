"""Images of any kind as the dataset that an `Embedder` reads."""
from functools import partial
from typing import Any, Iterator, Sequence, Tuple

import numpy as np
from PIL.Image import Image

from ..compat import usable_cores
from ..data.image import read_image
from ..data.input_spec import InputSpec
from ..data.normalize import normalize, normalizer
from ..utils.files import is_path
from ..utils.threads import ahead

__all__ = ['Images', 'first_normalized', 'image_list', 'normalized_batches', 'on_host']

MOST_WORKERS = 8  # about an eighth of the time of an image is Python, which only one thread runs at a time


class Images:
    """Images in memory, or a dataset, whose size is checked with a message that names the file if there is one.

    Parameters
    ----------
    images : sequence, or one image
        What an `Embedder` takes.
    size : (int, int)
        Height and width that they must have.
    """

    def __init__(self, images: Any, size: Tuple[int, int]):
        self._images, self._size = image_list(images), size
        self._read = getattr(images, 'read', None) or self._item

    def __len__(self):
        return len(self._images)

    def _item(self, i):
        image = self._images[i]
        return (read_image(image) if is_path(image) else on_host(image)), 0

    def read(self, i: int) -> Tuple[np.ndarray, Any]:
        """Image `i` and its label."""
        image, label = self._read(i)
        if np.shape(image) != self._size + (3,):
            raise ValueError("Embedder: images must be RGB of shape {}, got {} for image {}. The faces in photographs "
                             "are found and aligned by `gluonfr align`, by --detect of embed, compare and search, or "
                             "by detect='yunet' in an Embedder's call.".format(
                                 self._size + (3,), np.shape(image), self.called(i)))
        if getattr(image, 'dtype', None) != np.uint8:
            raise TypeError('Embedder: images must be uint8, got {} for image {}.'.format(
                getattr(image, 'dtype', type(image).__name__), self.called(i)))
        return image, label

    def called(self, i: int) -> Any:
        """The path of an image, or its place where it has none."""
        listed = self._images if isinstance(self._images, (list, tuple)) else ()
        paths = getattr(self._images, 'paths', listed)
        return paths[i] if i < len(paths) and is_path(paths[i]) else i


def normalized_batches(images: Images, size: int, start: int, spec: InputSpec) -> Iterator[np.ndarray]:
    """Batches of `size` from image `start` on, as a network takes them, float32 (B, C, H, W); threads read ahead."""
    tasks = [partial(_normalized, images, range(begin, min(begin + size, len(images))), spec)
             for begin in range(start, len(images), size)]
    if len(images) == size:
        return (task() for task in tasks)
    workers = min(MOST_WORKERS, usable_cores())
    return ahead(tasks, workers, workers + 2)


def first_normalized(images: Any, spec: InputSpec, most: int) -> np.ndarray:
    """The first of some images as a network takes them."""
    images = Images(images, spec.size)
    return normalize(np.stack([images.read(i)[0] for i in range(min(most, len(images)))]), spec)


def _normalized(images, places, spec):
    batch, write = np.empty((len(places),) + spec.shape, np.float32), normalizer(spec, spec.size)
    for row, i in zip(batch, places):
        write(images.read(i)[0], row)
    return batch


def image_list(images: Any) -> Sequence:
    """Images as a sequence: one alone, a path, an array (H, W, 3) or Pillow's, counts as a list of one."""
    if is_path(images) or getattr(images, 'ndim', None) == 3 or isinstance(images, Image):
        return [images]
    if not hasattr(images, '__len__') or isinstance(images, (bytes, bytearray)):
        raise TypeError('Embedder: images must be a path, an RGB array or an image of Pillow, a list of these, or a '
                        'dataset, got {}.'.format(type(images).__name__))
    return images


def on_host(image: Any) -> Any:
    """An image of Pillow or MXNet as a NumPy array; others as they are."""
    if isinstance(image, Image):
        return np.asarray(image.convert('RGB'))
    return image.asnumpy() if hasattr(image, 'asnumpy') else image
