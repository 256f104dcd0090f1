"""Batches of a training set of people."""
from typing import Optional, Tuple

from mxnet import Context

from ..dataset import FaceDataset
from ..input_spec import InputSpec
from ..record import RecordDataset
from ..sampler import BalancedSampler, PKSampler
from ..transforms import augmentation
from .dali_loader import DALIRecordIter
from .image_loader import ImageLoader

__all__ = ['BATCH', 'default_batch', 'training_loader']

BATCH = 128
BATCHES, SMALLEST = 4, 8  # batches an epoch that a set should give; a BatchNorm over less than 8 images is noise


def default_batch(images: int) -> int:
    """The batch size for a set of so many images: 128, or less where that gives less than four batches an epoch."""
    fitting = 1 << max(images // BATCHES, 1).bit_length() - 1
    return min(BATCH, max(fitting, SMALLEST), images)


def training_loader(dataset: FaceDataset, path: str, *, spec: InputSpec, batch_size: Optional[int] = None,
                    augment: str = 'mirror', balanced: bool = False, groups: Optional[Tuple[int, int]] = None,
                    data_iter: str = 'gluon', workers: Optional[int] = None, ctx: Optional[Context] = None,
                    seed: int = 0) -> ImageLoader:
    """Batches of a training set.

    Parameters
    ----------
    dataset, path
        The set and where it is.
    spec : InputSpec
        What the network takes.
    batch_size : int or None
        None for what fits the set; groups have a size of their own.
    augment : str
        Names of augmentations with commas between them, or 'none'.
    balanced : bool
        Whether each person comes as often; else each image once an epoch.
    groups : (int, int) or None
        Instead, people a batch and images of each.
    data_iter : {'gluon', 'dali'}
        Who decodes, in so many `workers` or as many as there are cores; dali on `ctx`.
    seed : int
        Of the order and the augmentations.
    """
    size, sampler = batch_size or default_batch(len(dataset)), None
    if groups:
        sampler = PKSampler(dataset.labels, *groups, seed=seed)
    elif balanced:
        sampler = BalancedSampler(dataset.labels, size, seed=seed)
    elif size > len(dataset):
        raise ValueError('training_loader: batch_size must be at most {}, the images of {}, got {}.'.format(
            len(dataset), path, size))
    settings = dict(shuffle=sampler is None, seed=seed, last_batch='discard', sampler=sampler, spec=spec,
                    transform=augmentation('' if augment == 'none' else augment))
    if sampler is not None:
        size = None
    if data_iter == 'gluon':
        loader = ImageLoader(dataset, size, workers=workers, **settings)
    elif isinstance(dataset, RecordDataset):
        loader = DALIRecordIter(dataset, size, ctx=ctx, num_threads=workers, **settings)
    else:
        raise ValueError("data_iter='dali' needs a .rec, got {}: make one with `gluonfr pack folder`, or take "
                         "data_iter='gluon'.".format(path))
    if not len(loader):
        raise ValueError("dataset={!r} gives no full batch: make batch_size or sampler='pk:PxK' smaller.".format(path))
    return loader
