"""Data of `gluonfr train`: sets, loaders and verification sets from the words of the command line."""
import os
import re

from ..data.dali import DALIRecordIter
from ..data.folder import FolderDataset, ListDataset
from ..data.image_loader import ImageLoader
from ..data.recognition import FRTrainRecordDataset
from ..data.record import RecordDataset
from ..data.sampler import BalancedSampler, PKSampler
from ..data.transforms import augmentation
from ..train import parse_gpus
from ..utils.files import file_sha256

__all__ = ['identity', 'open_training_set', 'training_loader']


def open_training_set(place, root=None):
    """A face dataset: a folder with train.rec, a folder of people, a list file, or a name in root."""
    if os.path.isdir(place):
        rec = os.path.join(place, 'train.rec')
        return RecordDataset(rec) if os.path.isfile(rec) else FolderDataset(place)
    if os.path.isfile(place):
        return RecordDataset(place) if place.endswith('.rec') else ListDataset(place)
    if os.sep in place:
        raise FileNotFoundError('--dataset: there is no file or folder {}.'.format(place))
    return FRTrainRecordDataset(place, **({'root': root} if root else {}))


def training_loader(dataset, spec, args):
    """(loader, (P, K) or None): batches as --sampler, --augment and --data-iter say."""
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


def identity(dataset):
    """What a card says of the training data: counts, and the hash of the index, which all offsets stand in."""
    facts = {'images': len(dataset), 'classes': int(dataset.num_classes)}
    if isinstance(dataset, RecordDataset) and os.path.isfile(dataset.file.path_idx):
        facts['index_sha256'] = file_sha256(dataset.file.path_idx)
    return facts
