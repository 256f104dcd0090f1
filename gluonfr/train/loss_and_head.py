"""The loss of a training, its class layer, and whether there is memory for that."""
import os
from typing import Any, Dict, Optional, Sequence, Tuple

import mxnet as mx
import numpy as np
from mxnet import Context
from mxnet.gluon import Block

from ..data.dataset import FaceDataset
from ..loss import fill_arguments, get_loss, loss_keywords
from ..nn import get_head

__all__ = ['loss_and_head']

COPIES = 3  # of a class layer's weights: themselves, their gradient and momentum


def loss_and_head(name: str, arguments: Dict[str, Any], *, dataset: FaceDataset, path: str, embedding_size: int,
                  batch_size: int, ctx: Sequence[Context], groups: Optional[Tuple[int, int]] = None,
                  margin_warmup: int = 0) -> Tuple[Block, Optional[Block]]:
    """A loss for batches of images and labels, and the class layer that it wants or None.

    Parameters
    ----------
    name, arguments : str, dict
        As `get_loss` takes them; what data and net tell need not be given.
    dataset, path
        The training set and where it is.
    embedding_size, batch_size : int
        Of the network, and of all contexts together.
    ctx : list of Context
        Over which a batch is divided.
    groups : (int, int) or None
        People a batch and images of each.
    margin_warmup : int
        Steps in which the margin grows from 0.

    Raises
    ------
    ValueError
        A loss that batches with labels are not for, or no memory holds its class layer.

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
    if groups:
        if groups[0] % len(ctx):
            raise ValueError("sampler='pk:PxK': P must be a multiple of the number of GPUs, {}, got {}.".format(
                len(ctx), groups[0]))
        groups = groups[0] // len(ctx), groups[1]
    elif 'num_in_class' in loss_keywords(name):
        raise ValueError("loss={!r} takes batches of several images of each person: give sampler='pk:PxK' such as "
                         'pk:32x4.'.format(name))
    classes = int(dataset.num_classes)
    loss = get_loss(name, **fill_arguments(name, arguments, classes=classes, embedding_size=embedding_size,
                                           groups=groups, margin_warmup=margin_warmup,
                                           counts=np.bincount(dataset.labels, minlength=classes)))
    if not set(loss.inputs) <= {'pred', 'label', 'embedding'}:
        raise ValueError('loss={!r} takes pairs or triplets, and a batch has labels: give loss_args mining=..., see '
                         '`gluonfr losses {}`.'.format(name, name))
    if loss.head is not None or loss.keeps_classes:
        scores = 2 * batch_size // len(ctx)  # of a batch, and their gradient
        _check_memory(dataset, path, classes, embedding_size, 4 * classes * (COPIES * embedding_size + scores),
                      _memory(ctx))
    return loss, None if loss.head is None else get_head(loss.head, classes, embedding_size)


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
               os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') for ctx in contexts)
