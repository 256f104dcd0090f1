"""The journal of a gallery: lines that are only ever added, of which the last one of a name says what is so.

A line has, with tabs between: the CRC-32 of what follows, '+' or '-', the row of the template, how many rows of photos
there are by then, the name, and what belongs to it, the last two as JSON. What a killed process left of a line is no
line.
"""
import json
import zlib
from collections import namedtuple

__all__ = ['Line', 'make_line', 'parse_lines', 'read_line']

Line = namedtuple('Line', 'name template photos_end templates photos')
Line.__doc__ = """What a line says.

name : str
template : int or None
    Row of the person's template; None where the person is removed.
photos_end : int
    Rows of photos that are taken.
templates : list of int
    Rows of all templates that the person has had.
photos : list of (int, str, str)
    Row, path and SHA-256 of each of the person's photos; of one who is removed only the rows are told.
"""


def make_line(line):
    """The bytes of a `Line`."""
    parts = ['+', str(line.template)] if line.template is not None else ['-', '']
    parts += [str(line.photos_end), json.dumps(line.name), json.dumps([line.templates, line.photos],
                                                                       separators=(',', ':'))]
    data = '\t'.join(parts).encode('ascii')
    return b'%08x\t%s\n' % (zlib.crc32(data), data)


def read_line(data):
    """The `Line` that bytes say."""
    _, sign, template, end, name, rest = data.split(b'\t')
    templates, photos = json.loads(rest)
    return Line(json.loads(name), int(template) if sign == b'+' else None, int(end), templates, photos)


def parse_lines(path, base, data):
    """Yield (begin, end, template or None, photos_end, name) of the lines in `data`, a file from byte `base` on.

    It ends before a last line that is not whole.

    Raises
    ------
    ValueError
        A line is damaged, and others follow it.
    """
    begin = 0
    while True:
        end = data.find(b'\n', begin) + 1
        if not end:
            return
        line = data[begin:end - 1]
        if line[:8] != b'%08x' % zlib.crc32(line[9:]):
            if end == len(data):
                return
            raise ValueError('{} is damaged at byte {:,}: what stands before it is whole. Take the folder from a '
                             'backup, or enrol the people again in another gallery.'.format(path, base + begin))
        _, sign, template, photos_end, name, _ = line.split(b'\t')
        yield begin, end, int(template) if sign == b'+' else None, int(photos_end), json.loads(name)
        begin = end
