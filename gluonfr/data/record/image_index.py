"""An index of the images of a .rec alone, for readers that take every record for one."""
import hashlib
import os
from typing import Optional

from ...utils.files import mxnet_home
from ...utils.types import PathLike
from .dataset import RecordDataset
from .format import write_index

__all__ = ['write_image_index']


def write_image_index(path_rec: PathLike, out: Optional[PathLike] = None, path_idx: Optional[PathLike] = None,
                      on_error: str = 'raise') -> str:
    """Write an index of the image records alone.

    `mx.image.ImageIter` and DALI's MXNet reader take every record of an index for an image, and fail on the others of
    InsightFace's form. (`mx.io.ImageRecordIter` is not helped: whatever the index says, it reads on to the end of the
    file, so only a flat one suits it.)

    Parameters
    ----------
    path_rec : str or Path
    out : str or Path or None
        File to write. None: train.images.idx beside train.rec, or where that folder cannot be written, in cache/index
        of MXNet's folder (the variable MXNET_HOME, by default ~/.mxnet).
    path_idx, on_error
        As of `RecordDataset`; what that leaves out is not in the index either.

    Returns
    -------
    str
        Path of the index, lines ``key<TAB>offset`` in the order of `RecordDataset`'s samples.

    Raises
    ------
    RecordError, FileNotFoundError
        As `RecordDataset` does.
    OSError
        It can be written nowhere.
    """
    data = RecordDataset(path_rec, path_idx, on_error=on_error)
    offsets = data.file.offsets(data.keys)
    if out is not None:
        return write_index(os.fspath(out), data.keys, offsets)
    path = os.path.abspath(data.file.path)
    name = os.path.splitext(os.path.basename(path))[0]
    try:
        return write_index(os.path.join(os.path.dirname(path), name + '.images.idx'), data.keys, offsets)
    except OSError:  # a read-only folder or file system
        where = hashlib.sha1(path.encode('utf-8', 'surrogateescape')).hexdigest()[:16]
        folder = os.path.join(mxnet_home(), 'cache', 'index')
        os.makedirs(folder, exist_ok=True)
        return write_index(os.path.join(folder, '{}-{}.images.idx'.format(name, where)), data.keys, offsets)
