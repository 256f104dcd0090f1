"""Training in bfloat16: gradients against NumPy and float32, and runs that are exact."""
import logging

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, gluon, nd
from train_cases import (CLASSES, FEATURES, SIZE, KeepWeights, arrays, assert_close, assert_identical, decayed_mean,
                         dense_net, loader, make_head, train, values)

from gluonfr.compat import bfloat16_problem
from gluonfr.compat.amx import Amx
from gluonfr.data.loading import ArrayLoader
from gluonfr.loss import LOSSES, fill_arguments, get_loss
from gluonfr.model_zoo import get_model
from gluonfr.nn import get_head
from gluonfr.train import Checkpoint, accuracy, freeze, precision
from gluonfr.train.precision import InBfloat16

pytestmark = pytest.mark.skipif(bfloat16_problem() is not None, reason='no kernels for bfloat16 on this processor')
TWO = [mx.cpu(0), mx.cpu(1)]
EPSILON = 1e-5


def rounded(x):
    """The nearest bfloat16, in float32; halves go to even."""
    bits = np.ascontiguousarray(x, 'float32').view('uint32')
    return ((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000).astype('uint32').view('float32')


def patches(x):
    """(B, H, W, C, 3, 3): what a 3x3 convolution with a margin of 1 sees at each place."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    return np.lib.stride_tricks.as_strided(
        padded, (len(x), *x.shape[2:], x.shape[1], 3, 3),
        [padded.strides[i] for i in (0, 2, 3, 1, 2, 3)])


def test_values_and_gradients_are_those_of_numpy_that_rounds():
    """Convolution, BatchNorm, ReLU and a fully connected layer, written out; what they take and give is rounded."""
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Conv2D(4, 3, padding=1, use_bias=False, in_channels=3),
            gluon.nn.BatchNorm(epsilon=EPSILON, in_channels=4), gluon.nn.Activation('relu'), gluon.nn.Flatten(),
            gluon.nn.Dense(5, in_units=4 * 36))
    net.initialize(mx.init.Normal(0.5))
    random = np.random.RandomState(0)
    x, r = random.randn(2, 3, 6, 6).astype('float32'), random.randn(2, 5).astype('float32')
    data = nd.array(x)
    data.attach_grad()
    with autograd.record():
        y = InBfloat16(net)(data)
        (y * nd.array(r)).sum().backward()

    weight, dense, bias = (param.data().asnumpy() for param in (net[0].weight, net[4].weight, net[4].bias))
    gamma, beta = net[1].gamma.data().asnumpy()[:, None, None], net[1].beta.data().asnumpy()[:, None, None]
    seen, weight = patches(rounded(x)), rounded(weight)
    a = rounded(np.einsum('bhwcij,ocij->bohw', seen, weight))
    mean, spread = a.mean((0, 2, 3), keepdims=True), np.sqrt(a.var((0, 2, 3), keepdims=True) + EPSILON)
    unit = (a - mean) / spread
    flat = np.maximum(rounded(unit * gamma + beta), 0).reshape(2, -1)
    want = rounded(flat @ rounded(dense).T + rounded(bias))
    back = rounded(r)
    to_dense = rounded(back.T @ flat)
    back = rounded(back @ rounded(dense)).reshape(a.shape) * (flat.reshape(a.shape) > 0)
    to_gamma, to_beta = (back * unit).sum((0, 2, 3)), back.sum((0, 2, 3))
    back = rounded(gamma / spread * (back - back.mean((0, 2, 3), keepdims=True)
                                     - unit * (back * unit).mean((0, 2, 3), keepdims=True)))
    to_weight = rounded(np.einsum('bhwcij,bohw->ocij', seen, back))
    to_data = rounded(np.einsum('bhwoij,ocij->bchw', patches(back), weight[:, :, ::-1, ::-1]))

    for found, wanted in ((y, want), (net[4].weight.grad(), to_dense), (net[4].bias.grad(), rounded(r).sum(0)),
                          (net[1].gamma.grad(), to_gamma), (net[1].beta.grad(), to_beta),
                          (net[0].weight.grad(), to_weight), (data.grad, to_data)):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found.asnumpy(), wanted, rtol=2 ** -6, atol=2 ** -7 * np.abs(wanted).max())
    np.testing.assert_allclose(net[1].running_mean.data().asnumpy(), 0.1 * np.ravel(mean), rtol=1e-3, atol=1e-4)


ONE_EACH = dict(units=(1, 1, 1, 1), input_size=32)
SMALL = [('lenetplus', {}, (1, 28), False, 0.98, 0.9), ('miniresnet18', {}, (1, 28), False, 0.98, 0.9),
         ('iresnet18', dict(use_se=True, **ONE_EACH), (3, 32), False, 0.99, 0.98),
         ('iresnet18', ONE_EACH, (3, 32), True, 0.99, 0.98),  # with the layouts for AMX
         ('mobilefacenet', dict(input_size=32), (3, 32), True, 0.95, 0.6)]


@pytest.mark.parametrize('name, arguments, shape, tiles, least, least_gradient', SMALL)
def test_nets_of_the_zoo_are_near_float32(name, arguments, shape, tiles, least, least_gradient):
    mx.random.seed(2)
    net = get_model(name, need_cls_layer=False, **arguments)
    net.initialize()
    random = np.random.RandomState(0)
    count = 8
    x = nd.array(random.uniform(-1, 1, (count, shape[0], shape[1], shape[1])))
    trained = [param for param in net.collect_params().values() if param.grad_req != 'null']
    net(x[:1])
    outs, gradients = [], []
    for called in (net, InBfloat16(net, tiles)):
        mx.random.seed(1)  # of dropout
        with autograd.record():
            out = called(x)
            # products of images: behind a BatchNorm, a sum of all has no gradient
            (out[::2] * out[1::2]).sum().backward()
        outs.append(out.asnumpy())
        gradients.append(np.concatenate([np.ravel(param.grad().asnumpy()) for param in trained]))
    assert outs[1].dtype == np.float32 and cosine(*outs) > least
    assert np.isfinite(gradients[1]).all() and cosine(*gradients) > least_gradient
    assert all(param.grad().abs().max().asscalar() > 0 for param in trained)


def cosine(a, b):
    return np.sum(a * b) / np.sqrt(np.sum(a * a) * np.sum(b * b))


def test_a_batch_of_another_shape_is_refused():
    net = get_model('lenetplus')
    net.initialize()
    with pytest.raises(ValueError, match=r'x must be images \(B, 1, 28, 28\), got \(2, 1, 27, 28\)'):
        InBfloat16(net)(nd.zeros((2, 1, 27, 28)))


def test_learns_as_float32_does():
    low, full = (train(conv_net(), data=images(), epochs=4, precision=kind) for kind in ('bfloat16', 'float32'))
    assert low.history[-1]['loss'] == pytest.approx(full.history[-1]['loss'], rel=0.05)
    assert low.history[-1]['loss'] != full.history[-1]['loss']
    assert low.history[-1]['accuracy'] > 0.9 and accuracy(low.net, images(), head=low.head) > 0.9


def conv_net(dropout=0.0):
    """Convolution, BatchNorm, ReLU and dropout on the points as images."""
    net = gluon.nn.HybridSequential(prefix='net_')
    with net.name_scope():
        net.add(gluon.nn.Conv2D(8, (1, 3), padding=(0, 1)), gluon.nn.BatchNorm(), gluon.nn.Activation('relu'))
        if dropout:
            net.add(gluon.nn.Dropout(dropout))
        net.add(gluon.nn.Dense(SIZE))
    return net


class Images:
    """The points of `loader` as images (B, 1, 1, 6)."""

    def __init__(self):
        self._points = loader()

    def batches(self, epoch, start):
        for x, label in self._points.batches(epoch, start):
            yield x.reshape((-1, 1, 1, FEATURES)), label

    def __iter__(self):
        return self.batches(0, 0)

    def __len__(self):
        return len(self._points)


def images():
    return Images()


def run(**kwargs):
    return values(train(conv_net(0.3), data=images(), **{'precision': 'bfloat16', **kwargs}))


def test_the_same_to_the_bit_again_hybridized_or_not():
    first = run()
    assert_identical(first, run())
    assert_identical(first, run(hybridize=False))
    assert {value.dtype for value in first.values()} == {np.dtype('float32')}


def test_resume_is_exact_and_checkpoints_are_float32(tmp_path):
    whole = run(epochs=3)
    run(epochs=2, callbacks=[Checkpoint(str(tmp_path))])
    assert_identical(whole, run(epochs=3, resume=str(tmp_path)))
    other = train(conv_net(0.3), data=images(), epochs=3, resume=str(tmp_path))  # and go on in float32
    assert other.step == 18


@pytest.mark.parametrize('hybridize', [False, True])
def test_averages_accumulation_and_a_teacher(tmp_path, hybridize):
    keep = KeepWeights()

    def job(epochs, *more, **kwargs):
        return run(epochs=epochs, ema=0.8, accumulate=2, lr_mult={'net/0': 0.5}, distill=2, hybridize=hybridize,
                   teacher=lambda x: x.reshape((0, -1))[:, :SIZE], callbacks=[Checkpoint(str(tmp_path)), *more],
                   **kwargs)

    whole = job(3, keep)
    for name, expected in decayed_mean(keep.rows, 0.8).items():
        np.testing.assert_allclose(whole[name], expected[0], rtol=2e-5, atol=1e-6, err_msg=name)
    for path in tmp_path.glob('*'):
        path.unlink()
    job(2)
    assert_identical(whole, job(3, resume='auto'))


def test_two_contexts_are_near_one():
    one, two = (train(precision='bfloat16', ctx=ctx) for ctx in (mx.cpu(0), TWO))
    assert_close(values(one), values(two), 0.02)


def test_frozen_layers_stay():
    net = dense_net()
    net.initialize()
    net(nd.zeros((1, FEATURES)))
    head = make_head()
    freeze([r'net/0\.'], net=net, head=head)
    before = net[0].weight.data().asnumpy()
    state = train(net, head=head, precision='bfloat16')
    assert values(state)['net/0.weight'].tobytes() == before.tobytes()
    assert state.history[-1]['loss'] < state.history[0]['loss']


NEEDED = {'contrastiveloss': {'mining': 'all'}, 'mpsloss': {'mining': 'all'}, 'triplet': {'mining': 'batch-hard'},
          'centerloss': {'lamda': 0.1}, 'cocoloss': {'alpha': 4}, 'gitloss': {'lamda_c': 0.1, 'lamda_g': 0.1},
          'l2softmax': {'alpha': 4}, 'lgmloss': {'alpha': 0.1, 'lamda': 0.1, 'lr_mult': 1}, 'ringloss': {'lamda': 0.1},
          'rangeloss': {'alpha': 0.1, 'beta': 0.1, 'top_k': 1, 'margin': 1},
          'dynamicmargin': {'counts': range(1, CLASSES + 1)}}


@pytest.mark.parametrize('name', LOSSES.names())
def test_every_loss_trains(name):
    loss = get_loss(name, **fill_arguments(name, NEEDED.get(name, {}), classes=CLASSES, embedding_size=SIZE,
                                           groups=(CLASSES, 4)))
    head = None if loss.head is None else get_head(loss.head, CLASSES, SIZE)
    x, label = arrays(200)
    order = np.concatenate([np.flatnonzero(label == i)[:8].reshape(2, 4) for i in range(CLASSES)], axis=1)  # 4 of each
    data = ArrayLoader(x[order.ravel()], label[order.ravel()], 4 * CLASSES)
    state = train(loss=loss, data=data, head=head, epochs=1, precision='bfloat16', optimizer_params={
        'learning_rate': 1e-3})
    assert state.step == 2 and np.isfinite(state.history[-1]['loss'])


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="fit: precision must be one of 'float32', 'bfloat16', got 'bfloat17'"):
        train(precision='bfloat17')


def test_a_block_that_cannot_be_traced_is_refused():
    class Plain(gluon.Block):
        """Anything."""

    with pytest.raises(ValueError, match='needs a network that is a HybridBlock, got Plain'):
        precision.check_precision('bfloat16', Plain(), [mx.cpu()])


def test_a_float16_net_is_refused():
    net = gluon.nn.Dense(SIZE, in_units=FEATURES)
    net.cast('float16')
    with pytest.raises(ValueError, match="must be 'float32' for a network that was cast to float16"):
        precision.check_precision('bfloat16', net, [mx.cpu()])


def test_gpus_are_refused():
    with pytest.raises(ValueError, match=r"'bfloat16' is for CPUs, got \[gpu\(0\)\]. Cast the network to float16"):
        precision.check_precision('bfloat16', dense_net(), [mx.gpu(0)])


def test_a_processor_without_kernels_is_refused(monkeypatch):
    monkeypatch.setattr('gluonfr.compat.amx._state', Amx(isa='AVX2'))
    with pytest.raises(ValueError, match="precision must be 'float32' here, got 'bfloat16': DNNL_MAX_CPU_ISA=AVX2 lea"):
        train(precision='bfloat16')


def test_a_processor_that_only_emulates_it_is_said(monkeypatch, caplog):
    monkeypatch.setattr('gluonfr.compat.amx._state', Amx(isa='AVX512_CORE'))
    with caplog.at_level(logging.WARNING, 'gluonfr'):
        InBfloat16(dense_net())
    assert 'bfloat16 is slower than float32 here: DNNL_MAX_CPU_ISA=AVX512_CORE is set' in caplog.text
