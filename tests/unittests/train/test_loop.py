"""The training loop: what a step does, on one context and on two, and what it refuses."""
import mxnet as mx
import numpy as np
import pytest
from mxnet import gluon, nd
from train_cases import (CLASSES, FEATURES, SIZE, PullLoss, arrays, assert_close, assert_identical, dense_net, loader,
                         make_head, train, values)

from gluonfr.loss import fill_arguments, get_loss
from gluonfr.nn import AngleLinear, get_head
from gluonfr.train import Callback
from gluonfr.utils.lr_scheduler import IterLRScheduler

TWO = [mx.cpu(0), mx.cpu(1)]


class OneLayer:
    """A linear net without head whose training NumPy can repeat."""

    def __init__(self, weight):
        self.net = gluon.nn.Dense(CLASSES, use_bias=False, in_units=FEATURES, prefix='only_')
        self.net.initialize()
        self.net.weight.set_data(nd.array(weight))

    def fit(self, **kwargs):
        class Linear(gluon.loss.Loss):
            inputs = ('embedding',)

            def hybrid_forward(self, F, embedding):
                return F.sum(F.square(embedding), axis=1)

        state = train(self.net, Linear(None, 0), loader(shuffle=False), head=None, **kwargs)
        return values(state)['net/weight']


def numpy_sgd(weight, lr, epochs, clip=None, wd=0.0):
    """Gradient descent on mean |Wx|^2 by hand, batch 16, the last of 10."""
    x, _ = arrays()
    weight = weight.astype('float64')
    norms = []
    for _ in range(epochs):
        for batch in np.split(x.astype('float64'), range(16, 90, 16)):
            gradient = 2 * weight.dot(batch.T.dot(batch)) / len(batch)
            norm = np.sqrt((gradient ** 2).sum())
            norms.append(norm)
            if clip and norm > clip:
                gradient = gradient * clip / norm
            weight = weight - lr * (gradient + wd * weight)
    return weight, norms


@pytest.fixture
def weight():
    return np.random.RandomState(2).randn(CLASSES, FEATURES)


def test_learns_and_returns_the_history():
    state = train(epochs=8)
    assert [row['epoch'] for row in state.history] == list(range(1, 9))
    assert [row['step'] for row in state.history] == list(range(6, 49, 6))
    assert state.history[-1]['loss'] < 0.5 * state.history[0]['loss']
    assert state.history[-1]['accuracy'] > 0.9
    assert set(state.history[0]) == {'epoch', 'step', 'loss', 'accuracy', 'lr', 'seconds', 'images_per_second'}
    assert (state.epoch, state.step, state.batch, state.stop_reason) == (8, 48, 0, None)


@pytest.mark.parametrize('hybridize', [False, True])
@pytest.mark.parametrize('ctx', [None, TWO], ids=['one', 'two'])
def test_steps_equal_numpy(weight, ctx, hybridize):
    expected, _ = numpy_sgd(weight, 0.01, 2)
    got = OneLayer(weight).fit(optimizer_params={'learning_rate': 0.01}, ctx=ctx, hybridize=hybridize)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('ctx', [None, TWO], ids=['one', 'two'])
def test_clip_gradient_equals_numpy(weight, ctx):
    clip = 12.0
    expected, norms = numpy_sgd(weight, 0.01, 2, clip)
    assert min(norms) < clip < max(norms), 'some steps must be clipped and some not'
    got = OneLayer(weight).fit(optimizer_params={'learning_rate': 0.01}, ctx=ctx, clip_gradient=clip)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)


def test_wd_mult_by_pattern(weight):
    decayed, _ = numpy_sgd(weight, 0.01, 2, wd=0.1)
    plain, _ = numpy_sgd(weight, 0.01, 2)
    for wd_mult, expected in ((None, decayed), ({'.*weight$': 0}, plain), ({'.*': 0, 'only_': 1.0}, decayed)):
        got = OneLayer(weight).fit(optimizer_params={'learning_rate': 0.01, 'wd': 0.1}, wd_mult=wd_mult)
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)


