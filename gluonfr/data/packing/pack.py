"""Packs faces into train.rec, train.idx and property, in InsightFace's form."""
import hashlib
import json
import os
from collections import namedtuple
from functools import partial
from typing import Any, Dict, Optional, Sequence, Union

import numpy as np

from ...compat import usable_cores
from ...utils.check import check_choice, check_int
from ...utils.files import is_path
from ...utils.types import PathLike, Size
from ...version import __version__
from ..dataset import StoredDataset
from ..image import encode, resize
from ..opening import check_apart
from ..sizes import other_sizes
from .changes import apply_changes
from .choice import Choice, check_choice_of_people, choose_people, draw_images, split_people
from .source import of_dataset, of_path
from .write import write_set

__all__ = ['PackReport', 'pack_dataset', 'pack_folder']

PackReport = namedtuple('PackReport', 'path images people copied left_out skipped val ignored')
PackReport.__doc__ = """What was packed: path of the .rec; number of images, of people, and of images whose bytes were
copied; left_out, names of people with fewer than min_images; skipped, a list of (path, reason) of images that cannot be
read; val, the report of the second set, or None; ignored, a list of (path, reason) of files that are no images of a
person."""


def pack_folder(folder: Union[PathLike, StoredDataset], out: PathLike, *, resize: Optional[Size] = None,
                copy: bool = True, quality: int = 95, fmt: Optional[str] = None, min_images: int = 1,
                people: Optional[Sequence[str]] = None, exclude: Optional[Sequence[str]] = None,
                max_people: Optional[int] = None, max_images: Optional[int] = None, split: Optional[float] = None,
                seed: int = 0, relabel: bool = False, root: Optional[PathLike] = None, resume: bool = True,
                on_error: str = 'raise', progress: bool = True, workers: Optional[int] = None,
                exclude_images: Optional[Sequence[str]] = None,
                relabel_images: Optional[Dict[str, str]] = None) -> PackReport:
    """Pack a folder of people: folder/person/image.jpg -> out/train.rec, with train.idx, property, classes.txt (the
    name of each label), pack.json (where it came from) and train.crc (checksums, for `gluonfr pack check`).

    People are numbered by name, from 0 on, and their images sorted by name; those of a list or rec keep their order.
    An interrupted call leaves nothing that
    could be taken for a set, and the same call goes on where it stopped; the files become the same, byte for byte.

    Parameters
    ----------
    folder : str, Path, FolderDataset, ListDataset or RecordDataset
        A folder of people (see `FolderDataset`), a list, or a .rec, to make a smaller one of it; or such a data set, of
        which `root` and `on_error` were said when it was opened.
    out : str or Path
        Folder to write, such as ~/.mxnet/datasets/face/mine: `FRTrainRecordDataset('mine')` then reads it.
    resize : int, (int, int) or None
        Height and width in pixels that images are stretched to. None: all must have one size.
    copy : bool
        Keep the bytes of images that need no other size or format. False: encode all of them.
    quality : int, [1, 100]
        Of JPEG, where an image has to be encoded.
    fmt : {'.jpg', '.png', None}
        Format of all images. None: each keeps its own; what is neither JPEG nor PNG and has to be encoded becomes PNG,
        and so does what not every reader of a .rec knows: TIFF, GIF, HEIC.
    min_images : int, >= 1
        People with fewer images are left out.
    people, exclude : sequence of str or None
        Names of the people to take, and of those to leave. A name that the folder lacks is an error. A person in a list
        has the label as the name.
    max_people, max_images : int, >= 1, or None
        How many people, of those with enough images, and how many images of each at most; drawn by `seed`.
    split : float in (0, 1) or None
        Share of the people to pack into a second set, out/val, instead: at least one, drawn by `seed`.
    seed : int, [0, 2^32)
    relabel : bool
        What becomes of a list or rec whose labels leave numbers out, such as 1 to 20, or 0, 1000, 2000. False: an
        error. True: people are numbered 0, 1, 2, ... in the order of their labels; classes.txt tells their old labels.
    root : str, Path or None
        What the paths in a list are relative to; None: its folder.
    resume : bool
        Go on with an interrupted call. False: begin again, and replace what is in `out`.
    on_error : {'raise', 'skip'}
        What becomes of images that cannot be read. 'skip': all are checked first, these are left out and reported.
    progress : bool
        Show a bar on stderr, if that is a terminal.
    workers : int or None
        Threads that read and encode; None: one for each core.
    exclude_images : sequence of str or None
        Images to leave, by their paths in the folder, with /, or their keys in a rec: the exclude.txt of `gluonfr
        clean`. One that is not there is an error.
    relabel_images : dict of str to str, or None
        Image -> the person that it is of, who may be a new one: the relabel.csv of `gluonfr clean`.

    Returns
    -------
    PackReport

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    ImageError
        An image is damaged; with its path.
    ValueError
        Images differ in size without `resize`, no people remain, `out` lies in `folder` or holds another set, or a
        parameter is wrong.
    OSError
        The disk is full, for example; what is packed so far is kept for the same call to go on with.
    """
    if is_path(folder):
        check_apart('pack_folder: out', out, folder)
    options = _options('pack_folder', resize, quality, fmt, copy)
    choice = Choice(min_images, people, exclude, max_people, max_images, split, seed)
    source = apply_changes('pack_folder', of_path('pack_folder', folder, root, on_error, relabel), exclude_images,
                           relabel_images)
    return _pack('pack_folder', source, os.fspath(out), options, choice, resume, progress, workers)


