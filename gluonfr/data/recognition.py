"""Face data sets by name: training sets and verification pairs in the folder of data sets."""
import logging
from pathlib import Path
from typing import Any, Callable, List, Optional, Union


from ..utils.files import mxnet_home
from ..utils.registry import Registry
from ..utils.types import PathLike
from .dataset import GluonMethods, as_ndarray
from .pairs import read_bin
from .record import RecordDataset
from .tinyface import TinyFace

__all__ = ['DATASETS', 'FRTrainRecordDataset', 'FRValDataset', 'datasets', 'get_recognition_dataset',
           'get_recognition_dataset_list', 'sets_folder']

logger = logging.getLogger('gluonfr')

DATASETS = Registry('dataset')

# name -> the folder that it unpacks to from InsightFace's dataset zoo
TRAINING = {
    'emore': 'faces_emore',
    'ms1m': 'faces_ms1m_112x112',
    'vgg': 'faces_vgg_112x112',
    'webface': 'faces_webface_112x112',
    'asian_celeb': 'faces_glintasia',
    'deep_glint': 'faces_glint',
}
# the last three are the Goldilocks sets (Wu et al., arXiv:2405.15965), which come as .xz
VERIFICATION = ('lfw', 'calfw', 'cplfw', 'cfp_fp', 'cfp_ff', 'agedb_30', 'vgg2_fp', 'xqlfw', 'hadrian', 'eclipse',
                'nd_twins')
ENDS = ('.bin', '.xz')  # of a file of pairs
TINYFACE = 'tinyface'


class FRTrainRecordDataset(RecordDataset):
    """A training set in InsightFace's form: a folder with train.rec, train.idx and property.

    Parameters
    ----------
    name : str
        Folder in root, such as the one that `gluonfr pack folder` made; or emore, ms1m, vgg, webface, asian_celeb or
        deep_glint, which may also be unpacked under the name that InsightFace's dataset zoo gives it (faces_emore,
        faces_ms1m_112x112, ...).
    root : str, Path or None
        None: datasets/face in the folder that the variable MXNET_HOME names, by default ~/.mxnet.
    flag, transform, on_error
        As of `RecordDataset`, and so are the attributes (num_classes, image_size, labels, ranges, ...).

    Indexing gives (NDArray uint8 (H,W,3) RGB, int label).

    Raises
    ------
    FileNotFoundError
        There is no such set: where it was looked for, what lies there, and how to make it.
    RecordError
        Its files are damaged or do not belong together.
    """

    def __init__(self, name: str, root: Optional[PathLike] = None, flag: int = 1, transform: Optional[Callable] = None,
                 on_error: str = 'raise'):
        self.name = name
        self.root = sets_folder(root)
        folders = [self.root / name]
        if name in TRAINING:
            folders.append(self.root / TRAINING[name])
        found = [folder for folder in folders if (folder / 'train.rec').is_file()]
        if not found:
            raise FileNotFoundError(
                'FRTrainRecordDataset: no train.rec in {}. {} holds {}. Unpack the set there, or make one from a '
                'folder of people: gluonfr pack folder ... --out {}'.format(
                    ' or '.join(map(str, folders)), self.root, _contents(self.root), folders[0]))
        super().__init__(str(found[0] / 'train.rec'), flag=flag, transform=transform, on_error=on_error)


