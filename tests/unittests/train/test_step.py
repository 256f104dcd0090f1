"""A step: heads that score a sample of the classes, and the one look at the labels."""
import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, gluon, nd
from train_cases import CLASSES, FEATURES, SIZE, train, values

from gluonfr.loss import fill_arguments, get_loss
from gluonfr.nn import AngleLinear
from gluonfr.train import Callback, Evaluate
from gluonfr.train.step import forward
from gluonfr.utils.labels import HostLabels

MANY, NEVER, NEGATIVE = 7, [4, 6], 5  # the data have the classes 0 to 3
SAMPLED = [0, 1, 2, 3, NEGATIVE]
TWO = [mx.cpu(0), mx.cpu(1)]


class SampledHead(gluon.Block):
    """W x of the classes of a batch and of some others; of all classes where there is no label."""
    needs_label = True

    def __init__(self, weight, others, **kwargs):
        super().__init__(**kwargs)
        self.others = others
        with self.name_scope():
            self.weight = self.params.get('weight', shape=weight.shape, init=constant(weight), dtype='float64')

    def forward(self, embedding, label=None):
        weight = self.weight.data(embedding.context)
        if label is None:
            return nd.dot(embedding.astype('float64'), weight, transpose_b=True)
        numbers = label.asnumpy().astype(int)
        classes = np.unique(np.concatenate([numbers, self.others]))
        rows = nd.take(weight, nd.array(classes, ctx=embedding.context))
        place = nd.array(np.searchsorted(classes, numbers), ctx=embedding.context)
        return nd.dot(embedding, rows, transpose_b=True), place


class Thick(gluon.Block):
    """W x of all classes."""

    def __init__(self, weight, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.weight = self.params.get('weight', shape=weight.shape, init=constant(weight), dtype='float64')

    def forward(self, embedding):
        return nd.dot(embedding.astype('float64'), self.weight.data(embedding.context), transpose_b=True)


def constant(weight):
    return mx.init.Constant(nd.array(weight, dtype='float64'))


def linear_net():
    net = gluon.nn.Dense(SIZE, in_units=FEATURES, use_bias=False, prefix='net_')
    net.initialize()
    net.cast('float64')
    net.weight.set_data(nd.array(np.random.RandomState(0).randn(SIZE, FEATURES), dtype='float64'))
    return net


def batches():
    label = np.arange(90) % CLASSES  # all classes in each half of a batch
    x = np.random.RandomState(1).rand(90, FEATURES) + 2 * np.eye(FEATURES)[label]
    return [(nd.array(x[i:i + 30], dtype='float64'), nd.array(label[i:i + 30])) for i in (0, 30, 60)]


@pytest.fixture
def weight():
    return np.random.RandomState(3).randn(MANY, SIZE)


@pytest.mark.parametrize('name', ['softmax', 'arcface'])
def test_a_sampled_head_is_the_full_head_on_those_classes(weight, name):
    arguments = {'classes': len(SAMPLED)} if name == 'arcface' else {}
    loss = get_loss(name, **arguments)
    loss.cast('float64')
    x, label = batches()[0]
    found = []
    for head in (SampledHead(weight, [NEGATIVE]), Thick(weight[SAMPLED])):
        net = linear_net()
        head.initialize()
        with autograd.record():
            output = forward(net, head, loss, x, label)
        output.loss.backward()
        found.append((output, net.weight.grad().asnumpy(), head.weight.grad().asnumpy()))
    (sampled, net_gradient, gradient), (full, full_net_gradient, full_gradient) = found
    assert sampled.pred.shape == (30, len(SAMPLED)) and sampled.pred.dtype == np.float64
    np.testing.assert_allclose(sampled.loss.asnumpy(), full.loss.asnumpy(), rtol=1e-13)
    np.testing.assert_allclose(net_gradient, full_net_gradient, rtol=1e-12)
    np.testing.assert_allclose(gradient[SAMPLED], full_gradient, rtol=1e-12)
    assert not gradient[NEVER].any() and np.abs(full_gradient).min() > 0


@pytest.mark.parametrize('ctx', [None, TWO], ids=['one', 'two'])
def test_training_with_a_sampled_head(weight, ctx):
    accuracies = {}

    class Look(Callback):
        order = 2

        def on_epoch_end(self, state):
            accuracies[id(state)] = state.history[-1]['accuracy'], state.metrics['test_accuracy']

    job = dict(data=batches(), loss=gluon.loss.SoftmaxCrossEntropyLoss(), ctx=ctx)
    sampled, full = (train(linear_net(), head=head, callbacks=[Evaluate(batches()), Look()], **job)
                     for head in (SampledHead(weight, [NEGATIVE]), Thick(weight[SAMPLED])))
    got, expected = values(sampled), values(full)
    np.testing.assert_allclose(got['net/weight'], expected['net/weight'], rtol=1e-11)
    np.testing.assert_allclose(got['head/weight'][SAMPLED], expected['head/weight'], rtol=1e-11)
    assert (got['head/weight'][NEVER] == weight[NEVER]).all() and (got['head/weight'][SAMPLED] != weight[SAMPLED]).all()
    for a, b in zip(sampled.history, full.history):
        assert a['loss'] == pytest.approx(b['loss'], rel=1e-6) and a['accuracy'] == b['accuracy'] > 0
    # evaluation scores all classes, those that were never sampled too
    x, label = (np.concatenate([batch[i].asnumpy() for batch in batches()]) for i in (0, 1))
    scores = (x @ got['net/weight'].T) @ got['head/weight'].T
    assert accuracies[id(sampled)][1] == (scores.argmax(1) == label).mean()


def test_a_sampled_label_that_names_no_score_is_refused(weight):
    class Wrong(SampledHead):
        def forward(self, embedding, label=None):
            pred, place = super().forward(embedding, label)
            return pred, place + 3

    with pytest.raises(ValueError, match=r'SoftmaxCrossEntropyLoss: label must be whole numbers in \[0, 4\], got '):
        train(linear_net(), get_loss('softmax'), batches(), head=Wrong(weight, [NEGATIVE]))


@pytest.mark.parametrize('name', ['centerloss', 'softmax+centerloss', 'cocoloss'])
def test_what_a_loss_keeps_of_a_class_needs_a_head_that_scores_all(weight, name):
    loss = get_loss(name, **fill_arguments(name, {'lamda': 0.1} if 'center' in name else {'alpha': 5.0},
                                           classes=len(SAMPLED), embedding_size=SIZE))
    kind = type(loss).__name__
    with pytest.raises(ValueError, match='^fit: {} keeps something for each class, and the head Sam'.format(kind)):
        train(linear_net(), loss, batches(), head=SampledHead(weight, [NEGATIVE]))


@pytest.mark.parametrize('ctx', [None, TWO], ids=['one', 'two'])
def test_labels_are_looked_through_once_a_step(monkeypatch, ctx):
    looked, plain = [], HostLabels.__init__
    monkeypatch.setattr(HostLabels, '__init__', lambda self, values: looked.append(len(values)) or plain(self, values))
    train(loss=get_loss('softmax'), head=AngleLinear(CLASSES, SIZE), epochs=1, ctx=ctx)  # both check, on each context
    assert looked == [16] * 5 + [10]
