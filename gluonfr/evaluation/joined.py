"""Several data sets as one, and the hash of what was read of one."""
import hashlib
from typing import Any, List, Sequence, Tuple

import numpy as np

__all__ = ['HashedImages', 'JoinedImages', 'Stretched']


class JoinedImages:
    """Data sets of images one after the other."""

    def __init__(self, parts: Sequence[Any]):
        self._parts = list(parts)
        self._ends = np.cumsum([len(part) for part in parts])

    def __len__(self):
        return int(self._ends[-1])

    @property
    def names(self) -> List[str]:
        return [name for part in self._parts for name in part.names]

    def _at(self, i):
        k = int(np.searchsorted(self._ends, i, side='right'))
        return self._parts[k], i - (int(self._ends[k - 1]) if k else 0)

    def read(self, i: int) -> Tuple[np.ndarray, int]:
        """Image `i` as uint8 (H, W, 3) RGB, and its label."""
        part, i = self._at(i)
        return part.read(i)

    def read_bytes(self, i: int) -> Tuple[bytes, int]:
        """The encoded image and its label."""
        part, i = self._at(i)
        return part.read_bytes(i)

    def decode(self, data: bytes, i: int) -> np.ndarray:
        """The image of the bytes of `read_bytes`."""
        part, i = self._at(i)
        return part.decode(data, i)

    def size_of(self, i: int) -> Tuple[int, int]:
        """Height and width by its header."""
        part, i = self._at(i)
        return part.size_of(i)


class HashedImages:
    """A data set that notes the SHA-256 of each image when it is read: of its file or record, or of its pixels.

    Attributes
    ----------
    digests : uint8 array (N, 32)
    """

    def __init__(self, images: Any):
        self._images, self.digests = images, np.zeros((len(images), 32), np.uint8)

    def __len__(self):
        return len(self._images)

    def __getattr__(self, name):
        return getattr(self._images, name)

    def read(self, i: int) -> Tuple[np.ndarray, int]:
        """As of the data set; several threads may."""
        if hasattr(self._images, 'read_bytes'):
            data, label = self._images.read_bytes(i)
            image = self._images.decode(data, i)
        else:
            image, label = self._images.read(i)
            data = np.ascontiguousarray(image)
        self.digests[i] = np.frombuffer(hashlib.sha256(data).digest(), np.uint8)
        return image, label

    def sha256(self) -> str:
        """One hash of all images that were read, in their order."""
        return hashlib.sha256(self.digests.tobytes()).hexdigest()


class Stretched:
    """A data set whose images are stretched to one size, such as tiny faces that nobody aligned.

    Parameters
    ----------
    images : dataset
    size : (int, int)
        Height and width.
    """

    def __init__(self, images: Any, size: Tuple[int, int]):
        self._images, self._size = images, size

    def __len__(self):
        return len(self._images)

    def __getattr__(self, name):
        return getattr(self._images, name)

    def read(self, i: int) -> Tuple[np.ndarray, int]:
        """Image `i` in that size, and its label."""
        data, label = self.read_bytes(i)
        return self.decode(data, i), label

    def decode(self, data: bytes, i: int) -> np.ndarray:
        """The image of the bytes of `read_bytes`, in that size."""
        from ..data.image import resize
        return resize(self._images.decode(data, i), self._size)

    def size_of(self, i: int) -> Tuple[int, int]:
        """Height and width, of all."""
        return self._size
