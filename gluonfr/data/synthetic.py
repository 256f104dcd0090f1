"""Faces drawn by a program, so that pipelines, tests and benchmarks need no download."""
import mxnet as mx
import numpy as np
from mxnet.gluon.data import Dataset

from ..utils.check import check_int, check_number
from .synthetic_draw import draw
from .synthetic_person import person, stream
from .synthetic_scene import place, scene

__all__ = ['SyntheticFaces']


class SyntheticFaces(Dataset):
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
    """

    def __init__(self, identities, images_per_identity, seed=0, size=112, difficulty=1.0, first_identity=0,
                 transform=None):
        self.num_classes = check_int('SyntheticFaces', 'identities', identities, 1)
        self.images_per_identity = check_int('SyntheticFaces', 'images_per_identity', images_per_identity, 1)
        self.seed = check_int('SyntheticFaces', 'seed', seed, 0, 2 ** 32 - 1)
        self.size = check_int('SyntheticFaces', 'size', size, 32, 1024)
        self.difficulty = float(check_number('SyntheticFaces', 'difficulty', difficulty, 0))
        self.first_identity = check_int('SyntheticFaces', 'first_identity', first_identity, 0, 2 ** 32 - 1)
        self._transform = transform
        self.labels = np.repeat(np.arange(self.num_classes, dtype=np.int64), self.images_per_identity)
        starts = np.arange(self.num_classes, dtype=np.int64) * self.images_per_identity
        self.ranges = np.stack([starts, starts + self.images_per_identity], axis=1)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        image, label = self.read(index)
        image = mx.nd.array(image, dtype='uint8')
        return (image, label) if self._transform is None else self._transform(image, label)

    def __repr__(self):
        return 'SyntheticFaces({} people x {} images, {}x{}, difficulty {:g})'.format(
            self.num_classes, self.images_per_identity, self.size, self.size, self.difficulty)

    def read(self, index):
        """Return (numpy uint8 (size, size, 3) RGB, int label) of an image, without its transform."""
        return draw(*self._find(index), self.size), int(self.labels[index])

    def landmarks(self, index):
        """Return left eye, right eye, nose and corners of the mouth, float32 (5, 2): x and y in pixels.

        Left is left in the image; the centre of the first pixel is (0, 0).
        """
        who, seen = self._find(index)
        return place(who, seen, self.size)[who.slices['landmarks']].astype(np.float32)

    def _find(self, index):
        """Who is seen in an image, and how."""
        if not -len(self) <= index < len(self):
            raise IndexError('SyntheticFaces: index must be in [{}, {}], got {}.'.format(
                -len(self), len(self) - 1, index))
        label, image = divmod(int(index) % len(self), self.images_per_identity)
        identity = self.first_identity + label
        return person(self.seed, identity), scene(stream(self.seed, identity, image + 1), self.difficulty)

    def pairs(self, count, seed=0):
        """Draw pairs of images for verification, of the same person and of different people in turn.

        Any piece of even length, such as a fold, is balanced. No pair comes twice, in either order.

        Parameters
        ----------
        count : int, even, >= 2
            Pairs of both kinds together.
        seed : int, [0, 2^32)

        Returns
        -------
        index0, index1 : numpy int64 (count,)
        issame : numpy bool (count,)

        Raises
        ------
        ValueError
            count is odd, or there are not so many different pairs.
        """
        count = check_int('SyntheticFaces.pairs', 'count', count, 2)
        random = np.random.RandomState(check_int('SyntheticFaces.pairs', 'seed', seed, 0, 2 ** 32 - 1))
        people, images = self.num_classes, self.images_per_identity
        same, other = people * (images * (images - 1) // 2), people * (people - 1) // 2 * images ** 2
        if count % 2 or count > 2 * min(same, other):
            raise ValueError('SyntheticFaces.pairs: count must be even and at most {} ({} pairs of one person and {} '
                             'of two can be had), got {}.'.format(2 * min(same, other), same, other, count))
        index = np.empty((2, count), dtype=np.int64)
        who, pair = np.divmod(_sample(random, same, count // 2), images * (images - 1) // 2)
        index[:, 0::2] = who * images + _unrank(pair)
        two, pair = np.divmod(_sample(random, other, count // 2), images ** 2)
        index[:, 1::2] = _unrank(two) * images + np.divmod(pair, images)
        return index[0], index[1], np.arange(count) % 2 == 0


def _sample(random, total, count):
    """`count` different integers below `total`, in random order, (count,) int64."""
    if 2 * count > total:
        return random.permutation(total)[:count].astype(np.int64)
    drawn = np.zeros(0, dtype=np.int64)
    while len(drawn) < count:
        drawn = np.append(drawn, random.randint(total, size=count, dtype=np.int64))
        drawn = drawn[np.sort(np.unique(drawn, return_index=True)[1])]
    return drawn[:count]


def _unrank(rank):
    """The pairs (low, high), low < high, numbered 0: (0, 1), 1: (0, 2), 2: (1, 2), 3: (0, 3), ...; (2, n) int64."""
    high = np.floor((1 + np.sqrt(1 + 8. * rank)) / 2).astype(np.int64)
    high -= high * (high - 1) // 2 > rank  # where rounding went up
    return np.stack([rank - high * (high - 1) // 2, high])
