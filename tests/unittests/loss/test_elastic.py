"""The margins that ElasticFace draws, read back from its loss."""
import math

import mxnet as mx
import numpy as np
import pytest
from train_cases import CLASSES, SIZE, assert_identical, train, values

import loss_values as lv
import reference as ref
from gluonfr.loss import get_loss
from gluonfr.nn import get_head
from gluonfr.train import Checkpoint

FORMS = pytest.mark.parametrize('form', ['imperative', 'hybrid', 'static', 'inside a graph'])
NAMES = pytest.mark.parametrize('name,m', [('elasticarc', 0.5), ('elasticcos', 0.35)])


def call_of(loss, form):
    """What to call: the loss in one of its forms."""
    if form == 'inside a graph':
        loss = lv.Outer(loss)
    if form != 'imperative':
        loss.hybridize(**({'static_alloc': True, 'static_shape': True} if form == 'static' else {}))
    return loss


def made(name, form='imperative', **more):
    loss = get_loss(name, **dict(dict(classes=2, s=4), **more))
    loss.initialize()
    loss.cast('float64')
    return call_of(loss, form)


def inputs(count, seed=0):
    return {'pred': np.random.RandomState(seed).uniform(-0.6, 0.9, (count, 2)), 'label': np.zeros(count)}


def drawn(name, x, out):
    """The margins of samples, from CE = log(1 + exp(4 cos_other - z_target))."""
    target = x['pred'][:, 1] - np.log(np.exp(out) - 1) / 4
    if name == 'elasticcos':
        return x['pred'][:, 0] - target
    return np.arccos(target) - np.arccos(x['pred'][:, 0])


@NAMES
@FORMS
@pytest.mark.parametrize('plus', [False, True])
def test_margins_are_drawn_from_the_normal_distribution(name, m, form, plus):
    x, loss = inputs(20000), made(name, form, sigma=0.05, plus=plus)
    mx.random.seed(7)
    first, second = (drawn(name, x, lv.value(loss, x, True, 'float64')) for _ in range(2))
    for margins in (first, second):
        assert margins.mean() == pytest.approx(m, abs=4 * 0.05 / math.sqrt(20000))
        assert margins.std() == pytest.approx(0.05, rel=0.03)
        assert np.mean(np.abs(margins - m) < 0.05) == pytest.approx(0.6827, abs=0.015)
    assert abs(first - second).max() > 0.001
    by_cosine = np.corrcoef(x['pred'][:, 0], first)[0, 1]
    if plus:
        order = np.argsort(x['pred'][:, 0])
        assert (np.diff(first[order]) <= 1e-9).all()  # the nearer to the centre, the smaller the margin
    else:
        assert abs(by_cosine) < 0.03


@NAMES
def test_the_papers_spreads_are_the_defaults(name, m):
    for plus, sigma in ((False, 0.05), (True, 0.0175 if name == 'elasticarc' else 0.025)):
        loss = get_loss(name, classes=5, plus=plus)
        assert 'm={}, sigma={}, plus={}'.format(m, sigma, plus) in repr(loss) and 's=64' in repr(loss)


@NAMES
@FORMS
def test_the_seed_decides_in_every_form(name, m, form):
    x, want, loss = inputs(9), made(name, 'imperative', sigma=0.2), made(name, form, sigma=0.2)
    for seed in (1, 2, 1):
        mx.random.seed(seed)
        expected = lv.value(want, x, True, 'float64')
        mx.random.seed(seed)
        np.testing.assert_array_equal(lv.value(loss, x, True, 'float64'), expected)


@NAMES
@FORMS
def test_evaluation_has_no_randomness(name, m, form):
    x, loss = inputs(9), made(name, form, sigma=0.2, s=8)
    want = ref.combined(x['pred'], x['label'], 1, *((m, 0) if name == 'elasticarc' else (0, m)), 8)
    for _ in range(2):
        lv.close(lv.value(loss, x, False, 'float64'), want)


@NAMES
@pytest.mark.parametrize('plus', [False, True])
def test_the_gradient_takes_the_margin_as_given(name, m, plus):
    x, loss = inputs(6), made(name, sigma=0.2, plus=plus)
    head = np.linspace(1, 2, 6)
    mx.random.seed(3)
    out, by_input, _ = lv.gradients(loss, x, head, True)
    margins = drawn(name, x, out)

    def total(pred):
        logits = np.array(pred)
        for i, margin in enumerate(margins):
            logits[i, 0] = ref.psi(pred[i, 0], 1, *((margin, 0) if name == 'elasticarc' else (0, margin)))
        return head @ ref.cross_entropy(4 * logits, x['label'])
    np.testing.assert_allclose(by_input['pred'], ref.numerical_gradient(total, x['pred']), rtol=2e-5, atol=2e-6)


@NAMES
def test_the_warm_up_scales_the_drawn_margin(name, m):
    x, loss = inputs(9), made(name, sigma=0.2, margin_warmup=2)
    seen = []
    for _ in range(4):
        mx.random.seed(5)
        seen.append(drawn(name, x, lv.value(loss, x, True, 'float64')))
    np.testing.assert_allclose(seen[0], 0, atol=1e-7)
    np.testing.assert_allclose(seen[1], seen[2] / 2, rtol=1e-6)
    np.testing.assert_array_equal(seen[2], seen[3])


@pytest.mark.parametrize('plus', [False, True])
def test_a_training_repeats_and_resumes_bit_for_bit(plus, tmp_path):
    def fit(epochs, **more):
        loss = get_loss('elasticarc', classes=CLASSES, m=0.2, s=8, sigma=0.1, plus=plus, prefix='elastic_')
        head = get_head('cosine', CLASSES, SIZE)
        return train(loss=loss, head=head, epochs=epochs, hybridize=True, **more)

    whole, again = fit(4), fit(4)
    assert_identical(values(whole), values(again))
    fit(2, callbacks=[Checkpoint(str(tmp_path))])
    assert_identical(values(whole), values(fit(4, resume='auto', callbacks=[Checkpoint(str(tmp_path))])))
    assert whole.history[-1]['loss'] < whole.history[0]['loss']
