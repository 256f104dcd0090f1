"""The bytes of MXNet's .rec and .idx files (RecordIO).

A record is a frame of magic number, kind and length (4 + 4 bytes), its payload, and zeros up to a multiple of 4. Where
the payload itself holds the magic number on a multiple of 4, the number is dropped there and the payload goes on in a
further frame. The payload is a header (flag, label, id, id2), `flag` float32 labels if flag is not 0, and the
encoded image.
"""
import mmap
import os
import struct
from collections import namedtuple

import numpy as np

from ...utils.files import write_text

__all__ = ['FIRST', 'FRAME', 'HEADER', 'IRHeader', 'LAST', 'MAGIC', 'MAGIC_BYTES', 'MAX_BYTES', 'MIDDLE', 'WHOLE',
           'RecordError', 'frame', 'pack', 'padded', 'read_index', 'scan', 'unpack', 'write_index']

MAGIC = 0xced7230a
MAGIC_BYTES = struct.pack('<I', MAGIC)
FRAME = struct.Struct('<II')
HEADER = struct.Struct('<IfQQ')
MAX_BYTES = (1 << 29) - 1  # of a frame: the three highest bits of the length say its kind
WHOLE, FIRST, MIDDLE, LAST = range(4)  # the kinds

IRHeader = namedtuple('IRHeader', 'flag label id id2')
IRHeader.__doc__ = """The header of a record, as of `mxnet.recordio`: flag, 0 or the number of labels; label, a float,
or a float32 array of so many; id, the key, and id2."""


class RecordError(ValueError):
    """A .rec, .idx or property file that is damaged, or files that do not belong together."""


def pack(label, key, image, id2=0):
    """The payload of a record: IRHeader with a scalar or a sequence of labels, then the image."""
    if np.ndim(label) == 0:
        return HEADER.pack(0, label, key, id2) + image
    labels = np.asarray(label, '<f4')
    return HEADER.pack(labels.size, 0, key, id2) + labels.tobytes() + image


def unpack(payload):
    """(IRHeader, bytes of the image) of a record's payload; a struct.error or ValueError if it is too short."""
    header, rest = IRHeader(*HEADER.unpack(payload[:HEADER.size])), payload[HEADER.size:]
    if header.flag:
        header = header._replace(label=np.frombuffer(rest, np.float32, header.flag))
    return header, rest[4 * header.flag:]


def frame(payload):
    """The bytes that a payload becomes in a .rec file."""
    frames, start = [], 0
    at = payload.find(MAGIC_BYTES)
    while at >= 0:
        if at % 4 == 0:
            frames += [FRAME.pack(MAGIC, (MIDDLE if start else FIRST) << 29 | at - start), payload[start:at]]
            start = at + 4
        at = payload.find(MAGIC_BYTES, at + 1)
    rest = len(payload) - start
    frames += [FRAME.pack(MAGIC, (LAST if start else WHOLE) << 29 | rest), payload[start:], bytes(-rest % 4)]
    return b''.join(frames)


def scan(path):
    """Offsets of all records of a .rec, found by walking from frame to frame; one cut off at the end is listed too.

    Raises
    ------
    RecordError
        There is no frame where the one before ends.
    """
    offsets, position = [], 0
    with open(path, 'rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        while position < len(content):
            if position + FRAME.size > len(content):
                offsets.append(position)
                break
            magic, length = FRAME.unpack_from(content, position)
            if magic != MAGIC:
                raise RecordError('{} is damaged: no record at byte {:,}, where one ends. Get the file again.'.format(
                    path, position))
            if length >> 29 in (WHOLE, FIRST):
                offsets.append(position)
            position += FRAME.size + padded(length & MAX_BYTES)
    return offsets


def write_index(path, keys, offsets):
    """Write an .idx, atomically, and return its path."""
    write_text(path, ''.join(map('{}\t{}\n'.format, np.asarray(keys).tolist(), np.asarray(offsets).tolist())))
    return path


def read_index(path):
    """Return the (N, 2) int64 keys and offsets of an .idx, by ascending key."""
    what_to_do = 'Get the file again, or delete it, and the .rec is scanned instead.'
    if not os.path.getsize(path):
        raise RecordError('{} is empty (0 bytes). {}'.format(path, what_to_do))
    try:
        table = np.loadtxt(path, dtype=np.int64, delimiter='\t', comments=None, ndmin=2)
        if table.shape[1] != 2:
            raise ValueError('its lines have {} fields'.format(table.shape[1]))
    except ValueError as error:
        raise RecordError('{} must have lines of two integers, key<TAB>offset: {}. {}'.format(
            path, error, what_to_do)) from error
    table = table[np.argsort(table[:, 0], kind='stable')]
    for name, column in (('key', table[:, 0]), ('offset', np.sort(table[:, 1]))):
        again = column[1:][np.diff(column) == 0]
        if again.size:
            raise RecordError('{} has the {} {} more than once. {}'.format(path, name, again[0], what_to_do))
    return table


def padded(length):
    """The bytes that a part of `length` bytes takes in the file: parts begin at multiples of four."""
    return length + 3 & ~3
