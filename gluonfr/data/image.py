"""Images in and out of encoded bytes: the one place that knows OpenCV's channel order."""
import io
import struct
from functools import lru_cache
from typing import Tuple, Union

import numpy as np
from PIL import Image, features

try:
    import cv2
except ImportError as error:
    raise ImportError('gluonfr reads images with OpenCV, which cannot be imported ({}). Where libGL or another library '
                      'of a desktop is missing, run: pip install --force-reinstall --no-deps '
                      'opencv-python-headless'.format(error)) from error

from ..utils.check import check_int
from ..utils.files import open_regular, read_at_most
from ..utils.types import PathLike
from .image_size import ImageError, check_pixels, plain_size

__all__ = ['ImageError', 'WRITTEN_SUFFIXES', 'decode', 'decode_file', 'decode_photo', 'encode', 'header_size',
           'read_file', 'read_header_size', 'read_image', 'read_photo', 'resize', 'shrinks']

MAX_BYTES = 1 << 30  # of an image file
WRITTEN_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.webp')  # of `encode`

# The orientation that a camera noted is ignored: a face that was aligned already stands upright.
_READ = {0: cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION,
         1: getattr(cv2, 'IMREAD_COLOR_RGB', cv2.IMREAD_COLOR) | cv2.IMREAD_IGNORE_ORIENTATION}
_RGB = hasattr(cv2, 'IMREAD_COLOR_RGB')  # since OpenCV 4.11 the decoder itself gives RGB


def decode(data: Union[bytes, np.ndarray], flag: int = 1) -> np.ndarray:
    """Decode an image file's bytes.

    Grey, palette, CMYK and 16-bit images become 8-bit RGB too; an alpha channel is dropped.

    Parameters
    ----------
    data : bytes, or uint8 array (N,)
        A JPEG, PNG, BMP, WebP, TIFF or whatever else OpenCV reads; GIF, AVIF and HEIC (with pillow-heif) by Pillow. Of
        several pictures in a file it is the first.
    flag : {0, 1}
        1 for RGB, 0 for grey.

    Returns
    -------
    uint8 array, (H,W,3) RGB or (H,W,1) grey.

    Raises
    ------
    ImageError
        For no bytes, a truncated image, one too damaged to be decoded, another format, or more than 178,956,970 pixels
        (or what the environment variable GLUONFR_MAX_PIXELS says), before it is decoded. Flipped bytes within a JPEG
        seldom show: the format has no checksum.
    """
    buffer = np.frombuffer(data, np.uint8)
    if flag not in _READ:
        raise ValueError('decode: flag must be 0 (grey) or 1 (RGB), got {!r}.'.format(flag))
    if not buffer.size:
        raise ImageError('the image is empty (0 bytes).')
    data = data if isinstance(data, bytes) else buffer.tobytes()
    kind = _truncated(data)
    if kind:
        raise ImageError('the image is truncated: a {} of {:,} bytes without its end mark.'.format(kind, buffer.size))
    check_pixels(data)
    try:
        image = cv2.imdecode(buffer, _READ[flag])
    except cv2.error as error:
        raise ImageError('the image cannot be decoded ({:,} bytes): {}'.format(
            buffer.size, ' '.join(str(error).split()))) from error
    if image is None:
        image = _by_pillow(data[:16], data, flag)
        if image is not None:
            return image
        raise ImageError('the image is damaged or of an unknown format ({:,} bytes, the first are {!r}).'.format(
            buffer.size, buffer[:8].tobytes()))
    if flag == 0:
        return image[:, :, None]
    return image if _RGB else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def encode(image: np.ndarray, fmt: str = '.jpg', quality: int = 95) -> bytes:
    """Encode an image as the bytes of a file.

    Parameters
    ----------
    image : uint8 array, (H,W,3) RGB or (H,W,1) grey
    fmt : {'.jpg', '.jpeg', '.png', '.bmp', '.webp'}
        PNG and BMP are lossless.
    quality : int, [1, 100]
        Of JPEG and WebP; the others have none.

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        For another shape, type, format or quality.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.data import decode, encode
    >>> data = encode(np.zeros((112, 112, 3), np.uint8), '.png')
    >>> print(type(data).__name__, decode(data).shape, decode(data, flag=0).shape)
    bytes (112, 112, 3) (112, 112, 1)
    """
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (1, 3) or not image.size:
        raise ValueError('encode: image must be uint8 of shape (H,W,3) or (H,W,1), got {} of shape {}.'.format(
            image.dtype, image.shape))
    if fmt not in WRITTEN_SUFFIXES:
        raise ValueError('encode: fmt must be one of {}, got {!r}.'.format(', '.join(WRITTEN_SUFFIXES), fmt))
    quality = check_int('encode', 'quality', quality, 1, 100)
    options = {'.jpg': cv2.IMWRITE_JPEG_QUALITY, '.jpeg': cv2.IMWRITE_JPEG_QUALITY, '.webp': cv2.IMWRITE_WEBP_QUALITY}
    if image.shape[2] == 3:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    done, buffer = cv2.imencode(fmt, image, [options[fmt], quality] if fmt in options else [])
    if not done:
        raise ValueError('encode: OpenCV cannot write an image of shape {} as {}.'.format(image.shape, fmt))
    return buffer.tobytes()


