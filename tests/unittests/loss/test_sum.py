"""Sums of losses, by name and by class."""
import numpy as np
import pytest

import loss_inputs as li
import loss_values as lv
from gluonfr.loss import (LOSSES, ArcLoss, CenterLoss, LGMLoss, MPSLoss, RingLoss, SoftmaxCrossEntropyLoss, SumLoss,
                          fill_arguments, get_loss, loss_keywords, parse_loss)

SHAPE = {'classes': li.CLASSES, 'embedding_size': li.DIM}


@pytest.mark.parametrize('dtype', ['float32', 'float64'])
@pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])
@pytest.mark.parametrize('train', [False, True], ids=['predict', 'train'])
@pytest.mark.parametrize('name,args,parameter', [
    ('ringloss', {'lamda': 0.3}, 'R'), ('ringloss', {'lamda': 0.3, 'loss_type': 'geman', 'r_init': 2.0}, 'R'),
    ('centerloss', {'lamda': 0.3, **SHAPE}, 'centers'),
    ('gitloss', {'lamda_c': 0.3, 'lamda_g': 2, **SHAPE}, 'centers')])
def test_softmax_and_the_term_are_the_joint_loss_bit_for_bit(name, args, parameter, dtype, hybridize, train):
    """Values, gradients of inputs and parameters, and the state after three steps."""
    losses = [get_loss(name, **args), get_loss('softmax+' + name, **args)]
    outs = []
    for loss in losses:
        loss.initialize()
        loss.cast(dtype)
        lv.set_params(loss, {parameter: np.random.RandomState(3).rand(*lv.params_of(loss)[parameter].shape)})
        if hybridize:
            loss.hybridize(static_alloc=True, static_shape=True)
        outs.append([])
        for step in range(3):
            x = li.scores_embedding(np.random.RandomState(step))
            value, by_input, by_param = lv.gradients(loss, x, np.linspace(0.5, 1.5, li.BATCH), train, dtype)
            outs[-1] += [value, *by_input.values(), *by_param.values()]
        outs[-1].append(lv.snapshot(loss)[parameter])
    assert losses[0].inputs == losses[1].inputs and losses[0].head == losses[1].head
    assert len(outs[0]) == len(outs[1]) > 9
    for one, other in zip(*outs):
        assert one.dtype == np.dtype(dtype) and one.tobytes() == other.tobytes()


def test_the_parts_of_a_name():
    parts = parse_loss('ArcLoss + 0.5*centerloss:lamda=1e-3, alpha=1e+0+RingLoss:loss_type=l2')
    assert list(map(tuple, parts)) == [('arcface', {}), ('centerloss', {'lamda': 1e-3, 'alpha': 1.0, 'weight': 0.5}),
                                       ('ringloss', {'loss_type': 'l2'})]
    assert '+'.join(map(str, parse_loss('cosface+2*ringloss:lamda=1'))) == 'cosloss+ringloss:lamda=1,weight=2.0'


def test_arguments_go_to_the_loss_that_takes_them():
    loss = get_loss('arcface+centerloss:lamda=0.1', m=0.3, s=8, **SHAPE)
    arc, center = loss._parts
    assert (arc._m2, arc._s, arc._classes) == (0.3, 8, li.CLASSES)
    assert (center._lamda, center._classes, center._embedding_size) == (0.1, li.CLASSES, li.DIM)
    assert loss.head == 'cosine' and loss.inputs == ('pred', 'label', 'embedding') and loss.normalized
    assert loss_keywords('arcface+centerloss') >= {'m', 'alpha', 'classes', 'embedding_size'}
    assert fill_arguments('arcface+centerloss', {'m': 0.3}, margin_warmup=5, **SHAPE) == {
        'm': 0.3, 'margin_warmup': 5, **SHAPE}


def test_arguments_reach_a_loss_within_a_loss():
    name = 'focalloss:loss=cosloss,gamma=1+centerloss:lamda=0.1'
    loss = get_loss(name, **fill_arguments(name, {'m': 0.3}, margin_warmup=5, **SHAPE))
    assert (loss._parts[0].base._m3, loss._parts[0].base._warmup, loss.head) == (0.3, 5, 'cosine')


