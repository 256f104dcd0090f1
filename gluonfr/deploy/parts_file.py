"""What an interrupted embedding leaves beside its result: embeddings, and checksums of them and of the images."""
import io
import logging
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..compat import usable_cores
from ..utils.messages import counted

__all__ = ['Checksummed', 'append_part', 'begun_parts', 'read_parts']

log = logging.getLogger('gluonfr')
FRAME = struct.Struct('<II')  # bytes that follow, and their CRC-32


class Checksummed:
    """A dataset that notes the CRC-32 of each image's file, or record, when it is read.

    Parameters
    ----------
    dataset : object
        With `read_bytes` and `decode`: of files or a rec.

    Attributes
    ----------
    checksums : uint32 array (N,)
    """

    def __init__(self, dataset):
        self._dataset, self.checksums = dataset, np.zeros(len(dataset), np.uint32)

    def __len__(self):
        return len(self._dataset)

    def __getattr__(self, name):
        return getattr(self._dataset, name)

    def read(self, i):
        """As of the dataset; several threads may."""
        data, label = self._dataset.read_bytes(i)
        self.checksums[i] = zlib.crc32(data)
        return self._dataset.decode(data, i), label

    def checksum(self, i):
        """The CRC-32 of an image as it is now."""
        return zlib.crc32(self._dataset.read_bytes(i)[0])


def append_part(file, *arrays):
    """Write arrays with a checksum to the end of a file."""
    buffer = io.BytesIO()
    for array in arrays:
        np.lib.format.write_array(buffer, array, allow_pickle=False)
    data = buffer.getvalue()
    file.write(FRAME.pack(len(data), zlib.crc32(data)) + data)
    file.flush()


def begun_parts(file, job, dataset):
    """The embeddings in a file that was begun for this job, as a list of arrays; the file then ends with them.

    They go up to the first part that is damaged, or of an image that is not what it was, or not in its place: where the
    file system has no locks, two processes may have written.

    Parameters
    ----------
    file : binary file, for reading and writing
    job : str
        What decides the result but for the images; the first part of the file.
    dataset : Checksummed
    """
    file.seek(0)
    begun = _next_part(file)
    if begun is None or str(begun[0]) != job:
        file.truncate(0)
        append_part(file, np.array(job))
        return []
    parts, done, end = [], 0, file.tell()
    with ThreadPoolExecutor(usable_cores()) as pool:
        for part in iter(lambda: _next_part(file), None):
            if len(part) != 2 or len(part[0]) != len(part[1]) or done + len(part[1]) > len(dataset):
                break
            embeddings, checksums = part
            now = list(pool.map(dataset.checksum, range(done, done + len(checksums))))
            changed = np.flatnonzero(checksums != np.array(now, np.uint32))
            if changed.size:
                log.warning('image %d of %d is not what it was when it was embedded: it and those behind it are '
                            'embedded again', done + changed[0] + 1, len(dataset))
                break
            parts.append(embeddings)
            done, end = done + len(checksums), file.tell()
    file.truncate(end)
    file.seek(end)
    if done:
        log.info('done already: %s, the others follow', counted(done, 'image'))
    return parts


def read_parts(file):
    """The arrays of each part of a file, up to one that is damaged; the file then ends before that.

    Parameters
    ----------
    file : binary file, for reading and writing
    """
    file.seek(0)
    end = 0
    for arrays in iter(lambda: _next_part(file), None):
        end = file.tell()
        yield arrays
    file.truncate(end)
    file.seek(end)


def _next_part(file):
    """The arrays at the file's position; None at its end, or where they are damaged or not whole."""
    head = file.read(FRAME.size)
    if len(head) < FRAME.size:
        return None
    size, checksum = FRAME.unpack(head)
    data = file.read(size)
    if len(data) < size or zlib.crc32(data) != checksum:
        return None
    buffer, arrays = io.BytesIO(data), []
    while buffer.tell() < size:
        arrays.append(np.lib.format.read_array(buffer, allow_pickle=False))
    return arrays
