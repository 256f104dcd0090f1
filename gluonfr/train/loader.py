"""The batches of `gluonfr train`."""
from ..data.loading import DALIRecordIter, ImageLoader
from ..data.record import RecordDataset
from ..data.sampler import BalancedSampler, PKSampler
from ..data.transforms import augmentation
from .defaults import default_batch

__all__ = ['training_loader']


def training_loader(dataset, path, *, spec, batch_size, augment, balanced, groups, data_iter, workers, ctx, seed):
    """Batches of a training set.

    Parameters
    ----------
    dataset, path
        The set and what --dataset calls it.
    spec : InputSpec
        What the net takes.
    batch_size : int or None
        None for what fits the set; groups have a size of their own.
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
    size = batch_size or default_batch(len(dataset))
    sampler = None
    if groups:
        sampler = PKSampler(dataset.labels, *groups, seed=seed)
    elif balanced:
        sampler = BalancedSampler(dataset.labels, size, seed=seed)
    elif size > len(dataset):
        raise ValueError('--batch-size must be at most {}, the images of {}, got {}.'.format(len(dataset), path, size))
    settings = dict(shuffle=sampler is None, seed=seed, last_batch='discard', sampler=sampler, spec=spec,
                    transform=augmentation('' if augment == 'none' else augment))
    if sampler is not None:
        size = None
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