def _by_pillow(start, data, flag):
    """Decode what OpenCV cannot, as HEIC and in most builds GIF; None where Pillow is not asked, either."""
    heif = start[4:8] == b'ftyp'
    if not heif and not start.startswith((b'GIF8', b'\0\0\0\x0cjP  ')):
        return None
    if heif and start[8:12] not in (b'avif', b'avis') and not _has_heif():
        raise ImageError('the image is HEIC, which Pillow reads with a plugin: pip install pillow-heif, or make it '
                         'JPEG.')
    if heif and start[8:12] in (b'avif', b'avis') and 'avif' not in features.get_supported():
        raise ImageError('the image is AVIF, which Pillow reads from version 11.3 on: pip install --upgrade pillow, or '
                         'make it JPEG.')
    try:
        with Image.open(io.BytesIO(data)) as image:
            pixels = np.asarray(image.convert('RGB' if flag else 'L'))
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError) as error:
        raise ImageError('the image is damaged ({:,} bytes): {}'.format(len(data), error)) from error
    return pixels if flag else pixels[:, :, None]


@lru_cache(maxsize=None)
def _has_heif():
    """Whether Pillow's plugin for HEIC is installed; then it is registered."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def header_size(data):
    """Height and width in pixels that an encoded image says in its header; nothing is decoded if that can be helped.

    Parameters
    ----------
    data : bytes

    Raises
    ------
    ImageError
        It is no image, or its header is damaged.
    """
    return plain_size(data) or decode(data).shape[:2]  # of the rarer formats; and it says what is wrong


def read_header_size(path):
    """`header_size` of a file, of which it reads no more than need be; its errors with the path in front."""
    with open_regular(path) as file:
        size = plain_size(file.read(1 << 16))
    try:
        return size or header_size(read_file(path))
    except ImageError as error:
        raise ImageError('{}: {}'.format(path, error)) from error


def read_image(path: PathLike, flag: int = 1) -> np.ndarray:
    """Read an image file: `decode` of its bytes, its errors with the path in front."""
    return decode_file(read_file(path), path, flag)


def read_file(path):
    """The bytes of an image file.

    Raises
    ------
    ImageError
        It has more than a gigabyte.
    OSError
        It cannot be read, or is a pipe or a device.
    """
    data = read_at_most(path, MAX_BYTES)
    if data is None:
        raise ImageError('{}: the image is too large: more than {:,} bytes.'.format(path, MAX_BYTES))
    return data


def decode_file(data, path, flag=1):
    """`decode` of the bytes of an image file, its errors with the path in front."""
    try:
        return decode(data, flag)
    except ImageError as error:
        raise ImageError('{}: {}'.format(path, error)) from error


def read_photo(path: PathLike) -> np.ndarray:
    """Read a photograph, turned upright as the camera noted in it.

    As `read_image` with flag 1, but the orientation in the EXIF data of a JPEG, PNG or WebP counts (`read_image` leaves
    aligned faces as they are).

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    uint8 array, (H,W,3) RGB

    Raises
    ------
    ImageError
        As for `decode`; with the path.
    OSError
        The file is not there or cannot be read.
    """
    return decode_photo(read_file(path), path)


def decode_photo(data, path):
    """`read_photo` of the bytes of a file that are read already."""
    image = decode_file(data, path)
    return np.ascontiguousarray(_UPRIGHT.get(_orientation(data), np.asarray)(image))


def _orientation(data):
    """The orientation in the EXIF data of a file, 1 to 8; 1 without it or if it is damaged."""
    try:
        with Image.open(io.BytesIO(data)) as header:  # reads no pixels
            exif = Image.Exif()
            exif.load(header.info.get('exif'))
            return exif.get(0x0112, 1)
    except (OSError, SyntaxError, ValueError, struct.error):
        return 1  # or OpenCV can read what Pillow cannot


# Orientation of EXIF -> what makes a picture upright; 1 is upright
_UPRIGHT = {2: np.fliplr, 3: lambda x: np.rot90(x, 2), 4: np.flipud, 5: lambda x: x.swapaxes(0, 1),
            6: lambda x: np.rot90(x, -1), 7: lambda x: np.rot90(x, 2).swapaxes(0, 1), 8: np.rot90}


def resize(image: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
    """Return an image (H,W,C), uint8 or float32, stretched to ``size``, (height, width); itself where it has that size.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.data.image import resize
    >>> image = np.array([[[0], [10]], [[20], [50]]], np.uint8)
    >>> print(resize(image, (1, 1)).ravel(), resize(image, (2, 4)).shape)
    [20] (2, 4, 1)
    """
    height, width = size
    if image.shape[:2] == (height, width):
        return image
    method = cv2.INTER_AREA if shrinks(image.shape[:2], size) else cv2.INTER_LINEAR
    small = cv2.resize(image, (width, height), interpolation=method)
    return small.reshape(height, width, image.shape[2])  # OpenCV drops the axis of one channel


def shrinks(old, new):
    """Whether pixels are averaged on the way from one (height, width) to another: no side grows.

    OpenCV averages only then: where one side grows, its INTER_AREA takes single pixels, fewer than INTER_LINEAR does.
    """
    return new[0] <= old[0] and new[1] <= old[1]


def _truncated(data):
    """Return 'JPEG', 'PNG' or 'GIF' if ``data`` is one that lacks its end, else ''."""
    if data[:2] == b'\xff\xd8':
        # Some releases of OpenCV fill the missing rows with grey and say nothing. The end mark may be followed by
        # padding; a thumbnail has one of its own, before the last scan begins.
        whole = data[-2:] == b'\xff\xd9' or data.rfind(b'\xff\xd9') > data.rfind(b'\xff\xda')
        return '' if whole else 'JPEG'
    if data[:4] == b'\x89PNG':
        return '' if b'IEND' in data else 'PNG'
    if data[:4] == b'GIF8':
        return '' if data.rstrip(b'\0').endswith(b';') else 'GIF'
    return ''
