"""The data of a training: people to learn, in batches, and pairs to verify on; whether their images fit the net."""
import inspect
from typing import Dict, Optional, Sequence, Tuple

from mxnet import Context

from ..data import BalancedSampler, FolderDataset, PKSampler, RecordDataset
from ..data.dataset import FaceDataset
from ..data.input_spec import InputSpec
from ..data.loading import DALIRecordIter, ImageLoader
from ..data.opening import open_dataset, open_pairs
from ..data.pairs import BinFile
from ..data.recognition import sets_folder
from ..data.sizes import check_images, check_pairs_size
from ..data.transforms import augmentation
from ..deploy.verify import readable_pairs
from ..metrics import get_protocol
from ..model_zoo import MODELS
from ..utils.files import lies_in
from .defaults import default_batch

__all__ = ['open_training_set', 'open_verification_sets', 'training_loader']


def open_training_set(path: str, *, network: str, size: Tuple[int, int], root: Optional[str] = None,
                      on_error: str = 'raise', out: Optional[str] = None, progress: bool = False) -> FaceDataset:
    """A set of people that a net can be trained on.

    Parameters
    ----------
    path : str
        A folder with train.rec, a folder of people, a list file, or a name in `root`.
    network, size : str, (int, int)
        A name of `gluonfr models`, and the height and width that it takes.
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
    check_images(dataset, path, network, size, progress,
                 resizable='input_size' in inspect.signature(MODELS.get(network)).parameters)
    return dataset


def open_verification_sets(names: Sequence[str], *, network: str, size: Tuple[int, int], root: Optional[str] = None,
                           on_error: str = 'raise', nfolds: Optional[int] = None,
                           progress: bool = False) -> Dict[str, BinFile]:
    """Verification sets by name, of images that fit the net.

    Parameters
    ----------
    names : sequence of str
        Names in `root` and .bin files, several with commas between them.
    network, size : str, (int, int)
        The net and the height and width that it takes.
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


def training_loader(dataset: FaceDataset, path: str, *, spec: InputSpec, batch_size: Optional[int] = None,
                    augment: str = 'mirror', balanced: bool = False, groups: Optional[Tuple[int, int]] = None,
                    data_iter: str = 'gluon', workers: Optional[int] = None, ctx: Optional[Context] = None,
                    seed: int = 0) -> ImageLoader:
    """Batches of a training set.

    Parameters
    ----------
    dataset, path
        The set and where it is.
    spec : InputSpec
        What the net takes.
    batch_size : int or None
        None for what fits the set; groups have a size of their own.
    augment : str
        Names of augmentations with commas between them, or 'none'.
    balanced : bool
        Whether each person comes as often; else each image once an epoch.
    groups : (int, int) or None
        Instead, people a batch and images of each.
    data_iter : {'gluon', 'dali'}
        Who decodes, in so many `workers` or as many as there are cores; dali on `ctx`.
    seed : int
        Of the order and the augmentations.
    """
    size, sampler = batch_size or default_batch(len(dataset)), None
    if groups:
        sampler = PKSampler(dataset.labels, *groups, seed=seed)
    elif balanced:
        sampler = BalancedSampler(dataset.labels, size, seed=seed)
    elif size > len(dataset):
        raise ValueError('training_loader: batch_size must be at most {}, the images of {}, got {}.'.format(
            len(dataset), path, size))
    settings = dict(shuffle=sampler is None, seed=seed, last_batch='discard', sampler=sampler, spec=spec,
                    transform=augmentation('' if augment == 'none' else augment))
    if sampler is not None:
        size = None
    if data_iter == 'gluon':
        loader = ImageLoader(dataset, size, workers=workers, **settings)
    elif isinstance(dataset, RecordDataset):
        loader = DALIRecordIter(dataset, size, ctx=ctx, num_threads=workers, **settings)
    else:
        raise ValueError("data_iter='dali' needs a .rec, got {}: make one with `gluonfr pack folder`, or take "
                         "data_iter='gluon'.".format(path))
    if not len(loader):
        raise ValueError("dataset={!r} gives no full batch: make batch_size or sampler='pk:PxK' smaller.".format(path))
    return loader
