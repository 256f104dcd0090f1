"""Learning rates of their own for parts of a network."""
import mxnet as mx
import numpy as np
import pytest
from mxnet import gluon
from train_cases import FEATURES, assert_identical, dense_net, train, values

from gluonfr.model_zoo import MODELS, get_model
from gluonfr.model_zoo.sizes import SIZES
from gluonfr.train import layer_decay
from gluonfr.train.parameters import named_parameters
from gluonfr.train.rates import rate_factors


def updates(**kwargs):
    """What one step of plain SGD adds to each parameter."""
    start = values(train(epochs=0))
    state = train(data=[(mx.nd.random.uniform(shape=(8, FEATURES)), mx.nd.array(np.arange(8) % 4))], epochs=1,
                  optimizer_params={'learning_rate': 0.5}, **kwargs)
    return {name: value - start[name] for name, value in values(state).items()}, state


def test_rates_by_pattern_and_the_last_counts():
    mx.random.seed(0)
    plain, _ = updates()
    mx.random.seed(0)
    scaled, state = updates(lr_mult={'net/': 0.25, r'net/1\.weight': 0, 'head/weight': 2})
    factors = {'net/0.weight': 0.25, 'net/0.bias': 0.25, 'net/1.weight': 0, 'net/1.bias': 0.25, 'head/weight': 2,
               'head/bias': 1}
    assert sorted(scaled) == sorted(factors)
    for name, factor in factors.items():
        assert np.abs(plain[name]).max() > 1e-4
        np.testing.assert_allclose(scaled[name], factor * plain[name], rtol=1e-3, atol=1e-7, err_msg=name)
    assert all(param.lr_mult == 1 for param in state.params.values()), 'of the parameter itself'


def test_a_factor_comes_to_that_of_the_parameter():
    net = dense_net()
    net[0].weight.lr_mult = 0.5
    mx.random.seed(0)
    twice, _ = updates(net=net, lr_mult={r'net/0\.weight': 0.5})
    assert net[0].weight.lr_mult == 0.5
    mx.random.seed(0)
    once, _ = updates(lr_mult={r'net/0\.weight': 0.25})
    assert_identical(twice, once)


@pytest.mark.parametrize('lr_mult, text', [
    ({'net/7': 0.1}, r"lr_mult: the pattern 'net/7' matches no parameter\. The names are net/0\.weight, .*head/bias\."),
    ({'net/': -1}, "fit: lr_mult of 'net/' must be >= 0, got -1"),
    ({'(': 1}, r"fit: lr_mult: the pattern '\(' is no regular expression")])
def test_patterns_that_are_wrong_are_refused(lr_mult, text):
    with pytest.raises(ValueError, match=text):
        train(lr_mult=lr_mult)


def test_layer_decay_of_layers_without_sizes():
    rates = layer_decay(dense_net(batch_norm=True), 0.5)
    assert rates == {r'net/0\.': 0.5, r'net/1\.': 0.5, r'net/2\.': 1}  # Dense and its BatchNorm, Dense
    assert layer_decay(dense_net(), 1) == {r'net/0\.': 1, r'net/1\.': 1}


@pytest.mark.parametrize('name, stages', [
    ('mobilefacenet', 5), ('iresnet18', 6), ('resnet18_v1b_face', 6), ('se_resnet18_v2', 6), ('lenetplus', 4),
    ('attention_net56', 6)])
def test_layer_decay_of_the_zoo(name, stages):
    net = get_model(name)
    rates = layer_decay(net, 0.5)
    names = named_parameters(net=net)
    factors = rate_factors(names, rates)
    assert list(factors) == list(names), 'every layer once, in its order'
    order = [factors[name] for name in names]
    assert order == sorted(order) and sorted(set(order)) == [0.5 ** k for k in reversed(range(stages))]


def test_layer_decay_leaves_a_class_layer_alone():
    net = get_model('lenetplus', classes=10, need_cls_layer=True)
    assert not any(pattern.startswith('net/output') for pattern in layer_decay(net, 0.5))


@pytest.mark.parametrize('name', [name for name in MODELS.names() if SIZES[name].values < 1e9])  # of 1,030 units: slow
def test_every_network_has_stages(name):
    assert 3 <= len(set(layer_decay(get_model(name), 0.5).values())) <= 8


@pytest.mark.parametrize('decay', [0, 1.5])
def test_a_decay_out_of_range(decay):
    with pytest.raises(ValueError, match=r'layer_decay: decay must be in \(0, 1\], got'):
        layer_decay(dense_net(), decay)


def test_a_network_without_layers():
    with pytest.raises(ValueError, match='layer_decay: net must be made of layers with parameters, got Dense'):
        layer_decay(gluon.nn.Dense(3), 0.5)
