"""The sets of `gluonfr train`: people to learn, pairs to verify on, and whether their images are what the net takes."""
import inspect

import numpy as np

from ..data import FolderDataset
from ..data.opening import open_dataset, open_pairs
from ..data.recognition import sets_folder
from ..data.sizes import check_size, other_sizes
from ..deploy.verify import readable_pairs
from ..metrics import get_protocol
from ..model_zoo import MODELS
from ..utils.files import lies_in

__all__ = ['check_images', 'open_training_set', 'open_verification_sets']


def open_training_set(path, *, root, on_error, out, network, size, progress):
    """The dataset that --dataset names.

    Parameters
    ----------
    path : str
        A folder with train.rec, a folder of people, a list file, or a name in `root`.
    root : str or None
        None for the default.
    on_error : {'raise', 'skip'}
    out : str
        Where the run is written: not among the photographs.
    network, size, progress
        As for `check_images`.
    """
    dataset = open_dataset(path, on_error, people=True, sets=sets_folder(root))
    if isinstance(dataset, FolderDataset) and lies_in(out, path):
        raise ValueError('--out must not lie among the photographs of --dataset {}, where it would be a person of the '
                         'next run, got {}.'.format(path, out))
    check_images(dataset, path, network, size, progress)
    return dataset


def open_verification_sets(names, *, root, on_error, nfolds, network, size, progress):
    """The verification sets of --eval by name, of images that fit the net.

    Parameters
    ----------
    names : sequence of str
        Names in `root` and .bin files, several with commas between them.
    root : str or None
        None for the default.
    on_error : {'raise', 'skip'}
    nfolds : int or None
    network, size : str, (int, int)
        The net and the height and width that it takes.
    progress : bool
        Whether to show a bar while headers are read.
    """
    sets, protocol = {}, get_protocol('kfold', nfolds=nfolds)
    for word in (name for several in names for name in several.split(',') if name):
        name, pairs = open_pairs(word, root)
        if on_error == 'skip':
            pairs = readable_pairs(name, pairs)
        protocol.notes(pairs.issame, name)
        if name in sets:
            raise ValueError('--eval: the sets must have different names, got {} and {}.'.format(
                sets[name].path, pairs.path))
        check_size('--eval', pairs, network, size, progress)
        sets[name] = pairs
    return sets


def check_images(dataset, path, network, size, progress=True):
    """Raise a ValueError if a set is of one person, or holds images that have not the size that the net takes.

    Parameters
    ----------
    dataset, path
        The set and what --dataset calls it.
    network, size : str, (int, int)
        The net and the height and width that it takes.
    progress : bool
        Whether to show a bar while headers are read.
    """
    people = len(np.unique(dataset.labels))
    if people < 2:
        raise ValueError('--dataset {} must hold at least 2 people, whom a net learns to tell apart, got {}. In a '
                         'folder of people each has a folder.'.format(path, people))
    try:
        _check_first(dataset, path, network, size)
        if dataset.one_size:
            return
        other = other_sizes(dataset.size_of, np.arange(len(dataset)), size, progress)
    except FileNotFoundError as error:
        raise FileNotFoundError('--dataset {}: there is no {}. Paths in a list are relative to its folder; `gluonfr '
                                'pack folder {} --root DIR` takes others.'.format(
                                    path, error.filename, path)) from error
    if other:
        raise ValueError('--dataset {}: {} takes images of {} x {} pixels, and {:,} of {:,} have another size, the '
                         'first {} x {}: {}. `gluonfr pack folder {} --resize {} --out DIR` stretches them, `gluonfr '
                         'align` cuts the faces out of photographs.'.format(
                             path, network, *size, other.count, other.looked, *other.size,
                             dataset.describe(other.index), path, size[0]))


def _check_first(dataset, path, network, size):
    """The first image tells the usual mistake, a whole set of another size, and what helps."""
    first = dataset.size_of(0)
    if tuple(first) == size:
        return
    # sides that the nets can halve four times
    other_net = 'input_size' in inspect.signature(MODELS.get(network)).parameters and \
        len(set(first)) == 1 and not first[0] % 16
    raise ValueError('--dataset {0}: {1} takes images of {2} x {3} pixels, got {4} x {5}. `gluonfr pack folder {0} '
                     '--resize {2} --out DIR` brings them to that size{6}.'.format(
                         path, network, *size, *first,
                         ', --network-args input_size={} the net to theirs'.format(first[0]) * other_net))
