"""NormDense, SELayer, FrBase, AngleLinear and get_head against the reference."""
import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, gluon

import loss_cases as lc
import loss_inputs as li
import loss_values as lv
import reference as ref
from gluonfr import nn
from gluonfr.loss import get_loss

HYBRID = pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])
RNG = np.random.RandomState(4)
X = RNG.randn(li.BATCH, li.DIM)
WEIGHT = RNG.randn(li.CLASSES, li.DIM)
HEAD = RNG.rand(li.BATCH, li.CLASSES)

HEADS = {'dense': {}, 'linear': {}, 'cosine': {'w_norm': True, 'x_norm': True}, 'feature_norm': {'x_norm': True}}


def ready(block, dtype='float64', hybridize=False, ctx=None):
    block.initialize(mx.init.Normal(1), ctx=ctx)
    block.cast(dtype)
    if block.weight.shape == WEIGHT.shape:
        block.weight.set_data(mx.nd.array(WEIGHT, dtype=dtype))
    if hybridize:
        block.hybridize()
    return block


def run(block, *args, dtype='float64', train=True):
    """(value, gradient of the embedding, gradient of the weight) under HEAD."""
    args = [mx.nd.array(a, dtype=dtype) for a in args]
    args[0].attach_grad()
    with autograd.record(train_mode=train):
        out = block(*args)
    out.backward(mx.nd.array(HEAD, dtype=dtype))
    return out.asnumpy(), args[0].grad.asnumpy(), block.weight.grad().asnumpy()


def check(got, function):
    """Value and both gradients against the reference function of (x, weight)."""
    np.testing.assert_allclose(got[0], function(X, WEIGHT), rtol=1e-6, atol=1e-8)
    for grad, want in ((got[1], ref.numerical_gradient(lambda v: (HEAD * function(v, WEIGHT)).sum(), X)),
                       (got[2], ref.numerical_gradient(lambda v: (HEAD * function(X, v)).sum(), WEIGHT))):
        np.testing.assert_allclose(grad, want, rtol=1e-5, atol=1e-6)


# --- plain heads -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('kind', sorted(HEADS))
@HYBRID
def test_head_kinds(kind, hybridize):
    head = ready(nn.get_head(kind, li.CLASSES, li.DIM), hybridize=hybridize)
    assert head.weight.shape == (li.CLASSES, li.DIM)
    bias = None
    if kind == 'dense':
        bias = np.linspace(-1, 1, li.CLASSES)
        head.bias.set_data(mx.nd.array(bias, dtype='float64'))
    check(run(head, X), lambda x, w: ref.dense(x, w, bias, **HEADS[kind]))
    assert not getattr(head, 'needs_label', False)


def test_every_loss_finds_its_head():
    kinds = {get_loss(c.name, **c.args).head for c in lc.CASES}
    assert kinds == set(HEADS) | {None, 'subcenter:2'}  # SubCenterDense is in test_subcenter.py


@pytest.mark.parametrize('weight_norm', [False, True])
@pytest.mark.parametrize('feature_norm', [False, True])
@HYBRID
def test_norm_dense(weight_norm, feature_norm, hybridize):
    head = ready(nn.NormDense(li.CLASSES, weight_norm, feature_norm, in_units=li.DIM), hybridize=hybridize)
    assert [p.split('_')[-1] for p in head.collect_params()] == ['weight']
    check(run(head, X), lambda x, w: ref.dense(x, w, w_norm=weight_norm, x_norm=feature_norm))


def test_norm_dense_finds_its_input_size():
    head = nn.NormDense(7)
    head.initialize()
    assert head(mx.nd.ones((2, 3))).shape == (2, 7)
    assert head.weight.shape == (7, 3)


def test_norm_dense_takes_an_initializer():
    head = nn.NormDense(7, in_units=3, weight_initializer=mx.init.Constant(2))
    head.initialize()
    np.testing.assert_array_equal(head.weight.data().asnumpy(), np.full((7, 3), 2))


