"""Small sets of drawn people, and a net of a few lines, that the tests of gluonfr.evaluation share."""
import numpy as np

from gluonfr.data import encode
from gluonfr.data.input_spec import InputSpec

SIDE = 12


class PixelNet:
    """Stands in for an `Embedder`: embeddings are sums of pixels by a fixed random matrix."""

    engine, precision, device, flip, normalize, files = 'numpy', 'float32', 'cpu', 'none', False, None

    def __init__(self, seed=0, side=SIDE, size=8):
        self.spec = InputSpec((side, side), embedding_size=size)
        self._matrix = np.random.RandomState(seed).randn(side * side * 3, size)

    def __call__(self, images, progress=False):
        pixels = [images.read(i)[0] for i in range(len(images))]
        assert all(image.shape == self.spec.size + (3,) for image in pixels)
        return np.array([(image.astype('float64').ravel() - 127.5) @ self._matrix for image in pixels])

    def fingerprint(self):
        return 7


def face(person, image, noise=40, side=SIDE):
    """A picture of a person, another for each image."""
    base = np.random.RandomState(100 + person).randint(0, 256, (side, side, 3))
    changed = base + np.random.RandomState(1000 * person + image).normal(0, noise, base.shape)
    return changed.clip(0, 255).astype(np.uint8)


def make_people(folder, counts=(3, 3, 2, 2, 4, 3), noise=40):
    """A folder of people p0, p1, ... with so many images each."""
    for person, count in enumerate(counts):
        home = folder / 'p{}'.format(person)
        home.mkdir(parents=True)
        for i in range(count):
            (home / '{}.png'.format(i)).write_bytes(encode(face(person, i, noise), '.png'))
    return folder


def people_and_embeddings(people=8, images=4, size=6, noise=0.4, seed=0):
    """Names (N,) and embeddings (N, size)."""
    random = np.random.RandomState(seed)
    means = random.randn(people, size)
    names = np.repeat(['person {}'.format(i) for i in range(people)], images)
    return names, means.repeat(images, axis=0) + noise * random.randn(people * images, size)


def make_tinyface(folder, lists=True):
    """Two people: a probe each, three images in the gallery, two of others; sizes as they come."""
    from scipy.io import savemat
    test = folder / 'Testing_Set'
    for name, files in (('Gallery_Match', ['12_1.jpg', '7_1.jpg', '7_2.jpg']), ('Probe', ['12_9.jpg', '7_5.jpg']),
                        ('Gallery_Distractor', ['1.jpg', '2.jpg'])):
        (test / name).mkdir(parents=True)
        for i, file in enumerate(files):
            (test / name / file).write_bytes(encode(np.full((20 + i, 18, 3), 40 * i, np.uint8), '.jpg'))
    if lists:
        cells = np.empty((3, 1), object)
        cells[:, 0] = [np.array([name]) for name in ('12_1.jpg', '7_1.jpg', '7_2.jpg')]
        savemat(test / 'gallery_match_img_ID_pairs.mat', {'gallery_set': cells, 'gallery_ids': [[3], [9], [9]]})
        cells = np.empty((2, 1), object)
        cells[:, 0] = [np.array([name]) for name in ('12_9.jpg', '7_5.jpg')]
        savemat(test / 'probe_img_ID_pairs.mat', {'probe_set': cells, 'probe_ids': [[3], [9]]})
    return folder
