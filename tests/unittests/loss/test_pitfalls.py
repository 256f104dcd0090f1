"""The faults seen in public code, one test each; where it is cheap the faulty form stands beside and is caught."""
import inspect
import math

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, gluon

import loss_cases as lc
import loss_inputs as li
import loss_values as lv
import reference as ref
from gluonfr.loss import get_loss

MARGINS = pytest.mark.parametrize('case', lc.COSINE_LOSSES, ids=str)
HYBRID = pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])


def gradient_of(function, value, dtype='float32'):
    """Slope of an MXNet function at one point."""
    x = mx.nd.array([value], dtype=dtype)
    x.attach_grad()
    with autograd.record():
        y = function(x)
    y.backward()
    return float(x.grad.asnumpy()[0])


# --- cosines of one --------------------------------------------------------------------------------------------------

def test_the_naive_arccos_and_sine_are_not_finite_at_one():
    """What the tests below guard against."""
    assert not math.isfinite(gradient_of(mx.nd.arccos, 1.0))
    assert not math.isfinite(gradient_of(lambda c: mx.nd.sqrt(1 - c * c), 1.0))
    assert np.isnan(mx.nd.arccos(mx.nd.array([1.0000001])).asnumpy()[0])
    assert np.float16(1 - 1e-6) == np.float16(1)


@MARGINS
@HYBRID
@pytest.mark.parametrize('dtype', ['float64', 'float32', 'float16'])
def test_cosines_at_and_beyond_one_are_finite(case, hybridize, dtype):
    loss, _ = case.make('float64' if dtype == 'float64' else 'float32')
    if hybridize:
        loss.hybridize()
    given = case.inputs()
    pred, label, rows = [], [], []
    for edge in (1.0, 1.0000001, 1.001, 1 - 1e-6, 1 - 1e-7, 1 - 1e-13, 0.0):
        for cos in (edge, -edge):
            for i, y in enumerate(given['label'].astype(int)):  # the edge at the target alone, and everywhere
                pred.append(np.full(li.CLASSES, cos) if i % 2 else given['pred'][i])
                pred[-1] = np.where(np.arange(li.CLASSES) == y, cos, pred[-1])
                label.append(y)
                rows.append(i)
    x = dict(given, pred=np.array(pred), label=np.array(label, dtype='float64'))
    if 'embedding' in x:
        x['embedding'] = x['embedding'][rows]
    out, by_input, _ = lv.gradients(loss, x, np.ones(len(label)), True, dtype)
    assert np.isfinite(out).all()
    assert np.isfinite(by_input['pred']).all()


@pytest.mark.parametrize('name,want', [
    ('arcface-strict', lambda c: ref.psi(c, 1, 0.5)), ('combined-m1', lambda c: ref.psi(c, 3)),
    ('combined-all', lambda c: ref.psi(c, 4, 0.4, 0.1)), ('cosloss', lambda c: c - 0.35),
    ('liarcface', lambda c: (math.pi - 2 * (math.acos(c) + 0.4)) / math.pi)])
@pytest.mark.parametrize('cos', [1.0, -1.0, 0.0])
def test_value_at_the_edges(name, want, cos):
    """The target's logit, read from a loss with two classes: CE = log(1 + exp(z_other - z_target))."""
    args = dict(lc.BY_NAME[name].args, classes=2, s=1)
    loss = get_loss(name.split('-')[0], **args)
    loss.initialize()
    loss.cast('float64')
    got = lv.value(loss, {'pred': np.array([[0.25, cos]]), 'label': np.array([1.0])}, dtype='float64')[0]
    other = (math.pi - 2 * math.acos(0.25)) / math.pi if name == 'liarcface' else 0.25
    assert other - math.log(math.exp(got) - 1) == pytest.approx(want(cos), abs=2e-5)


# by their formulas flat at -1
FLAT = ('spherefacer-hard-v1-exact', 'sphereface2', 'sphereface2-defaults')