def test_cosines_stay_within_one_in_float32():
    """A cosine head on its own centres gives 1, and the losses take what rounding makes of it."""
    head = ready(nn.get_head('cosine', li.CLASSES, li.DIM), 'float32')
    out = head(mx.nd.array(WEIGHT * 1e4)).asnumpy()
    np.testing.assert_allclose(np.diag(out), np.ones(li.CLASSES), atol=1e-6)


def test_a_zero_embedding_is_finite():
    for kind in HEADS:
        head = ready(nn.get_head(kind, li.CLASSES, li.DIM), 'float32')
        for got in run(head, np.zeros_like(X), dtype='float32'):
            assert np.isfinite(got).all()


# --- SELayer ---------------------------------------------------------------------------------------------------------

@HYBRID
def test_se_layer(hybridize):
    layer = nn.SELayer(8, 8, reduction=4)
    layer.initialize(mx.init.Normal(1))
    if hybridize:
        layer.hybridize()
    x = np.random.RandomState(0).randn(2, 8, 3, 3).astype('float32')
    got = layer(mx.nd.array(x)).asnumpy()
    weights = {k: p.data().asnumpy().astype('float64') for k, p in layer._collect_params_with_prefix().items()}
    w1, w2 = [w.reshape(w.shape[0], -1) for k, w in weights.items() if k.endswith('weight')]
    b1, b2 = [w for k, w in weights.items() if k.endswith('bias')]
    slope = next((w for k, w in weights.items() if k.endswith('alpha')), None)
    assert w1.shape == (2, 8) and w2.shape == (8, 2)
    for i in range(2):
        hidden = ref.dense([x[i].mean(axis=(1, 2))], w1, b1)
        hidden = np.maximum(hidden, 0) if slope is None else ref.prelu(hidden, slope)
        gate = 1 / (1 + np.exp(-ref.dense(hidden, w2, b2)[0]))
        np.testing.assert_allclose(got[i], x[i] * gate[:, None, None], rtol=1e-4, atol=1e-5)


def test_se_layer_reduction_defaults_to_sixteen():
    layer = nn.SELayer(32, 32)
    layer.initialize()
    assert layer(mx.nd.ones((1, 32, 2, 2))).shape == (1, 32, 2, 2)
    shapes = [p.shape for n, p in layer.collect_params().items() if n.endswith('weight')]
    assert [s[:2] for s in shapes] == [(2, 32), (32, 2)]


# --- AngleLinear -----------------------------------------------------------------------------------------------------

def test_the_named_settings_are_these():
    assert nn.ANGLE_SETTINGS == lc.SETTINGS


@pytest.mark.parametrize('name', sorted(lc.SETTINGS))
@HYBRID
def test_angle_linear_settings(name, hybridize):
    settings = lc.SETTINGS[name]
    head = ready(nn.AngleLinear(li.CLASSES, li.DIM, **settings), hybridize=hybridize)
    assert head.needs_label is True and head.weight.shape == (li.CLASSES, li.DIM)
    check(run(head, X, li.LABEL), lambda x, w: ref.angle_linear(x, w, li.LABEL, **settings))
    check(run(head, X), lambda x, w: ref.angle_linear(x, w, None, **settings))


@pytest.mark.parametrize('settings', [{'m1': 2, 'm2': 0.3, 'm3': 0.2, 's': 3},
                                      {'m1': 1.5, 'm2': 0.1, 'm3': 0.4, 's': 2, 'w_norm': False},
                                      {'m1': 4, 'm2': 0.5, 'm3': 0.0, 's': 1, 'x_norm': False},
                                      {'m1': 3, 'm2': 0.2, 'm3': 0.1, 's': 2, 'w_norm': False, 'x_norm': False}],
                         ids=str)
def test_angle_linear_margins_together(settings):
    head = ready(nn.AngleLinear(li.CLASSES, li.DIM, **settings))
    check(run(head, X, li.LABEL), lambda x, w: ref.angle_linear(x, w, li.LABEL, **settings))