class FRValDataset(GluonMethods):
    """Verification pairs in InsightFace's form, name.bin, or name.xz, where xz has packed it.

    It is looked for in root, then in the folders in root in the order of their names, as a training pack brings its
    own; files of one name from different packs differ, so reports should tell `bin.sha256`.

    Parameters
    ----------
    name : str
        lfw, agedb_30, ...; 'faces_emore/lfw' is the one in that folder.
    root : str, Path or None
        None: datasets/face in the folder that the variable MXNET_HOME names, by default ~/.mxnet.
    transform : callable or None
        NDArray uint8 (H,W,3) RGB -> what it gives for each of the two images.

    Attributes
    ----------
    bin : BinFile
        The file's contents, path and SHA-256.
    bins : list of bytes or uint8 arrays (N,), 2P of them
        Encoded images, as in gluonfr 1.0.
    issame_list : list of bool, (P,)
        Whether a pair shows one person, as in gluonfr 1.0.

    Indexing gives ((image, image), issame): NDArrays uint8 (H,W,3) RGB and 1 for one person, 0 for two.

    Raises
    ------
    FileNotFoundError
        There is no such file: where it was looked for, what lies there, and how to make it.
    BinError
        The file is damaged or could do harm; or, at indexing, an image in it is damaged.
    """

    def __init__(self, name: str, root: Optional[PathLike] = None, transform: Optional[Callable] = None):
        self.name = name
        self.root = sets_folder(root)
        self._transform = transform
        file = name + '.bin'
        found = [path for end in ENDS
                 for path in [self.root / (name + end)] + sorted(self.root.glob('*/' + name + end)) if path.is_file()]
        if not found:
            raise FileNotFoundError(
                'FRValDataset: no {} in {} nor in a folder in it; it holds {}. Put the file there, or make one from a '
                'list of pairs: gluonfr pack pairs ... --out {}'.format(
                    file, self.root, _contents(self.root), self.root / file))
        if len(found) > 1:
            logger.warning('FRValDataset: takes %s; there is %s too.', found[0], ', '.join(map(str, found[1:])))
        self.bin = read_bin(found[0])

    @property
    def bins(self):
        return self.bin.images

    @property
    def issame_list(self):
        return self.bin.issame.tolist()

    def __len__(self):
        return len(self.bin)

    def __getitem__(self, index):
        index = range(len(self))[index]
        images = [as_ndarray(self.bin.image(i)) for i in (2 * index, 2 * index + 1)]
        if self._transform is not None:
            images = [self._transform(image) for image in images]
        return tuple(images), int(self.bin.issame[index])

    def __repr__(self):
        return 'FRValDataset({}: {!r})'.format(self.name, self.bin)


def get_recognition_dataset(name: str, **kwargs: Any) -> Union[FRTrainRecordDataset, FRValDataset, TinyFace]:
    """Return the data set of a name.

    Parameters
    ----------
    name : str
        One of `get_recognition_dataset_list()`, in any case.
    **kwargs
        root, transform; for training sets flag and on_error too.

    Returns
    -------
    FRTrainRecordDataset, FRValDataset or TinyFace

    Raises
    ------
    ValueError
        Nothing has this name; the message lists all names and the nearest one.
    TypeError
        A keyword that it does not take.
    FileNotFoundError
        The set is not there: where it was looked for and how to get it.
    """
    return DATASETS.create(name, **kwargs)


def get_recognition_dataset_list() -> List[str]:
    """Return the names that `get_recognition_dataset` knows, sorted.

    Examples
    --------
    >>> from gluonfr.data import get_recognition_dataset_list
    >>> print(', '.join(get_recognition_dataset_list()[:5]))
    agedb_30, asian_celeb, calfw, cfp_ff, cfp_fp
    """
    return DATASETS.names()


def _register_training(name):
    @DATASETS.register(name)
    def training_set(root=None, flag=1, transform=None, on_error='raise'):
        return FRTrainRecordDataset(name, root, flag, transform, on_error)


def _register_verification(name):
    @DATASETS.register(name)
    def verification_set(root=None, transform=None):
        return FRValDataset(name, root, transform)


datasets = {**dict.fromkeys(TRAINING, FRTrainRecordDataset), **dict.fromkeys(VERIFICATION, FRValDataset)}  # of 1.0

for _name in TRAINING:
    _register_training(_name)
for _name in VERIFICATION:
    _register_verification(_name)


@DATASETS.register(TINYFACE)
def tinyface_set(root=None):
    """The test of TinyFace, in the folder tinyface in a folder of data sets."""
    return TinyFace(sets_folder(root) / TINYFACE)


def sets_folder(root=None):
    """The folder of data sets: `root`, or datasets/face in MXNet's folder."""
    return Path(mxnet_home(), 'datasets', 'face') if root is None else Path(root).expanduser()


def _contents(folder):
    """Say what a folder holds, for the message about what it lacks."""
    if not folder.is_dir():
        return 'nothing: there is no such folder'
    names = sorted(entry.name + '/' * entry.is_dir() for entry in folder.iterdir())
    return ', '.join(names[:20]) + ', ...' * (len(names) > 20) or 'nothing'
