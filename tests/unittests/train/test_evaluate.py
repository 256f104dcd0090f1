"""Embeddings and accuracy: against NumPy, for every way to get class scores."""
import mxnet as mx
import numpy as np
import pytest
from mxnet import gluon, nd
from train_cases import CLASSES, SIZE, PullLoss, arrays, dense_net, loader, make_head

from gluonfr.loss import get_loss
from gluonfr.train import accuracy, class_means, classify, embed, nearest_mean

TWO = [mx.cpu(0), mx.cpu(1)]


@pytest.fixture
def net():
    made = dense_net(0.5, True)
    made.initialize(mx.init.Xavier(), ctx=TWO)
    made(nd.ones((2, 6)))
    return made


@pytest.mark.parametrize('hybridize', [False, True])
@pytest.mark.parametrize('ctx', [None, mx.cpu(1), TWO], ids=str)
def test_embed(net, ctx, hybridize):
    if hybridize:
        net.hybridize(static_alloc=True, static_shape=True)
    embeddings, labels = embed(net, loader(89, shuffle=False), ctx)  # batches of 89 and 1
    x, y = arrays()
    assert embeddings.dtype == np.float32 and labels.dtype == np.int64 and labels.shape == (90,)
    np.testing.assert_allclose(embeddings, net(nd.array(x)).asnumpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(labels, y)


def test_embed_leaves_a_shuffled_loader_as_it_was(net):
    data = loader()
    order = [list(batch) for batch in data.indices(0)]
    first, labels = embed(net, data)
    second, _ = embed(net, data)
    assert data.epoch == 0 and (first == second).all()
    np.testing.assert_array_equal(labels, arrays()[1][np.concatenate(order)])


def test_accuracy_with_a_head(net):
    head = make_head()
    head.initialize(mx.init.Xavier(), ctx=TWO)
    x, y = arrays()
    expected = (head(net(nd.array(x))).asnumpy().argmax(1) == y).mean()
    assert accuracy(net, loader(), head=head) == pytest.approx(expected)
    assert accuracy(net, loader(), head=head, ctx=TWO) == pytest.approx(expected)


def test_accuracy_of_a_net_with_scores(net):
    class Both(gluon.Block):
        def forward(self, x):
            return x, nd.one_hot(x[:, :CLASSES].argmax(axis=1), CLASSES)

    x, y = arrays()
    assert accuracy(Both(), loader(), ctx=mx.cpu()) == pytest.approx((x[:, :CLASSES].argmax(1) == y).mean())


@pytest.mark.parametrize('name, arguments', [
    ('cocoloss', dict(classes=CLASSES, embedding_size=SIZE, alpha=6.25)),
    ('lsoftmax', dict(classes=CLASSES, embedding_size=SIZE)),
    ('lgmloss', dict(num_classes=CLASSES, embedding_size=SIZE, alpha=0.1, lamda=0.1, lr_mult=1.0))])
def test_accuracy_of_a_loss_that_owns_its_scores(net, name, arguments):
    loss = get_loss(name, **arguments)
    loss.initialize(mx.init.Xavier(), ctx=TWO)
    x, y = arrays()
    expected = (loss.predict(net(nd.array(x))).asnumpy().argmax(1) == y).mean()
    assert accuracy(net, loader(), loss=loss) == pytest.approx(expected)


@pytest.mark.parametrize('normalized', [False, True])
def test_accuracy_by_class_means(net, normalized):
    loss = PullLoss()
    loss.normalized = normalized
    x, y = arrays()
    points = net(nd.array(x)).asnumpy().astype('float64')
    if normalized:
        points /= np.linalg.norm(points, axis=1, keepdims=True)
    hits = 0
    for point, label in zip(points, y):
        distances = []
        for c in range(CLASSES):
            mean = points[y == c].mean(0)
            distances.append(np.linalg.norm(point - (mean / np.linalg.norm(mean) if normalized else mean)))
        hits += int(np.argmin(distances) == label)
    assert accuracy(net, loader(), loss=loss, reference=loader()) == pytest.approx(hits / len(y))


def test_class_means_keep_labels_that_do_not_begin_at_zero():
    embeddings = np.array([[0, 0], [2, 0], [5, 5]], 'float32')
    means, classes = class_means(embeddings, np.array([7, 7, 3]))
    np.testing.assert_array_equal(classes, [3, 7])
    np.testing.assert_array_equal(means, [[5, 5], [1, 0]])
    np.testing.assert_array_equal(nearest_mean(embeddings, means), [1, 1, 0])
    np.testing.assert_array_equal(classify(embeddings, reference=(embeddings, [7, 7, 3])), [7, 7, 3])


def test_what_is_missing_is_said(net):
    with pytest.raises(ValueError, match='without a head and a loss with predict, reference= must'):
        accuracy(net, loader())
    with pytest.raises(ValueError, match='embed: data must give at least one batch'):
        embed(net, [])
