"""gluonfr.data.image: RGB whatever the file has, and a clear error for what is no image or not all of one."""
import io
import os
import struct
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from gluonfr.data.image_size import most_pixels
from gluonfr.data.image import WRITTEN_SUFFIXES, ImageError, decode, encode, header_size, read_image, resize

ROOT = str(Path(__file__).resolve().parents[3])
FORMATS = ('JPEG', 'PNG', 'BMP', 'WEBP', 'TIFF', 'GIF')


def picture(height=24, width=32):
    """A smooth RGB image whose channels differ, (H,W,3) uint8."""
    y, x = np.mgrid[:height, :width]
    return np.stack([8 * x, 10 * y, 255 - 4 * (x + y)], axis=2).clip(0, 255).astype(np.uint8)


def saved(image, format, **options):
    """Encode with Pillow, which shares no code with OpenCV."""
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize('format,error', [('JPEG', 2), ('PNG', 0), ('BMP', 0), ('WEBP', 3), ('TIFF', 0), ('GIF', 5)])
def test_decode_gives_rgb(format, error):
    image = decode(saved(Image.fromarray(picture()), format))
    assert image.dtype == np.uint8 and image.shape == (24, 32, 3) and image.flags.c_contiguous
    assert np.abs(image.astype(int) - picture()).mean() <= error


@pytest.mark.parametrize('fmt,error', [('.jpg', 2), ('.jpeg', 2), ('.png', 0), ('.bmp', 0), ('.webp', 2)])
def test_encode_is_read_by_others(fmt, error):
    data = encode(picture(), fmt)
    assert isinstance(data, bytes)
    theirs = np.asarray(Image.open(io.BytesIO(data)).convert('RGB')).astype(int)
    assert np.abs(theirs - picture()).mean() <= error
    assert np.abs(decode(data).astype(int) - picture()).mean() <= error
    assert fmt in WRITTEN_SUFFIXES


def test_quality_decides_the_size():
    noise = np.random.RandomState(0).randint(0, 256, (32, 32, 3), dtype=np.uint8)
    sizes = [len(encode(noise, '.jpg', quality)) for quality in (10, 50, 95, 100)]
    assert sizes == sorted(sizes) and sizes[0] < sizes[-1] / 3


def grey16():
    return Image.fromarray(picture()[:, :, 0].astype(np.uint16) * 257)


@pytest.mark.parametrize('image,format,expected', [
    (Image.fromarray(picture()[:, :, 0]), 'PNG', picture()[:, :, [0, 0, 0]]),
    (Image.fromarray(picture()[:, :, 0]), 'JPEG', picture()[:, :, [0, 0, 0]]),
    (grey16(), 'PNG', picture()[:, :, [0, 0, 0]]),
    (Image.fromarray(np.dstack([picture(), picture()[:, :, 0]])), 'PNG', picture()),
    (Image.fromarray(picture()).convert('CMYK'), 'JPEG', picture()),
    (Image.fromarray(picture()).quantize(256), 'PNG', picture()),
], ids=['grey', 'grey-jpeg', '16-bit', 'alpha', 'cmyk', 'palette'])
def test_other_kinds_become_rgb(image, format, expected):
    result = decode(saved(image, format))
    assert result.dtype == np.uint8 and result.shape == expected.shape
    assert np.abs(result.astype(int) - expected).mean() < 5


@pytest.mark.parametrize('format', FORMATS)
def test_the_size_stands_in_the_header(format):
    assert header_size(saved(Image.fromarray(picture(24, 31)), format)) == (24, 31)


@pytest.mark.parametrize('options', [{}, {'progressive': True}, {'exif': b'Exif\0\0' + bytes(60000)}])
def test_the_size_of_a_jpeg_is_that_of_its_frame(options):
    """And not of a thumbnail, which may come before."""
    data = saved(Image.fromarray(picture(24, 31)), 'JPEG', **options)
    assert header_size(data) == (24, 31)
    with pytest.raises(ImageError):
        header_size(b'\xff\xd8' + bytes(40))


HEIC = b'\0\0\0\x18ftypheic\0\0\0\0mif1heic' + bytes(40)


def test_heic_without_the_plugin_says_what_to_install(monkeypatch):
    monkeypatch.setattr('gluonfr.data.image._has_heif', lambda: False)
    with pytest.raises(ImageError, match='HEIC, .*pip install pillow-heif'):
        decode(HEIC)


def test_heic_is_left_to_the_plugin(monkeypatch):
    """Here one that gives a picture of its own for each HEIC."""
    monkeypatch.setattr('gluonfr.data.image._has_heif', lambda: True)
    monkeypatch.setattr('PIL.Image.open', lambda stream: Image.fromarray(picture()))
    assert np.array_equal(decode(HEIC), picture()) and decode(HEIC, 0).shape == (24, 32, 1)


