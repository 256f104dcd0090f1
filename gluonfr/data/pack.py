"""Packs faces into train.rec, train.idx and property, in InsightFace's form."""
import hashlib
import json
import os
from collections import namedtuple
from functools import partial

import numpy as np

from ..compat import usable_cores
from ..utils.check import check_choice, check_int, check_number
from ..version import __version__
from .file_dataset import check_formats
from .folder import FolderDataset
from .image import ImageError, decode, encode, resize
from .pack_write import write_set

__all__ = ['PackReport', 'pack_dataset', 'pack_folder']

PackReport = namedtuple('PackReport', 'path images people copied left_out skipped val ignored')
PackReport.__doc__ = """What was packed: path of the .rec; number of images, of people, and of images whose bytes were
copied; left_out, names of people with fewer than min_images; skipped, a list of (path, reason) of images that cannot be
read; val, the report of the second set, or None; ignored, a list of (path, reason) of files that are no images of a
person."""


def pack_folder(folder, out, *, resize=None, copy=True, quality=95, fmt=None, min_images=1, people=None, exclude=None,
                split=None, seed=0, resume=True, on_error='raise', progress=True, workers=None):
    """Pack a folder of people: folder/person/image.jpg -> out/train.rec, with train.idx, property, classes.txt (the
    name of each label) and pack.json (where it came from).

    People are numbered by name, from 0 on, and their images sorted by name. An interrupted call leaves nothing that
    could be taken for a set, and the same call goes on where it stopped; the files become the same, byte for byte.

    Parameters
    ----------
    folder : str or Path
        See `FolderDataset`.
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
        Names of the people to take, and of those to leave. A name that the folder lacks is an error.
    split : float in (0, 1) or None
        Share of the people to pack into a second set, out/val, instead: at least one, drawn by `seed`.
    seed : int, [0, 2^32)
    resume : bool
        Go on with an interrupted call. False: begin again, and replace what is in `out`.
    on_error : {'raise', 'skip'}
        What becomes of images that cannot be read. 'skip': all are checked first, these are left out and reported.
    progress : bool
        Show a bar on stderr, if that is a terminal.
    workers : int or None
        Threads that read and encode; None: one for each core.

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
        Images differ in size without `resize`, no people remain, `out` holds another set, or a parameter is wrong.
    OSError
        The disk is full, for example; what is packed so far is kept for the same call to go on with.
    """
    dataset = FolderDataset(folder, on_error=on_error)
    if on_error == 'raise':
        check_formats(dataset.paths)
    options = _options('pack_folder', resize, quality, fmt, copy)

    def name(index):
        return dataset.paths[index]

    def load(index):
        with open(dataset.paths[index], 'rb') as file:
            data = file.read()
        try:
            return decode(data), data
        except ImageError as error:
            raise ImageError('{}: {}'.format(dataset.paths[index], error)) from error

    def state(index):
        status = os.stat(dataset.paths[index])
        return dataset.paths[index][len(dataset.root):], status.st_size, status.st_mtime_ns

    source = _Source(os.path.abspath(dataset.root), dataset.classes, dataset.labels, load, name, state, dataset.skipped,
                     dataset.ignored_files)
    return _pack('pack_folder', source, os.fspath(out), options, min_images, people, exclude, split, seed, resume,
                 progress, workers)


def pack_dataset(dataset, out, *, resize=None, quality=95, fmt='.jpg', min_images=1, people=None, exclude=None,
                 split=None, seed=0, resume=True, progress=True, workers=None):
    """Pack a dataset, for example `SyntheticFaces`, as `pack_folder` packs a folder.

    Parameters
    ----------
    dataset : object
        With `labels`, int (N,), `read(index)` -> (uint8 (H,W,3) RGB, label), which several threads may call, and
        perhaps `classes`, the names of the labels; else a label's name is its number. It must give the same images for
        an interrupted call to go on.
    fmt : {'.jpg', '.png'}
        PNG is lossless.

    The other parameters, what it returns and what it raises are those of `pack_folder`.
    """
    check_choice('pack_dataset', 'fmt', fmt, ('.jpg', '.png'))
    options = _options('pack_dataset', resize, quality, fmt, False)
    labels = np.asarray(dataset.labels)
    names = getattr(dataset, 'classes', None) or [str(i) for i in range(int(labels.max()) + 1)]

    def load(index):
        return dataset.read(index)[0], b''

    source = _Source(repr(dataset), list(names), labels, load, 'sample {}'.format, int, [], [])
    return _pack('pack_dataset', source, os.fspath(out), options, min_images, people, exclude, split, seed, resume,
                 progress, workers)