@pytest.mark.parametrize('case', [c for c in lc.COSINE_LOSSES if str(c) not in FLAT], ids=str)
def test_the_gradient_points_to_the_class_at_one(case):
    """Beyond the clip the slope is one, not zero: a sample on the wrong pole still learns."""
    loss, _ = case.make('float64')
    x = case.inputs()
    pred = np.zeros((li.BATCH, li.CLASSES))
    pred[np.arange(li.BATCH), x['label'].astype(int)] = -1.0
    _, by_input, _ = lv.gradients(loss, dict(x, pred=pred), np.ones(li.BATCH), False)
    assert (by_input['pred'][np.arange(li.BATCH), x['label'].astype(int)] < -1e-3).all()


# --- monotone --------------------------------------------------------------------------------------------------------

def rises(values):
    """True if no step goes down."""
    return bool((np.diff(values) >= -1e-9).all())


MONOTONE = [c for c in lc.COSINE_LOSSES if not c.args.get('easy_margin', c.name == 'arcface')]


@pytest.mark.parametrize('case', [c for c in MONOTONE if c.tag != 'taylor'], ids=str)
def test_a_wider_angle_never_lowers_the_loss(case):
    theta = np.linspace(0.001, math.pi - 0.001, 200)
    loss, _ = case.make('float64')
    pred = np.full((200, li.CLASSES), -0.9)
    pred[:, 2] = np.cos(theta)
    x = {'pred': pred, 'label': np.full(200, 2.0)}
    if 'embedding' in case.inputs():
        x['embedding'] = np.tile([30.0, 40.0, 0.0], (200, 1))
    for _ in range(6):  # past every warm-up
        values = lv.value(loss, x, True, 'float64')
    assert rises(values)


def test_the_monotone_check_catches_a_margin_that_turns_round():
    theta = np.linspace(0.001, math.pi - 0.001, 200)
    faulty = np.array([[math.cos(t + 0.5)] + [-0.9] * 4 for t in theta])
    assert not rises(ref.cross_entropy(8 * faulty, np.zeros(200)))


def test_easy_margin_is_the_default_and_an_option():
    assert inspect.signature(type(get_loss('arcface', classes=5))).parameters['easy_margin'].default is True
    x = {'pred': np.array([[-0.5, 0.2], [0.5, 0.2]]), 'label': np.array([0.0, 0.0])}
    for easy in (True, False):
        loss = get_loss('arcface', classes=2, s=4, easy_margin=easy)
        loss.initialize()
        loss.cast('float64')
        want = ref.combined(x['pred'], x['label'], 1, 0.5, 0, 4, easy)
        np.testing.assert_allclose(lv.value(loss, x, dtype='float64'), want, rtol=1e-9)


# --- gradients -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('name,margins', [('arcface', {'m': 0.5, 'easy_margin': False}),
                                          ('arcface', {'m': 0.5, 'easy_margin': True}),
                                          ('combined', {'m1': 2, 'm2': 0.3, 'm3': 0.2})])
