"""What is tried: losses that class labels are enough for, and the values of their arguments."""
import pytest

from gluonfr.loss import fill_arguments, get_loss, get_loss_list
from gluonfr.tune import LEARNING_RATES, RANGES, find_losses, list_candidates

NAMES, LEFT_OUT = find_losses(None, 20, 8)


def test_every_registered_loss_is_tried_or_left_out_with_a_reason():
    assert sorted(NAMES + list(LEFT_OUT)) == get_loss_list() and all(LEFT_OUT.values())
    assert {'arcface', 'cosloss', 'magface', 'softmax', 'ringloss', 'centerloss', 'lgmloss'} <= set(NAMES)
    assert not [name for name, why in LEFT_OUT.items() if 'argument' in why], 'RANGES lacks their values'
    assert {'triplet', 'contrastiveloss', 'mpsloss', 'rangeloss'} <= set(LEFT_OUT)


def test_the_table_names_losses_that_can_be_tried():
    assert set(RANGES) <= set(NAMES)


@pytest.mark.parametrize('name', NAMES)
def test_every_value_of_a_grid_makes_a_loss(name):
    candidates = list_candidates([name])
    assert len(set(candidates)) == len(candidates) and {each.lr for each in candidates} == set(LEARNING_RATES)
    for candidate in candidates[::len(LEARNING_RATES)]:
        loss = get_loss(candidate.loss, **fill_arguments(candidate.loss, dict(candidate.arguments), classes=20,
                                                         embedding_size=8, counts=[2] * 20))
        assert set(loss.inputs) <= {'pred', 'label', 'embedding'}


def test_each_loss_has_its_turn_with_its_usual_values_first():
    first = list_candidates(['arcface', 'softmax', 'magface'], 3)
    assert [each.loss for each in first] == ['arcface', 'softmax', 'magface']
    assert first[0] == ('arcface', (('m', 0.3), ('s', 32), ('easy_margin', False)), 0.03)
    assert list_candidates(['arcface', 'softmax'], 9)[:5] == list_candidates(['arcface', 'softmax'], 5)
    assert list_candidates(['arcface'], 9, seed=1) != list_candidates(['arcface'], 9) == list_candidates(['arcface'], 9)


def test_a_sum_has_the_values_of_its_first_loss_but_for_those_it_says():
    names, _ = find_losses(['arcface:m=0.2+ringloss:lamda=0.01'], 20, 8)
    assert names == ['arcface:m=0.2+ringloss:lamda=0.01']
    assert {dict(each.arguments).get('m') for each in list_candidates(names)} == {None}
    assert {dict(each.arguments)['s'] for each in list_candidates(names)} == {16, 32, 64}


@pytest.mark.parametrize('losses, said', [
    (['arcfase'], "unknown loss 'arcfase'. Did you mean 'arcface'"),
    (['triplet'], r'must hold one that class labels are enough for, got triplet \(it takes pairs or triplets')])
def test_losses_that_do_not_go_are_refused_by_name(losses, said):
    with pytest.raises(ValueError, match=said):
        find_losses(losses, 20, 8)
