"""A network on a verification set: from a .bin to one row of numbers."""
from collections import namedtuple
from typing import Any, List, Optional, Sequence, Tuple, Union

import numpy as np

from ..data.pairs.bins import BinFile, readable_pairs
from ..metrics import KFoldPairs, get_protocol, most_folds
from ..metrics.pairs import FOLDS
from ..utils.types import ArrayLike
from .embedder import Embedder

__all__ = ['PairImages', 'Verification', 'fit_protocol', 'readable_pairs', 'score_pairs', 'verify_pairs']

Verification = namedtuple('Verification', 'row scores issame')


class PairImages:
    """The images of a verification set as a dataset that an `Embedder` takes.

    Parameters
    ----------
    pairs : BinFile
        2 P images: pair p is images 2 p and 2 p + 1.
    """

    def __init__(self, pairs: BinFile):
        self._pairs = pairs

    def __len__(self):
        return len(self._pairs.images)

    def read(self, i: int) -> Tuple[np.ndarray, int]:
        """Image `i` as uint8 (H, W, 3) RGB, and a label that means nothing."""
        return self._pairs.image(i), 0


def verify_pairs(embedder: Embedder, pairs: BinFile, name: str, *, protocol: Union[str, Any] = 'kfold',
                 progress: bool = False, **parameters: Any) -> Verification:
    """Embed the images of a verification set and measure them by a protocol.

    Parameters
    ----------
    embedder : Embedder
        With its flip and, as it should be here, normalize=True.
    pairs : BinFile
        2 P images: pair p is images 2 p and 2 p + 1; from `read_bin` or ``FRValDataset(...).bin``.
    name : str
        What the set is called in the row.
    protocol : str or object
        A name for `get_protocol`, or what it gave.
    progress : bool
        Show a progress bar.
    **parameters
        Of the protocol, with a name: see `KFoldPairs`.

    Returns
    -------
    Verification : namedtuple
        ``row``: a dict, see `KFoldPairs.measure`, that ends with flip, sha256 of the file, skipped (pairs left out by
        `readable_pairs`), engine and precision. ``scores`` (P,) cosines and ``issame`` (P,).

    Raises
    ------
    BinError
        An image cannot be decoded.
    ValueError
        Images of the wrong size, embeddings that are not finite, or pairs that the protocol has no use for (of one
        kind only, fewer than folds).

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from gluonfr.data import encode, read_bin, write_bin
    >>> from gluonfr.deploy import Embedder
    >>> from gluonfr.deploy.verify import verify_pairs
    >>> one, minus = np.zeros((2, 28, 28, 3), np.uint8)
    >>> one[4:24, 13:16], minus[13:16, 4:24] = 255, 255
    >>> images = [encode(image, '.png') for image in (one, one, one, minus) * 2]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_bin(os.path.join(folder, 'mine.bin'), images, [True, False] * 2)
    ...     pairs = read_bin(os.path.join(folder, 'mine.bin'))
    >>> found = verify_pairs(Embedder('lenetplus_arcface'), pairs, 'mine', nfolds=2)  # it knows digits
    >>> print('{set}: {pairs} pairs, accuracy {acc:.2f}'.format(**found.row))
    mine: 4 pairs, accuracy 1.00
    """
    if isinstance(protocol, str):
        protocol = get_protocol(protocol, **parameters)
    elif parameters:
        raise TypeError('verify_pairs: parameters must come with the name of a protocol, got {}.'.format(
            ', '.join(parameters)))
    embeddings = embedder(PairImages(pairs), progress=name if progress else False)
    (row,), scores, issame, _ = protocol.measure(embeddings, pairs.issame, name)
    row = dict(row, flip=embedder.flip, sha256=pairs.sha256, skipped=pairs.skipped, engine=embedder.engine,
               precision=embedder.precision)
    return Verification(row, scores, issame)


def score_pairs(embeddings: ArrayLike, issame: ArrayLike, name: str, *, nfolds: Optional[int] = None,
                fars: Sequence[float] = (1e-3,), compat: bool = False, pca: Optional[int] = None,
                **facts: Any) -> Verification:
    """`verify_pairs` for embeddings (2 P, D) that are there already; further facts go to the end of the row.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.deploy.verify import score_pairs
    >>> embeddings = np.array([[1, 0], [1, 0.1], [1, 0], [0, 1], [0, 1], [0.1, 1], [1, 0], [0, 1]])
    >>> row = score_pairs(embeddings, [True, False, True, False], 'mine', nfolds=2, flip='none').row
    >>> print(row['acc'], '{:.3f}'.format(row['threshold']), row['flip'])
    1.0 0.498 none
    """
    (row,), scores, issame, _ = KFoldPairs(nfolds, fars, compat, pca).measure(embeddings, issame, name)
    return Verification(dict(row, **facts), scores, issame)


def fit_protocol(name: str, issame: ArrayLike, nfolds: Optional[int] = None, fars: Sequence[float] = (1e-3,),
                 option: str = 'verify_pairs: nfolds') -> Tuple[int, List[str]]:
    """The folds that a set of pairs gives, and the sentences of `KFoldPairs.notes`; an error calls nfolds `option`."""
    try:
        notes = KFoldPairs(nfolds, fars).notes(issame, name)
    except ValueError as error:
        raise ValueError(str(error).replace('KFoldPairs: nfolds', option)) from None
    return nfolds or most_folds(issame, FOLDS), notes
