"""What a path is taken for, and photographs whose faces are found."""
import numpy as np
import pytest
from evaluation_cases import PixelNet, face, make_people, people_and_embeddings

from gluonfr.align import Finder, find_faces, template
from gluonfr.data import FolderDataset, encode, pack_dataset, write_bin
from gluonfr.evaluation import evaluate, open_given


@pytest.fixture
def place(tmp_path):
    make_people(tmp_path / 'people', (2, 2))
    pack_dataset(FolderDataset(tmp_path / 'people'), str(tmp_path / 'packed'), progress=False)
    image = encode(face(0, 0), '.png')
    (tmp_path / 'sets' / 'pack').mkdir(parents=True)
    write_bin(tmp_path / 'sets' / 'pack' / 'mine.bin', [image] * 4, [True, False])
    names, embeddings = people_and_embeddings(3, 2)
    np.savez(tmp_path / 'embeddings.npz', embeddings=embeddings, people=names)
    np.savez(tmp_path / 'scores.npz', scores=[0.5, 0.1], same=[1, 0])
    (tmp_path / 'scores.csv').write_text('score,same\n0.5,1\n')
    (tmp_path / 'lfw.txt').write_text('p0 1 2\np0 1 p1 2\n')
    (tmp_path / 'list.txt').write_text('people/p0/0.png people/p0/1.png 1\npeople/p0/0.png people/p1/1.png 0\n')
    (tmp_path / 'people.txt').write_text('people/p0/0.png\t0\npeople/p0/1.png\t0\npeople/p1/0.png\t1\n')
    for person in (0, 1):
        for i in (1, 2):
            home = tmp_path / 'p{}'.format(person)
            home.mkdir(exist_ok=True)
            (home / 'p{}_{:04d}.png'.format(person, i)).write_bytes(encode(face(person, i), '.png'))
    return tmp_path


@pytest.mark.parametrize('path, kind', [
    ('people', 'a folder of people'), ('packed', 'a folder of people'), ('packed/train.rec', 'a file of people'),
    ('people.txt', 'a file of people'), ('list.txt', 'a list of pairs'), ('lfw.txt', 'a list of pairs'),
    ('sets/pack/mine.bin', 'a set of pairs (.bin)'), ('embeddings.npz', 'embeddings of people'),
    ('scores.npz', 'a file of scores'), ('scores.csv', 'a file of scores')])
def test_a_path_is_known_by_what_it_holds(place, path, kind):
    assert open_given(place / path).kind == kind


def test_names_are_looked_for_in_the_folder_of_sets(place):
    assert open_given('mine', root=place / 'sets').path.endswith('pack/mine.bin')
    with pytest.raises(FileNotFoundError, match='no file or folder other, and no set of that name in .*tinyface'):
        open_given('other', root=place / 'sets')


@pytest.mark.parametrize('path, message', [
    ('people/p0/0.png', '0.png is one image'), ('packed/train.idx', 'train.idx, line 2'),
    ('missing/there', 'there is no file or folder')])
def test_what_is_none_of_these_is_refused(place, path, message):
    with pytest.raises((ValueError, OSError), match=message):
        open_given(place / path)


def photographs(folder, places):
    """Photographs of people whose faces are known, all but the last one's."""
    landmarks = {}
    for name in places:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(np.random.RandomState(len(landmarks)).randint(0, 256, (200, 200, 3)).astype(np.uint8),
                                '.jpg'))
        landmarks[str(path)] = template() + 30
    landmarks.popitem()
    return Finder(landmarks=landmarks)


def test_faces_are_found_in_the_photographs_of_people_and_of_pairs(tmp_path):
    finder = photographs(tmp_path, ['a/1.jpg', 'a/2.jpg', 'b/1.jpg', 'b/2.jpg', 'b/3.jpg'])
    (tmp_path / 'pairs.txt').write_text('a/1.jpg a/2.jpg 1\na/1.jpg b/1.jpg 0\nb/1.jpg b/3.jpg 1\n')

    def find(paths):
        return find_faces(paths, finder, (12, 12), on_error='skip')
    mine = open_given(tmp_path / 'pairs.txt', find=find)
    assert mine.same.tolist() == [True, False] and mine.left_out[0]['why'] == 'the landmarks do not name it'
    assert evaluate(mine, PixelNet(), protocols=['pairs']).result.rows[0]['pairs'] == 2
