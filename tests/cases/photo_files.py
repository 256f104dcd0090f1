"""A folder with every kind of file that people call a photograph, and what must come of each."""
import io
import struct
import zlib

import cv2
import numpy as np
from align_cases import WHITE, photo, points
from PIL import Image

HEIGHT, WIDTH = 160, 240
PLACE = 40, 56  # of the mark in an upright photograph
UPRIGHT = photo(HEIGHT, WIDTH, [PLACE + (WHITE,)])


def saved(image, kind, **options):
    """The bytes of a file that Pillow writes."""
    stream = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(stream, kind, **dict({'quality': 95} if kind in ('JPEG', 'WEBP') else {}, **options))
    return stream.getvalue()


def turned(image, kind, orientation):
    """A file whose EXIF data say how to turn it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(np.ascontiguousarray(image), kind, exif=exif)


def bomb(side):
    """A PNG of a few bytes that says that it is side x side pixels."""
    def chunk(name, data):
        return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))

    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', side, side, 8, 2, 0, 0, 0)) + chunk(
        b'IDAT', zlib.compress(bytes(1000))) + chunk(b'IEND', b'')


def flipped(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0xff]) + data[middle + 1:]


def photo_files():
    """{name: (bytes, status, factor)}: the factor is what a photograph's sides are multiplied with."""
    image = Image.fromarray(UPRIGHT)
    alpha = image.convert('RGBA')
    alpha.putalpha(128)
    grey16 = Image.fromarray(UPRIGHT[:, :, 1].astype(np.uint16) * 257)
    png = saved(image, 'PNG')
    noise = saved(np.random.RandomState(0).randint(0, 256, (60, 60, 3), dtype=np.uint8), 'PNG')
    good = {
        'plain.png': png, 'plain.bmp': saved(image, 'BMP'), 'plain.webp': saved(image, 'WEBP'),
        'plain.tif': saved(image, 'TIFF'), 'plain.GIF': saved(image, 'GIF'),
        'plain.jpg': saved(image, 'JPEG'), 'upper.JPG': saved(image, 'JPEG'), 'suffix.jpg': png,
        'progressive.jpeg': saved(image, 'JPEG', progressive=True), 'cmyk.jpg': saved(image.convert('CMYK'), 'JPEG'),
        'grey.png': saved(image.convert('L'), 'PNG'), 'grey.jpg': saved(image.convert('L'), 'JPEG'),
        'palette.png': saved(image.quantize(), 'PNG'), 'rgba.png': saved(alpha, 'PNG'),
        'grey16.png': saved(grey16, 'PNG'),
        'rgb16.png': cv2.imencode('.png', UPRIGHT.astype(np.uint16) * 257)[1].tobytes(),
        'exif2.jpg': turned(UPRIGHT[:, ::-1], 'JPEG', 2), 'exif3.png': turned(np.rot90(UPRIGHT, 2), 'PNG', 3),
        'exif6.jpg': turned(np.rot90(UPRIGHT), 'JPEG', 6), 'exif8.webp': turned(np.rot90(UPRIGHT, -1), 'WEBP', 8),
        'exif-damaged.jpg': saved(image, 'JPEG', exif=b'Exif\0\0II*\0\xf0\xff\xff\x0f'),
        'deep/er/plain.png': png, 'folder.jpg/plain.png': png, 'na me/größe,"1".png': png}
    files = {name: (data, 'ok', 1) for name, data in good.items()}
    # 640 pixels wide in the detector
    large = cv2.resize(photo(480, 640, [PLACE + (WHITE,)]), None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST)
    files['huge.png'] = cv2.imencode('.png', large)[1].tobytes(), 'ok', 6
    bad = {'no-face': {'empty.png': saved(photo(90, 90, []), 'PNG'), 'pixel.png': saved(photo(1, 1, []), 'PNG'),
                       'black.jpg': saved(photo(90, 90, [], 0), 'JPEG')},
           'unreadable': {'zero.jpg': b'', 'cut.jpg': good['plain.jpg'][:-200], 'cut.png': png[:-20],
                          'text.jpg': b'no picture', 'cut.GIF': good['plain.GIF'][:-200],
                          'apple.HEIC': b'\0\0\0\x18ftypheic' + bytes(40),
                          'flipped.png': flipped(noise), 'bomb.png': bomb(60000)}}
    for status, some in bad.items():
        files.update({name: (data, status, 1) for name, data in some.items()})
    return files


def make_photos(folder):
    """Write them, and files that are not looked at; returns {name: (status, landmarks or None)}."""
    expected = {}
    for name, (data, status, factor) in photo_files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        expected[name] = status, points(*PLACE, 2) * factor if status == 'ok' else None
    (folder / 'gone.jpg').symlink_to(folder / 'nowhere.jpg')
    expected['gone.jpg'] = 'unreadable', None
    for name in ('notes.txt', 'film.mp4', '.hidden.png', '.cache/plain.png'):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(saved(UPRIGHT, 'PNG'))
    return expected
