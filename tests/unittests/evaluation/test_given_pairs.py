"""Pairs: .bin files, lists of pairs, embeddings of pairs."""
import numpy as np
import pytest
from evaluation_cases import face, make_people

from gluonfr.data import encode, write_bin
from gluonfr.data.pairs import BinError
from gluonfr.evaluation import GivenPairs, evaluate, open_given
from gluonfr.evaluation.given import people_of_pairs

LIST = 'p0/0.png p0/1.png 1\np1/0.png p0/0.png 0\np1/0.png p1/1.png 1\np2/0.png p1/2.png 0\n'


def test_equal_images_of_a_bin_are_embedded_once(tmp_path):
    a, b, c = (encode(face(person, image), '.png') for person, image in ((0, 0), (0, 1), (1, 0)))
    write_bin(tmp_path / 'mine.bin', [a, b, a, c, b, c], [True, False, False])
    mine = open_given(tmp_path / 'mine.bin')
    assert mine.count == 3 and mine.first.tolist() == [0, 0, 1] and mine.second.tolist() == [1, 2, 2]
    assert mine.names == ['image 0 (pair 0)', 'image 1 (pair 0)', 'image 3 (pair 1)']
    np.testing.assert_array_equal(mine.images.read(2)[0], face(1, 0))
    assert mine.people.tolist() == [0, 0, 1] and not mine.are_named
    assert 'nothing names the people' in mine.assumed[0]
    assert mine.protocols[0] == 'kfold' and not mine.has('pairs')


def test_pairs_with_damaged_images_are_left_out(tmp_path):
    good, other = encode(face(0, 0), '.png'), encode(face(1, 0), '.png')
    write_bin(tmp_path / 'mine.bin', [good, good, b'bad', good, good, other], [True, True, False])
    mine = open_given(tmp_path / 'mine.bin')
    assert mine.same.tolist() == [True, False]
    assert mine.left_out[0]['what'] == 'pair 1' and 'image 2 (of pair 1)' in mine.left_out[0]['why']
    write_bin(tmp_path / 'bad.bin', [b'bad', good], [True])
    with pytest.raises(BinError, match='no pair has two images that can be decoded'):
        open_given(tmp_path / 'bad.bin')


def test_people_follow_from_genuine_pairs_unless_they_contradict_themselves():
    first, second, same = np.array([[0, 1, 3, 0], [1, 2, 4, 3], [1, 1, 1, 0]])
    people = people_of_pairs(first, second, same == 1, 6)
    assert people[0] == people[1] == people[2] and people[3] == people[4] and len(set(people)) == 3
    assert people_of_pairs(np.array([0, 1, 0]), np.array([1, 2, 2]), np.array([True, True, False]), 3) is None


def test_a_list_of_pairs_is_read_without_what_is_missing(tmp_path):
    make_people(tmp_path, (2, 2, 1))
    (tmp_path / 'pairs.txt').write_text(LIST)
    mine = open_given(tmp_path / 'pairs.txt')
    assert isinstance(mine, GivenPairs) and mine.same.tolist() == [True, False, True]
    assert mine.people.tolist() == ['p0', 'p0', 'p1', 'p1', 'p2'] and mine.kind == 'a list of pairs'
    assert mine.are_named and '3 people cannot speak for all people' in mine.assumed[0]
    assert mine.left_out[0]['what'] == 'p2/0.png p1/2.png' and 'there is no' in mine.left_out[0]['why']
    (tmp_path / 'p0' / '0.png').write_bytes(b'bad')
    mine = open_given(tmp_path / 'pairs.txt')
    assert mine.same.tolist() == [True] and len(mine.left_out) == 3
    with pytest.raises(ValueError, match='none of its 4 pairs has two images.*root says which folder'):
        open_given(tmp_path / 'pairs.txt', root=tmp_path / 'p0')


def test_a_wrong_line_is_named(tmp_path):
    (tmp_path / 'pairs.txt').write_text('a.png b.png 1\na.png b.png 2\n')
    with pytest.raises(ValueError, match='pairs.txt, line 2'):
        open_given(tmp_path / 'pairs.txt')


def test_pairs_listed_twice_are_told(tmp_path):
    make_people(tmp_path, (2, 2))
    (tmp_path / 'pairs.txt').write_text('p0/0.png p0/1.png 1\np1/0.png p0/0.png 0\np1/0.png p0/0.png 0\n')
    assert '1 of its pairs are listed twice' in open_given(tmp_path / 'pairs.txt').assumed[-1]


def test_xqlfw_lies_as_its_page_says(tmp_path):
    home = tmp_path / 'xqlfw'
    for person in range(2):
        folder = home / 'xqlfw_aligned_112' / 'Ann_{}'.format(person)
        folder.mkdir(parents=True)
        for i in (1, 2):
            (folder / 'Ann_{}_{:04d}.jpg'.format(person, i)).write_bytes(encode(face(person, i), '.jpg'))
    (home / 'xqlfw_pairs.txt').write_text('Ann_0 1 2\nAnn_0 1 Ann_1 2\n')
    mine = open_given('xqlfw', root=tmp_path)
    assert mine.same.tolist() == [True, False] and mine.count == 3


def test_groups_of_pairs_leave_out_those_across(tmp_path):
    make_people(tmp_path, (2, 2))
    (tmp_path / 'pairs.txt').write_text('p0/0.png p0/1.png 1\np1/0.png p0/0.png 0\np1/0.png p1/1.png 1\n')
    (tmp_path / 'groups.csv').write_text('p0,x\np1,y\nother,z\n')
    mine = open_given(tmp_path / 'pairs.txt', groups=tmp_path / 'groups.csv')
    truth = mine.task('groups').truth
    assert truth.group.tolist() == ['x', 'y'] and truth.same.all()
    assert '1 pair left out' in mine.assumed[-1]
    assert mine.left_out == [{'what': 'groups z', 'why': 'they have no image of the set'}]


def test_an_image_beside_itself_is_told():
    mine = GivenPairs('mine', '', [0, 1, 2], [0, 2, 3], [True, True, False], embeddings=np.eye(4), names=range(4))
    assert mine.assumed[0] == 'mine: 1 pair is of an image and itself, which every net gets right.'


def test_where_pairs_of_a_kind_are_missing_it_says_what_was_left_out(tmp_path):
    make_people(tmp_path, (2, 2))
    (tmp_path / 'pairs.txt').write_text('p0/0.png p0/1.png 1\np0/0.png p1/7.png 0\n')
    mine = open_given(tmp_path / 'pairs.txt')
    with pytest.raises(ValueError, match=r'1 of one person and 0 of two people.* 1 thing was left out, first p0/0.png '
                                         r'p1/7.png: there is no '):
        evaluate(mine, protocols=['kfold'])
    with pytest.raises(ValueError, match='first p0/0.png p1/7.png'):
        evaluate(mine)
