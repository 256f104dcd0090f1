"""A small training job that the tests of gluonfr.train share."""
import glob
import struct

import mxnet as mx
import numpy as np
from mxnet import gluon

from gluonfr.data.loading import ArrayLoader
from gluonfr.nn.graph_state import accumulate, training_flag
from gluonfr.train import Callback, fit

CLASSES, SIZE, FEATURES = 4, 3, 6


def arrays(samples=90, seed=1):
    """Separable points (N, 6) and labels (N,)."""
    random = np.random.RandomState(seed)
    label = random.randint(0, CLASSES, samples)
    return random.rand(samples, FEATURES).astype('float32') + 2 * np.eye(FEATURES, dtype='float32')[label], label


def loader(batch_size=16, samples=90, shuffle=True):
    """90 samples in 6 batches, the last of 10."""
    return ArrayLoader(*arrays(samples), batch_size, shuffle=shuffle, seed=5)


def dense_net(dropout=0.0, batch_norm=False):
    net = gluon.nn.HybridSequential(prefix='net_')
    with net.name_scope():
        net.add(gluon.nn.Dense(8, activation='tanh'))
        if batch_norm:
            net.add(gluon.nn.BatchNorm())
        if dropout:
            net.add(gluon.nn.Dropout(dropout))
        net.add(gluon.nn.Dense(SIZE))
    return net


def make_head():
    return gluon.nn.Dense(CLASSES, in_units=SIZE, prefix='head_')


class PullLoss(gluon.loss.Loss):
    """Cross-entropy and a pull of embeddings to a trained centre, with a counter of training steps."""
    inputs = ('pred', 'label', 'embedding')

    def __init__(self, **kwargs):
        super().__init__(weight=None, batch_axis=0, **kwargs)
        self._cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss()
        with self.name_scope():
            self.center = self.params.get('center', shape=(1, SIZE), init=mx.init.Constant(0.5))
            self.count = self.params.get('count', shape=(1,), init='zeros', grad_req='null')

    def hybrid_forward(self, F, pred, label, embedding, center, count):
        pull = F.sum(F.square(F.broadcast_sub(embedding, center)), axis=1)
        counted = accumulate(F, count, training_flag(F, count))
        return F.broadcast_add(self._cross_entropy(pred, label) + 0.1 * pull, 0 * counted)

    def scalars(self):
        return {'Center': self.center.list_data()[0].asnumpy().mean()}


def train(net=None, loss=None, data=None, head='default', **kwargs):
    """Fit the small job with the arguments given; returns the state."""
    settings = dict(epochs=2, optimizer_params={'learning_rate': 0.1, 'momentum': 0.9}, seed=3)
    settings.update(kwargs)
    return fit(dense_net() if net is None else net, gluon.loss.SoftmaxCrossEntropyLoss() if loss is None else loss,
               loader() if data is None else data, head=make_head() if head == 'default' else head, **settings)


def values(state):
    """Parameters by name, NumPy, from the first context."""
    return {name: param.list_data()[0].asnumpy() for name, param in state.params.items()}


def assert_identical(first, second):
    """Bit for bit."""
    assert sorted(first) == sorted(second)
    for name, value in first.items():
        assert value.tobytes() == second[name].tobytes(), name


def assert_close(first, second, tolerance=1e-5):
    assert sorted(first) == sorted(second)
    for name, value in first.items():
        np.testing.assert_allclose(value, second[name], rtol=tolerance, atol=tolerance, err_msg=name)


def events(folder):
    """(tag, step, value) of all event files of TensorBoard in a folder, in order."""
    from tensorboardX.proto.event_pb2 import Event
    found = []
    for path in sorted(glob.glob(str(folder / 'events*'))):
        with open(path, 'rb') as file:
            data = file.read()
        while data:
            size, = struct.unpack('<Q', data[:8])
            event = Event.FromString(data[12:12 + size])
            found += [(value.tag, event.step, value.simple_value) for value in event.summary.value]
            data = data[12 + size + 4:]
    return found


class KeepWeights(Callback):
    """The weights after each update, on all contexts, and those of the average where there is one."""
    order = 3

    def __init__(self):
        self.rows, self.averages = [], []

    def on_step_end(self, state):
        self.rows.append(copies(state))
        with state.averaged():
            self.averages.append(copies(state))
        assert_same(self.rows[-1], copies(state))


def copies(state):
    """Parameters by name, NumPy, from each context."""
    return {name: [data.asnumpy() for data in param.list_data()] for name, param in state.params.items()}


def assert_same(first, second):
    """Bit for bit, on all contexts."""
    for name, arrays in first.items():
        for a, b in zip(arrays, second[name]):
            assert a.tobytes() == b.tobytes(), name


def decayed_mean(rows, decay):
    """Weighted with powers of the decay, the newest with 1; in float64."""
    weights = decay ** np.arange(len(rows))[::-1]
    return {name: [np.tensordot(weights / weights.sum(), [row[name][i].astype('float64') for row in rows], 1)
                   for i in range(len(rows[0][name]))] for name in rows[0]}
