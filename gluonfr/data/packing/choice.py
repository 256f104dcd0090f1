"""Which people and images of a source are packed."""
import logging
import os
from collections import namedtuple

import numpy as np

from ...utils.check import check_int, check_number

__all__ = ['Choice', 'check_choice_of_people', 'choose_people', 'draw_images', 'split_people']

Choice = namedtuple('Choice', 'min_images people exclude max_people max_images split seed')
Choice.__doc__ = """The arguments of `pack_folder` of these names."""


def check_choice_of_people(owner, choice):
    """Return a `Choice` of checked numbers."""
    most = {name: getattr(choice, name) for name in ('max_people', 'max_images')}
    return choice._replace(
        min_images=check_int(owner, 'min_images', choice.min_images, 1),
        seed=check_int(owner, 'seed', choice.seed, 0, 2 ** 32 - 1),
        split=choice.split and check_number(owner, 'split', choice.split, 0, 1, low_open=True, high_open=True),
        **{name: value if value is None else check_int(owner, name, value, 1) for name, value in most.items()})


def choose_people(owner, source, choice):
    """Return the labels to pack and the names of people with too few images."""
    for argument, wanted in (('people', choice.people), ('exclude', choice.exclude)):
        unknown = sorted(set(wanted or ()) - set(source.classes))
        if unknown:
            raise ValueError('{}: {} must be names of people in {}, got {} that are not there, such as {!r}.'.format(
                owner, argument, source.origin, len(unknown), unknown[0]))
    wanted = set(source.classes if choice.people is None else choice.people) - set(choice.exclude or ())
    counts = np.bincount(source.labels, minlength=len(source.classes))
    taken = [i for i, name in enumerate(source.classes) if name in wanted and counts[i] > 0]
    chosen = [i for i in taken if counts[i] >= choice.min_images]
    if not chosen:
        raise ValueError('{}: of the {:,} people in {}, none remains: {:,} are wanted, and the one with the most '
                         'images has {}, min_images is {}.'.format(
                             owner, len(source.classes), source.origin, len(taken),
                             max((counts[i] for i in taken), default=0), choice.min_images))
    left_out = [source.classes[i] for i in taken if counts[i] < choice.min_images]
    if choice.max_people is not None and choice.max_people < len(chosen):
        logging.getLogger('gluonfr').info('%s: takes %d of %d people, drawn with seed %d', source.origin,
                                          choice.max_people, len(chosen), choice.seed)
        chosen = sorted(np.random.RandomState((choice.seed, 1)).permutation(chosen)[:choice.max_people].tolist())
    return chosen, left_out


def split_people(owner, chosen, out, split, seed):
    """Return (folder, labels) of the two sets that a share of the people is drawn for."""
    if len(chosen) < 2:
        raise ValueError('{}: split needs at least 2 people, got {}.'.format(owner, len(chosen)))
    count = min(max(1, round(split * len(chosen))), len(chosen) - 1)
    held_out = set(np.random.RandomState(seed).permutation(chosen)[:count])
    return [(out, [i for i in chosen if i not in held_out]),
            (os.path.join(out, 'val'), [i for i in chosen if i in held_out])]


def draw_images(labels, most, seed):
    """A mask of at most `most` images of each person, bool (N,); the same for the same labels and seed."""
    order = np.lexsort([np.random.RandomState((seed, 2)).random_sample(len(labels)), labels])
    counts = np.bincount(labels)
    nth = np.arange(len(labels)) - np.repeat(counts.cumsum() - counts, counts)
    mask = np.empty(len(labels), bool)
    mask[order] = nth < most
    return mask
