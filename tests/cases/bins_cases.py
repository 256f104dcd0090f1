"""Images and pairs, and a reader of bytes, that the tests of gluonfr.data.pairs.bins share."""
import numpy as np

from gluonfr.data.pairs import read_bin

IMAGES = [bytes(range(256)), b'it\'s "a"\nline\\', bytes(range(256)), b'']
ISSAME = [True, False]


def reader(folder):
    """A function: bytes of a file -> what read_bin makes of it."""
    def read(data, **options):
        path = folder / 'pairs.bin'
        path.write_bytes(data)
        return read_bin(path, **options)
    return read


def same(images, expected):
    return len(images) == len(expected) and all(bytes(a) == bytes(b) for a, b in zip(images, expected))


def as_arrays(images):
    return [np.frombuffer(image, np.uint8) for image in images]
