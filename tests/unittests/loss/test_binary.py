"""SphereFace2 and UniFace: where their bias starts, that it is trained, and what cannot go on top of them."""
import mxnet as mx
import numpy as np
import pytest

import loss_inputs as li
import loss_values as lv
from gluonfr.loss import get_loss

BINARY = pytest.mark.parametrize('name', ['sphereface2', 'uniface'])


def made(name, **args):
    loss = get_loss(name, **args)
    loss.initialize()
    loss.cast('float64')
    return loss


@BINARY
@pytest.mark.parametrize('classes', [3, 100, 10000])
def test_the_bias_starts_in_balance_for_random_directions(name, classes):
    """At cosine 0 the gradient of the bias is that of a minimum: the target pulls as much as all others push."""
    loss = made(name, classes=classes)
    x = {'pred': np.zeros((2, classes)), 'label': np.array([0, classes - 1])}
    _, _, by_param = lv.gradients(loss, x, np.ones(2))
    assert abs(by_param['bias'][0]) < 1e-5
    loss.bias.set_data(loss.bias.data() + 1)
    _, _, moved = lv.gradients(loss, x, np.ones(2))
    assert abs(moved['bias'][0]) > 1e-4


@BINARY
def test_the_first_bias_can_be_said(name):
    loss = made(name, classes=5, b_init=-2.5)
    assert loss.scalars() == {'Bias': -2.5}
    with pytest.raises(TypeError, match='b_init must be a number'):
        get_loss(name, classes=5, b_init='none')


@BINARY
def test_no_weight_decay_pulls_at_the_bias(name):
    loss = made(name, classes=5)
    assert loss.bias.wd_mult == 0 and loss.bias.grad_req == 'write'


@pytest.mark.parametrize('name, lr', [('sphereface2', 200), ('uniface', 5)])  # one is divided by s
def test_the_bias_follows_the_data(name, lr):
    """Where everything scores high it moves until fewer do."""
    loss = made(name, classes=li.CLASSES)
    trainer = mx.gluon.Trainer(loss.collect_params(), 'sgd', {'learning_rate': lr})
    x = {'pred': np.full((4, li.CLASSES), 0.8), 'label': np.arange(4)}
    before = lv.value(loss, x, dtype='float64').mean()
    for _ in range(20):
        lv.gradients(loss, x, np.ones(4), True)
        trainer.step(4)
    assert lv.value(loss, x, dtype='float64').mean() < 0.7 * before


@pytest.mark.parametrize('name', ['sphereface2', 'uniface', 'proxyanchor'])
def test_focal_loss_refuses_what_is_no_cross_entropy(name):
    with pytest.raises(ValueError, match='FocalLoss: loss must be an unweighted cross-entropy'):
        get_loss('focalloss', loss=name, classes=5)


@pytest.mark.parametrize('args, text', [
    ({'lamda': 0}, 'lamda must be'), ({'lamda': 1}, 'lamda must be'), ({'t': 0.5}, 't must be'),
    ({'s': 0}, 's must be'), ({'gradient': 'none'}, 'gradient must be one of')])
def test_sphereface2_refuses(args, text):
    with pytest.raises(ValueError, match='SphereFace2: ' + text):
        get_loss('sphereface2', classes=5, **args)
