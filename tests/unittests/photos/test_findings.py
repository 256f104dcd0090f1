"""What is found among made-up images of people, and what is proposed."""
import numpy as np
import pytest
from photo_cases import as_images, made_up

from gluonfr.photos import Limits, examine
from gluonfr.photos.findings import Against, people_now


def named(codes):
    return np.array(['p{}'.format(code) for code in codes], 'U20')


def of_kind(found, kind):
    return [finding for finding in found if finding.kind == kind]


def test_a_clean_set_has_no_findings():
    units, codes = made_up()
    found, facts = examine(as_images(units), named(codes))
    assert found == [] and 0 < facts['threshold'] < facts['pairs_threshold'] < 1 and facts['sentences'] == []


def test_a_wrong_label_goes_to_the_person_it_resembles():
    units, codes = made_up()
    people = named(codes)
    people[10] = 'p5'  # of p1
    found, _ = examine(as_images(units), people)
    finding, = found
    assert (finding.kind, finding.image, finding.person, finding.proposed, finding.action) == (
        'wrong label', 10, 'p5', 'p1', 'relabel')
    assert codes[finding.other] == 1 and finding.score > 0.6 > 0.3 > finding.own
    assert people_now(found, people)[10] == 'p1'


def test_two_wrong_labels_of_one_person_are_shown_beside_the_right_images():
    units, codes = made_up()
    people = named(codes)
    people[[10, 11]] = 'p5'
    units[11] = units[10]  # most like the other wrong one
    images = as_images(units)
    found, _ = examine(images, people)
    wrong = of_kind(found, 'wrong label')
    assert [finding.image for finding in wrong] == [10, 11]
    assert all(people[finding.other] == 'p1' for finding in wrong)


def test_a_stranger_resembles_nobody():
    units, codes = made_up(people=8, size=64)
    units[4] = np.eye(64, dtype='float32')[63] - units[:48].mean(axis=0)
    units[4] /= np.linalg.norm(units[4])
    finding, = examine(as_images(units), named(codes), Limits(threshold=0.4))[0]
    assert (finding.kind, finding.image, finding.proposed, finding.action) == ('stranger', 4, '', 'exclude')
    assert codes[finding.other] == 0 and finding.own == finding.score < 0.4


def test_two_names_become_that_of_more_images_through_a_chain():
    units, codes = made_up(people=6, images=8)
    people = named(codes)
    people[3:6], people[6:8] = 'second', 'third'  # of p0, who keeps three; names of one size go by the alphabet
    found, _ = examine(as_images(units), people, Limits(min_images=1))
    assert {finding.kind for finding in found} == {'two names'} and len(found) == 2
    assert set(people_now(found, people)[:8]) == {'p0'} and people_now(found, people)[8:] == people[8:].tolist()


def test_two_people_get_a_name_that_nobody_has():
    units, codes = made_up(people=8, images=6)
    people = named(codes)
    people[18:23] = 'p0'
    people[6:12] = 'p0-2'
    left = np.delete(np.arange(48), 23)  # five of p3 are with the six of p0
    found, _ = examine(as_images(units[left]), people[left], Limits(threshold=0.4, min_images=1))
    mixed = of_kind(found, 'two people')
    assert [finding.image for finding in mixed] == [18, 19, 20, 21, 22]
    assert {finding.proposed for finding in mixed} == {'p0-3'} and not of_kind(found, 'stranger')


def test_of_copies_the_one_with_the_right_label_stays():
    units, codes = made_up()
    images, people = as_images(units), named(codes)
    images.digests[1] = images.digests[0]  # equal bytes, one person
    images.embeddings[1] = images.embeddings[0]
    people[20] = 'p1'  # of p3: a copy under a wrong label
    for array in (images.embeddings, images.thumbs):
        array[20] = array[18]
    found, _ = examine(images, people)
    copy, = of_kind(found, 'copy')
    near, = of_kind(found, 'near copy')
    assert (copy.image, copy.other) == (0, 1) and copy.score == pytest.approx(1, abs=1e-6)  # the sharper one is kept
    assert (near.image, near.other) == (20, 18) and near.why.endswith('under the name p3')
    assert {copy.action, near.action} == {'exclude'} and len(of_kind(found, 'wrong label')) == 1