_PROBES = 8  # images that tell one dataset from another

# load(index) -> (image, its encoded bytes); name(index) for messages; state(index): what tells if a sample has changed
_Source = namedtuple('_Source', 'origin classes labels load name state skipped ignored')
_Options = namedtuple('_Options', 'size quality fmt copy')


def _options(owner, size, quality, fmt, copy):
    if size is not None:
        height, width = (size, size) if np.ndim(size) == 0 else size
        size = check_int(owner, 'resize', height, 1), check_int(owner, 'resize', width, 1)
    return _Options(size, check_int(owner, 'quality', quality, 1, 100),
                    check_choice(owner, 'fmt', fmt, (None, '.jpg', '.png')), bool(copy))


def _pack(owner, source, out, options, min_images, people, exclude, split, seed, resume, progress, workers):
    workers = usable_cores() if workers is None else check_int(owner, 'workers', workers, 1)
    out = os.path.expanduser(out)
    chosen, left_out = _choose(owner, source, check_int(owner, 'min_images', min_images, 1), people, exclude)
    sets = [(out, chosen)]
    if split is not None:
        sets = _split(owner, chosen, out, split, check_int(owner, 'seed', seed, 0, 2 ** 32 - 1))
    order = np.argsort(source.labels, kind='stable')
    reports = []
    for folder, people in sets:
        samples = order[np.isin(source.labels[order], people)]
        labels = np.searchsorted(people, source.labels[samples])
        first = int(samples[0])
        size = options.size or source.load(first)[0].shape[:2]
        card = {'gluonfr': __version__, 'source': source.origin, 'left_out': left_out, 'skipped': source.skipped,
                'ignored': source.ignored, 'settings': dict(options._asdict(), size=size),
                'digest': _digest(source, samples, labels, options)}
        card = write_set(folder, samples, labels, [source.classes[person] for person in people],
                         partial(_encoded, owner, source, options, size, first), size, card, resume, progress, workers)
        reports.append(PackReport(os.path.join(folder, 'train.rec'), card['images'], card['people'], card['copied'],
                                  card['left_out'], [tuple(pair) for pair in card['skipped']], None,
                                  [tuple(pair) for pair in card.get('ignored', [])]))
    return reports[0] if split is None else reports[0]._replace(val=reports[1])


def _choose(owner, source, min_images, people, exclude):
    """Return the labels to pack and the names of people with too few images."""
    for argument, wanted in (('people', people), ('exclude', exclude)):
        unknown = sorted(set(wanted or ()) - set(source.classes))
        if unknown:
            raise ValueError('{}: {} must be names of people in {}, got {} that are not there, such as {!r}.'.format(
                owner, argument, source.origin, len(unknown), unknown[0]))
    wanted = set(source.classes if people is None else people) - set(exclude or ())
    counts = np.bincount(source.labels, minlength=len(source.classes))
    taken = [i for i, name in enumerate(source.classes) if name in wanted and counts[i] > 0]
    chosen = [i for i in taken if counts[i] >= min_images]
    if not chosen:
        raise ValueError('{}: of the {:,} people in {}, none remains: {:,} are wanted, and the one with the most '
                         'images has {}, min_images is {}.'.format(
                             owner, len(source.classes), source.origin, len(taken),
                             max((counts[i] for i in taken), default=0), min_images))
    return chosen, [source.classes[i] for i in taken if counts[i] < min_images]


def _split(owner, chosen, out, split, seed):
    check_number(owner, 'split', split, 0, 1, low_open=True, high_open=True)
    if len(chosen) < 2:
        raise ValueError('{}: split needs at least 2 people, got {}.'.format(owner, len(chosen)))
    count = min(max(1, round(split * len(chosen))), len(chosen) - 1)
    held_out = set(np.random.RandomState(seed).permutation(chosen)[:count])
    return [(out, [i for i in chosen if i not in held_out]),
            (os.path.join(out, 'val'), [i for i in chosen if i in held_out])]


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
        raise ValueError('{}: resize must be given for images of several sizes: {} has {} x {} pixels and {} has '
                         '{} x {}.'.format(owner, source.name(first), *size, source.name(index), *image.shape[:2]))
    own = '.jpg' if data[:2] == b'\xff\xd8' else '.png' if data[:4] == b'\x89PNG' else None
    kept = own or data[:2] in (b'BM', b'RI')  # BMP, WebP: what every reader of a rec reads; TIFF, GIF, HEIC are not
    if options.copy and kept and image.shape[:2] == size and options.fmt in (None, own):
        return data, True
    return encode(resize(image, size), options.fmt or own or '.png', options.quality), False