@pytest.mark.parametrize('dtype', ['int32', 'int64', 'float32'])
def test_angle_linear_label_types(dtype):
    head = ready(nn.AngleLinear(li.CLASSES, li.DIM, m2=0.3, s=4), 'float32')
    got = head(mx.nd.array(X), mx.nd.array(li.LABEL, dtype=dtype)).asnumpy()
    np.testing.assert_allclose(got, ref.angle_linear(X, WEIGHT, li.LABEL, m2=0.3, s=4), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('name', sorted(lc.SETTINGS))
@pytest.mark.parametrize('dtype', ['float64', 'float32'])  # MXNet has no float16 matrix product on a CPU
@HYBRID
def test_embeddings_on_their_own_centre_are_finite(name, dtype, hybridize):
    """cos = +1 and -1 at the target, labels at both edges, and a zero embedding."""
    head = ready(nn.AngleLinear(li.CLASSES, li.DIM, **lc.SETTINGS[name]), dtype, hybridize)
    labels = np.array([0, li.CLASSES - 1, 0, li.CLASSES - 1, 1, 2])
    x = WEIGHT[labels] * np.array([2, 3, -2, -3, 0, 1])[:, None]
    for got in run(head, x, labels, dtype=dtype):
        assert np.isfinite(got).all()


@pytest.mark.parametrize('name,loss,args', [
    ('norm-softmax', 'normsoftmax', {'s': 1}), ('CosFace_v1', 'cosloss', {'m': 0.1, 's': 4}),
    ('CosFace_v2', 'cosloss', {'m': 0.2, 's': 4}), ('ArcFace_v1', 'arcface', {'m': 0.1, 's': 4, 'easy_margin': False}),
    ('ArcFace_v2', 'arcface', {'m': 0.2, 's': 4, 'easy_margin': False}),
    ('ArcFace_v3', 'combined', {'m1': 1, 'm2': 0.3, 'm3': 0, 's': 4})])
def test_angle_linear_with_softmax_equals_the_loss_over_a_cosine_head(name, loss, args):
    angle = ready(nn.AngleLinear(li.CLASSES, li.DIM, **lc.SETTINGS[name]))
    cosine = ready(nn.get_head('cosine', li.CLASSES, li.DIM))
    margin = get_loss(loss, classes=li.CLASSES, **args)
    softmax = get_loss('softmax')
    margin.initialize()
    margin.cast('float64')
    softmax.cast('float64')
    grads = []
    label = mx.nd.array(li.LABEL)
    for forward, head in ((lambda x: softmax(angle(x, label), label), angle),
                          (lambda x: margin(cosine(x), label), cosine)):
        x = mx.nd.array(X, dtype='float64')
        with autograd.record():
            value = forward(x)
        value.backward()
        grads.append((value.asnumpy(), head.weight.grad().asnumpy()))
    for a, b in zip(*grads):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize('name,m', [('L-softmax_v1', 2), ('L-softmax_v2', 3)])
def test_angle_linear_with_softmax_equals_lsoftmax(name, m):
    angle = ready(nn.AngleLinear(li.CLASSES, li.DIM, **lc.SETTINGS[name]))
    large = get_loss('lsoftmax', classes=li.CLASSES, embedding_size=li.DIM, m=m)
    large.initialize()
    large.cast('float64')
    lv.set_params(large, {'weight': WEIGHT})
    logits = angle(mx.nd.array(X, dtype='float64'), mx.nd.array(li.LABEL)).asnumpy()
    got = lv.value(large, {'embedding': X, 'label': li.LABEL}, dtype='float64')
    np.testing.assert_allclose(got, ref.cross_entropy(logits, li.LABEL), rtol=1e-7)


def test_softmax_setting_is_a_linear_layer():
    head = ready(nn.AngleLinear(li.CLASSES, li.DIM, **lc.SETTINGS['softmax']))
    np.testing.assert_allclose(run(head, X, li.LABEL)[0], X @ WEIGHT.T, rtol=1e-6, atol=1e-9)


def test_evaluation_scores_do_not_see_the_margin():
    head = ready(nn.AngleLinear(li.CLASSES, li.DIM, m2=0.3, m3=0.1, s=4))
    plain = ready(nn.AngleLinear(li.CLASSES, li.DIM, s=4))
    np.testing.assert_array_equal(run(head, X)[0], run(plain, X)[0])
    assert (run(head, X, li.LABEL)[0] != run(head, X)[0]).sum() == li.BATCH


def test_both_forms_of_a_hybridized_head_can_alternate():
    """A training loop calls with the label, the evaluation without, on one head."""
    head = ready(nn.AngleLinear(li.CLASSES, li.DIM, m2=0.3, s=4), hybridize=True)
    with_label = ref.angle_linear(X, WEIGHT, li.LABEL, m2=0.3, s=4)
    without = ref.angle_linear(X, WEIGHT, None, s=4)
    for _ in range(2):
        np.testing.assert_allclose(run(head, X, li.LABEL)[0], with_label, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(run(head, X)[0], without, rtol=1e-6, atol=1e-8)


def test_angle_linear_on_several_contexts():
    contexts = [mx.cpu(0), mx.cpu(1)]
    head = ready(nn.AngleLinear(li.CLASSES, li.DIM, m2=0.3, s=4), 'float32', ctx=contexts)
    outs = [head(mx.nd.array(X, ctx=c), mx.nd.array(li.LABEL, ctx=c)).asnumpy() for c in contexts]
    np.testing.assert_array_equal(outs[0], outs[1])


@pytest.mark.parametrize('block', [nn.AngleLinear(5, 3, m2=0.3, s=4), nn.NormDense(5, True, True, in_units=3)],
                         ids=['AngleLinear', 'NormDense'])
def test_repr(block):
    text = repr(block)
    assert text.startswith(type(block).__name__ + '(') and '5' in text and '3' in text and 'object at' not in text


# --- FrBase ----------------------------------------------------------------------------------------------------------

class Net(nn.FrBase):
    """The smallest net on FrBase."""

    def __init__(self, **kwargs):
        super().__init__(li.CLASSES, embedding_size=li.DIM, **kwargs)
        with self.name_scope():
            self.features = gluon.nn.Dense(li.DIM, in_units=4)


@pytest.mark.parametrize('options', [{}, {'weight_norm': True}, {'feature_norm': True},
                                     {'weight_norm': True, 'feature_norm': True}], ids=str)
@HYBRID
def test_frbase(options, hybridize):
    net = Net(**options)
    net.initialize(mx.init.Normal(1))
    if hybridize:
        net.hybridize()
    x = mx.nd.array(np.random.RandomState(0).randn(2, 4))
    embedding, pred = net(x)
    np.testing.assert_allclose(embedding.asnumpy(), net.features(x).asnumpy(), rtol=1e-6)
    want = ref.dense(embedding.asnumpy(), net.output.weight.data().asnumpy(),
                     w_norm=options.get('weight_norm', False), x_norm=options.get('feature_norm', False))
    np.testing.assert_allclose(pred.asnumpy(), want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('feature_norm', [False, True])
def test_frbase_without_class_layer_gives_the_embedding(feature_norm):
    """As in 1.0, the embedding is then normalised if feature_norm says so."""
    net = Net(need_cls_layer=False, feature_norm=feature_norm)
    net.initialize(mx.init.Normal(1))
    x = mx.nd.array(np.random.RandomState(0).randn(2, 4))
    want = net.features(x).asnumpy()
    if feature_norm:
        want = want / np.linalg.norm(want, axis=1, keepdims=True)
    np.testing.assert_allclose(net(x).asnumpy(), want, rtol=1e-5)


def test_frbase_says_that_features_are_missing():
    net = nn.FrBase(li.CLASSES)
    net.initialize()
    with pytest.raises((NotImplementedError, ValueError), match='features'):
        net(mx.nd.ones((1, 4)))
