"""A set of images into a file from Python: read once, and gone on with where it was killed."""
import os
from collections import Counter

import numpy as np
import pytest
from deploy_cases import SPEC, images, lenet

from gluonfr.align import open_photos
from gluonfr.align.find import Finder
from gluonfr.data import FolderDataset, pack_folder
from gluonfr.data.image import encode
from gluonfr.data.opening import open_dataset
from gluonfr.deploy import Embedder, embed_to_file, gallery_of, read_gallery, search_gallery


@pytest.fixture
def people(tmp_path):
    """Two people with three images each."""
    for i, image in enumerate(images(6)):
        folder = tmp_path / 'people' / 'p{}'.format(i // 3)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / '{}.png'.format(i)).write_bytes(encode(image, '.png'))
    return tmp_path / 'people'


@pytest.fixture
def embedder():
    return Embedder(lenet(embedding_size=4), SPEC, batch_size=2)


def photos(people):
    """The whole of each image as a face whose points are known."""
    paths = [str(path) for path in people.glob('*/*.png')]
    grid = np.array([[9, 10], [19, 10], [14, 16], [10, 20], [18, 20]], float)
    return open_photos(str(people), Finder(None, dict.fromkeys(paths, grid)), 28)


@pytest.mark.parametrize('make', [lambda people: FolderDataset(str(people)), lambda people: open_dataset(str(people)),
                                  photos], ids=['folder', 'open_dataset', 'photos'])
def test_each_file_is_read_once(people, embedder, tmp_path, monkeypatch, make):
    dataset, opened = make(people), Counter()
    monkeypatch.setattr('gluonfr.data.image_files.read_file',
                        lambda path: opened.update([path]) or open(path, 'rb').read())
    embeddings = embed_to_file(embedder, dataset, str(tmp_path / 'e.npz'))
    assert opened == dict.fromkeys(dataset.paths, 1)
    gallery = read_gallery(str(tmp_path / 'e.npz'))
    np.testing.assert_array_equal(gallery.embeddings, embedder(dataset))
    np.testing.assert_array_equal(gallery.embeddings, embeddings)
    assert gallery.people == ['p0'] * 3 + ['p1'] * 3 and gallery.paths == dataset.paths
    assert not os.path.exists(str(tmp_path / 'e.npz.partial'))


@pytest.mark.parametrize('end', ['npz', 'npy'])
def test_a_gallery_of_a_rec_has_the_names_of_its_people(people, embedder, tmp_path, end):
    pack_folder(str(people), str(tmp_path / 'rec'), progress=False)
    path = str(tmp_path / ('e.' + end))
    embed_to_file(embedder, open_dataset(str(tmp_path / 'rec')), path)
    gallery = read_gallery(path)
    assert gallery.people == ['p0'] * 3 + ['p1'] * 3 and gallery.paths == list('123456')
    (tmp_path / 'rec' / 'classes.txt').unlink()  # then nothing tells the names
    embed_to_file(embedder, open_dataset(str(tmp_path / 'rec')), path)
    assert read_gallery(path).people == [''] * 6 and read_gallery(path).paths == list('123456')


def test_a_path_of_another_kind_is_refused(people, embedder):
    with pytest.raises(ValueError, match='embed_to_file: out must end in .npz or .npy, got e.csv.'):
        embed_to_file(embedder, FolderDataset(str(people)), 'e.csv')


def test_a_gallery_is_searched_by_name(people, embedder, tmp_path):
    embed_to_file(embedder, FolderDataset(str(people)), str(tmp_path / 'e.npz'))
    gallery = read_gallery(str(tmp_path / 'e.npz'))
    (query, matches), *others = search_gallery(gallery, gallery_of(embedder, open_dataset(str(people / 'p1'))), top=2)
    cosines = np.sort(gallery.embeddings @ gallery.embeddings[3])[::-1]
    assert query == matches[0].path == gallery.paths[3] and matches[0].person == 'p1' and len(others) == 2
    np.testing.assert_allclose([match.cosine for match in matches], cosines[:2], atol=1e-6)
    assert [found for _, found in search_gallery(gallery, gallery, threshold=1.5)] == [[]] * 6
