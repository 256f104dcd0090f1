"""Bad input: a clear error or a right result, never silence. For every loss of the table, then for the heads."""
import re

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, gluon

import loss_cases as lc
import loss_inputs as li
import loss_values as lv
from gluonfr import nn
from gluonfr.loss import fill_arguments, get_loss, get_loss_list
from loss_values import Outer

ALL = pytest.mark.parametrize('case', lc.CASES, ids=str)
WITH_CLASSES = pytest.mark.parametrize('case', [c for c in lc.CASES if c.classes and c.feed is not li.pairs], ids=str)
HYBRID = pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])


def grammar(case, loss=None):
    """Messages start with the class: 'CosLoss: ... must ..., got ...'."""
    return '^' + type(loss or get_loss(case.name, **case.args)).__name__ + ': .*got '


def made(case, hybridize=False, **extra):
    loss, _ = case.make(**extra)
    if hybridize:
        loss.hybridize()
    return loss


def call(loss, x, label_dtype='float32', train=False):
    with autograd.record(train_mode=train):
        out = lv.first(loss(*lv.arrays(x, 'float32', label_dtype)))
    return out.asnumpy()


# --- labels ----------------------------------------------------------------------------------------------------------

def relabelled(x, row, wrong):
    """The inputs with one label replaced."""
    label = x['label'].copy()
    label[row] = wrong
    return dict(x, label=label)


@WITH_CLASSES
@HYBRID
def test_wrong_label(case, hybridize):
    loss = made(case, hybridize)
    for wrong in (-1, li.CLASSES, 10 ** 6, 1.5, float('nan'), float('inf')):
        with pytest.raises(ValueError, match=grammar(case, loss)) as error:
            call(loss, relabelled(case.inputs(), 2, wrong))
        assert 'label' in str(error.value)


@WITH_CLASSES
@pytest.mark.parametrize('dtype', ['int32', 'int64'])
def test_wrong_integer_label(case, dtype):
    loss = made(case)
    for wrong in (-1, li.CLASSES):
        with pytest.raises(ValueError, match=grammar(case, loss)):
            call(loss, relabelled(case.inputs(), 0, wrong), dtype)


@WITH_CLASSES
@pytest.mark.parametrize('train', [False, True], ids=['predict', 'train'])
def test_wrong_label_inside_a_graph_is_nan(case, train):
    """A Symbol has no values to check; the loss must not look healthy."""
    outer = Outer(made(case))
    outer.hybridize()
    assert np.isfinite(call(outer, case.inputs())).all()
    for wrong in (-1.0, float(li.CLASSES), 100.0):
        assert np.isnan(call(outer, relabelled(case.inputs(), 2, wrong), train=train)[2]), wrong


@pytest.mark.parametrize('wrong', [2, -1, 0.5])
def test_contrastive_pair_labels_are_zero_or_one(wrong):
    case = lc.BY_NAME['contrastiveloss']
    with pytest.raises(ValueError, match=grammar(case)):
        call(made(case), relabelled(case.inputs(), 0, wrong))


@pytest.mark.parametrize('case', [c for c in lc.CASES if 'label' in c.inputs()], ids=str)
def test_wrong_label_shape(case):
    loss = made(case)
    x = dict(case.inputs())
    x['label'] = np.stack([x['label']] * 2, axis=1)
    with pytest.raises(ValueError, match=grammar(case, loss)):
        call(loss, x)


@pytest.mark.parametrize('case', [c for c in lc.CASES if c.dense], ids=str)
def test_wrong_dense_label(case):
    loss = made(case, sparse_label=False)
    x = case.inputs()
    nan = lv.one_hot(x['label'])
    nan[1, 1] = np.nan
    for wrong in (x['label'], lv.one_hot(x['label'], li.CLASSES + 1), lv.one_hot(x['label'])[:, :-1], nan):
        with pytest.raises(ValueError, match=grammar(case, loss)):
            call(loss, dict(x, label=wrong))


# --- shapes ----------------------------------------------------------------------------------------------------------

def width_is_fixed(case, key):
    """Whether the loss knows the second axis of an input beforehand."""
    if key == 'pred':
        return 'classes' in case.args and case.feed is not li.triplets
    return key == 'embedding' and bool({'embedding_size', 'feature_dim'} & set(case.args))


