"""Some images of a data set, under labels of their own."""
from typing import Any, List, Tuple

import numpy as np

__all__ = ['Subset']


class Subset:
    """Some images of a data set, with labels from 0 on.

    Parameters
    ----------
    images : data set
        With ``read(i) -> (image, label)`` and `names`.
    chosen : int array (N,)
        Which of them.
    labels : int array (N,)
        Their labels here.
    """

    def __init__(self, images: Any, chosen: np.ndarray, labels: np.ndarray):
        self._images, self._chosen, self.labels = images, chosen, labels
        self.num_classes = int(labels.max()) + 1 if len(labels) else 0

    def __len__(self):
        return len(self._chosen)

    @property
    def names(self) -> List[str]:
        """What they are called."""
        names = self._images.names
        return [names[i] for i in self._chosen.tolist()]

    def read(self, i: int) -> Tuple[np.ndarray, int]:
        """Image `i` (uint8 (H, W, 3) RGB) and its label; several threads may."""
        return self._images.read(int(self._chosen[i]))[0], int(self.labels[i])

    def read_bytes(self, i: int) -> Tuple[bytes, int]:
        """As `read`, but the image stays encoded."""
        return self._images.read_bytes(int(self._chosen[i]))[0], int(self.labels[i])

    def decode(self, data: bytes, i: int) -> np.ndarray:
        """The image of the bytes of `read_bytes`."""
        return self._images.decode(data, int(self._chosen[i]))

    def part(self, rows: np.ndarray) -> 'Subset':
        """The images in some rows, with the labels of their people numbered anew."""
        return Subset(self._images, self._chosen[rows], np.unique(self.labels[rows], return_inverse=True)[1])
