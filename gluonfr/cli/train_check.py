"""What `gluonfr train` looks at before it begins: the images' sizes, the labels, and the memory for a class layer."""
import inspect
import logging
import os

import mxnet as mx
import numpy as np

from ..data.sizes import other_sizes
from ..loss import LOSSES
from ..model_zoo import MODELS

__all__ = ['check_classes', 'check_sizes']

COPIES = 3  # of a class layer's weights: themselves, their gradient and momentum


def check_sizes(args, dataset, spec):
    """Raise a ValueError if images of a set have not the size that the net takes, by their headers."""
    try:
        first = dataset.size_of(0)
        if tuple(first) != spec.size:
            # sides that the nets can halve four times
            other_net = 'input_size' in inspect.signature(MODELS.get(args.network)).parameters and \
                len(set(first)) == 1 and not first[0] % 16
            raise ValueError('--dataset {0}: {1} takes images of {2} x {3} pixels, got {4} x {5}. `gluonfr pack folder '
                             '{0} --resize {2} --out DIR` brings them to that size{6}.'.format(
                                 args.dataset, args.network, *spec.size, *first,
                                 ', --network-args input_size={} the net to theirs'.format(first[0]) * other_net))
        if hasattr(dataset, 'file') and os.path.isfile(os.path.join(os.path.dirname(dataset.file.path), 'pack.json')):
            return  # of `gluonfr pack`, which makes all of one size
        other = other_sizes(dataset.size_of, np.arange(len(dataset)), spec.size, not args.no_progress)
    except FileNotFoundError as error:
        raise FileNotFoundError('--dataset {}: there is no {}. Paths in a list are relative to its folder; `gluonfr '
                                'pack folder {} --root DIR` takes others.'.format(
                                    args.dataset, error.filename, args.dataset)) from error
    if other:
        i = other.index
        raise ValueError('--dataset {}: {} takes images of {} x {} pixels, and {:,} of {:,} have another size, the '
                         'first {} x {}: {}. `gluonfr pack folder {} --resize {} --out DIR` stretches them, `gluonfr '
                         'align` cuts the faces out of photographs.'.format(
                             args.dataset, args.network, *spec.size, other.count, other.looked, *other.size,
                             dataset.describe(i),
                             args.dataset, spec.size[0]))


def check_classes(args, dataset, embedding_size, loss, batch_size, contexts):
    """Say which labels have no images, and raise a ValueError if no memory holds a class layer of that size.

    Returns
    -------
    int
        The people who have images.
    """
    classes, people = int(dataset.num_classes), len(np.unique(dataset.labels))
    if loss.head is None and 'classes' not in LOSSES.keywords(args.loss):
        return people
    advice = '`gluonfr pack folder {} --relabel --out DIR` numbers the people 0 to {:,}'.format(
        args.dataset, people - 1)
    scores = 2 * batch_size // len(contexts)  # of a batch, and their gradient
    needed, there = 4 * classes * (COPIES * embedding_size + scores), memory(contexts)
    if needed > there:
        raise ValueError('--dataset {}: with labels up to {:,} and {} values an embedding, a class layer and its '
                         'training take {:,} GB, and there are {:,} GB. {}.'.format(
                             args.dataset, classes - 1, embedding_size, round(needed / 1e9), round(there / 1e9),
                             'Only {:,} people have images: {}'.format(people, advice) if people < classes else
                             'Give a smaller --embedding-size, or fewer people (`gluonfr pack folder --max-people`)'))
    if people < classes:
        logging.getLogger('gluonfr').warning(
            '--dataset %s: %s of the labels 0 to %s have no images, and places in the class layer all the same. %s.',
            args.dataset, '{:,}'.format(classes - people), '{:,}'.format(classes - 1), advice)
    return people


def memory(contexts):
    """Bytes of the memory that the smallest of some contexts has."""
    return min(mx.context.gpu_memory_info(ctx.device_id)[1] if ctx.device_type == 'gpu' else
               os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') for ctx in contexts)
