"""Files of embeddings: whose a face is where there are paths alone."""
import os

import pytest
from deploy_cases import images, lenet

from gluonfr.data import open_dataset, pack_folder
from gluonfr.data.image import encode
from gluonfr.deploy import Embedder
from gluonfr.deploy.embed_set import embed_to_file
from gluonfr.deploy.gallery import _people_of_folders, read_gallery


@pytest.mark.parametrize('paths, people', [
    (['x/p0/a.png', 'x/p1/b/c.png', 'x/p1/d.png', 'x/e.png'], ['p0', 'p1', 'p1', '']),
    (['x/p0/a.png', 'x/p0/b.png'], ['', '']), (['1', '2'], ['', '']), (['p0/a.png', 'p1/a.png'], ['p0', 'p1']),
    ([], []), (['/x/a.png', 'y/a.png'], ['', ''])])
def test_people_of_paths_alone(paths, people):
    assert _people_of_folders(paths) == people


@pytest.mark.skipif(os.name == 'nt', reason='Windows has no such names')
def test_names_with_line_ends_come_back(tmp_path):
    """From the .txt beside a .npy, and from classes.txt of a rec."""
    people = ['ann\nbob', 'e\rve', '"joe"', '=1']
    for name in people:
        (tmp_path / 'people' / name).mkdir(parents=True)
        for i in range(2):
            (tmp_path / 'people' / name / '{}\n.png'.format(i)).write_bytes(encode(images(2)[i], '.png'))
    dataset = open_dataset(str(tmp_path / 'people'))
    embed_to_file(Embedder(lenet()), dataset, str(tmp_path / 'e.npy'))
    found = read_gallery(str(tmp_path / 'e.npy'))
    assert found.paths == dataset.paths and found.people == [name for name in sorted(people) for _ in range(2)]
    pack_folder(tmp_path / 'people', tmp_path / 'set', progress=False)
    packed = open_dataset(str(tmp_path / 'set'))
    assert packed.classes == sorted(people)
    embed_to_file(Embedder(lenet()), packed, str(tmp_path / 'r.npy'))
    assert read_gallery(str(tmp_path / 'r.npy')).people == found.people
