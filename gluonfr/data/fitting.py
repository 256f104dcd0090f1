"""Sets whose images a net takes: people to train on, pairs to verify on."""
from typing import Dict, Optional, Sequence, Tuple

import numpy as np

from ..metrics import get_protocol
from ..utils.files import lies_in
from .dataset import FaceDataset
from .folder import FolderDataset
from .opening import open_dataset, open_pairs
from .pairs.bins import BinFile, readable_pairs
from .recognition import sets_folder
from .sizes import other_sizes

__all__ = ['check_images', 'check_pairs_size', 'open_training_set', 'open_verification_sets']


def open_training_set(path: str, *, network: str, size: Tuple[int, int], resizable: bool = False,
                      root: Optional[str] = None, on_error: str = 'raise', out: Optional[str] = None,
                      progress: bool = False) -> FaceDataset:
    """A set of people that a net can be trained on.

    Parameters
    ----------
    path : str
        A folder with train.rec, a folder of people, a list file, or a name in `root`.
    network, size : str, (int, int)
        What the net is called, and the height and width that it takes.
    resizable : bool
        Whether it can be made for another size, by the argument input_size.
    root : str or None
        None for the default.
    on_error : {'raise', 'skip'}
    out : str or None
        Where the run is written: not among the photographs.
    progress : bool
        Whether to show a bar while headers are read.

    Raises
    ------
    ValueError, FileNotFoundError
        There is no such set, or it is of one person or does not fit the net.
    """
    dataset = open_dataset(path, on_error, people=True, sets=sets_folder(root))
    if out and isinstance(dataset, FolderDataset) and lies_in(out, path):
        raise ValueError('open_training_set: out must not lie among the photographs of dataset={!r}, where it would be '
                         'a person of the next run, got {}.'.format(path, out))
    check_images(dataset, path, network, size, progress, resizable=resizable)
    return dataset


def open_verification_sets(names: Sequence[str], *, network: str, size: Tuple[int, int], root: Optional[str] = None,
                           on_error: str = 'raise', nfolds: Optional[int] = None,
                           progress: bool = False) -> Dict[str, BinFile]:
    """Verification sets by name, of images that fit the net.

    Parameters
    ----------
    names : sequence of str
        Names in `root` and .bin files, several with commas between them.
    network, size
        As for `open_training_set`.
    root : str or None
        None for the default.
    on_error : {'raise', 'skip'}
    nfolds : int or None
    progress : bool
        Whether to show a bar while headers are read.

    Raises
    ------
    ValueError, FileNotFoundError
        There is no such set, two have one name, or one does not fit the net or the folds.
    """
    sets, protocol = {}, get_protocol('kfold', nfolds=nfolds)
    for word in (name for several in names for name in several.split(',') if name):
        name, pairs = open_pairs(word, root)
        if on_error == 'skip':
            pairs = readable_pairs(name, pairs)
        protocol.notes(pairs.issame, name)
        if name in sets:
            raise ValueError('verification sets must have different names, got {} and {}.'.format(
                sets[name].path, pairs.path))
        check_pairs_size(pairs, network, size, progress)
        sets[name] = pairs
    return sets


def check_images(dataset, path, net, size, progress=True, *, resizable=False):
    """Raise a ValueError if a set of people is of one, or holds images that have not the size that a net takes.

    Parameters
    ----------
    dataset, path : FaceDataset, str
        The set and where it is.
    net, size : str, (int, int)
        What the net is called, and the height and width that it takes.
    progress : bool
        Show a bar on stderr, if it takes longer than two seconds.
    resizable : bool
        Whether the net can be made for another size, by the argument input_size.
    """
    people = len(np.unique(dataset.labels))
    if people < 2:
        raise ValueError('dataset={!r} must hold at least 2 people, whom a net learns to tell apart, got {}. In a '
                         'folder of people each has a folder.'.format(path, people))
    try:
        _check_first(dataset, path, net, size, resizable)
        if dataset.one_size:
            return
        other = other_sizes(dataset.size_of, np.arange(len(dataset)), size, progress)
    except FileNotFoundError as error:
        raise FileNotFoundError('dataset={!r}: there is no {}. Paths in a list are relative to its folder; `gluonfr '
                                'pack folder {} --root DIR` takes others.'.format(
                                    path, error.filename, path)) from error
    if other:
        raise ValueError('dataset={!r}: {} takes images of {} x {} pixels, and {:,} of {:,} have another size, the '
                         'first {} x {}: {}. `gluonfr pack folder {} --resize {} --out DIR` stretches them, `gluonfr '
                         'align` cuts the faces out of photographs.'.format(
                             path, net, *size, other.count, other.looked, *other.size, dataset.describe(other.index),
                             path, size[0]))


def _check_first(dataset, path, net, size, resizable):
    """The first image tells the usual mistake, a whole set of another size, and what helps."""
    first = dataset.size_of(0)
    if tuple(first) == size:
        return
    other_net = resizable and len(set(first)) == 1 and not first[0] % 16  # sides that the nets can halve four times
    raise ValueError('dataset={0!r}: {1} takes images of {2} x {3} pixels, got {4} x {5}. `gluonfr pack folder {0} '
                     '--resize {2} --out DIR` brings them to that size{6}.'.format(
                         path, net, *size, *first,
                         ', network_args input_size={} the net to theirs'.format(first[0]) * other_net))


def check_pairs_size(pairs, net, size, progress=True):
    """Raise a ValueError if images of a set of pairs have not the size that a net takes, by their headers."""
    other = other_sizes(pairs.size_of, np.arange(len(pairs.images)), size, progress)
    if other:
        raise ValueError('pairs={!r}: {} takes images of {} x {} pixels, and {:,} of {:,} have another size, the '
                         'first, image {}, {} x {}. `gluonfr pack pairs ... --resize {}` stretches them.'.format(
                             str(pairs.path), net, *size, other.count, other.looked, other.index, *other.size,
                             size[0]))
