"""Whether packed sets are still what was packed."""
import os
import sys
import zlib
from collections import namedtuple
from typing import List

from ...utils.files import file_sha256, path_inside
from ...utils.progress import Bar
from ..pairs import BinError, read_bin
from ..record import RecordDataset
from ..record.checksums import checksums_path, file_crc, read_checksums
from ..record.format import RecordError

__all__ = ['PackCheck', 'check_pack']

PackCheck = namedtuple('PackCheck', 'path count by faults')
PackCheck.__doc__ = """What came of a check: path of the .rec or .bin; count of its records or images; by,
'checksums' or 'decoding'; faults, a list of (what, reason)."""


def check_pack(path: str, progress: bool = True) -> List[PackCheck]:
    """Check packed sets: by the checksums that packing has written beside them, else by decoding every image.

    Parameters
    ----------
    path : str
        A folder with .rec and .bin files, in it or in its `val`; or one such file.
    progress : bool
        Show a bar on stderr, if it takes longer than two seconds.

    Returns
    -------
    list of PackCheck

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such file or folder, or nothing packed in it.
    """
    if not os.path.exists(path):
        raise FileNotFoundError('pack check: there is no file or folder {}.'.format(path))
    paths = [path]
    if os.path.isdir(path):
        paths = [os.path.join(folder, name) for folder in (path, os.path.join(path, 'val')) if os.path.isdir(folder)
                 for name in sorted(os.listdir(folder)) if name.endswith(('.rec', '.bin'))]
    if not paths or not paths[0].endswith(('.rec', '.bin')):
        raise ValueError('pack check: {} must be a .rec or .bin, or a folder of them.'.format(path))
    return [(_check_bin if path.endswith('.bin') else _check_rec)(path, progress) for path in paths]


def _check_rec(path, progress):
    sums = checksums_path(path)
    if not os.path.exists(sums):
        try:
            dataset = RecordDataset(path, on_error='skip')
        except RecordError as error:
            return PackCheck(path, 0, 'decoding', [('all', str(error))])
        return PackCheck(path, len(dataset) + len(dataset.skipped), 'decoding', [
            ('record {}'.format(key), why) for key, why in dataset.skipped])
    try:
        records, files = read_checksums(sums)
    except ValueError as error:
        return PackCheck(path, 0, 'checksums', [(os.path.basename(sums), str(error))])
    faults, left = [], os.path.getsize(path)
    with open(path, 'rb') as file:
        for i, (crc, size) in enumerate(_bar(records, path, progress)):
            left -= size
            if left < 0:
                faults.append(('record {}'.format(i), 'it is missing, or not whole: the file is cut off'))
            elif zlib.crc32(file.read(size)) != crc:
                faults.append(('record {}'.format(i), 'it is not what was packed'))
    if left > 0:
        faults.append((os.path.basename(path), 'it goes on behind its last record'))
    for name, wanted in files.items():
        try:
            beside = path_inside(os.path.dirname(path), name)
        except ValueError as error:
            faults.append((os.path.basename(sums), str(error)))
            continue
        if not os.path.isfile(beside) or file_crc(beside) != wanted:
            faults.append((name, 'it is not what was written' if os.path.isfile(beside) else 'it is missing'))
    return PackCheck(path, len(records), 'checksums', faults)


def _check_bin(path, progress):
    faults, sums = [], path + '.sha256'
    if os.path.isfile(sums):
        with open(sums, encoding='utf-8', errors='replace') as file:
            same = file.read(200).split()[:1] == [file_sha256(path)]
        faults += [] if same else [('all', 'its SHA-256 is not that in {}'.format(os.path.basename(sums)))]
    try:
        pairs = read_bin(path)
    except BinError as error:
        return PackCheck(path, 0, 'decoding', faults + [('all', str(error))])
    if os.path.isfile(sums) and not faults:
        return PackCheck(path, len(pairs.images), 'checksums', [])
    for i in _bar(range(len(pairs.images)), path, progress):
        try:
            pairs.image(i)
        except BinError as error:
            faults.append(('image {}'.format(i), str(error)))
    return PackCheck(path, len(pairs.images), 'decoding', faults)


def _bar(items, path, progress):
    return Bar(items, desc=os.path.basename(path), unit=' images', delay=2, disable=not progress, file=sys.stderr)
