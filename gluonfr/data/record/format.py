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
    """Offsets of all records of a .rec, found by walking from frame to frame, of damaged ones, too.

    A payload has no magic number on a multiple of 4: so the walk goes on at the next one behind a frame whose length is
    wrong, and the records keep their order. One that is cut off at the end is listed as well.
    """
    offsets, position, within = [], 0, False
    with open(path, 'rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        while position < len(content):
            end, kind = _end_of_frame(content, position)
            if kind in (WHOLE, FIRST) or not within:
                offsets.append(position)
            within = kind in (FIRST, MIDDLE)
            if end is None or not (end == len(content) or content[end:end + 4] == MAGIC_BYTES):
                following = _next_magic(content, position + 4)
                # the frame may be right, and the next one have no magic number: then that one's length tells
                if end is None or end >= following or _end_of_frame(content, end, False)[0] != following:
                    end = following
            position = end
    return offsets


def _end_of_frame(content, position, needs_magic=True):
    """(Where the frame at a position ends, its kind), None where none begins there or it is longer than the file."""
    if position + FRAME.size > len(content):
        return None, None
    magic, length = FRAME.unpack_from(content, position)
    end = position + FRAME.size + padded(length & MAX_BYTES)
    return (end if end <= len(content) and (magic == MAGIC or not needs_magic) else None,
            length >> 29 if magic == MAGIC else None)


def _next_magic(content, position):
    """Where the next magic number on a multiple of 4 is, or the end."""
    at = content.find(MAGIC_BYTES, position)
    while at >= 0 and at % 4:
        at = content.find(MAGIC_BYTES, at + 1)
    return len(content) if at < 0 else at


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