def test_bad_images_take_no_part():
    units, codes = made_up()
    lengths = np.full(48, 10.0)
    lengths[[2, 3]] = 3, 0
    images = as_images(units, lengths)
    found, _ = examine(images, named(codes), Limits(min_norm=5, min_sharpness=102))
    assert [(finding.kind, finding.image) for finding in found] == [('blurred', 0), ('norm', 3), ('norm', 2)]
    assert found[1].why.startswith('its embedding has the length 0') and found[0].score == 100
    zeros, = examine(images, named(codes))[0]
    assert (zeros.image, zeros.why) == (3, 'the net gives zeros')


def test_people_with_too_few_images_when_all_is_done():
    units, codes = made_up(people=6, images=4)
    people = named(codes)
    people[9] = 'p0'  # p2 has three, with this one four
    people[[22, 23]] = 'left'  # p5 under two names
    images = as_images(units)
    images.digests[1], images.embeddings[1] = images.digests[0], images.embeddings[0]  # p0 has three then
    found, _ = examine(images, people, Limits(min_images=4))
    assert [finding.image for finding in of_kind(found, 'few')] == [1, 2, 3]
    assert of_kind(found, 'few')[0].why == 'p0 has 3 of at least 4 images'


def test_a_test_set_takes_its_images_and_their_people():
    units, codes = made_up()
    images, people = as_images(units), named(codes)
    other = made_up(seed=5)[0][:3]
    digests = np.zeros((3, 32), np.uint8)
    digests[2] = images.digests[7]
    tested = Against('test', ['a', 'b', 'c'], digests, np.stack([other[0], units[13] * 3, other[2]]),
                     ['p4', 'x', 'y'])
    found, _ = examine(images, people, None, tested)
    assert {(finding.image, finding.resembles) for finding in of_kind(found, 'in test')} == {(13, 'b'), (7, 'c')}
    in_test = {finding.person for finding in of_kind(found, 'person in test')}
    assert in_test == {'p1', 'p2', 'p4'}  # two by their images, one by the name
    assert {finding.action for finding in found} == {'exclude'} and len(found) == 18


def test_one_person_alone_is_said_and_copies_are_found_all_the_same():
    units, codes = made_up(people=1, images=5)
    images = as_images(units)
    images.digests[3], images.embeddings[3] = images.digests[0], images.embeddings[0]
    found, facts = examine(images, named(codes))
    assert [finding.kind for finding in found] == ['copy'] and facts['threshold'] is None
    assert facts['sentences'] == ['There is one person only: labels cannot be compared with those of others.']
    two, _ = made_up(people=2, images=5)
    assert len(of_kind(examine(as_images(two), ['p'] * 10, Limits(threshold=0.4))[0], 'two people')) == 5


def test_one_image_each_leaves_nothing_to_judge():
    units, codes = made_up(people=6, images=1)
    found, _ = examine(as_images(units), named(codes))
    assert [finding.kind for finding in found] == ['few'] * 6
    assert examine(as_images(units), named(codes), Limits(min_images=1))[0] == []


def test_many_images_are_compared_where_they_resemble_the_same_people(monkeypatch):
    monkeypatch.setattr('gluonfr.photos.findings.ALL_PAIRS', 10)
    test_of_copies_the_one_with_the_right_label_stays()


@pytest.mark.parametrize('limits, message', [
    ({'threshold': 1}, 'threshold must be'), ({'near': 0}, 'near must be'), ({'min_images': 0}, 'min_images must be'),
    ({'min_norm': -1}, 'min_norm must be'), ({'min_sharpness': float('nan')}, 'min_sharpness must be')])
def test_limits_out_of_range(limits, message):
    with pytest.raises(ValueError, match='clean: ' + message):
        Limits(**limits)