def test_wd_mult_that_matches_nothing_is_refused():
    with pytest.raises(ValueError, match=r"wd_mult pattern '.\*gama\$' matches no parameter. The names are net_dense0"):
        train(wd_mult={'.*gama$': 0})
    with pytest.raises(ValueError, match='wd_mult must be >= 0, got -1'):
        train(wd_mult={'.*': -1})


def test_lr_mult_of_a_parameter_is_honoured():
    loss = PullLoss()
    loss.center.lr_mult = 0.0
    assert_identical({'c': values(train(loss=loss))['loss/center']}, {'c': np.full((1, SIZE), 0.5, 'float32')})
    assert abs(values(train(loss=PullLoss()))['loss/center'] - 0.5).max() > 0.01


def test_parameters_without_gradient_are_left_alone():
    net = dense_net()
    net.initialize()
    net(nd.ones((1, FEATURES)))
    net[0].weight.grad_req = 'null'
    before = net[0].weight.data().asnumpy()
    state = train(net, optimizer_params={'learning_rate': 0.1, 'wd': 0.1})
    assert_identical({'w': values(state)['net/0.weight']}, {'w': before})


@pytest.mark.parametrize('batch_norm', [False, True])
def test_same_seed_gives_the_same_bits(batch_norm):
    runs = [values(train(dense_net(0.3, batch_norm), PullLoss(), clip_gradient=1.0)) for _ in range(2)]
    assert_identical(*runs)
    other = values(train(dense_net(0.3, batch_norm), PullLoss(), clip_gradient=1.0, seed=4))
    assert any((runs[0][name] != other[name]).any() for name in other)


def test_hybridized_equals_imperative_with_dropout_and_uneven_batches():
    runs = [values(train(dense_net(0.3, True), PullLoss(), hybridize=hybridize)) for hybridize in (False, True)]
    assert_close(*runs)


@pytest.mark.parametrize('batch_size', [16, 15, 89])  # with a last batch of 10, of 15 (odd), and of one sample
def test_two_contexts_equal_one(batch_size):
    one, two = (train(loss=PullLoss(), data=loader(batch_size), ctx=ctx, clip_gradient=1.0) for ctx in (None, TWO))
    assert_close(values(one), values(two))
    for param in (param for param in two.params.values() if param.grad_req != 'null'):
        assert param.data(TWO[0]).asnumpy().tobytes() == param.data(TWO[1]).asnumpy().tobytes(), param.name
    for a, b in zip(one.history, two.history):
        assert a['loss'] == pytest.approx(b['loss'], rel=1e-5) and a['accuracy'] == b['accuracy']


def test_history_is_the_mean_over_samples():
    net, head = dense_net(), make_head()
    state = train(net, head=head, epochs=1, optimizer_params={'learning_rate': 0.0})
    x, label = arrays()
    pred = head(net(nd.array(x))).asnumpy().astype('float64')
    log_p = pred - np.log(np.exp(pred).sum(1, keepdims=True))
    assert state.history[0]['loss'] == pytest.approx(-log_p[np.arange(90), label].mean(), rel=1e-5)
    assert state.history[0]['accuracy'] == pytest.approx((pred.argmax(1) == label).mean())


@pytest.mark.parametrize('optimizer', ['sgd', 'adam'])
def test_schedule_sets_the_rate(optimizer):
    rates = []

    class Rates(Callback):
        def on_step_end(self, state):
            rates.append(state.learning_rate)

    schedule = IterLRScheduler('poly', 0.2, 12, warmup_iters=4, targetlr=0.01)
    state = train(optimizer=optimizer, optimizer_params=None, lr_scheduler=schedule, callbacks=[Rates()])
    assert rates == [IterLRScheduler('poly', 0.2, 12, warmup_iters=4, targetlr=0.01)(t) for t in range(1, 13)]
    assert state.history[-1]['lr'] == 0.01


