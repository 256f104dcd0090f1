"""What a data set of faces is: the one contract that readers keep and that loaders, samplers and commands rely on."""
import importlib
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

__all__ = ['FaceDataset', 'GluonMethods', 'StoredDataset', 'as_ndarray', 'check_holes', 'label_ranges']

HOLES, FOR_EACH = 1000000, 10  # labels without images that are still numbered: so many, and more for each image


class GluonMethods:
    """The methods of `mxnet.gluon.data.Dataset`, with MXNet imported when one is called: data are read without it."""

    def filter(self, fn: Callable) -> Any:
        """The samples for which ``fn(sample)`` is true, as a Gluon dataset."""
        return _gluon().filter(self, fn)

    def shard(self, num_shards: int, index: int) -> Any:
        """Part number `index` of `num_shards`, as a Gluon dataset."""
        return _gluon().shard(self, num_shards, index)

    def take(self, count: Optional[int]) -> Any:
        """The first `count` samples, as a Gluon dataset; None for all."""
        return _gluon().take(self, count)

    def sample(self, sampler: Any) -> Any:
        """The samples that a `mxnet.gluon.data.Sampler` chooses, as a Gluon dataset."""
        return _gluon().sample(self, sampler)

    def transform(self, fn: Callable, lazy: bool = True) -> Any:
        """``fn(*sample)`` of each sample, as a Gluon dataset; all at once if not `lazy`."""
        return _gluon().transform(self, fn, lazy)

    def transform_first(self, fn: Callable, lazy: bool = True) -> Any:
        """As `transform`, of the image alone."""
        return _gluon().transform_first(self, fn, lazy)


class FaceDataset(GluonMethods):
    """Images with labels. A subclass sets `labels`, `num_classes` and `_transform`, and says how an image is read.

    Attributes
    ----------
    labels : int64 array, (N,)
        Class of each image, from 0 on; -1 for an image of nobody.
    num_classes : int
        Classes; some may have no images.
    classes : sequence of str
        The classes' names, empty where nothing tells them.
    names : list of str, (N,)
        What the images are called: their paths, or keys in a .rec.
    ranges : int64 array, (num_classes, 2), or None
        [start, stop) of each class's positions; None if the labels ever fall.
    skipped, ignored_files : sequence of (place, reason)
        What was left out because it cannot be read, and without a look at it.

    Indexing gives (NDArray uint8 (H,W,3) RGB, int), or what the transform makes of it.
    """

    classes = skipped = ignored_files = ()
    _transform = None

    @property
    def names(self) -> List[str]:
        return list(map(str, range(len(self))))

    @property
    def ranges(self) -> Optional[np.ndarray]:
        return label_ranges(self.labels, self.num_classes)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        image, label = self.read(index)
        image = as_ndarray(image)
        return (image, label) if self._transform is None else self._transform(image, label)

    def read(self, index: int) -> Tuple[np.ndarray, int]:
        """Return (uint8 array (H,W,3) RGB, int label) of an image, without its transform; several threads may."""
        raise NotImplementedError

    def identity(self) -> Dict[str, Any]:
        """What tells this set from another, as JSON values: a run that goes on compares it."""
        raise NotImplementedError


class StoredDataset(FaceDataset):
    """Encoded images in files.

    Attributes
    ----------
    origin : str
        The folder or file that they are in.
    one_size : bool
        Whether it is known that all images have one size, without a look at them.
    """

    one_size = False

    def read(self, index: int) -> Tuple[np.ndarray, int]:
        """Return (uint8 array (H,W,3) RGB, int label) of an image, without its transform; several threads may.

        Raises
        ------
        ValueError, OSError
            It is damaged (`ImageError`, `RecordError`) or gone; with its name.
        """
        data, label = self.read_bytes(index)
        return self.decode(data, index), label

    def read_bytes(self, index: int) -> Tuple[bytes, int]:
        """As `read`, but the image stays encoded: (bytes, int)."""
        raise NotImplementedError

    def decode(self, data: bytes, index: int) -> np.ndarray:
        """The image of `read` from the bytes of `read_bytes`."""
        raise NotImplementedError

    def size_of(self, index: int) -> Tuple[int, int]:
        """Height and width of an image by its header."""
        raise NotImplementedError

    def describe(self, index: int) -> str:
        """What an image is called in a message."""
        raise NotImplementedError

    def stamp(self, index: int) -> Any:
        """What tells if an image has changed, as JSON values, without reading it."""
        raise NotImplementedError

    def check_formats(self) -> None:
        """Read an image of each rarer format: what lacks a plugin, as HEIC may, shows at once, not in an hour."""


def label_ranges(labels, num_classes):
    """Return [start, stop) of each class's positions, int64 (num_classes, 2), or None if the labels ever fall."""
    labels = np.asarray(labels)
    if (labels[1:] < labels[:-1]).any():
        return None
    check_holes(labels, num_classes)
    edges = np.searchsorted(labels, np.arange(num_classes + 1))
    return np.stack([edges[:-1], edges[1:]], axis=1).astype(np.int64)


def check_holes(labels, num_classes, path='the set'):
    """Raise a ValueError if nearly all labels below `num_classes` have no image: one of 2^31 would fill all memory."""
    if num_classes > HOLES + FOR_EACH * len(labels):
        raise ValueError('the labels of {} must be 0, 1, 2, ..., got {:,} people with labels up to {:,}. `gluonfr pack '
                         'folder --relabel` numbers them anew.'.format(path, len(np.unique(labels)), num_classes - 1))


def as_ndarray(image):
    """An image as an NDArray of MXNet, uint8."""
    try:
        import mxnet as mx
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError('{} Without MXNet, read(index) gives the image as a NumPy array.'.format(error),
                                  name='mxnet') from error
    return mx.nd.array(image, dtype='uint8')


def __getattr__(name):
    if name in ('FRTrainRecordDataset', 'FRValDataset'):  # gluonfr 1.0 had them in this module
        return getattr(importlib.import_module('.recognition', __package__), name)
    raise AttributeError('module {!r} has no attribute {!r}'.format(__name__, name))


def _gluon():
    from mxnet.gluon.data import Dataset
    return Dataset
