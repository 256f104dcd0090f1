"""How large an image will be, from its first bytes: a kilobyte can ask for gigabytes."""
import io
import os
import struct
from functools import lru_cache

from PIL import Image

from ..utils.check import check_int

__all__ = ['ImageError', 'check_pixels', 'plain_size']

MAX_PIXELS = 178956970  # Pillow's own limit
_TIFF = {b'II*\0': '<', b'MM\0*': '>'}  # how it begins, and its order of bytes
VARIABLE = 'GLUONFR_MAX_PIXELS'


class ImageError(ValueError):
    """Bytes that are no image, or a damaged one."""


def check_pixels(data):
    """Raise an ImageError if an encoded image (bytes) would have too many pixels, or none tells how many.

    The limit is 178,956,970, or what the environment variable GLUONFR_MAX_PIXELS says.
    """
    size = plain_size(data) or _heif_size(data)
    if size is None and data[:4] not in _TIFF:  # Pillow warns of one that is cut off
        size = _size_by_pillow(data)
    if size is None and data[4:8] == b'ftyp':  # HEIC, AVIF: their libraries have limits of their own
        return
    if size is None:
        raise ImageError('the image is damaged or of an unknown format ({:,} bytes, the first are {!r}).'.format(
            len(data), bytes(data[:8])))
    if size[0] * size[1] > most_pixels():
        raise ImageError('the image is too large: {:,} x {:,} pixels, and at most {:,} are read. For larger ones set '
                         'the environment variable {}.'.format(*size, most_pixels(), VARIABLE))
    least = _least_bytes(data, *size)
    if len(data) < least:
        raise ImageError('the image is truncated or damaged: {:,} x {:,} pixels take at least {:,} bytes, got {:,}.'
                         .format(*size, least, len(data)))


@lru_cache(maxsize=None)
def most_pixels():
    """The largest number of pixels of an image that is read."""
    text = os.environ.get(VARIABLE, str(MAX_PIXELS))
    most = check_int(VARIABLE, 'the number of pixels', int(text) if text.isdecimal() and len(text) < 20 else text, 1)
    if most > MAX_PIXELS:
        Image.MAX_IMAGE_PIXELS = (most + 1) // 2  # it refuses twice as many
    return most


def _least_bytes(data, height, width):
    """What a JPEG or PNG of so many pixels cannot do without, if they are all of one colour."""
    if data[:2] == b'\xff\xd8':
        return height * width // 512  # a block of 8 x 8 takes a bit
    if data[:4] == b'\x89PNG':
        depth, kind = data[24:26].ljust(2, b'\0')
        return height * (width * depth * {2: 3, 4: 2, 6: 4}.get(kind, 1) // 8) // 1032  # the most that deflate packs
    return 0


def _tiff_numbers(data):
    """{tag: value} of whole numbers in the first directory of a TIFF file; a struct.error if it is cut off."""
    order = _TIFF.get(data[:4])
    numbers = {}
    if order:
        start, = struct.unpack_from(order + 'I', data, 4)
        for i in range(struct.unpack_from(order + 'H', data, start)[0]):
            tag, kind, count = struct.unpack_from(order + 'HHI', data, start + 2 + 12 * i)
            if kind in (3, 4) and count == 1:
                numbers.setdefault(tag, struct.unpack_from(order + ' HI'[kind - 2], data, start + 10 + 12 * i)[0])
    return numbers


def plain_size(data):
    """Height and width in the header of a JPEG, PNG, BMP, WebP or TIFF; None of others and where it is not found."""
    try:
        if data[:2] == b'\xff\xd8':
            return _jpeg_size(data)
        if data[:8] == b'\x89PNG\r\n\x1a\n':
            return struct.unpack_from('>II', data, 16)[::-1]
        if data[:2] == b'BM':
            old, = struct.unpack_from('<I', data, 14)
            width, height = struct.unpack_from('<HH' if old == 12 else '<ii', data, 18)
            return abs(height), abs(width)
        if data[:4] == b'RIFF' and data[8:12] == b'WEBP':
            return _webp_size(data)
        tags = _tiff_numbers(data)
        return (tags[257], tags[256]) if {256, 257} <= set(tags) else None
    except (struct.error, IndexError):
        return None  # it ends before


def _jpeg_size(data):
    at = 2
    while True:  # as libjpeg walks: what lies between two parts is skipped
        at = data.index(b'\xff', at) if b'\xff' in data[at:at + (1 << 16)] else len(data)
        while data[at] == 0xff:
            at += 1
        kind = data[at]
        at += 1
        if 0xc0 <= kind <= 0xcf and kind not in (0xc4, 0xc8, 0xcc):
            return struct.unpack_from('>HH', data, at + 3)
        if kind in (0xd9, 0xda):  # the end, or pixels without a size
            return None
        if not (kind in (0, 1) or 0xd0 <= kind <= 0xd8):
            at += struct.unpack_from('>H', data, at)[0]


def _webp_size(data):
    kind = data[12:16]
    if kind == b'VP8X':
        width, height = (int.from_bytes(data[at:at + 3], 'little') + 1 for at in (24, 27))
    elif kind == b'VP8L':
        bits, = struct.unpack_from('<I', data, 21)
        width, height = (bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1
    else:
        width, height = (side & 0x3fff for side in struct.unpack_from('<HH', data, 26))
    return height, width


def _heif_size(data):
    """The largest that a HEIC or AVIF file speaks of, before it is turned."""
    sizes, at = [], data.find(b'ispe') if data[4:8] == b'ftyp' else -1
    while 0 <= at <= len(data) - 16:
        sizes.append(struct.unpack_from('>II', data, at + 8)[::-1])
        at = data.find(b'ispe', at + 4)
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def _size_by_pillow(data):
    try:
        with Image.open(io.BytesIO(data)) as image:  # reads no pixels
            return image.size[::-1]
    except Image.DecompressionBombError as error:
        raise ImageError('the image is too large: {}'.format(error)) from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error):
        return None
