"""A small set of faces, and the gluonfr command in this process, that the tests of the command share."""
import numpy as np

from gluonfr import cli
from gluonfr.data import SyntheticFaces, draw_pairs, pack_dataset, write_bin
from gluonfr.data.image import encode, resize

TINY = ['--network', 'lenetplus', '--loss', 'softmax', '--batch-size', '12', '--lr', '0.01', '--no-progress',
        '--no-report']


def make_data(folder):
    """Fill a folder with train.rec of 6 people, 28x28, val.bin of 24 pairs of them, and their images as files."""
    faces = SyntheticFaces(6, 8, seed=1)
    pack_dataset(faces, str(folder), fmt='.png', resize=28, progress=False)
    small = [resize(faces.read(i)[0], (28, 28)) for i in range(48)]
    first, second, issame = draw_pairs(faces.labels, 24, 2)
    write_bin(str(folder / 'val.bin'), [encode(small[i], '.png') for p in zip(first, second) for i in p], issame)
    for i, image in enumerate(small):
        person = folder / 'people' / 'p{}'.format(faces.labels[i])
        person.mkdir(parents=True, exist_ok=True)
        (person / '{}.png'.format(i % 8)).write_bytes(encode(image, '.png'))
    return folder


def run(*words, code=0):
    assert cli.main([str(word) for word in words]) == code


def train(data, out, *words, code=0, report=False):
    run('train', '--dataset', data, '--out', out, *(TINY[:-1] if report else TINY), *words, code=code)


def params(out, name='last'):
    return (out / 'checkpoint' / (name + '.params')).read_bytes()


def embedded(path):
    """The arrays of a .npz of embeddings."""
    with np.load(str(path), allow_pickle=False) as saved:
        return {name: saved[name] for name in saved.files}
