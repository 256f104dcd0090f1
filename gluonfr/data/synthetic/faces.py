"""Faces drawn by a program, so that pipelines, tests and benchmarks need no download."""
from typing import Callable, Optional, Tuple

import numpy as np

from ...utils.check import check_int, check_number
from ...utils.messages import counted
from ..dataset import FaceDataset
from ..pairs import draw_pairs
from .draw import draw
from .person import person, stream
from .scene import positions, scene

__all__ = ['SyntheticFaces']


class SyntheticFaces(FaceDataset):
    """Drawn faces of people who do not exist, aligned as a face detector's crops are, nothing stored.

    A person is some seventy traits (shape of head, jaw, hair, eyes, brows, nose, mouth; colours; beard, glasses, moles)
    drawn from (seed, identity). An image adds what differs between photographs, drawn from (seed, identity, index):
    turn of the head, expression, light, occlusion, framing, background, blur and noise. An image is therefore the same
    in whatever order, thread or process it is read: bit for bit on one platform with the same NumPy and OpenCV; with
    others a few pixels in a million round to the next grey level.

    Parameters
    ----------
    identities : int, >= 1
        People; their labels are 0 to identities - 1.
    images_per_identity : int, >= 1
    seed : int, [0, 2^32)
        Another seed gives other people.
    size : int, [32, 1024]
        Height and width in pixels. It changes the resolution, not what is drawn.
    difficulty : float, >= 0
        Scales all that differs between the images of a person; 0 leaves nothing but a little noise.
    first_identity : int, [0, 2^32)
        Number of the first person: sets with the same seed share no person if their numbers do not overlap, as those
        for training and for testing should not.
    transform : callable or None
        ``transform(image, label)`` of what indexing gives.

    Attributes
    ----------
    labels : numpy int64 (N,)
        Person of each image.
    num_classes : int
    ranges : numpy int64 (num_classes, 2)
        Begin and end of each person's images.

    Outputs
    -------
    ``dataset[i]``: (NDArray uint8 (size, size, 3) RGB, int); `read` gives the image as a NumPy array.

    Raises
    ------
    ValueError, TypeError
        For parameters out of range or of another type.

    Examples
    --------
    >>> from gluonfr.data import SyntheticFaces
    >>> faces = SyntheticFaces(identities=4, images_per_identity=3, size=32)
    >>> image, label = faces.read(5)
    >>> print(len(faces), image.shape, image.dtype, label)
    12 (32, 32, 3) uint8 1
    >>> print(faces[5][0].shape)
    (32, 32, 3)
    """

    def __init__(self, identities: int, images_per_identity: int, seed: int = 0, size: int = 112,
                 difficulty: float = 1.0, first_identity: int = 0, transform: Optional[Callable] = None):
        self.num_classes = check_int('SyntheticFaces', 'identities', identities, 1)
        self.images_per_identity = check_int('SyntheticFaces', 'images_per_identity', images_per_identity, 1)
        self.seed = check_int('SyntheticFaces', 'seed', seed, 0, 2 ** 32 - 1)
        self.size = check_int('SyntheticFaces', 'size', size, 32, 1024)
        self.difficulty = float(check_number('SyntheticFaces', 'difficulty', difficulty, 0))
        self.first_identity = check_int('SyntheticFaces', 'first_identity', first_identity, 0, 2 ** 32 - 1)
        self._transform = transform
        self.labels = np.repeat(np.arange(self.num_classes, dtype=np.int64), self.images_per_identity)

    def __repr__(self):
        return 'SyntheticFaces({} x {}, {}x{}, difficulty {:g})'.format(
            counted(self.num_classes, 'person', 'people'), counted(self.images_per_identity, 'image'), self.size,
            self.size, self.difficulty)

    def read(self, index: int) -> Tuple[np.ndarray, int]:
        """Return (numpy uint8 (size, size, 3) RGB, int label) of an image, without its transform."""
        return draw(*self._find(index), self.size), int(self.labels[index])

    def identity(self):
        """What is drawn."""
        return {'drawn': [self.num_classes, self.images_per_identity, self.seed, self.size, self.difficulty,
                          self.first_identity]}

    def landmarks(self, index: int) -> np.ndarray:
        """Return left eye, right eye, nose and corners of the mouth, float32 (5, 2): x and y in pixels.

        Left is left in the image; the centre of the first pixel is (0, 0).
        """
        who, seen = self._find(index)
        return positions(who, seen, self.size)[who.slices['landmarks']].astype(np.float32)

    def _find(self, index):
        """Who is seen in an image, and how."""
        if not -len(self) <= index < len(self):
            raise IndexError('SyntheticFaces: index must be in [{}, {}], got {}.'.format(
                -len(self), len(self) - 1, index))
        label, image = divmod(int(index) % len(self), self.images_per_identity)
        identity = self.first_identity + label
        return person(self.seed, identity), scene(stream(self.seed, identity, image + 1), self.difficulty)

    def pairs(self, count: int, seed: int = 0) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw pairs of images for verification, of one person and of different people by turns: see `draw_pairs`."""
        return draw_pairs(self.labels, count, folds=1, seed=seed)