def test_flag_0_is_grey():
    data = encode(picture(), '.png')
    grey = decode(data, 0)
    assert grey.shape == (24, 32, 1)
    assert np.abs(grey[:, :, 0] - picture() @ [.299, .587, .114]).max() <= 1
    assert np.array_equal(decode(encode(grey, '.png'), 0), grey)


def test_orientation_is_ignored():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    assert decode(saved(Image.fromarray(picture()), 'JPEG', exif=exif)).shape == (24, 32, 3)


@pytest.mark.parametrize('kind', [bytes, bytearray, memoryview, lambda data: np.frombuffer(data, np.uint8)])
def test_decode_takes_any_bytes(kind):
    data = encode(picture(), '.png')
    assert np.array_equal(decode(kind(data)), picture())


@pytest.mark.parametrize('format', FORMATS)
def test_a_truncated_image_is_an_error(format):
    data = saved(Image.fromarray(picture(40, 40)), format)
    for length in list(range(1, len(data), max(1, len(data) // 40))) + [len(data) - 1]:
        with pytest.raises(ImageError, match='truncated|damaged'):
            decode(data[:length])


@pytest.mark.parametrize('progressive', [False, True])
def test_a_truncated_jpeg_with_a_thumbnail_is_an_error(progressive):
    """The thumbnail has an end mark of its own."""
    thumbnail = encode(picture(), '.jpg')
    exif = b'Exif\0\0' + thumbnail
    data = saved(Image.fromarray(picture(60, 60)), 'JPEG', progressive=progressive)
    data = data[:2] + b'\xff\xe1' + (len(exif) + 2).to_bytes(2, 'big') + exif + data[2:]
    assert decode(data).shape == (60, 60, 3)
    with pytest.raises(ImageError, match=r'truncated: a JPEG of [\d,]+ bytes'):
        decode(data[:-20])


def test_padding_after_the_end_is_no_fault():
    for fmt in ('.jpg', '.png'):
        assert np.array_equal(decode(encode(picture(), fmt) + bytes(7)), decode(encode(picture(), fmt)))


@pytest.mark.parametrize('data,message', [
    (b'', r'empty \(0 bytes\)'),
    (b'\0', 'unknown format'),
    (b'<html>404</html>', r"unknown format \(16 bytes, the first are b'<html>40'\)"),
    (saved(Image.fromarray(picture()), 'JPEG')[:2] + b'\xff\xd9', 'damaged'),
])
def test_no_image(data, message):
    with pytest.raises(ImageError, match=message):
        decode(data)


def test_an_image_with_too_many_pixels_is_an_error():
    data = bytearray(encode(picture(), '.bmp'))
    data[18:26] = (60000).to_bytes(4, 'little') * 2
    with pytest.raises(ImageError):
        decode(bytes(data))


def test_flipped_bytes_in_a_png_are_an_error():
    data = bytearray(encode(np.random.RandomState(0).randint(0, 256, (30, 30, 3), dtype=np.uint8), '.png'))
    data[len(data) // 2] ^= 0xff
    with pytest.raises(ImageError, match='damaged'):
        decode(bytes(data))


@pytest.mark.parametrize('call,message', [
    (lambda: decode(b'x', 2), 'decode: flag must be 0'),
    (lambda: encode(picture().astype(float)), 'encode: image must be uint8'),
    (lambda: encode(picture()[:, :, 0]), 'encode: image must be uint8'),
    (lambda: encode(np.zeros((4, 4, 4), np.uint8)), 'encode: image must be uint8'),
    (lambda: encode(np.zeros((0, 4, 3), np.uint8)), 'encode: image must be uint8'),
    (lambda: encode(picture(), 'jpg'), "encode: fmt must be one of .bmp.*got 'jpg'"),
    (lambda: encode(picture(), '.jpg', 0), 'encode: quality must be in'),
    (lambda: encode(picture(), '.jpg', 101), 'encode: quality must be in'),
])
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_read_image_names_the_file(tmp_path):
    path = tmp_path / 'face.png'
    path.write_bytes(encode(picture(), '.png'))
    assert np.array_equal(read_image(path), picture())
    assert read_image(path, 0).shape == (24, 32, 1)
    path.write_bytes(b'')
    with pytest.raises(ImageError, match=r'face.png: the image is empty'):
        read_image(path)
    with pytest.raises(FileNotFoundError, match='gone.png'):
        read_image(tmp_path / 'gone.png')


def test_resize():
    image = picture()
    assert resize(image, (24, 32)) is image
    for size in ((12, 16), (48, 64)):
        theirs = np.asarray(Image.fromarray(image).resize(size[::-1], Image.BILINEAR)).astype(int)
        assert np.abs(resize(image, size) - theirs).mean() < 2
    assert resize(image[:, :, :1], (12, 16)).shape == (12, 16, 1)


@pytest.mark.parametrize('size', [(16, 16), (8, 32), (32, 16), (16, 8)])
def test_resize_averages_where_no_side_grows(size):
    """Each new pixel is the mean of those it replaces, though one side may stay as it is."""
    image = np.random.RandomState(0).randint(0, 256, (32, 32, 3)).astype(np.uint8)
    rows, columns = 32 // size[0], 32 // size[1]
    means = image.reshape(size[0], rows, size[1], columns, 3).mean(axis=(1, 3))
    assert np.abs(resize(image, size) - means).max() <= 0.5


@pytest.mark.parametrize('size', [(16, 40), (40, 16), (40, 32), (64, 64), (8, 33)])
def test_resize_interpolates_where_a_side_grows(size):
    image = np.random.RandomState(0).randint(0, 256, (32, 32, 3)).astype(np.uint8)
    linear = cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR)
    assert (cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA) != linear).any()
    np.testing.assert_array_equal(resize(image, size), linear)


def test_a_machine_without_desktop_libraries_is_told_what_to_install(tmp_path):
    """opencv-python needs libGL, which a server may lack; a module of its name that fails in that way stands for it."""
    (tmp_path / 'cv2.py').write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    run = subprocess.run([sys.executable, '-c', 'import gluonfr.data'], capture_output=True, text=True,
                         env={**os.environ, 'PYTHONPATH': os.pathsep.join([str(tmp_path), ROOT])})
    assert run.returncode == 1
    assert 'libGL.so.1' in run.stderr and 'pip install --force-reinstall --no-deps opencv-python-headless' in run.stderr


def says(height, width, format):
    """A small picture whose header says another size."""
    data = bytearray(saved(Image.fromarray(picture(24, 32)), format))
    if format == 'JPEG':
        place = data.index(b'\xff\xc0')
        data[place + 5:place + 9] = struct.pack('>HH', height, width)
    elif format == 'PNG':
        data[16:24] = struct.pack('>II', width, height)
    elif format == 'BMP':
        data[18:26] = struct.pack('<ii', width, -height)
    elif format == 'TIFF':
        data = bytearray(saved(Image.fromarray(np.zeros((1, 1, 3), np.uint8)), 'TIFF'))
        for tag, side in ((256, width), (257, height)):
            place = data.index(struct.pack('<HHI', tag, 4, 1)) if struct.pack('<HHI', tag, 4, 1) in data else \
                data.index(struct.pack('<HHI', tag, 3, 1))
            data[place:place + 12] = struct.pack('<HHII', tag, 4, 1, side)
    else:
        data[12:30] = b'VP8X' + struct.pack('<IB3x', 10, 0) + (width - 1).to_bytes(3, 'little') + \
            (height - 1).to_bytes(3, 'little')
    return bytes(data)


@pytest.mark.parametrize('format', ['JPEG', 'PNG', 'BMP', 'TIFF', 'WEBP'])
def test_images_of_too_many_pixels_are_refused_before_they_are_decoded(monkeypatch, format):
    monkeypatch.setattr('cv2.imdecode', lambda *_: pytest.fail('it was decoded'))
    with pytest.raises(ImageError, match='too large: (14,000 x 15,000 pixels, .* GLUONFR_MAX_PIXELS|.*decompression)'):
        decode(says(14000, 15000, format))


@pytest.mark.parametrize('format', ['JPEG', 'PNG'])
def test_a_kilobyte_cannot_be_an_image_of_a_gigabyte(monkeypatch, format):
    plain = saved(Image.fromarray(np.zeros((1500, 1500, 3), np.uint8)), format)
    assert decode(plain).shape == (1500, 1500, 3)  # which takes as little as can be
    monkeypatch.setattr('cv2.imdecode', lambda *_: pytest.fail('it was decoded'))
    with pytest.raises(ImageError, match='truncated or damaged: 12,000 x 12,000 pixels take at least [0-9,]+ bytes'):
        decode(says(12000, 12000, format))


def test_padding_before_the_frame_of_a_jpeg_hides_nothing(monkeypatch):
    monkeypatch.setattr('cv2.imdecode', lambda *_: pytest.fail('it was decoded'))
    data = says(14000, 15000, 'JPEG')
    with pytest.raises(ImageError, match='too large'):
        decode(data[:2] + b'\0\1garbage\xff\xff\xff' + data[3:])


def test_the_limit_can_be_set(monkeypatch):
    def limit(value):
        monkeypatch.setenv('GLUONFR_MAX_PIXELS', value)
        most_pixels.cache_clear()

    data = saved(Image.fromarray(picture(24, 32)), 'PNG')
    limit('768')
    assert decode(data).shape == (24, 32, 3)
    limit('767')
    with pytest.raises(ImageError, match='24 x 32 pixels, and at most 767 are read'):
        decode(data)
    for wrong in ('0', 'many', '-5', '1' * 30):
        limit(wrong)
        with pytest.raises((TypeError, ValueError), match='GLUONFR_MAX_PIXELS: the number of pixels must be'):
            decode(data)
    monkeypatch.delenv('GLUONFR_MAX_PIXELS')
    most_pixels.cache_clear()
    assert most_pixels() == 178956970
