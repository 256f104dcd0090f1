"""The loss of a training, its class layer, and whether there is memory for that."""
import math
from typing import Any, Dict, Optional, Sequence, Tuple

import mxnet as mx
import numpy as np
from mxnet import Context
from mxnet.gluon import Block

from ..data.dataset import FaceDataset, check_holes
from ..distributed import ShardedDense, ShardedPartialFC
from ..distributed.shards import check_loss
from ..distributed.workers import Alone
from ..loss import fill_arguments, get_loss, loss_keywords
from ..nn import get_head
from ..scale import sharded_memory
from ..utils.system import machine_memory

__all__ = ['loss_and_head']


def loss_and_head(name: str, arguments: Dict[str, Any], *, dataset: FaceDataset, path: str, embedding_size: int,
                  batch_size: int, ctx: Sequence[Context], groups: Optional[Tuple[int, int]] = None,
                  margin_warmup: int = 0, workers: Optional[Alone] = None, shards: bool = False,
                  **sample: Any) -> Tuple[Block, Optional[Block]]:
    """A loss for batches of images and labels, and the class layer that it wants or None.

    Parameters
    ----------
    name, arguments : str, dict
        As `get_loss` takes them; what data and net tell need not be given.
    dataset, path
        The training set and where it is.
    embedding_size, batch_size : int
        Of the network, and of all contexts and workers together.
    ctx : list of Context
        Over which a batch is divided.
    groups : (int, int) or None
        People a batch and images of each.
    margin_warmup : int
        Steps in which the margin grows from 0.
    workers : Alone, Workers or None
        Over which a batch is divided, too.
    shards : bool
        Whether the classes are divided between the workers, by a `gluonfr.distributed.ShardedDense` or, with a sample,
        a `ShardedPartialFC`.
    **sample
        sample_rate, num_sample, filter_negatives and seed, as for `get_head`.

    Raises
    ------
    ValueError
        A loss that batches with labels are not for, one that cannot do with a sample of the classes, or no memory holds
        its class layer.

    Examples
    --------
    >>> import mxnet as mx
    >>> from gluonfr.data import SyntheticFaces
    >>> from gluonfr.train.loss_and_head import loss_and_head
    >>> loss, head = loss_and_head('arcface', {'m': 0.3}, dataset=SyntheticFaces(10, 2), path='drawn',
    ...                            embedding_size=128, batch_size=8, ctx=[mx.cpu()])
    >>> loss, head.weight.shape
    (ArcLoss(classes=10, m=0.3, s=64, easy_margin=True), (10, 128))
    """
    workers = workers or Alone()
    parts = len(ctx) * workers.count
    if groups:
        if groups[0] % parts:
            raise ValueError("sampler='pk:PxK': P must be a multiple of the number of GPUs{}, {}, got {}.".format(
                ' of all workers' if workers.count > 1 else '', parts, groups[0]))
        groups = groups[0] // parts, groups[1]
    elif 'num_in_class' in loss_keywords(name):
        raise ValueError("loss={!r} takes batches of several images of each person: give sampler='pk:PxK' such as "
                         'pk:32x4.'.format(name))
    classes = int(dataset.num_classes)
    check_holes(dataset.labels, classes, path)
    known = dict(classes=classes, embedding_size=embedding_size, groups=groups, margin_warmup=margin_warmup,
                 counts=np.bincount(dataset.labels, minlength=classes))
    loss = get_loss(name, **fill_arguments(name, arguments, **known))
    if not set(loss.inputs) <= {'pred', 'label', 'embedding'}:
        raise ValueError('loss={!r} takes pairs or triplets, and a batch has labels: give loss_args mining=..., see '
                         '`gluonfr losses {}`.'.format(name, name))
    sampling = any(sample.get(one) is not None for one in ('sample_rate', 'num_sample', 'filter_negatives'))
    if sampling and (loss.head is None or loss.keeps_classes):
        raise ValueError('loss={!r} {}, so leave out sample_rate, num_sample and filter_negatives.'.format(
            name, 'keeps something for each class' if loss.keeps_classes else 'has no class layer'))
    shares, s = (workers.count, check_loss(loss)) if shards else (1, None)
    if loss.head is None:
        head = None
    elif sampling and shards:
        head = ShardedPartialFC(classes, embedding_size, workers, batch_size, s=s, **sample)
    elif shards:
        head = ShardedDense(classes, embedding_size, workers, batch_size, s=s, seed=sample.get('seed', 0))
    else:
        head = get_head(loss.head, classes, embedding_size, **sample)
    if loss.head is not None or loss.keeps_classes:
        centres = int((loss.head or '').partition(':')[2] or 1)  # of a class
        sizes = classes * centres, embedding_size, batch_size if shards else batch_size // parts
        scored = head.num_sample * centres if sampling else None
        _check_memory(dataset, path, classes, embedding_size, sharded_memory(*sizes, shares, scored),
                      _memory(ctx))
    if sampling:  # start values may follow the number of classes that are scored
        loss = get_loss(name, **fill_arguments(name, arguments, **dict(known, classes=head.num_sample)))
    return loss, head


def _check_memory(dataset, path, classes, embedding_size, needed, there):
    """Raise a ValueError if the bytes needed for all classes are more than there are."""
    if needed > there:
        people = len(np.unique(dataset.labels))
        raise ValueError('dataset={!r}: with labels up to {:,} and {} values an embedding, a class layer and its '
                         'training take {:,} GB, and there are {:,} GB. {}.'.format(
                             path, classes - 1, embedding_size, round(needed / 1e9), round(there / 1e9),
                             'Only {:,} people have images: `gluonfr pack folder {} --relabel --out DIR` numbers the '
                             'people 0 to {:,}'.format(people, path, people - 1) if people < classes else
                             'Give a smaller embedding_size, or fewer people (`gluonfr pack folder --max-people`)'))


def _memory(contexts):
    """Bytes of the memory that the smallest of some contexts has."""
    return min(mx.context.gpu_memory_info(ctx.device_id)[1] if ctx.device_type == 'gpu' else
               machine_memory() or math.inf for ctx in contexts)