@HYBRID
def test_the_exact_gradient_is_the_default_and_the_other_has_a_name(name, margins, hybridize):
    x = li.cosines(np.random.RandomState(3))
    head = np.linspace(1, 2, li.BATCH)
    outs, grads = {}, {}
    for gradient in (None, 'exact', 'straight-through'):
        extra = {} if gradient is None else {'gradient': gradient}
        loss = get_loss(name, classes=li.CLASSES, s=8, **dict(margins, **extra))
        loss.initialize()
        loss.cast('float64')
        if hybridize:
            loss.hybridize()
        outs[gradient], by_input, _ = lv.gradients(loss, x, head)
        grads[gradient] = by_input['pred']
    m1, m2 = margins.get('m1', 1), margins.get('m2', margins.get('m'))
    logits = ref.combined_logits(x['pred'], x['label'], m1, m2, margins.get('m3', 0), 8,
                                 margins.get('easy_margin', False))
    as_if_no_margin = np.array([8 * w * (ref.softmax(z) - y)
                                for w, z, y in zip(head, logits, lv.one_hot(x['label']))])
    np.testing.assert_allclose(grads['straight-through'], as_if_no_margin, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(outs['straight-through'], outs['exact'], rtol=1e-12)
    np.testing.assert_array_equal(grads[None], grads['exact'])
    assert np.abs(grads['exact'] - as_if_no_margin).max() > 0.1


@pytest.mark.parametrize('name', ['arcface', 'combined'])
def test_an_unknown_gradient_is_refused(name):
    with pytest.raises(ValueError, match='straight-through'):
        get_loss(name, classes=5, gradient='detached')


@pytest.mark.parametrize('changed', ['m1', 'm2', 'm3'])
@pytest.mark.parametrize('start', [{'m1': 1.0, 'm2': 0.0, 'm3': 0.0}, {'m1': 1.2, 'm2': 0.2, 'm3': 0.1},
                                   {'m1': 1.0, 'm2': 0.0, 'm3': 0.3}, {'m1': 2.0, 'm2': 0.4, 'm3': 0.0}],
                         ids=['none', 'all', 'm3 alone', 'm1 and m2'])
@pytest.mark.parametrize('easy', [False, True])
def test_every_margin_always_applies(changed, start, easy):
    x = li.cosines(np.random.RandomState(1))
    x['pred'] = np.abs(x['pred'])
    values = []
    for more in (0.0, 0.1):
        loss = get_loss('combined', classes=li.CLASSES, s=4, easy_margin=easy,
                        **dict(start, **{changed: start[changed] + more}))
        loss.initialize()
        values.append(lv.value(loss, x))
    assert (values[1] > values[0] + 1e-3).all()


# --- labels ----------------------------------------------------------------------------------------------------------

def test_labels_beyond_float32():
    """Class 16,777,217 has no float32 of its own; an int32 label must reach it."""
    wanted = 2 ** 24 + 1
    assert int(np.float32(wanted)) != wanted
    loss = get_loss('cosloss', classes=wanted + 1, m=0.3, s=40)
    loss.initialize()
    pred = mx.nd.full((1, wanted + 1), -1.0)
    pred[0, wanted] = 1.0
    got = float(loss(pred, mx.nd.array([wanted], dtype='int32')).asnumpy()[0])
    want = math.log(math.exp(40 * 0.7) + wanted * math.exp(-40)) - 40 * 0.7
    assert got == pytest.approx(want, abs=1e-3)


# --- state in the graph ----------------------------------------------------------------------------------------------

class PythonCounter(gluon.HybridBlock):
    """The faulty form: a Python counter in hybrid_forward."""

    def __init__(self):
        super().__init__()
        self.it = 0

    def hybrid_forward(self, F, x):
        self.it += 1
        return x * self.it


def test_a_python_counter_freezes_under_hybridize():
    """Why the counters are parameters."""
    block = PythonCounter()
    block.hybridize()
    x = mx.nd.ones((1,))
    assert len({float(block(x).asnumpy()[0]) for _ in range(4)}) == 1


@pytest.mark.parametrize('name', ['asoftmax-anneal', 'arcface-warmup', 'cosloss-warmup', 'combined-warmup',
                                  'liarcface-warmup', 'focalloss-warmup'])
def test_state_moves_under_hybridize(name):
    loss, _ = lc.BY_NAME[name].make('float64')
    loss.hybridize()
    x = lc.BY_NAME[name].inputs()
    values = [lv.value(loss, x, True, 'float64').sum() for _ in range(3)]
    assert len(set(values)) == 3
    assert values[0] < values[1] < values[2]  # the margin comes in by steps


@pytest.mark.parametrize('name', ['arcface', 'cosloss', 'combined', 'liarcface'])
def test_the_warm_up_goes_from_no_margin_to_the_whole(name):
    x = li.cosines(np.random.RandomState(0))
    full = get_loss(name, classes=li.CLASSES, s=8)
    none = get_loss('normsoftmax', classes=li.CLASSES, s=8)
    if name == 'liarcface':
        none = get_loss(name, classes=li.CLASSES, s=8, m=0)
    warm = get_loss(name, classes=li.CLASSES, s=8, margin_warmup=3)
    for loss in (full, none, warm):
        loss.initialize()
        loss.cast('float64')
    seen = [lv.value(warm, x, True, 'float64') for _ in range(5)]
    np.testing.assert_allclose(seen[0], lv.value(none, x, dtype='float64'), rtol=1e-9)
    np.testing.assert_allclose(seen[3], lv.value(full, x, dtype='float64'), rtol=1e-9)
    np.testing.assert_array_equal(seen[4], seen[3])
    assert all(p.grad_req == 'null' for p in warm.collect_params().values())
