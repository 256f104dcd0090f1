"""Batches from a .rec that NVIDIA DALI decodes and augments, on the CPU or on a GPU."""
from typing import Any, Callable, List, Optional, Sequence, Union

import mxnet as mx
import numpy as np

from ...compat import install_command, usable_cores
from ...utils.check import check_choice, check_int
from ...utils.host_array import data_pointer
from ...utils.types import PathLike
from ..input_spec import InputSpec
from ..normalize import check_spec
from ..record import RecordDataset, RecordError
from ..sampler import epoch_random, sample_seeds
from . import dali_pipeline
from .epoch_loader import EpochLoader

__all__ = ['DALIRecordIter']

_AHEAD = 2  # batches that DALI works on while one is in use, as by its own default


class DALIRecordIter(EpochLoader):
    """Iterates over the images of a .rec, a batch at a time, decoded, augmented and normalised by NVIDIA DALI.

    It gives what `ImageLoader` gives for the same file and parameters: labels and order are equal, also those of a
    shuffled epoch, the same images are augmented in the same way, and pixels differ by rounding only (see
    `dali_pipeline` for the few operators that DALI lacks). `batches(epoch, start)` gives exactly the batches that an
    interrupted epoch still lacked, augmentations included; on a CPU bit for bit.

    For that Python reads the encoded images, in gluonfr's order, and draws for the augmentations; DALI does the rest.
    DALI's own reader would not do: its order cannot be taken up again, and it stops at the records of InsightFace's
    files that have no image.

    It is meant for a GPU: on a CPU it takes about the time of `ImageLoader`, and twice that with many augmentations,
    because DALI works on every image where `ImageLoader` passes those by that were drawn to stay as they are. Each
    iteration has a pipeline of its own, so several may be under way at once.

    Parameters
    ----------
    path_rec : str, Path or RecordDataset
        Of a RecordDataset, `flag` and `transform` are not used.
    batch_size, shuffle, seed, last_batch, sampler, transform, spec
        As for `ImageLoader`; transform is made of the augmentations in `gluonfr.data.transforms` only.
    num_shards, shard_id : int, >= 1 and [0, num_shards)
        Of each num_shards * batch_size samples of an epoch this iterator takes every num_shards-th, from number
        shard_id on, so the shards together are one loader with a num_shards times larger batch. With last_batch
        'discard' and 'pad' all shards have equally many batches of batch_size samples each; with 'keep' the last batch
        of some may be smaller or missing. Only without a sampler. For several GPUs: one iterator each.
    ctx : Context or None
        Where the pipeline runs and the images go; None for the first GPU, or the CPU where MXNet sees no GPU. The GPU
        pipeline differs in the place of its operators only, and has not been tried.
    num_threads : int, >= 1, or None
        Threads of the pipeline; None for one on each physical core.
    dtype : {'float32', 'float16'}
        Of the images, where there is a spec.

    Outputs
    -------
    (NDArray (B,3,H,W) of `dtype`, (B,1,H,W) for a grey spec, or uint8 (B,H,W,3) without a spec, on `ctx`;
    NDArray int32 (B,), on the CPU).

    Raises
    ------
    ImportError
        DALI is not installed.
    ValueError, TypeError
        Parameters out of range, a transform that DALI has no operators for, or one that does not end in the spec's
        size.
    RecordError
        A damaged file; while iterating, up to two batches early, a record that cannot be read or decoded, or whose
        image is not of the size of the file's first.
    """

    def __init__(self, path_rec: Union[PathLike, RecordDataset], batch_size: Optional[int] = None,
                 shuffle: bool = False, seed: int = 0, last_batch: str = 'keep', sampler: Any = None,
                 transform: Union[Callable, str, Sequence, None] = None, spec: Optional[InputSpec] = None,
                 num_shards: int = 1, shard_id: int = 0, ctx: Optional[mx.Context] = None,
                 num_threads: Optional[int] = None, dtype: str = 'float32'):
        try:
            import nvidia.dali as dali
        except ImportError as error:
            raise ImportError('DALIRecordIter needs NVIDIA DALI, which cannot be imported ({}). Run: {}, or read '
                              'the same file without it: gluonfr.data.ImageLoader, --data-iter gluon.'.format(
                                  error, install_command('dali'))) from error
        owner = 'DALIRecordIter'
        self._num_shards = check_int(owner, 'num_shards', num_shards, 1)
        self._shard_id = check_int(owner, 'shard_id', shard_id, 0, self._num_shards - 1)
        if sampler is not None and self._num_shards > 1:
            raise ValueError('{}: num_shards must be 1 with a sampler, which decides the order itself, got {}.'.format(
                owner, num_shards))
        self._dataset = path_rec if isinstance(path_rec, RecordDataset) else RecordDataset(path_rec)
        super().__init__(len(self._dataset), batch_size, shuffle, seed, last_batch, sampler)
        self._spec = spec if spec is None else check_spec(owner, spec)
        self._dtype = check_choice(owner, 'dtype', dtype, ('float32', 'float16'))
        self._ctx = ctx or (mx.gpu() if mx.context.num_gpus() else mx.cpu())
        self._threads = usable_cores() if num_threads is None else check_int(owner, 'num_threads', num_threads, 1)
        self._dali = dali
        self._steps = dali_pipeline.translate(dali, transform or [], self._dataset.image_size)
        size = self._steps[-1].out_size if self._steps else self._dataset.image_size
        if spec is not None and size != spec.size:
            raise ValueError('{}: the network takes images of {}, got {} from {}. Bring them to that size: `gluonfr '
                             'pack folder --resize`, or Resize or CenterCrop in the transform.'.format(
                                 owner, spec.size, size, self._dataset.file.path))

    def __len__(self):
        if self._sampler is not None:
            return len(self._sampler)
        full, rest = divmod(self._samples, self.batch_size * self._num_shards)
        return full + (rest > {'discard': self._samples, 'pad': 0, 'keep': self._shard_id}[self._last_batch])

    def indices(self, epoch: int) -> List[np.ndarray]:
        """Return the list of index arrays, one for each batch of `epoch`."""
        if self._sampler is not None:
            return list(self._sampler.indices(epoch))
        size = self.batch_size * self._num_shards
        order = epoch_random(self.seed, epoch).permutation(self._samples) if self._shuffle else np.arange(self._samples)
        if self._last_batch == 'pad':
            order = np.resize(order, len(self) * size)  # repeats from its beginning
        return [order[i * size + self._shard_id:(i + 1) * size:self._num_shards] for i in range(len(self))]

    def _load(self, epoch, start, indices, own):
        pipeline = dali_pipeline.build(self._dali, self._feed(epoch, start, indices, own), self._steps, self._spec,
                                       self._dtype, self.batch_size, self._threads,
                                       None if self._ctx.device_type == 'cpu' else self._ctx.device_id)
        indices = [index[cut] for index, cut in zip(indices, own)]
        for step, index in enumerate(indices):
            try:
                images, shapes = pipeline.run()
            except RuntimeError as error:
                raise self._culprit(np.concatenate(indices[step:step + _AHEAD + 1]), error) from error
            self._check_shapes(index, shapes.as_array())
            labels = self._dataset.labels[index]
            yield self._to_mxnet(images.as_tensor()), mx.nd.array(labels, ctx=mx.cpu(), dtype='int32')

    def _feed(self, epoch, start, indices, own):
        """Yield the inputs of the pipeline, a batch at a time."""
        size = self.batch_size * self._num_shards
        seeds = sample_seeds(self.seed, epoch, (start + len(indices)) * size)[self._shard_id::self._num_shards]
        for step, (index, cut) in enumerate(zip(indices, own), start):
            encoded = [np.frombuffer(self._bytes(i), np.uint8) for i in index[cut].tolist()]
            drawn = seeds[step * self.batch_size:step * self.batch_size + len(index)][cut]
            yield (encoded, *dali_pipeline.draw(self._steps, _randoms(drawn)))

    def _bytes(self, i):
        data, _ = self._dataset.read_bytes(i)
        if data[:2] == b'\xff\xd8' and data[-2:] != b'\xff\xd9':
            self._dataset.read(i)  # raises if it is truncated, which DALI does not: it puts grey for what is missing
        return data

    def _check_shapes(self, index, shapes):
        wanted = self._dataset.image_size
        for i in np.flatnonzero((shapes[:, :2] != wanted).any(axis=1)):
            raise RecordError('record {} of {}: the image is {} x {} pixels, others are {} x {}, and DALIRecordIter '
                              'needs one size. Bring them to it with `gluonfr pack folder --resize`, or take '
                              'ImageLoader with Resize in the transform.'.format(
                                  self._dataset.keys[index[i]], self._dataset.file.path, *shapes[i, :2], *wanted))

    def _culprit(self, index, error):
        """Return the RecordError that tells which of the samples DALI could not decode."""
        for i in index:
            try:
                self._dataset.read(i)
            except RecordError as found:
                return found
        return RecordError('{}: DALI cannot decode one of the records {}: {}'.format(
            self._dataset.file.path, ', '.join(map(str, self._dataset.keys[index])), str(error).strip()))

    def _to_mxnet(self, tensor):
        array = mx.nd.empty(tensor.shape(), ctx=self._ctx,
                            dtype='uint8' if self._spec is None else self._dtype)
        tensor.copy_to_external(data_pointer(array))  # waits until it is done; DALI's plugin for MXNet does not
        return array


def _randoms(seeds):
    """The generator of each image in turn."""
    random = np.random.RandomState()
    for seed in seeds.tolist():
        random.seed(seed)
        yield random
