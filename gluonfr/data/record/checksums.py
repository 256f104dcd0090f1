"""Checksums of a packed set: train.crc beside train.rec, for `gluonfr pack check`.

A JPEG has none of its own, and flipped bytes in one mostly decode to other pixels. The first line is the name of the
format and the CRC-32 of what follows: for each record, and then for each file beside the .rec, a line of its CRC-32,
its bytes, and its number or name.
"""
import os
import zlib

from ...utils.files import atomic_path

__all__ = ['checksums_path', 'file_crc', 'read_checksums', 'write_checksums']

FORMAT = 'gluonfr-checksums-1'


def checksums_path(path_rec):
    """Where the checksums of a .rec are."""
    return os.path.splitext(path_rec)[0] + '.crc'


def file_crc(path):
    """(CRC-32, bytes) of a file."""
    crc = size = 0
    with open(path, 'rb') as file:
        for part in iter(lambda: file.read(1 << 24), b''):
            crc, size = zlib.crc32(part, crc), size + len(part)
    return crc, size


def write_checksums(path_rec, records, files):
    """Write the checksums of a .rec, atomically.

    Parameters
    ----------
    path_rec : str
    records : iterable of (int, int)
        CRC-32 and bytes of each record, with its frame.
    files : sequence of str
        Paths of the files beside it.
    """
    rows = [(crc, size, i) for i, (crc, size) in enumerate(records)]
    rows += [file_crc(path) + (os.path.basename(path),) for path in files]
    text = ''.join('{:08x}\t{}\t{}\n'.format(*row) for row in rows).encode()
    with atomic_path(checksums_path(path_rec)) as temporary, open(temporary, 'wb') as file:
        file.write('{} {:08x}\n'.format(FORMAT, zlib.crc32(text)).encode() + text)


def read_checksums(path):
    """([(CRC-32, bytes)] of the records, {name: (CRC-32, bytes)} of the files beside them).

    Raises
    ------
    ValueError
        It is damaged, or no such file.
    """
    with open(path, 'rb') as file:
        first, text = file.readline(100), file.read()
    if first != '{} {:08x}\n'.format(FORMAT, zlib.crc32(text)).encode():
        raise ValueError('{} is damaged, or no file of checksums.'.format(path))
    rows = [line.split('\t') for line in text.decode().splitlines()]
    sums = {what: (int(crc, 16), int(size)) for crc, size, what in rows}
    count = sum(what.isdigit() for what in sums)
    return [sums.pop(str(i)) for i in range(count)], sums
