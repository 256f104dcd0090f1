"""SE-ResNet v2 and attention nets: their units, masks and heads against plain NumPy."""
import mxnet as mx
import numpy as np
import pytest
from family_cases import blocks
from mxnet.gluon import nn

from gluonfr.model_zoo import attention_net
from gluonfr.model_zoo.family import PreActivationUnit, embedding_head
from gluonfr.nn import PReLU


def randomise(block, low=-1, high=1):
    """Set every parameter, running statistics included, so that no default hides a mistake."""
    random = np.random.RandomState(1)
    block.initialize()
    for name, parameter in block.collect_params().items():
        value = random.uniform(low, high, parameter.shape)
        parameter.set_data(mx.nd.array(np.abs(value) + 0.5 if name.endswith('running_var') else value))
    return block


def bilinear(x, height, width):
    """Interpolation with aligned corners by slow loops: (B, C, H, W) -> (B, C, height, width)."""
    out = np.zeros(x.shape[:2] + (height, width))
    for i in range(height):
        for j in range(width):
            y = i * (x.shape[2] - 1) / (height - 1)
            z = j * (x.shape[3] - 1) / (width - 1)
            top, left = int(y), int(z)
            down, right = min(top + 1, x.shape[2] - 1), min(left + 1, x.shape[3] - 1)
            a, b = y - top, z - left
            out[:, :, i, j] = ((1 - a) * ((1 - b) * x[:, :, top, left] + b * x[:, :, top, right])
                               + a * ((1 - b) * x[:, :, down, left] + b * x[:, :, down, right]))
    return out


@pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])
@pytest.mark.parametrize('size', [(14, 14), (7, 7), (13, 10)], ids=str)
def test_mask_comes_back_to_its_size_by_bilinear_interpolation(size, hybridize):
    mask = randomise(attention_net._Hourglass(4, 1, size, 1))
    if hybridize:
        mask.hybridize()
    x = mx.nd.array(np.random.RandomState(0).randn(2, 4, *size))
    small = mask.up(mask.down(mask.pool(x))).asnumpy()
    assert small.shape[2:] == tuple((side + 1) // 2 for side in size)
    np.testing.assert_allclose(mask(x).asnumpy(), bilinear(small, *size), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('size', [(14, 14), (28, 20)], ids=str)
def test_deeper_mask_is_an_hourglass_with_skip_units(size):
    mask = randomise(attention_net._Hourglass(4, 2, size, 2), -0.5, 0.5)
    x = mx.nd.array(np.random.RandomState(0).randn(2, 4, *size))
    half = mask.down(mask.pool(x))
    want = mask.up(mask.inner(half) + mask.skip(half)).asnumpy()
    assert mask.inner.inner is None and len(mask.down) == len(mask.up) == 2
    np.testing.assert_allclose(mask(x).asnumpy(), bilinear(want, *size), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])
@pytest.mark.parametrize('depth', [1, 2, 3])
def test_attention_module_computes_one_plus_mask_times_trunk(depth, hybridize):
    module = randomise(attention_net.AttentionModule(8, (14, 14), depth), -0.5, 0.5)
    if hybridize:
        module.hybridize()
    x = mx.nd.array(np.random.RandomState(0).randn(2, 8, 14, 14))
    before = module.before(x)
    mask, trunk = module.mask(before), module.trunk(before)
    assert mask.shape == trunk.shape
    assert 0 < mask.min().asscalar() and mask.max().asscalar() < 1 and mask.asnumpy().std() > 0.01
    want = module.after((1 + mask) * trunk).asnumpy()
    np.testing.assert_allclose(module(x).asnumpy(), want, rtol=1e-4, atol=1e-5)
    last = module.mask[len(module.mask) - 2]
    last.weight.set_data(mx.nd.zeros(last.weight.shape))  # sigmoid(0) = 1/2 everywhere
    np.testing.assert_allclose(module(x).asnumpy(), module.after(1.5 * trunk).asnumpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('stride,channels', [(1, 32), (2, 32), (1, 48)])
@pytest.mark.parametrize('bottleneck', [False, True])
def test_unit_adds_a_gated_residual(stride, channels, bottleneck):
    unit = randomise(PreActivationUnit(32, channels, stride, bottleneck, prelu=True, se=True))
    x = np.random.RandomState(0).randn(2, 32, 5, 6)
    active = unit.activate(mx.nd.array(x))
    residual = active
    for layer in list(unit.body)[:-1]:
        residual = layer(residual)
    residual = residual.asnumpy().astype('float64')
    (w0, b0), (w1, b1) = [(c.weight.data().asnumpy()[:, :, 0, 0], c.bias.data().asnumpy())
                          for c in blocks(unit.body[len(unit.body) - 1], nn.Conv2D)]
    slope, = [p.alpha.data().asscalar() for p in blocks(unit.body[len(unit.body) - 1], PReLU)]
    hidden = residual.mean((2, 3)) @ w0.T + b0
    gate = 1 / (1 + np.exp(-(np.where(hidden > 0, hidden, slope * hidden) @ w1.T + b1)))
    shape_changes = stride != 1 or channels != 32
    assert (unit.shortcut is not None) == shape_changes
    shortcut = unit.shortcut(active).asnumpy() if shape_changes else x
    want = gate[:, :, None, None] * residual + shortcut
    np.testing.assert_allclose(unit(mx.nd.array(x)).asnumpy(), want, rtol=1e-3, atol=1e-3)
    assert want.shape == (2, channels, -(-5 // stride), -(-6 // stride))


def test_unit_activates_before_the_first_convolution():
    """BatchNorm and PReLU of the input by NumPy, then the two convolutions of a unit without SE."""
    unit = randomise(PreActivationUnit(4, 4, 1, False, prelu=True))
    x = np.random.RandomState(0).randn(2, 4, 3, 3)
    norm, act = unit.activate
    gamma, beta, mean, var, slope = (p.data().asnumpy().reshape(1, 4, 1, 1) for p in (
        norm.gamma, norm.beta, norm.running_mean, norm.running_var, act.alpha))
    y = gamma * (x - mean) / np.sqrt(var + 2e-5) + beta
    y = mx.nd.array(np.where(y > 0, y, slope * y))
    for layer in unit.body:
        y = layer(y)
    np.testing.assert_allclose(unit(mx.nd.array(x)).asnumpy(), y.asnumpy() + x, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('pooling', ['flatten', 'average'])
def test_head_by_numpy(pooling):
    head = randomise(embedding_head('Net', 6, (2, 3), 5, 0.4, pooling))
    x = np.random.RandomState(0).randn(4, 6, 2, 3)
    first, last = blocks(head, nn.BatchNorm)

    def normalise(v, norm, gamma, shape):
        gamma, beta, mean, var = (p if isinstance(p, float) else p.data().asnumpy().reshape(shape) for p in (
            gamma, norm.beta, norm.running_mean, norm.running_var))
        return gamma * (v - mean) / np.sqrt(var + 2e-5) + beta

    want = normalise(x.mean((2, 3), keepdims=True) if pooling == 'average' else x, first, first.gamma, (1, 6, 1, 1))
    want = want.reshape(4, -1) @ blocks(head, nn.Dense)[0].weight.data().asnumpy().T
    want = normalise(want, last, 1.0, (1, 5))  # its gamma is fixed, whatever the parameter holds
    np.testing.assert_allclose(head(mx.nd.array(x)).asnumpy(), want, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('pooling,side', [('average', 2), ('flatten', 1)])
def test_head_on_one_position_with_as_many_channels_as_the_embedding(pooling, side):
    """MXNet 1.9.1 on a CPU crashes if BatchNorm of (B, D) follows one of (B, D, 1, 1) that a convolution made."""
    net = nn.HybridSequential()
    net.add(nn.Conv2D(512, 3, padding=1, in_channels=16),
            embedding_head('Net', 512, (side, side), 512, 0, pooling))
    net.initialize()
    x = mx.nd.random.uniform(shape=(2, 16, side, side))
    plain = net(x).asnumpy()
    net.hybridize()
    np.testing.assert_allclose(net(x).asnumpy(), plain, rtol=1e-4, atol=1e-5)