def pack_dataset(dataset: Any, out: PathLike, *, resize: Optional[Size] = None, quality: int = 95, fmt: str = '.jpg',
                 min_images: int = 1, people: Optional[Sequence[str]] = None, exclude: Optional[Sequence[str]] = None,
                 max_people: Optional[int] = None, max_images: Optional[int] = None, split: Optional[float] = None,
                 seed: int = 0, resume: bool = True, progress: bool = True,
                 workers: Optional[int] = None) -> PackReport:
    """Pack a dataset, for example `SyntheticFaces`, as `pack_folder` packs a folder.

    Parameters
    ----------
    dataset : object
        With `labels`, int (N,), `read(index)` -> (uint8 (H,W,3) RGB, label), which several threads may call, and
        perhaps `classes`, the names of the labels; else a label's name is its number. Labels without images are left
        out. It must give the same images for an interrupted call to go on.
    fmt : {'.jpg', '.png'}
        PNG is lossless.

    The other parameters, what it returns and what it raises are those of `pack_folder`.

    Examples
    --------
    >>> import tempfile
    >>> from gluonfr.data import SyntheticFaces, open_dataset, pack_dataset
    >>> faces = SyntheticFaces(identities=2, images_per_identity=2, size=32)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = pack_dataset(faces, folder, progress=False)
    ...     packed = open_dataset(folder)
    ...     print(report.images, report.people, packed.image_size, packed.labels.tolist())
    4 2 (32, 32) [0, 0, 1, 1]
    """
    check_choice('pack_dataset', 'fmt', fmt, ('.jpg', '.png'))
    options = _options('pack_dataset', resize, quality, fmt, False)
    choice = Choice(min_images, people, exclude, max_people, max_images, split, seed)
    return _pack('pack_dataset', of_dataset(dataset), os.fspath(out), options, choice, resume, progress, workers)


_PROBES = 8  # images that tell one dataset from another

_Options = namedtuple('_Options', 'size quality fmt copy')


def _options(owner, size, quality, fmt, copy):
    if size is not None:
        height, width = (size, size) if np.ndim(size) == 0 else size
        size = check_int(owner, 'resize', height, 1), check_int(owner, 'resize', width, 1)
    return _Options(size, check_int(owner, 'quality', quality, 1, 100),
                    check_choice(owner, 'fmt', fmt, (None, '.jpg', '.png')), bool(copy))


def _pack(owner, source, out, options, choice, resume, progress, workers):
    workers = usable_cores() if workers is None else check_int(owner, 'workers', workers, 1)
    out, choice = os.path.expanduser(out), check_choice_of_people(owner, choice)
    chosen, left_out = choose_people(owner, source, choice)
    sets = [(out, chosen)] if choice.split is None else split_people(owner, chosen, out, choice.split, choice.seed)
    order = np.argsort(source.labels, kind='stable')
    if choice.max_images is not None:
        order = order[draw_images(source.labels, choice.max_images, choice.seed)[order]]
    sets = [(folder, people, order[np.isin(source.labels[order], people)]) for folder, people in sets]
    sizes = [options.size or _one_size(owner, source, samples, progress) for _, _, samples in sets]
    reports = []
    for (folder, people, samples), size in zip(sets, sizes):
        labels, first = np.searchsorted(people, source.labels[samples]), int(samples[0])
        card = {'gluonfr': __version__, 'source': source.origin, 'left_out': left_out, 'skipped': source.skipped,
                'ignored': source.ignored,
                'settings': dict(options._asdict(), size=size, max_people=choice.max_people,
                                 max_images=choice.max_images, seed=choice.seed),
                'digest': _digest(source, samples, labels, options)}
        card = write_set(folder, samples, labels, [source.classes[person] for person in people],
                         partial(_encoded, owner, source, options, size, first), size, card, resume, progress, workers)
        reports.append(PackReport(os.path.join(folder, 'train.rec'), card['images'], card['people'], card['copied'],
                                  card['left_out'], [tuple(pair) for pair in card['skipped']], None,
                                  [tuple(pair) for pair in card.get('ignored', [])]))
    return reports[0] if len(reports) == 1 else reports[0]._replace(val=reports[1])


def _digest(source, samples, labels, options):
    """A hash of all that the packed files follow from, as far as a look at a few of the images shows."""
    parts = hashlib.sha256(json.dumps(options).encode())
    for index in samples[np.linspace(0, len(samples) - 1, _PROBES).astype(np.int64)].tolist():
        parts.update(np.ascontiguousarray(source.load(index)[0]))
    for index, label in zip(samples.tolist(), labels.tolist()):
        parts.update(json.dumps([label, source.state(index)]).encode())
    return parts.hexdigest()


def _encoded(owner, source, options, size, first, index):
    """Return (bytes, whether they are the source's own)."""
    image, data = source.load(index)
    if options.size is None and image.shape[:2] != size:
        raise _sizes_differ(owner, source, first, size, index, image.shape[:2])
    own = '.jpg' if data[:2] == b'\xff\xd8' else '.png' if data[:4] == b'\x89PNG' else None
    kept = own or data[:2] in (b'BM', b'RI')  # BMP, WebP: what every reader of a rec reads; TIFF, GIF, HEIC are not
    if options.copy and kept and image.shape[:2] == size and options.fmt in (None, own):
        return data, True
    return encode(resize(image, size), options.fmt or own or '.png', options.quality), False


def _one_size(owner, source, samples, progress):
    """The size of the first image; a ValueError if by their headers others differ."""
    first = int(samples[0])
    size = source.load(first)[0].shape[:2]
    other = other_sizes(source.size, samples, size, progress) if source.size else None
    if other:
        raise _sizes_differ(owner, source, first, size, other.index, other.size)
    return size


def _sizes_differ(owner, source, first, size, index, other):
    return ValueError('{}: resize must be given for images of several sizes: {} has {} x {} pixels and {} has '
                      '{} x {}.'.format(owner, source.name(first), *size, source.name(index), *other))
