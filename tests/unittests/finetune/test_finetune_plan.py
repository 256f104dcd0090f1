"""Numbers of a fine-tuning by its people, and how these are dealt into folds."""
import math

import numpy as np
import pytest

pytest.importorskip('mxnet')
from gluonfr.finetune.plan import deal_folds, make_plan, most_folds, scale_for  # noqa: E402


def of(people, images):
    return ['p{}'.format(i) for i in range(people) for _ in range(images)]


@pytest.mark.parametrize('people, images, folds', [
    (3, 6, 0), (4, 2, 2), (6, 2, 3), (6, 50, 3), (10, 2, 5), (30, 6, 5), (30, 50, 3), (200, 2, 5), (200, 50, 2)])
def test_defaults_fit_any_people(people, images, folds):
    plan = make_plan(of(people, images))
    assert plan.folds == folds and 3 <= plan.epochs <= 12 and 8 <= plan.batch_size <= 64



def test_people_with_one_image_fill_no_fold():
    assert most_folds(of(8, 2) + ['x', 'y', 'z']) == 4 and most_folds(of(3, 2) + ['x', 'y', 'z']) == 0


def test_what_is_given_is_taken_and_not_explained():
    plan = make_plan(of(30, 6), folds=3, epochs=7, batch_size=10, lr=0.5, margin=0.1, scale=9.0, seed=3)
    assert plan[:6] == (3, 7, 10, 0.5, 0.1, 9.0) and plan.said == []


@pytest.mark.parametrize('given, said', [
    ({'folds': 1}, 'folds must be'), ({'folds': 4}, 'folds must be at most 3, as each takes two people'),
    ({'epochs': 0}, 'epochs'), ({'lr': 0}, 'lr'), ({'margin': 2}, 'margin'), ({'scale': 0}, 's must be'),
    ({'frozen': 1.5}, 'frozen'), ({'decay': 0}, 'decay'), ({'seed': -1}, 'seed')])
def test_numbers_out_of_range_are_refused(given, said):
    with pytest.raises(ValueError, match='finetune: .*' + said if 'finetune' not in said else said):
        make_plan(of(6, 3), **given)


def test_the_scale_is_that_of_adacos():
    assert scale_for(30) == pytest.approx(math.sqrt(2) * math.log(29))
    assert [scale_for(classes) for classes in (1, 2, 4)] == [2, 2, 2]  # log(C - 1) would be 0, or near it


def test_a_person_is_in_one_fold_and_each_fold_has_people_with_two_images():
    people = np.array(of(9, 3) + ['x{}'.format(i) for i in range(7)])
    for seed in range(3):
        folds = deal_folds(people, 4, seed)
        assert all(len(set(folds[people == person])) == 1 for person in people)
        several = [len(set(people[(folds == k) & np.char.startswith(people, 'p')])) for k in range(4)]
        assert min(several) >= 2 and max(several) - min(several) <= 1
    assert (deal_folds(people, 4, 0) == deal_folds(people, 4, 0)).all()
    assert (deal_folds(people, 4, 0) != deal_folds(people, 4, 1)).any()
