"""Folders of people that the tests of packing share."""
import numpy as np

from gluonfr.data.image import encode
from gluonfr.data.record import RecordDataset

PEOPLE = {'Ann': 3, 'Bob': 1, 'Dan': 4, 'Eve': 1, 'Çiğdem': 2}
FILES = ['classes.txt', 'pack.json', 'property', 'train.crc', 'train.idx', 'train.rec']


def picture(seed, size=(16, 12)):
    return np.random.RandomState(seed).randint(0, 256, size + (3,)).astype(np.uint8)


def fill(root, people=PEOPLE, size=(16, 12), suffix='.jpg'):
    """Write images of people; return their bytes, in the order in which they should be packed."""
    data = []
    for person, count in people.items():
        (root / person).mkdir(parents=True)
        for i in range(count):
            data.append(encode(picture(len(data), size), suffix))
            (root / person / '{}_{:04d}{}'.format(person, i, suffix)).write_bytes(data[-1])
    return data


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def packed(path, on_error='raise'):
    dataset = RecordDataset(path, on_error=on_error)
    return [dataset.read_bytes(i)[0] for i in range(len(dataset))], dataset.labels.tolist()