@pytest.mark.parametrize('case,key', [(c, k) for c in lc.CASES for k in c.inputs() if width_is_fixed(c, k)], ids=str)
@HYBRID
def test_wrong_width(case, key, hybridize):
    loss = made(case, hybridize)
    given = dict(case.inputs())
    given['label'] = np.repeat([0.0, 1.0, 2.0], len(given['label']) // 3)  # right for every width
    for wrong in (given[key][:, :-1], np.concatenate([given[key], given[key][:, :1]], axis=1)):
        with pytest.raises(ValueError, match=grammar(case, loss)):
            call(loss, dict(given, **{key: wrong}))


@ALL
@HYBRID
def test_empty_batch(case, hybridize):
    loss = made(case, hybridize)
    with pytest.raises(ValueError, match='^' + type(loss).__name__ + ': .*(batch|empty|sample)'):
        call(loss, {k: v[:0] for k, v in case.inputs().items()})


@ALL
@HYBRID
def test_batch_sizes_that_differ(case, hybridize):
    loss = made(case, hybridize)
    names = list(case.inputs())
    for short in names:
        x = {k: v[:-1] if k == short else v for k, v in case.inputs().items()}
        with pytest.raises(ValueError, match='^' + type(loss).__name__ + ': '):
            call(loss, x)


@pytest.mark.parametrize('case', [c for c in lc.CASES if c.feed not in (li.pairs, li.triplets)], ids=str)
def test_wrong_number_of_axes(case):
    loss = made(case)
    key = next(k for k in case.inputs() if k != 'label')
    x = dict(case.inputs())
    x[key] = x[key][:, 0]
    with pytest.raises(ValueError, match='^' + type(loss).__name__ + ': '):
        call(loss, x)


@ALL
def test_wrong_sample_weight(case):
    loss = made(case)
    x = case.inputs()
    size = len(next(iter(x.values())))
    with pytest.raises(ValueError, match='^' + type(loss).__name__ + ': .*sample_weight'):
        loss(*lv.arrays(x), mx.nd.ones((size + 1,)))


def test_range_loss_refuses_another_layout():
    case = lc.BY_NAME['rangeloss']
    x = case.inputs()
    loss = made(case)
    with pytest.raises(ValueError, match=grammar(case)):
        call(loss, {k: v[:8] for k, v in x.items()})
    mixed = dict(x, label=np.tile([0.0, 3.0, 1.0], 4))
    with pytest.raises(ValueError, match='RangeLoss: .*label'):
        call(loss, mixed)


def test_l2softmax_asks_for_its_embedding():
    case = lc.BY_NAME['l2softmax']
    x = case.inputs()
    with pytest.raises((ValueError, TypeError), match='embedding'):
        made(case)(*lv.arrays({k: x[k] for k in ('pred', 'label')}))


# --- NaN -------------------------------------------------------------------------------------------------------------

@ALL
@HYBRID
def test_nan_in_an_input_shows_in_the_loss(case, hybridize):
    """Minimum, maximum, relu, comparisons and oneDNN's log-softmax all can lose a NaN."""
    loss = made(case, hybridize)
    given = case.inputs()
    for key in given:
        if key != 'label':
            for row, column in ((0, 0), (1, 1), (3, 2), (len(given[key]) - 1, 1)):
                x = dict(given)
                x[key] = x[key].copy()
                x[key][row, column] = np.nan
                assert not np.isfinite(call(loss, x)).all(), (key, row, column)


@pytest.mark.parametrize('case', [c for c in lc.CASES if c.state], ids=str)
def test_nan_does_not_stay_in_the_state(case):
    loss, p = case.make('float64')
    x = {key: given if key == 'label' else np.full_like(given, np.nan) for key, given in case.inputs().items()}
    lv.value(loss, x, True, 'float64')
    np.testing.assert_allclose(lv.value(loss, case.inputs(), True, 'float64'), case.expected(case.inputs(), p, 1, True),
                               rtol=1e-9)


# of proxyanchor every sample carries the value of the whole batch
@pytest.mark.parametrize('case', [c for c in lc.COSINE_LOSSES if c.name != 'proxyanchor'], ids=str)
def test_nan_at_the_target_shows_in_its_own_loss(case):
    loss = made(case)
    x = dict(case.inputs())
    x['pred'] = x['pred'].copy()
    x['pred'][1, int(x['label'][1])] = np.nan
    out = call(loss, x)
    assert np.isnan(out[1]) and np.isfinite(np.delete(out, 1)).all()


# --- constructor values ----------------------------------------------------------------------------------------------

@pytest.mark.parametrize('case', [c for c in lc.CASES if 'classes' in c.args or 'num_classes' in c.args], ids=str)
def test_class_count(case):
    key = 'classes' if 'classes' in case.args else 'num_classes'
    for classes in (1, 0, -3, 2.5):
        with pytest.raises(ValueError, match=key + ' must be .*got ' + re.escape(str(classes))):
            get_loss(case.name, **dict(case.args, **{key: classes}))


@pytest.mark.parametrize('name', get_loss_list())
def test_one_person_is_refused_by_every_loss(name):
    with pytest.raises(ValueError, match='^{}: classes must be >= 2, got 1'.format(name)):
        fill_arguments(name, {}, classes=1, embedding_size=4, groups=(2, 2))


@pytest.mark.parametrize('case', [c for c in lc.CASES if get_loss(c.name, **c.args).head], ids=str)
@HYBRID
def test_scores_of_one_class_are_refused(case, hybridize):
    x = case.inputs()
    x.update(label=np.zeros_like(x['label']), pred=x['pred'][:, :1])
    loss = made(case, hybridize)
    with pytest.raises(ValueError, match='pred must have (classes = 5 scores a sample|scores of at least 2 classes)'):
        call(loss, x)


@pytest.mark.parametrize('make', [
    lambda: nn.get_head('dense', 1, 4), lambda: nn.get_head('cosine', 1, 4), lambda: nn.NormDense(1),
    lambda: nn.AngleLinear(1, 4)])
def test_heads_of_one_class_are_refused(make):
    with pytest.raises(ValueError, match='classes must be >= 2, got 1'):
        make()


NUMBERS = [
    ('arcface', 's', [0, -1]), ('arcface', 'm', [-0.1, 1.6, 3.0]), ('arcface', 'margin_warmup', [-1, 1.5]),
    ('cosloss', 's', [0, -1]), ('cosloss', 'm', [-0.1]), ('cosloss', 'margin_warmup', [-1]),
    ('combined', 's', [0]), ('combined', 'm1', [0.0, -1]), ('combined', 'm2', [-0.1]), ('combined', 'm3', [-0.1]),
    ('normsoftmax', 's', [0, -2]), ('liarcface', 's', [0]), ('liarcface', 'm', [-0.1]),
    ('l2softmax', 'alpha', [0, -1, 1]), ('l2softmax', 'p', [0, 1, 1.2]),
    ('asoftmax', 'm', [0, -1, 2.5]), ('asoftmax', 's', [0]), ('asoftmax', 'lambda_min', [-1]),
    ('asoftmax', 'lambda_base', [-1]), ('asoftmax', 'lambda_gamma', [-1]),
    ('lsoftmax', 'm', [0, 1.5]), ('lsoftmax', 's', [0]), ('lsoftmax', 'embedding_size', [0, -1, 2.5]),
    ('svxsoftmax', 's', [0]), ('svxsoftmax', 't', [0.9]), ('svxsoftmax', 'm1', [0.9]), ('svxsoftmax', 'm2', [-0.1]),
    ('svxsoftmax', 'm3', [-0.1, 1.6]),
    ('magface', 's', [0]), ('magface', 'l_a', [0]), ('magface', 'u_a', [5, 10]), ('magface', 'lamda_g', [-1]),
    ('magface', 'l_m', [-0.1]), ('magface', 'u_m', [0.1]),
    ('focalloss', 'gamma', [-1]), ('ringloss', 'lamda', [-1]), ('ringloss', 'c', [0, -1]), ('ringloss', 'r_init', [-1]),
    ('centerloss', 'lamda', [-1]), ('centerloss', 'embedding_size', [0]), ('centerloss', 'alpha', [-0.1, 1.5]),
    ('gitloss', 'lamda_c', [-1]), ('gitloss', 'lamda_g', [-1]), ('gitloss', 'embedding_size', [0]),
    ('lgmloss', 'alpha', [-1]), ('lgmloss', 'lamda', [-1]), ('lgmloss', 'embedding_size', [0]),
    ('lgmloss', 'lr_mult', [-1]),
    ('cocoloss', 'alpha', [0, -1]), ('cocoloss', 'embedding_size', [0]),
    ('contrastiveloss', 'margin', [-1]), ('triplet', 'margin', [-1]), ('mpsloss', 'm', [-1]),
    ('rangeloss', 'alpha', [-1]), ('rangeloss', 'beta', [-1]), ('rangeloss', 'top_k', [0, 7]),
    ('rangeloss', 'num_class', [1]), ('rangeloss', 'num_in_class', [1]), ('rangeloss', 'margin', [-1]),
    ('rangeloss', 'feature_dim', [0]),
]


def plain_args(name):
    return lc.first_case(name).args


@pytest.mark.parametrize('name,key,values', NUMBERS, ids=str)
def test_constructor_value(name, key, values):
    owner = type(get_loss(name, **plain_args(name))).__name__
    for wrong in values + [float('nan')]:
        with pytest.raises(ValueError, match=f'^{owner}: .*{key}.* must be .*, got .*\\.$'):
            get_loss(name, **dict(plain_args(name), **{key: wrong}))


@pytest.mark.parametrize('name,key', [n[:2] for n in NUMBERS])
def test_constructor_value_that_is_no_finite_number(name, key):
    for wrong in (float('inf'), 'many', None):
        with pytest.raises((ValueError, TypeError), match=key + ' must be .*got '):
            get_loss(name, **dict(plain_args(name), **{key: wrong}))


@pytest.mark.parametrize('name,axis', [('softmax', 0)] + [
    (n, a) for n in ('arcface', 'cosloss', 'ringloss', 'l2softmax') for a in (0, 2)])
def test_axis_must_be_the_class_axis(name, axis):
    """With as many samples as classes the batch axis in its place would give numbers."""
    with pytest.raises(ValueError, match='axis'):
        get_loss(name, **dict(plain_args(name), axis=axis))


# --- heads -----------------------------------------------------------------------------------------------------------

def test_head_kinds_are_listed():
    with pytest.raises(ValueError, match='cosine') as error:
        nn.get_head('angular', 10, 2)
    assert 'angular' in str(error.value)


@pytest.mark.parametrize('key,wrong', [('classes', 1), ('classes', 0), ('in_units', 0), ('m1', 0), ('m2', -0.1),
                                       ('m3', -0.1), ('s', 0), ('s', -1), ('m1', float('nan'))], ids=str)
def test_angle_linear_values(key, wrong):
    with pytest.raises(ValueError, match='^AngleLinear: ' + key + ' must be .*got '):
        nn.AngleLinear(**dict({'classes': 5, 'in_units': 3}, **{key: wrong}))


def head_and_input():
    head = nn.AngleLinear(li.CLASSES, li.DIM, m2=0.3, s=4)
    head.initialize(mx.init.Normal(1))
    return head, mx.nd.array(np.random.RandomState(0).randn(li.BATCH, li.DIM))


@HYBRID
@pytest.mark.parametrize('wrong', [-1, li.CLASSES, 1.5, float('nan')])
def test_angle_linear_labels(hybridize, wrong):
    head, x = head_and_input()
    if hybridize:
        head.hybridize()
    label = li.LABEL.copy()
    label[1] = wrong
    with pytest.raises(ValueError, match='^AngleLinear: .*label.*got '):
        head(x, mx.nd.array(label))


def test_angle_linear_shapes():
    head, x = head_and_input()
    with pytest.raises(ValueError, match='^AngleLinear: '):
        head(x, mx.nd.array(li.LABEL[1:]))
    with pytest.raises(ValueError, match='^AngleLinear: '):
        head(x[:, :2], mx.nd.array(li.LABEL))
    with pytest.raises(ValueError, match='^AngleLinear: '):
        head(x[:, :2])


@pytest.mark.parametrize('with_label', [False, True])
def test_nan_passes_the_heads(with_label):
    head, x = head_and_input()
    x[2, 0] = float('nan')
    args = (x, mx.nd.array(li.LABEL)) if with_label else (x,)
    assert np.isnan(head(*args).asnumpy()[2]).any()


def test_losses_stay_usable_after_an_error():
    case = lc.BY_NAME['arcface-warmup']
    loss, p = case.make('float64')
    x = case.inputs()
    bad = dict(x, label=np.full(li.BATCH, 99.0))
    with pytest.raises(ValueError), autograd.record():
        loss(*lv.arrays(bad, 'float64'))
    np.testing.assert_allclose(lv.value(loss, x, True, 'float64'), case.expected(x, p, 0, True), rtol=1e-9)


def test_an_initializer_is_asked_for():
    loss = get_loss('ringloss', lamda=0.1)
    with pytest.raises((RuntimeError, gluon.parameter.DeferredInitializationError), match='initialize'):
        loss(*lv.arrays(li.scores_embedding(np.random.RandomState(0))))
