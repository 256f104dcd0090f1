"""The loss of `gluonfr train`, its class layer, and whether there is memory for that."""
import logging
import os

import mxnet as mx
import numpy as np

from ..loss import fill_arguments, get_loss, loss_keywords
from ..nn import get_head

__all__ = ['make_loss']

COPIES = 3  # of a class layer's weights: themselves, their gradient and momentum


def make_loss(name, arguments, *, labels, classes, embedding_size, batch_size, groups, margin_warmup, contexts,
              dataset):
    """The loss that --loss and --loss-args ask for, and the class layer that it wants or None.

    Labels without images are said.

    Parameters
    ----------
    name, arguments : str, dict
        As `get_loss` takes them.
    labels, classes : int64 array, int
        Of the images, and how many there may be.
    embedding_size, batch_size, margin_warmup : int
    groups : (int, int) or None
        People a batch and images of each.
    contexts : list of Context
        Over which a batch is divided.
    dataset : str
        --dataset, for the messages.

    Raises
    ------
    ValueError
        A loss that batches with labels are not for, or no memory holds its class layer.
    """
    if groups:
        if groups[0] % len(contexts):
            raise ValueError('--sampler pk:PxK: P must be a multiple of the number of GPUs, {}, got {}.'.format(
                len(contexts), groups[0]))
        groups = groups[0] // len(contexts), groups[1]
    elif 'num_in_class' in loss_keywords(name):
        raise ValueError('--loss {} takes batches of several images of each person: give --sampler pk:PxK such as '
                         'pk:32x4.'.format(name))
    loss = get_loss(name, **fill_arguments(name, arguments, classes=classes, embedding_size=embedding_size,
                                           groups=groups, margin_warmup=margin_warmup))
    if not set(loss.inputs) <= {'pred', 'label', 'embedding'}:
        raise ValueError('--loss {} takes pairs or triplets, and a batch has labels: give --loss-args mining=..., see '
                         '`gluonfr losses {}`.'.format(name, name))
    if loss.head is not None or 'classes' in loss_keywords(name):  # there are weights for each class
        scores = 2 * batch_size // len(contexts)  # of a batch, and their gradient
        _check_classes(dataset, labels, classes, embedding_size, 4 * classes * (COPIES * embedding_size + scores),
                       _memory(contexts))
    return loss, None if loss.head is None else get_head(loss.head, classes, embedding_size)


def _check_classes(dataset, labels, classes, embedding_size, needed, there):
    """Say which labels have no images, and raise a ValueError if the bytes needed for all are more than there are."""
    people = len(np.unique(labels))
    advice = '`gluonfr pack folder {} --relabel --out DIR` numbers the people 0 to {:,}'.format(dataset, people - 1)
    if needed > there:
        raise ValueError('--dataset {}: with labels up to {:,} and {} values an embedding, a class layer and its '
                         'training take {:,} GB, and there are {:,} GB. {}.'.format(
                             dataset, classes - 1, embedding_size, round(needed / 1e9), round(there / 1e9),
                             'Only {:,} people have images: {}'.format(people, advice) if people < classes else
                             'Give a smaller --embedding-size, or fewer people (`gluonfr pack folder --max-people`)'))
    if people < classes:
        logging.getLogger('gluonfr').warning(
            '--dataset %s: %s of the labels 0 to %s have no images, and places in the class layer all the same. %s.',
            dataset, '{:,}'.format(classes - people), '{:,}'.format(classes - 1), advice)


def _memory(contexts):
    """Bytes of the memory that the smallest of some contexts has."""
    return min(mx.context.gpu_memory_info(ctx.device_id)[1] if ctx.device_type == 'gpu' else
               os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') for ctx in contexts)
