"""Images of any kind as the dataset that an `Embedder` reads."""
from typing import Any, Sequence, Tuple

import numpy as np
from PIL.Image import Image

from ..data.image import read_image
from ..utils.files import is_path

__all__ = ['Images', 'image_list', 'on_host']


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
                                 self._size + (3,), np.shape(image), self._name(i)))
        return image, label

    def _name(self, i):
        """The path of an image, or its place where it has none."""
        listed = self._images if isinstance(self._images, (list, tuple)) else ()
        paths = getattr(self._images, 'paths', listed)
        return paths[i] if i < len(paths) and is_path(paths[i]) else i


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
