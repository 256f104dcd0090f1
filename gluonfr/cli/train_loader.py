"""The batches of `gluonfr train`."""
import re

from ..data.loading import DALIRecordIter, ImageLoader
from ..data.record import RecordDataset
from ..data.sampler import BalancedSampler, PKSampler
from ..data.transforms import augmentation

__all__ = ['read_groups', 'training_loader']


def read_groups(sampler):
    """(P, K) of --sampler pk:PxK, None for the others.

    Raises
    ------
    ValueError
        --sampler is neither of the three kinds.
    """
    groups = re.fullmatch(r'pk:(\d+)x(\d+)', sampler)
    if groups is None and sampler not in ('shuffle', 'balanced'):
        raise ValueError('--sampler must be shuffle, balanced or pk:PxK such as pk:32x4, got {!r}.'.format(sampler))
    return groups and (int(groups.group(1)), int(groups.group(2)))


def training_loader(dataset, path, *, spec, batch_size, augment, balanced, groups, data_iter, workers, ctx, seed):
    """Batches of a training set.

    Parameters
    ----------
    dataset, path
        The set and what --dataset calls it.
    spec : InputSpec
        What the net takes.
    batch_size : int
        Without groups.
    augment : str
        --augment.
    balanced : bool
        Whether each person comes as often.
    groups : (int, int) or None
        People a batch and images of each.
    data_iter : {'gluon', 'dali'}
        Who decodes, in so many `workers` or as many as there are cores; dali on `ctx`.
    seed : int
    """
    sampler = None
    if groups:
        sampler = PKSampler(dataset.labels, *groups, seed=seed)
    elif balanced:
        sampler = BalancedSampler(dataset.labels, batch_size, seed=seed)
    elif batch_size > len(dataset):
        raise ValueError('--batch-size must be at most {}, the images of {}, got {}.'.format(
            len(dataset), path, batch_size))
    size = batch_size if sampler is None else None
    settings = dict(shuffle=sampler is None, seed=seed, last_batch='discard', sampler=sampler, spec=spec,
                    transform=augmentation('' if augment == 'none' else augment))
    if data_iter == 'gluon':
        loader = ImageLoader(dataset, size, workers=workers, **settings)
    elif isinstance(dataset, RecordDataset):
        loader = DALIRecordIter(dataset, size, ctx=ctx, num_threads=workers, **settings)
    else:
        raise ValueError('--data-iter dali needs a .rec, got {}: make one with `gluonfr pack folder`, or take '
                         '--data-iter gluon.'.format(path))
    if not len(loader):
        raise ValueError('--dataset {} gives no full batch: make --batch-size or --sampler pk:PxK smaller.'.format(
            path))
    return loader
