"""People: all pairs or a sample, folds for few, gallery and probes by a stated rule, groups."""
import numpy as np
import pytest
from evaluation_cases import make_people, people_and_embeddings

from gluonfr.evaluation import GivenPeople, open_given
from gluonfr.evaluation.people import split_gallery
from gluonfr.metrics import PairTruth, PeopleTruth

NAMES, EMBEDDINGS = people_and_embeddings()


def given(people=NAMES, **options):
    return GivenPeople('mine', 'mine.npz', people, embeddings=EMBEDDINGS[:len(people)], names=list(range(len(people))),
                       **options)


def test_all_pairs_are_compared():
    mine = given()
    assert isinstance(mine.task('pairs').truth, PeopleTruth)
    pairs = mine.pairs()
    assert len(pairs.first) == 32 * 31 // 2 and pairs.same.sum() == 8 * 6
    np.testing.assert_array_equal(pairs.same, NAMES[pairs.first] == NAMES[pairs.second])


def test_more_pairs_than_that_are_sampled():
    mine = given(most_pairs=100)
    truth = mine.task('pairs').truth
    assert isinstance(truth, PairTruth) and len(truth.first) == 100 and truth.same.sum() == 48
    assert 'of its 496 pairs a sample of 100 (seed 0) is compared' in mine.assumed[-1]


@pytest.mark.parametrize('counts, folds', [((4,) * 20, 10), ((2,) * 6, 3), ((3, 3), 1), ((2, 2, 1, 1, 1), 1)])
def test_folds_adapt_to_the_people(counts, folds):
    people = np.repeat(np.arange(len(counts)).astype(str), counts)
    mine = GivenPeople('mine', '', people, embeddings=np.ones((len(people), 2)), names=list(map(str, people)))
    task = mine.task('kfold')
    assert task.parameters == {'nfolds': folds}
    parts = np.array_split(np.arange(len(task.truth.same)), folds)
    members = [set(people[task.truth.first[part]]) | set(people[task.truth.second[part]]) for part in parts]
    assert sum(map(len, members)) == len(set.union(*members))
    assert task.truth.same.mean() == 0.5 and (np.array(counts)[[int(p) for p in set.union(*members)]] > 1).all()
    assert '{} fold'.format(folds) in mine.assumed[-1]


def test_six_people_are_enough_and_it_is_said_what_they_show():
    people = np.repeat(list('abcdef'), 2)
    mine = GivenPeople('six', '', people, embeddings=np.ones((12, 2)), names=list(map(str, range(12))))
    assert mine.has('kfold') and mine.assumed[0].startswith('six: 6 people cannot speak for all people')


def test_folds_that_are_asked_for_are_given_or_refused():
    mine = given()
    mine.nfolds = 4
    assert mine.task('kfold').parameters == {'nfolds': 4}
    mine.nfolds = 5
    with pytest.raises(ValueError, match='each fold takes two people with two images each'):
        mine.task('kfold')


@pytest.mark.parametrize('people, message', [
    (['a', 'a', 'a'], 'must show at least two people, got 1 person'),
    (['a', 'b', 'c'], 'each of its 3 people has one image only, so there is no pair of one person')])
def test_too_few_are_refused(people, message):
    with pytest.raises(ValueError, match=message):
        given(people)


def test_gallery_and_probes_are_cut_by_a_rule():
    people = np.array(list('aabbbcd'))
    gallery, probes, said = split_gallery(people)
    assert gallery.tolist() == [0, 2] and probes.tolist() == [1, 3, 4, 5, 6]
    assert 'the people with one image (2) are unknown to it' in said
    gallery, probes, said = split_gallery(people, 0.5, seed=3)
    assert len(gallery) == 2 and not set(gallery) & set(probes) and '2 of 4 people are unknown to it (seed 3)' in said
    task = given(people).task('identification')
    assert task.truth.gallery_people.tolist() == ['a', 'b'] and task.truth.probe_people.tolist() == list('abbcd')
    assert task.rows[0].tolist() == [0, 2]


def test_pairs_of_a_group_have_both_images_in_it():
    mine = given()
    mine.groups = np.where(np.arange(32) < 12, 'x', np.where(np.arange(32) < 28, 'y', '')).astype('<U5')
    mine.groups[28:] = 'alone'
    task = mine.task('groups')
    truth = task.truth
    assert set(truth.group) == {'x', 'y'} and truth.same.mean() == 0.5 and task.parameters == {'nfolds': 1}
    assert (mine.groups[truth.first] == truth.group).all() and (mine.groups[truth.second] == truth.group).all()
    np.testing.assert_array_equal(truth.same, NAMES[truth.first] == NAMES[truth.second])
    assert mine.left_out == [{'what': 'group alone', 'why': 'it has no two people with two images each'}]
    assert mine.assumed[-1] == ('mine: groups: 36 pairs of x, 48 pairs of y drawn (seed 0), half of them of one '
                                'person, in 1 fold.')
    mine.groups[:] = 'x'
    mine.groups[3:] = ''
    with pytest.raises(ValueError, match='no group has pairs of one person and of two'):
        mine.task('groups')


def test_a_folder_of_people_is_opened_without_what_is_damaged(tmp_path):
    make_people(tmp_path / 'people', (3, 2, 1))
    (tmp_path / 'people' / 'p0' / '1.png').write_bytes(b'no image')
    (tmp_path / 'people' / 'empty').mkdir()
    mine = open_given(tmp_path / 'people')
    assert mine.people.tolist() == ['p0', 'p0', 'p1', 'p1', 'p2'] and mine.kind == 'a folder of people'
    assert sorted(entry['what'].rpartition('/')[2] for entry in mine.left_out) == ['1.png', 'empty']
    assert '1 of 3 people have one image only' in mine.assumed[0]


def test_an_image_of_nobody_is_a_person_of_its_own(tmp_path):
    make_people(tmp_path, (2, 2))
    (tmp_path / 'list.txt').write_text('p0/0.png\t0\np0/0.png\t0\np0/1.png\t0\np1/0.png\t1\n')
    mine = open_given(tmp_path / 'list.txt')
    assert mine.people.tolist() == ['0', '0', '0', '1']
    assert 'listed twice, and counted twice' in mine.assumed[-1] and 'p0/0.png' in mine.assumed[-1]


def test_names_that_are_hardly_two_are_told():
    people = ['Ann Lee', 'ann_lee', 'bob', 'bob', '1', '-1']
    mine = GivenPeople('mine', '', people, embeddings=np.eye(6), names=['a', 'a', 'b', 'c', 'd', 'e'])
    assert mine.assumed[:2] == ['mine: Ann Lee and ann_lee differ in case and marks alone, and count as different '
                                'people.', 'mine: 1 image has the name of another.']
