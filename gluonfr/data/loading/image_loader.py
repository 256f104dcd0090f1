"""Batches of images from any data set of faces, read, augmented and normalised by threads."""
from functools import partial
from typing import Any, Callable, Optional, Sequence, Union

import mxnet as mx
import numpy as np

from ...compat import usable_cores
from ...utils.check import check_int
from ...utils.host_array import host_array
from ...utils.threads import ahead
from ..input_spec import InputSpec
from ..normalize import check_spec, normalizer
from ..sampler import sample_seeds
from ..transforms import augmentation
from .epoch_loader import EpochLoader, as_int32

__all__ = ['ImageLoader']

MOST_WORKERS = 8  # by default: about an eighth of the time of a sample is Python, which only one thread runs at a time


class ImageLoader(EpochLoader):
    """Iterates over a data set's images, a batch at a time, while threads prepare the next ones.

    The order depends on (seed, epoch) only and what a transform draws for a sample on (seed, epoch, place in the
    epoch) only: so the batches are the same for any number of workers, and `batches(epoch, start)` gives exactly those
    that an interrupted epoch still lacked. Each plain iteration takes the next epoch.

    Parameters
    ----------
    dataset : object
        With `len()` and `read(i)` -> (uint8 (H,W,3) RGB, int label), called from several threads at once: the data
        sets of this package.
    batch_size, shuffle, last_batch, sampler
        As for `ArrayLoader`.
    seed : int, [0, 2^32)
        Seed of the orders (unless a sampler decides them) and of the transforms.
    transform : callable, str, sequence or None
        Called as transform(image, random) -> image, both uint8 (H,W,C), with a `RandomState`; or what
        `gluonfr.data.transforms.augmentation` takes, such as 'mirror,crop'.
    spec : InputSpec or None
        A network's `input_spec`: batches become float32 as `ToTensor` makes them. None: they stay uint8.
    workers : int, >= 0, or None
        Threads, each of which makes whole batches; 0 makes them where they are asked for. None: one for each physical
        core, at most 8. They end with the iteration, also with one that is abandoned.
    prefetch : int, >= 1, or None
        Batches at most that are being made or lie ready. None: 2 more than there are workers.

    Outputs
    -------
    (NDArray float32 (B,3,H,W), or uint8 (B,H,W,C) without a spec; NDArray int32 (B,)), on the CPU.

    Raises
    ------
    ValueError, TypeError
        For parameters out of range or a data set without samples; while iterating, at the batch it concerns, for an
        image that is not uint8 (H,W,C), of another size than the others of its batch or than the spec says, and
        whatever reading raises.

    Examples
    --------
    >>> from gluonfr.data import ImageLoader, SyntheticFaces
    >>> faces = SyntheticFaces(identities=4, images_per_identity=3, size=32)
    >>> loader = ImageLoader(faces, batch_size=6, shuffle=True, seed=1, transform='mirror,crop')
    >>> for images, labels in loader:
    ...     print(images.shape, labels.asnumpy().tolist())
    (6, 32, 32, 3) [2, 0, 3, 3, 1, 2]
    (6, 32, 32, 3) [2, 0, 1, 0, 3, 1]
    """

    def __init__(self, dataset: Any, batch_size: Optional[int] = None, shuffle: bool = False, seed: int = 0,
                 last_batch: str = 'keep', sampler: Any = None, transform: Union[Callable, str, Sequence, None] = None,
                 spec: Optional[InputSpec] = None, workers: Optional[int] = None, prefetch: Optional[int] = None):
        if not hasattr(dataset, 'read') or not hasattr(dataset, '__len__'):
            raise TypeError('ImageLoader: dataset must have a length and read(i) -> (uint8 array (H,W,3), label), got '
                            '{}.'.format(type(dataset).__name__))
        if len(dataset) == 0:
            raise ValueError('ImageLoader: dataset must hold at least one sample, got none.')
        super().__init__(len(dataset), batch_size, shuffle, seed, last_batch, sampler)
        self._dataset = dataset
        self._transform = transform if transform is None or callable(transform) else augmentation(transform)
        self._spec = spec if spec is None else check_spec('ImageLoader', spec)
        workers = min(MOST_WORKERS, usable_cores()) if workers is None else workers
        self._workers = check_int('ImageLoader', 'workers', workers, 0)
        prefetch = self._workers + 2 if prefetch is None else prefetch
        self._prefetch = check_int('ImageLoader', 'prefetch', prefetch, 1)

    def _load(self, epoch, start, indices, own):
        seeds, size = None, self.batch_size
        if self._transform is not None:
            seeds = sample_seeds(self.seed, epoch, (start + len(indices)) * size)
        tasks = [partial(self._batch, index[cut],
                         seeds if seeds is None else seeds[step * size:step * size + len(index)][cut])
                 for step, (index, cut) in enumerate(zip(indices, own), start)]
        if self._workers == 0:
            return (task() for task in tasks)
        return ahead(tasks, self._workers, self._prefetch)

    def _batch(self, index, seeds):
        random = np.random.RandomState(0)  # seeded anew for each sample: making one takes ten times as long
        batch, labels = None, []
        for row, i in enumerate(index.tolist()):
            image, label = self._dataset.read(i)
            labels.append(label)
            if self._transform is not None:
                random.seed(seeds[row])
                image = self._transform(image, random)
            self._check(image, i)
            if batch is None:
                first, (batch, arrays, write) = image.shape, self._new_batch(len(index), image.shape)
            if image.shape != first:
                raise ValueError('ImageLoader: the images of a batch must have one shape, got {} for sample {} and {} '
                                 'for sample {}. Bring them to one size: `gluonfr pack folder --resize`, or Resize in '
                                 'the transform.'.format(first, index[0], image.shape, i))
            write(image, arrays[row])
        return batch, mx.nd.array(as_int32('ImageLoader', np.array(labels)), ctx=mx.cpu(), dtype='int32')

    def _new_batch(self, count, shape):
        """A batch, a NumPy array of its memory, and what writes an image into an element of that."""
        if self._spec is None:
            return (*host_array((count,) + shape, np.uint8), lambda image, pixels: np.copyto(pixels, image))
        return (*host_array((count, len(self._spec.mean)) + shape[:2], np.float32),
                normalizer(self._spec, shape[:2]))

    def _check(self, image, i):
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3:
            raise TypeError('ImageLoader: images must be uint8 arrays (H,W,C), got {} {} for sample {}.'.format(
                getattr(image, 'dtype', type(image).__name__), getattr(image, 'shape', ''), i))
        if self._spec is not None and image.shape != self._spec.size + (3,):
            raise ValueError('ImageLoader: with this spec images must be RGB of shape {}, got {} for sample {}. Bring '
                             'them to that size: `gluonfr pack folder --resize`, or Resize in the transform.'.format(
                                 self._spec.size + (3,), image.shape, i))
