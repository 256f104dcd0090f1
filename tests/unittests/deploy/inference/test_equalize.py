"""gluonfr.deploy.inference.equalize: the same function, with channels of one size between two layers."""
import numpy as np
import pytest
from mxnet import nd
from mxnet.gluon import nn

from gluonfr.deploy import Embedder
from gluonfr.deploy.inference.equalize import equalize
from gluonfr.nn.trace import trace
from gluonfr.model_zoo.spec import InputSpec
from gluonfr.nn import PReLU

SHAPE = (3, 12, 12)
LOUD = 60  # how much larger than the others one channel is


def uneven(*between, norm=True, slope=-0.5):
    """Layers around what is between them; of 8 channels there, one has values LOUD times as large."""
    net = nn.HybridSequential()
    net.add(nn.Conv2D(8, 3, padding=1, in_channels=3))
    if norm:
        net.add(nn.BatchNorm(in_channels=8))
    net.add(*between, nn.Conv2D(6, 1, in_channels=8), nn.GlobalAvgPool2D(), nn.Flatten())
    net.initialize('xavier')
    layer = net[1] if norm else net[0]
    weight = layer.gamma if norm else layer.weight
    factors = np.ones(8)
    factors[3] = LOUD
    weight.set_data(weight.data() * nd.array(factors.reshape((-1,) + (1,) * (len(weight.shape) - 1))))
    weight = net[-3].weight  # the next layer has small weights for it, as a trained one would
    weight.set_data(weight.data() / nd.array(factors.reshape(1, -1, 1, 1)))
    for child in net:
        if isinstance(child, PReLU):
            child.alpha.set_data(nd.array(np.linspace(slope, 1, 8)))
        elif isinstance(child, nn.BatchNorm):
            child.beta.set_data(nd.array(np.linspace(-0.1, 0.1, 8)))
    net.hybridize()
    net.input_spec = InputSpec(size=SHAPE[1:], embedding_size=6)
    return net


def pictures(count=16):
    return np.random.RandomState(0).randint(0, 256, (count,) + SHAPE[1:] + (3,)).astype('uint8')


def normalized(count=6):
    return np.random.RandomState(0).uniform(-1, 1, (count,) + SHAPE).astype('float32')


def run(symbol, params, x):
    return nd.CachedOp(symbol)(*[nd.array(x) if name == 'data' else params[name] for name in symbol.list_inputs()])


def spread(symbol, params, name, x):
    """The largest value of any channel of an output over that of the median channel."""
    largest = run(symbol.get_internals()[name + '_output'], params, x).abs().max(axis=(0, 2, 3)).asnumpy()
    return largest.max() / np.median(largest)


@pytest.mark.parametrize('between, norm', [
    ([PReLU(8)], True), ([PReLU(8)], False), ([nn.Activation('relu')], True), ([nn.LeakyReLU(0.1)], False), ([], True),
    ([PReLU(8), nn.Dropout(0.2), nn.MaxPool2D(2)], True), ([nn.AvgPool2D(3, 2, 1), PReLU(8)], True)],
    ids=['prelu', 'convolution', 'relu', 'leaky', 'nothing', 'maxpool', 'avgpool'])
def test_the_function_stays_and_channels_become_alike(between, norm):
    net = uneven(*between, norm=norm)
    layer, (symbol, params) = net[1] if norm else net[0], trace(net)
    x = normalized()
    changed = equalize(symbol, params, SHAPE, x)
    want, found = run(symbol, params, x).asnumpy(), run(symbol, changed, x).asnumpy()
    np.testing.assert_allclose(found, want, rtol=0, atol=1e-6 * np.abs(want).max())
    name = layer.name + '_fwd'
    assert spread(symbol, params, name, x) > 0.4 * LOUD
    assert spread(symbol, changed, name, x) < 1.001


def test_depthwise_layers_on_either_side():
    net = uneven(PReLU(8), nn.Conv2D(8, 3, padding=1, groups=8, in_channels=8), nn.BatchNorm(in_channels=8), PReLU(8))
    symbol, params = trace(net)
    x = normalized()
    changed = equalize(symbol, params, SHAPE, x)
    differs = [name for name in params if not np.array_equal(params[name].asnumpy(), changed[name].asnumpy())]
    assert len(differs) == 6  # gamma and beta of two BatchNorms, the weights of two convolutions
    want = run(symbol, params, x).asnumpy()
    np.testing.assert_allclose(run(symbol, changed, x).asnumpy(), want, rtol=0, atol=1e-6 * np.abs(want).max())


def test_a_channel_without_values_stays_finite():
    net = uneven(nn.Activation('relu'))
    net[1].gamma.set_data(nd.array(np.arange(8) % 2 * 5))
    symbol, params = trace(net)
    changed = equalize(symbol, params, SHAPE, normalized())
    assert all(np.isfinite(value.asnumpy()).all() for value in changed.values())
    net[1].gamma.set_data(nd.zeros(8))
    symbol, params = trace(net)
    changed = equalize(symbol, params, SHAPE, normalized())
    assert all(np.isfinite(value.asnumpy()).all() for value in changed.values())


class _Twice(nn.HybridBlock):
    """A layer whose output or weights are used twice."""

    def __init__(self, what):
        super().__init__()
        self._what = what
        with self.name_scope():
            self.first, self.second = nn.Conv2D(8, 1, in_channels=8), nn.Conv2D(8, 1, in_channels=8)

    def hybrid_forward(self, F, x):
        """Apply them."""
        if self._what == 'weights':
            return self.first(F.relu(self.first(x)))
        y = self.first(x)
        return self.second(F.relu(y)) + y


@pytest.mark.parametrize('between', [
    [nn.BatchNorm(scale=False, in_channels=8)], [nn.Activation('sigmoid')], [nn.ELU()],
    [nn.Activation('sigmoid'), _Twice('output'), nn.Activation('sigmoid')],
    [nn.Activation('sigmoid'), _Twice('weights'), nn.Activation('sigmoid')],
    [nn.Conv2D(8, 1, groups=2, in_channels=8), nn.Activation('sigmoid')]],
    ids=['fixed gamma', 'sigmoid', 'elu', 'output', 'weights', 'groups'])
def test_what_cannot_be_scaled_is_left(between):
    symbol, params = trace(uneven(*between, norm=False))
    changed = equalize(symbol, params, SHAPE, normalized())
    assert set(changed) == set(params)
    assert all(np.array_equal(params[name].asnumpy(), changed[name].asnumpy()) for name in params)


def test_int8_tells_small_channels_apart(monkeypatch):
    def cosines():
        found = Embedder(net, precision='int8', calibration=data)(data)
        return (found * want).sum(axis=1)

    net, data = uneven(PReLU(8), nn.Conv2D(8, 3, padding=1, groups=8, in_channels=8), PReLU(8), slope=-3), pictures()
    want = Embedder(net)(data)
    found = cosines().min()
    assert found > 0.995
    monkeypatch.setattr('gluonfr.deploy.inference.fuse.equalize', lambda symbol, params, shape, images: params)
    assert cosines().min() < found - 0.01  # what it is without
