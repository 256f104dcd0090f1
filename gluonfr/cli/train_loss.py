"""The loss of `gluonfr train`, its class layer, and whether there is memory for that."""
import logging
import os

import mxnet as mx
import numpy as np

from ..loss import fill_arguments, get_loss, loss_keywords
from ..nn import get_head
from ..utils.arguments import parse_arguments

__all__ = ['check_classes', 'make_loss']

COPIES = 3  # of a class layer's weights: themselves, their gradient and momentum


def make_loss(name, pairs, *, classes, embedding_size, groups, margin_warmup, contexts):
    """The loss that --loss and --loss-args ask for, and the class layer that it wants or None.

    Parameters
    ----------
    name : str
        As `get_loss` takes it.
    pairs : list of str
        Arguments as key=value.
    classes, embedding_size, margin_warmup : int
    groups : (int, int) or None
        People a batch and images of each.
    contexts : int
        Over how many a batch is divided.
    """
    if groups:
        if groups[0] % contexts:
            raise ValueError('--sampler pk:PxK: P must be a multiple of the number of GPUs, {}, got {}.'.format(
                contexts, groups[0]))
        groups = groups[0] // contexts, groups[1]
    elif 'num_in_class' in loss_keywords(name):
        raise ValueError('--loss {} takes batches of several images of each person: give --sampler pk:PxK such as '
                         'pk:32x4.'.format(name))
    loss = get_loss(name, **fill_arguments(name, parse_arguments(pairs), classes=classes, groups=groups,
                                           embedding_size=embedding_size, margin_warmup=margin_warmup))
    if not set(loss.inputs) <= {'pred', 'label', 'embedding'}:
        raise ValueError('--loss {} takes pairs or triplets, and a batch has labels: give --loss-args mining=..., see '
                         '`gluonfr losses {}`.'.format(name, name))
    return loss, None if loss.head is None else get_head(loss.head, classes, embedding_size)


def check_classes(dataset, path, *, embedding_size, per_class, batch_size, contexts):
    """Say which labels have no images, and raise a ValueError if no memory holds a class layer of that size.

    Parameters
    ----------
    dataset, path
        The training set and what --dataset calls it.
    embedding_size, batch_size : int
    per_class : bool
        Whether the class layer or the loss has weights for each class.
    contexts : list of Context

    Returns
    -------
    int
        The people who have images.
    """
    classes, people = int(dataset.num_classes), len(np.unique(dataset.labels))
    if not per_class:
        return people
    advice = '`gluonfr pack folder {} --relabel --out DIR` numbers the people 0 to {:,}'.format(path, people - 1)
    scores = 2 * batch_size // len(contexts)  # of a batch, and their gradient
    needed, there = 4 * classes * (COPIES * embedding_size + scores), _memory(contexts)
    if needed > there:
        raise ValueError('--dataset {}: with labels up to {:,} and {} values an embedding, a class layer and its '
                         'training take {:,} GB, and there are {:,} GB. {}.'.format(
                             path, classes - 1, embedding_size, round(needed / 1e9), round(there / 1e9),
                             'Only {:,} people have images: {}'.format(people, advice) if people < classes else
                             'Give a smaller --embedding-size, or fewer people (`gluonfr pack folder --max-people`)'))
    if people < classes:
        logging.getLogger('gluonfr').warning(
            '--dataset %s: %s of the labels 0 to %s have no images, and places in the class layer all the same. %s.',
            path, '{:,}'.format(classes - people), '{:,}'.format(classes - 1), advice)
    return people


def _memory(contexts):
    """Bytes of the memory that the smallest of some contexts has."""
    return min(mx.context.gpu_memory_info(ctx.device_id)[1] if ctx.device_type == 'gpu' else
               os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') for ctx in contexts)