def test_net_that_gives_its_own_scores():
    class Two(gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            self.features, self.output = dense_net(), make_head()

        def hybrid_forward(self, F, x):
            embedding = self.features(x)
            return embedding, self.output(embedding)

    assert_close({k.replace('net/features.', 'net/').replace('net/output.', 'head/'): v
                  for k, v in values(train(Two(), head=None)).items()}, values(train()))


def test_head_that_needs_the_label():
    class Margin(gluon.HybridBlock):
        needs_label = True

        def __init__(self):
            super().__init__()
            self.inner = make_head()

        def hybrid_forward(self, F, x, label=None):
            return self.inner(x) if label is None else self.inner(x) - F.one_hot(label, CLASSES)

    assert train(head=Margin(), epochs=8).history[-1]['accuracy'] > 0.8


def test_loss_that_gives_a_pair_and_one_that_predicts():
    class Pair(PullLoss):
        def hybrid_forward(self, F, pred, label, embedding, center, count):
            return super().hybrid_forward(F, pred, label, embedding, center, count), pred

    class Owner(gluon.loss.Loss):
        inputs = ('embedding', 'label')

        def hybrid_forward(self, F, embedding, label):
            return F.pick(self.predict(embedding), label) ** 2

        def predict(self, embedding):
            return nd.concat(embedding, embedding[:, :1], dim=1) if isinstance(embedding, nd.NDArray) else embedding

    assert_identical(values(train(loss=PullLoss())), values(train(loss=Pair())))
    assert train(loss=Owner(None, 0), head=None, hybridize=False).history[0]['accuracy'] is not None


def test_mined_loss_has_no_accuracy():
    state = train(loss=get_loss('triplet', mining='batch-hard'), head=None)
    assert state.history[-1]['accuracy'] is None and state.history[-1]['loss'] > 0


@pytest.mark.parametrize('cast', ['int32', 'float32', 'int64'])
def test_labels_of_any_type(cast):
    batches = [(x, y.astype(cast)) for x, y in loader(shuffle=False)]
    assert_identical(values(train(data=batches)), values(train(data=loader(shuffle=False))))


def test_numpy_batches():
    batches = [(x.asnumpy(), y.asnumpy()) for x, y in loader(shuffle=False)]
    assert_identical(values(train(data=batches)), values(train(data=loader(shuffle=False))))


@pytest.mark.parametrize('label, text', [(CLASSES, 'got 0.0 to 4.0 in batch 2'), (-1, 'got -1.0 to 3.0 in batch 2')])
def test_labels_out_of_range_are_refused(label, text):
    batches = [(x, y.astype('float32')) for x, y in loader(shuffle=False)]
    batches[1][1][3] = label
    with pytest.raises(ValueError, match=r'labels must be in \[0, 4\), ' + text):
        train(data=batches)


@pytest.mark.parametrize('hybridize', [False, True])
def test_gradients_that_are_summed_over_steps_are_refused(hybridize):
    net = dense_net()
    net.initialize()
    net.hybridize(hybridize)
    net.collect_params().setattr('grad_req', 'add')
    with pytest.raises(ValueError, match=r"grad_req must be 'write' or 'null', got 'add' for net/0.weight, net/0.bias.*"
                                         r"setattr\('grad_req', 'write'\)"):
        train(net)
    net.collect_params().setattr('grad_req', 'write')
    assert train(net).history[-1]['loss'] < 2


@pytest.mark.parametrize('name, head', [
    ('arcface', 'cosine'), ('softmax', 'angle'), ('lsoftmax', None), ('triplet', None), ('rangeloss', None)])
def test_losses_check_labels_without_a_wait_for_their_context(name, head, monkeypatch):
    devices, seen = [mx.cpu(1), mx.cpu(2)], []
    plain = nd.NDArray.asnumpy
    monkeypatch.setattr(nd.NDArray, 'asnumpy', lambda array: seen.append((array.context, array.shape)) or plain(array))
    arguments = fill_arguments(name, {'triplet': {'mining': 'batch-hard'}, 'rangeloss': dict(
        alpha=.5, beta=.5, top_k=1, margin=2.)}.get(name, {}), classes=CLASSES, embedding_size=SIZE, groups=(4, 2))
    x = np.random.RandomState(0).rand(16, FEATURES).astype('float32')
    label = np.tile(np.repeat(np.arange(4), 2), 2)
    heads = {'cosine': lambda: get_head('cosine', CLASSES, SIZE), 'angle': lambda: AngleLinear(CLASSES, SIZE)}
    job = dict(head=heads[head]() if head else None, ctx=devices, epochs=1, optimizer_params={'learning_rate': 0.01})
    net = dense_net()
    net.initialize(ctx=devices)
    net(nd.array(x, ctx=devices[0]))
    train(net, get_loss(name, **arguments), [(nd.array(x), nd.array(label))] * 3, **job)
    assert not [where for where, shape in seen if where in devices and shape == (8,)]
    assert (mx.cpu(), (16,)) in seen
    label[9] = -1
    with pytest.raises(ValueError, match='-1'):
        train(dense_net(), get_loss(name, **arguments), [(nd.array(x), nd.array(label))], **job)


@pytest.mark.parametrize('data, text', [
    ([], 'at least one batch an epoch, got none'),
    ([(nd.ones((2, FEATURES)),)], r'must yield \(x, label\), got 1 value\.'),
    ([nd.ones((2, FEATURES))], r'must yield \(x, label\), got NDArray'),
    ([(nd.ones((2, FEATURES)), nd.ones((3,)))], r'as many labels as samples .* got x \(2, 6\) and label \(3,\)'),
    ([(np.ones((0, FEATURES)), np.ones(0))], 'at least one, got x'),
    (iter([(nd.ones((2, FEATURES)), nd.ones((2,)))]), 'must be re-iterable')])
def test_bad_batches_are_refused(data, text):
    with pytest.raises(ValueError, match=text):
        train(data=data)


def test_unused_parameters_are_named():
    class Unused(PullLoss):
        def hybrid_forward(self, F, pred, label, embedding, center, count):
            return self._cross_entropy(pred, label)

    with pytest.raises(ValueError, match="no gradient for loss/center. Leave .* param.grad_req = 'null'"):
        train(loss=Unused(), hybridize=False)


@pytest.mark.parametrize('kwargs, text', [
    (dict(head=None), 'Loss needs class scores, and the network gives an embedding only. Pass head='),
    (dict(epochs=-1), 'fit: epochs must be >= 0, got -1'),
    (dict(check_every=0), 'fit: check_every must be >= 1, got 0'),
    (dict(seed=-1), 'fit: seed must be >= 0, got -1'),
    (dict(clip_gradient=0), 'fit: clip_gradient must be > 0, got 0'),
    (dict(ctx=[mx.cpu(0), mx.cpu(0)]), 'ctx must be different contexts'),
    (dict(resume='auto'), "resume='auto' needs a Checkpoint callback"),
    (dict(lr_scheduler=IterLRScheduler('step', 0.1, 10)), 'leave learning_rate out of')])
def test_bad_arguments_are_refused(kwargs, text):
    with pytest.raises(ValueError, match=text):
        train(**kwargs)


def test_losses_over_explicit_pairs_are_refused_with_the_way_out():
    with pytest.raises(ValueError, match='TripletLoss takes pred, positive, negative.*mining='):
        train(loss=get_loss('triplet'), head=None)


def test_two_parameters_of_one_name_are_refused():
    with pytest.raises(ValueError, match='different names, got head_bias, head_weight twice'):
        train(net=gluon.nn.Dense(SIZE, prefix='head_'))


def test_no_epochs_trains_nothing():
    state = train(epochs=0)
    assert state.step == 0 and state.history == []
