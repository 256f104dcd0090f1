"""Names: matched without case, with aliases; what is unknown is answered with what there is."""
import warnings

import pytest

from gluonfr.utils.registry import Registry


@pytest.fixture
def registry():
    made = Registry('gadget')

    @made.register('hammer', 'Mallet')
    class Hammer:
        def __init__(self, weight, handle='wood'):
            self.weight, self.handle = weight, handle

    @made.register('Saw')
    def saw(teeth=20):
        return ('saw', teeth)

    return made


def test_names_are_canonical_and_sorted(registry):
    assert registry.names() == ['hammer', 'saw']


@pytest.mark.parametrize('name', ['hammer', 'HAMMER', 'mallet', 'Mallet'])
def test_aliases_and_case(registry, name):
    made = registry.create(name, weight=3)
    assert (type(made).__name__, made.weight, made.handle) == ('Hammer', 3, 'wood')
    assert registry.get(name) is type(made)


def test_functions_can_be_registered(registry):
    assert registry.create('SAW', teeth=3) == ('saw', 3)


def test_the_decorator_returns_what_it_decorates():
    registry = Registry('gadget')

    def plane():
        return 1

    assert registry.register('plane')(plane) is plane


def test_an_unknown_name_lists_all_and_the_nearest(registry):
    with pytest.raises(ValueError) as error:
        registry.create('hamer', weight=3)
    text = str(error.value)
    assert 'gadget' in text and "'hamer'" in text and 'hammer' in text and 'saw' in text
    assert "mean 'hammer'" in text


def test_an_unknown_keyword_shows_the_signature(registry):
    with pytest.raises(TypeError, match=r'weigth') as error:
        registry.create('hammer', weigth=3)
    assert 'weight' in str(error.value) and "handle='wood'" in str(error.value)


def test_a_missing_argument_shows_the_signature(registry):
    with pytest.raises(TypeError, match='weight'):
        registry.create('hammer')


@pytest.mark.parametrize('name', [None, 3, ['hammer']])
def test_a_name_must_be_a_string(registry, name):
    with pytest.raises(TypeError, match='string'):
        registry.get(name)


def test_an_error_inside_the_constructor_is_its_own():
    registry = Registry('gadget')

    @registry.register('broken')
    def broken():
        raise TypeError('from inside')

    with pytest.raises(TypeError, match='^from inside$'):
        registry.create('broken')


def test_overwriting_warns(registry):
    with pytest.warns(UserWarning, match='hammer'):
        @registry.register('hammer')
        def other():
            return 'other'
    assert registry.create('hammer') == 'other'


def test_overwriting_an_alias_leaves_every_listed_name_reachable(registry):
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')

        @registry.register('axe', 'saw')
        def axe():
            return 'axe'
    assert registry.create('saw') == 'axe'
    assert [registry.canonical(n) for n in registry.names()] == registry.names()


def test_nothing_warns_at_first(recwarn):
    registry = Registry('gadget')
    registry.register('one', 'two')(dict)
    assert not recwarn.list


# --- the losses ------------------------------------------------------------------------------------------------------

ALIASES = {'softmax': ['softmaxcrossentropyloss'], 'arcface': ['arcloss'],
           'cosloss': ['cosface', 'amsoftmax', 'cosLoss'], 'combined': [], 'normsoftmax': ['normface'],
           'liarcface': ['airface'], 'l2softmax': [], 'asoftmax': ['sphereface'], 'lsoftmax': [],
           'svxsoftmax': ['mvsoftmax'], 'magface': [], 'focalloss': ['focal'], 'ringloss': [], 'centerloss': [],
           'gitloss': [], 'lgmloss': [], 'cocoloss': [], 'contrastiveloss': ['contrastive'],
           'triplet': ['tripletloss'], 'rangeloss': [], 'mpsloss': ['mpsoss']}


@pytest.mark.mxnet
def test_the_names_of_losses_stay():
    from gluonfr.loss import LOSSES, get_loss_list
    assert not set(ALIASES) - set(get_loss_list()), 'users have these names in their commands and code: keep them'
    assert get_loss_list() == sorted(get_loss_list()) == LOSSES.names()


@pytest.mark.mxnet
@pytest.mark.parametrize('alias,name', [(a, n) for n, aliases in ALIASES.items() for a in aliases])
def test_loss_alias(alias, name):
    from gluonfr.loss import LOSSES
    for form in (alias, alias.upper(), alias.capitalize()):
        assert LOSSES.get(form) is LOSSES.get(name)


@pytest.mark.mxnet
def test_an_unknown_loss():
    from gluonfr.loss import get_loss
    with pytest.raises(ValueError, match="mean 'arcface'") as error:
        get_loss('arcfaec', classes=10)
    for name in ALIASES:
        assert name in str(error.value)


@pytest.mark.mxnet
def test_an_unknown_loss_argument():
    from gluonfr.loss import get_loss
    with pytest.raises(TypeError, match='margin') as error:
        get_loss('arcface', classes=10, margin=0.5)
    assert 'easy_margin' in str(error.value) and 'classes' in str(error.value)


@pytest.mark.mxnet
def test_an_unknown_argument_of_the_loss_inside_a_focal_loss():
    from gluonfr.loss import get_loss
    with pytest.raises(TypeError, match='margin') as error:
        get_loss('focalloss', loss='arcface', classes=10, margin=0.5)
    assert 'easy_margin' in str(error.value)


@pytest.mark.mxnet
@pytest.mark.parametrize('key', ['weight', 'batch_axis', 'sparse_label', 'prefix'])
def test_arguments_of_the_base_classes_pass(key):
    from gluonfr.loss import get_loss
    values = {'weight': 0.5, 'batch_axis': 0, 'sparse_label': False, 'prefix': 'x_'}
    get_loss('arcface', classes=10, **{key: values[key]})