def test_a_factor_weighs_one_loss_and_weight_the_sum():
    x = li.scores_embedding(np.random.RandomState(0))
    values = []
    for name, args in (('softmax+0.5*ringloss:lamda=2', {'weight': 3}), ('softmax', {}),
                       ('ringloss', {'lamda': 2, 'with_softmax': False})):
        loss = get_loss(name, **args)
        loss.initialize()
        values.append(lv.value(loss, {key: x[key] for key in loss.inputs}, label_dtype='float32'))
    np.testing.assert_allclose(values[0], 3 * (values[1] + 0.5 * values[2]), rtol=1e-6)


def test_a_sum_shows_what_its_losses_show_and_predicts_as_they_do():
    loss = SumLoss([LGMLoss(li.CLASSES, li.DIM, 0.5, 0.1, 1), RingLoss(0.1, with_softmax=False)])
    loss.initialize()
    x = lv.arrays(li.embeddings(np.random.RandomState(0)))
    value, scores = loss(*x)
    assert value.shape == (li.BATCH,) and scores.shape == (li.BATCH, li.CLASSES)
    np.testing.assert_array_equal(loss.predict(x[0]).asnumpy(), loss._parts[0].predict(x[0]).asnumpy())
    assert loss.scalars() == {'Radius': 1.0} and loss.inputs == ('embedding', 'label') and loss.head is None
    assert not hasattr(get_loss('softmax+ringloss:lamda=1'), 'predict')
    assert repr(get_loss('softmax+ringloss:lamda=1')) == (
        'SumLoss(losses=[SoftmaxCrossEntropyLoss(sparse_label=True), RingLoss(lamda=1, loss_type=l2)])')


def test_sums_are_not_listed_and_the_first_radius_is_measured_in_a_sum():
    assert not [name for name in LOSSES.names() if 'sum' in name or '+' in name]
    loss = get_loss('softmax+ringloss:lamda=1,r_init=auto')
    loss.initialize()
    loss.hybridize()
    x = li.scores_embedding(np.random.RandomState(0))
    lv.value(loss, x)
    np.testing.assert_allclose(loss.scalars()['Radius'], np.linalg.norm(x['embedding'], axis=1).mean(), rtol=1e-6)


@pytest.mark.parametrize('name,kwargs,words', [
    ('arcfacc+ringloss', {}, "unknown loss 'arcfacc'. Did you mean 'arcface'"),
    ('softmax+', {}, "unknown loss ''"),
    ('arcface+softmax', {'classes': 4}, "same class layer, got 'cosine' in ArcLoss, 'dense' in Softmax"),
    ('ringloss:lamda=1+centerloss:lamda=2', SHAPE, "Add a loss that does: 'softmax\\+ringloss:lamda=1"),
    ('softmax+ringloss+centerloss', {'lamda': 1, **SHAPE}, 'lamda must be said once, got lamda=1 beside it'),
    ('arcface:m=0.2', {'m': 0.3, 'classes': 3}, 'm must be said once'),
    ('softmax+ringloss', {'lambda': 1}, "unknown argument 'lambda', which none of these takes. Did you mean 'lamda'"),
    ('softmax+ringloss:lambda=1', {}, "ringloss.*unknown argument 'lambda'.*Signature"),
    ('x*softmax', {}, "the factor must be a number, got 'x'"), ('-1*softmax', {}, 'the factor must be > 0, got -1'),
    ('2*ringloss:weight=3', {}, 'a factor or a weight, got both'), ('softmax:axis', {}, 'takes key=value'),
    ('softmax+ringloss:lamda=1,dtype=float64', {}, "same dtype, got 'float32' in SoftmaxCross"),
    ('arcface:classes=3+centerloss:classes=4,lamda=1', {'embedding_size': 2}, 'same classes, got 3 in ArcLoss, 4 in'),
])
def test_what_cannot_be_added_is_refused_by_name(name, kwargs, words):
    with pytest.raises((ValueError, TypeError), match=words):
        get_loss(name, **kwargs)


@pytest.mark.parametrize('losses', [[], [SoftmaxCrossEntropyLoss()], ['softmax', 'ringloss'], [ArcLoss(4), None]])
def test_a_sum_takes_two_losses_or_more(losses):
    with pytest.raises(ValueError, match='SumLoss: losses must be two or more losses of gluonfr'):
        SumLoss(losses)


def test_terms_alone_take_no_scores():
    assert RingLoss(0.1, with_softmax=False).inputs == ('embedding',)
    center = CenterLoss(4, 3, 0.1, with_softmax=False)
    assert (center.inputs, center.head) == (('embedding', 'label'), None)
    assert SumLoss([ArcLoss(4), MPSLoss(mining='all')]).inputs == ('pred', 'label', 'embedding')
