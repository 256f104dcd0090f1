"""Training a net in float16."""
import mxnet as mx
import numpy as np
import pytest
from mxnet.gluon import HybridBlock
from train_cases import FEATURES, SIZE, KeepWeights, assert_identical, decayed_mean, loader, train, values

from gluonfr.train import Checkpoint, accuracy, embed


class Product(HybridBlock):
    """W x and a tanh of operators that MXNet has in float16 on a CPU, which Dense is not."""

    def __init__(self, units, in_units, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.weight = self.params.get('weight', shape=(units, in_units))

    def hybrid_forward(self, F, x, weight):
        products = F.broadcast_mul(F.expand_dims(x, 1), F.expand_dims(weight, 0))
        return F.tanh(F.sum(products, axis=2))


def product_net(dtype='float16', dropout=0.0):
    net = mx.gluon.nn.HybridSequential(prefix='net_')
    with net.name_scope():
        net.add(Product(8, FEATURES), mx.gluon.nn.Dropout(dropout), Product(SIZE, 8))
    net.cast(dtype)
    return net


def test_learns_as_float32_does():
    half, full = train(product_net(), epochs=6), train(product_net('float32'), epochs=6)
    assert half.history[-1]['loss'] == pytest.approx(full.history[-1]['loss'], rel=0.05)
    assert half.history[-1]['accuracy'] > 0.8
    types = {name: param.dtype for name, param in half.params.items()}
    assert all(np.dtype(dtype) == (np.float16 if name.startswith('net/') else np.float32)
               for name, dtype in types.items())


def test_evaluation_feeds_float16():
    state = train(product_net(), epochs=4)
    embeddings, _ = embed(state.net, loader())
    assert embeddings.dtype == np.float32
    assert accuracy(state.net, loader(), head=state.head) > 0.6


def test_the_optimizer_keeps_float32_weights():
    """Updates below float16's resolution must not be lost, which plain float16 SGD does."""
    state = train(product_net(), epochs=1, optimizer='sgd', optimizer_params={'learning_rate': 1e-6})
    states = state.trainer._updaters[0].states
    masters = [s for s in states.values() if isinstance(s, (tuple, list)) and s[-1].dtype == np.float32]
    assert len(masters) == 2


def test_resume_is_exact(tmp_path):
    whole = train(product_net(dropout=0.3), epochs=4, callbacks=[Checkpoint(str(tmp_path / 'a'), keep=9)])
    train(product_net(dropout=0.3), epochs=2, callbacks=[Checkpoint(str(tmp_path / 'b'), keep=9)])
    resumed = train(product_net(dropout=0.3), epochs=4, callbacks=[Checkpoint(str(tmp_path / 'b'), keep=9)],
                    resume='auto')
    assert_identical(values(whole), values(resumed))


def test_averages_of_float16_are_float32():
    keep = KeepWeights()
    state = train(product_net(), ema=0.7, callbacks=[keep])
    assert state.average.values['net/0.weight'][0].dtype == np.float32
    average = state.average.values['net/0.weight'][0].asnumpy()
    np.testing.assert_allclose(average, decayed_mean(keep.rows, 0.7)['net/0.weight'][0], rtol=1e-5, atol=1e-6)
    assert values(state)['net/0.weight'].tobytes() == average.astype('float16').tobytes()


def test_all_options_resume_to_the_bit(tmp_path):
    def job(folder, epochs, **kwargs):
        return train(product_net(dropout=0.3), epochs=epochs, ema=0.9, accumulate=2, lr_mult={'net/0': 0.5}, distill=2,
                     teacher=lambda x: x[:, :SIZE], callbacks=[Checkpoint(str(tmp_path / folder), keep=9)], **kwargs)

    whole = job('a', 4)
    job('b', 2)
    assert_identical(values(whole), values(job('b', 4, resume='auto')))


@pytest.mark.parametrize('clip', [None, 0.1])
def test_loss_scale_leaves_the_update(clip):
    """A power of two changes exponents only, so float32 training is the same to the bit."""
    assert_identical(values(train(epochs=2, loss_scale=1024, clip_gradient=clip)),
                     values(train(epochs=2, clip_gradient=clip)))


def test_loss_scale_saves_small_gradients():
    """Gradients near 1e-9 are 0 in float16, and are not with a loss scale."""
    def moved(scale):
        net = Product(SIZE, FEATURES, prefix='tiny_')
        net.initialize(mx.init.Constant(2 ** -7))
        net.cast('float16')

        class Tiny(mx.gluon.loss.Loss):
            inputs = ('embedding',)

            def hybrid_forward(self, F, embedding):
                return 1e-9 * F.sum(embedding, axis=1)

        state = train(net, Tiny(None, 0), loader(), head=None, epochs=1, loss_scale=scale, optimizer='sgd',
                      optimizer_params={'learning_rate': 1e6})
        return float(abs(values(state)['net/weight'].astype('float64') - 2 ** -7).max())

    assert moved(1) == 0
    assert moved(2 ** 20) > 1e-4


def test_bad_loss_scale():
    with pytest.raises(ValueError, match='fit: loss_scale must be > 0, got 0'):
        train(epochs=1, loss_scale=0)
