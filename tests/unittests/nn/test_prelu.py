"""The fast PReLU is Gluon's PReLU: same parameters, value and gradient."""
import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, gluon

import reference as ref
from gluonfr.nn import PReLU

HYBRID = pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])


def slopes(channels, dtype='float32'):
    return np.random.RandomState(1).uniform(-0.5, 1.5, channels).astype(dtype)


def data(shape):
    return np.random.RandomState(0).randn(*shape).astype('float32')


def run(block, x, dtype='float32'):
    """(value, gradient of x, gradient of alpha)."""
    x = mx.nd.array(x, dtype=dtype)
    x.attach_grad()
    with autograd.record():
        out = block(x)
    out.backward(mx.nd.array(np.random.RandomState(2).rand(*out.shape), dtype=dtype))
    return out.asnumpy(), x.grad.asnumpy(), block.alpha.grad().asnumpy()


def make(channels, alpha, hybridize=False, dtype='float32', **options):
    block = PReLU(channels, **options)
    block.initialize()
    block.cast(dtype)
    block.alpha.set_data(mx.nd.array(alpha, dtype=dtype))
    if hybridize:
        block.hybridize()
    return block


class Plain(gluon.HybridBlock):
    """The plain operator with the same parameter."""

    def __init__(self, channels):
        super().__init__()
        with self.name_scope():
            self.alpha = self.params.get('alpha', shape=(channels,))

    def hybrid_forward(self, F, x, alpha):
        return F.LeakyReLU(x, gamma=alpha, act_type='prelu', name='fwd')


@pytest.mark.parametrize('channels,shape', [(1, (2, 3, 4, 5)), (3, (2, 3, 4, 5)), (3, (1, 3, 1, 1)), (1, (4, 6)),
                                            (6, (4, 6)), (2, (3, 2, 7, 1))], ids=str)
@HYBRID
def test_value_and_gradient_equal_the_plain_operator(channels, shape, hybridize):
    alpha, x = slopes(channels), data(shape)
    plain = Plain(channels)
    plain.initialize()
    plain.alpha.set_data(mx.nd.array(alpha))
    fast = make(channels, alpha, hybridize, spatial=len(shape) == 4, in_channels=shape[1])
    for got, want in zip(run(fast, x), run(plain, x)):
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(run(fast, x)[0], ref.prelu(x, alpha), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize('channels', [1, 3])
def test_gradient_in_float64(channels):
    alpha, x = slopes(channels, 'float64'), data((2, 3, 2, 2)).astype('float64')
    head = np.random.RandomState(2).rand(2, 3, 2, 2)
    _, by_x, by_alpha = run(make(channels, alpha, dtype='float64'), x, 'float64')
    np.testing.assert_allclose(by_x, ref.numerical_gradient(lambda v: (head * ref.prelu(v, alpha)).sum(), x), rtol=1e-6,
                               atol=1e-8)
    np.testing.assert_allclose(by_alpha, ref.numerical_gradient(lambda v: (head * ref.prelu(x, v)).sum(), alpha),
                               rtol=1e-6, atol=1e-8)


@HYBRID
@pytest.mark.parametrize('channels', [1, 3])
def test_zero_and_nan(channels, hybridize):
    x = data((2, 3, 4, 4))
    x[0, 0, 0, 0] = 0.0
    x[1, 2, 3, 3] = np.nan
    out, by_x, _ = run(make(channels, slopes(channels), hybridize), x)
    assert out[0, 0, 0, 0] == 0.0 and np.isfinite(by_x[0, 0, 0, 0])
    assert np.isnan(out[1, 2, 3, 3]) and np.isnan(out).sum() == 1


def test_one_slope_by_default_at_a_quarter():
    block = PReLU()
    block.initialize()
    np.testing.assert_array_equal(block.alpha.data().asnumpy(), [0.25])
    per_channel = PReLU(64)
    per_channel.initialize()
    np.testing.assert_array_equal(per_channel.alpha.data().asnumpy(), np.full(64, 0.25, 'float32'))


@pytest.mark.parametrize('channels', [1, 3])
def test_weights_interchange_with_gluon(channels, tmp_path):
    x = mx.nd.array(data((2, 3, 4, 4)))
    for first, second in ((PReLU(channels), gluon.nn.PReLU(in_channels=channels)),
                          (gluon.nn.PReLU(in_channels=channels), PReLU(channels))):
        first.initialize(mx.init.Uniform(1))
        first.alpha.set_data(mx.nd.array(slopes(channels)))
        path = str(tmp_path / 'p.params')
        first.save_parameters(path)
        second.load_parameters(path)
        np.testing.assert_allclose(second(x).asnumpy(), first(x).asnumpy(), rtol=1e-6, atol=1e-7)


def test_slopes_of_the_channels_are_not_shared():
    """Gluon's default gives one slope to all channels; the face nets have one each."""
    x = -np.ones((1, 3, 2, 2), dtype='float32')
    out = make(3, np.array([0.1, 0.2, 0.3]))(mx.nd.array(x)).asnumpy()
    np.testing.assert_allclose(out[0, :, 0, 0], [-0.1, -0.2, -0.3], rtol=1e-6)


def test_wrong_number_of_channels():
    with pytest.raises((ValueError, mx.MXNetError)):
        make(4, slopes(4))(mx.nd.array(data((2, 3, 4, 4)))).wait_to_read()


@pytest.mark.parametrize('channels', [0, -1, 1.5])
def test_channels_must_be_a_count(channels):
    with pytest.raises(ValueError, match='^PReLU: .*channels.* must be .*got '):
        PReLU(channels)


def test_export(tmp_path):
    """The graph that leaves through export computes the same."""
    block = make(3, slopes(3), hybridize=True)
    x = mx.nd.array(data((2, 3, 4, 4)))
    want = block(x).asnumpy()
    block.export(str(tmp_path / 'prelu'))
    back = gluon.SymbolBlock.imports(str(tmp_path / 'prelu-symbol.json'), ['data'], str(tmp_path / 'prelu-0000.params'))
    np.testing.assert_allclose(back(x).asnumpy(), want, rtol=1e-6)


def test_several_contexts():
    block = PReLU(3)
    block.initialize(ctx=[mx.cpu(0), mx.cpu(1)])
    x = data((2, 3, 4, 4))
    outs = [block(mx.nd.array(x, ctx=ctx)).asnumpy() for ctx in (mx.cpu(0), mx.cpu(1))]
    np.testing.assert_array_equal(outs[0], outs[1])


def test_repr():
    assert repr(PReLU(64)).startswith('PReLU(') and '64' in repr(PReLU(64))
