"""Data of `gluonfr train`: sets, loaders and verification sets from the words of the command line."""
import re

import numpy as np

from ..data.loading import DALIRecordIter, ImageLoader
from ..data.opening import open_dataset
from ..data.recognition import sets_folder
from ..data.record import RecordDataset
from ..data.sampler import BalancedSampler, PKSampler
from ..data.transforms import augmentation
from .gpus import parse_gpus
from .train_check import check_sizes

__all__ = ['open_training_set', 'training_loader']


def open_training_set(place, root=None, on_error='raise'):
    """A face dataset: a folder with train.rec, a folder of people, a list file, or a name in root."""
    return open_dataset(place, on_error, people=True, sets=sets_folder(root))


def training_loader(dataset, spec, args):
    """(loader, (P, K) or None): batches as --sampler, --augment and --data-iter say."""
    people = len(np.unique(dataset.labels))
    if people < 2:
        raise ValueError('--dataset {} must hold at least 2 people, whom a net learns to tell apart, got {}. In a '
                         'folder of people each has a folder.'.format(args.dataset, people))
    check_sizes(args, dataset, spec)
    sampler, groups = None, None
    match = re.fullmatch(r'pk:(\d+)x(\d+)', args.sampler)
    if match:
        groups = int(match.group(1)), int(match.group(2))
        sampler = PKSampler(dataset.labels, *groups, seed=args.seed)
    elif args.sampler == 'balanced':
        sampler = BalancedSampler(dataset.labels, args.batch_size, seed=args.seed)
    elif args.sampler != 'shuffle':
        raise ValueError('--sampler must be shuffle, balanced or pk:PxK such as pk:32x4, got {!r}.'.format(
            args.sampler))
    size = None if sampler is not None else args.batch_size
    if size and size > len(dataset):
        raise ValueError('--batch-size must be at most {}, the images of {}, got {}.'.format(
            len(dataset), args.dataset, size))
    settings = dict(shuffle=sampler is None, seed=args.seed, last_batch='discard', sampler=sampler, spec=spec,
                    transform=augmentation('' if args.augment == 'none' else args.augment))
    if args.data_iter == 'gluon':
        return ImageLoader(dataset, size, workers=args.workers, **settings), groups
    if not isinstance(dataset, RecordDataset):
        raise ValueError('--data-iter dali needs a .rec, got {}: make one with `gluonfr pack folder`, or take '
                         '--data-iter gluon.'.format(args.dataset))
    return DALIRecordIter(dataset, size, ctx=parse_gpus(args.gpus)[0], num_threads=args.workers, **settings), groups
