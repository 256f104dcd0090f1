"""Sets whose images a network takes: people to train on, pairs to verify on."""
from typing import Dict, Optional, Sequence, Tuple

import numpy as np

from ..metrics import get_protocol
from .dataset import FaceDataset
from .opening import check_apart, open_dataset, open_pairs
from .pairs.bins import BinFile, readable_pairs
from .recognition import sets_folder
from .sizes import check_images, check_pairs_size

__all__ = ['open_training_set', 'open_verification_sets']


def open_training_set(path: str, *, network: str, size: Tuple[int, int], resizable: bool = False,
                      root: Optional[str] = None, on_error: str = 'raise', out: Optional[str] = None,
                      progress: bool = False) -> FaceDataset:
    """A set of people that a network can be trained on.

    Parameters
    ----------
    path : str
        A folder with train.rec, a folder of people, a list file, or a name in `root`.
    network, size : str, (int, int)
        What the network is called, and the height and width that it takes.
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
        There is no such set, or it is of one person or does not fit the network.
    """
    if out:
        check_apart('open_training_set: out', out, path)
    dataset = open_dataset(path, on_error, people=True, sets=sets_folder(root))
    people = len(np.unique(dataset.labels))
    if people < 2:
        raise ValueError('dataset={!r} must hold at least 2 people, whom a network learns to tell apart, got {}. In a '
                         'folder of people each has a folder.'.format(path, people))
    check_images(dataset, path, network, size, progress, resizable=resizable)
    return dataset


def open_verification_sets(names: Sequence[str], *, network: str, size: Tuple[int, int], root: Optional[str] = None,
                           on_error: str = 'raise', nfolds: Optional[int] = None,
                           progress: bool = False) -> Dict[str, BinFile]:
    """Verification sets by name, of images that fit the network.

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
        There is no such set, two have one name, or one does not fit the network or the folds.
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
