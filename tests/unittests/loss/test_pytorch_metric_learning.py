"""Values and gradients beside pytorch-metric-learning, an independent implementation, to 1e-6.

Its ArcFace goes on past pi with cos(theta) - m sin(m), which jumps there; ours with -2 - cos(theta + m), which does
not. Both are tested; up to pi the two agree.
"""
import math

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd

import reference as ref
from gluonfr.loss import get_loss
from gluonfr.nn import get_head

torch = pytest.importorskip('torch', reason='pytorch is not installed')
losses = pytest.importorskip('pytorch_metric_learning.losses', reason='pytorch-metric-learning is not installed')

CLASSES, DIM, BATCH = 5, 4, 7
PAIRS = [('arcface', dict(m=0.5, s=16, easy_margin=False), 'ArcFaceLoss', dict(margin=math.degrees(0.5), scale=16)),
         ('cosloss', dict(m=0.35, s=16), 'CosFaceLoss', dict(margin=0.35, scale=16)),
         ('normsoftmax', dict(s=16), 'NormalizedSoftmaxLoss', dict(temperature=1 / 16)),
         ('subcenterarcface', dict(m=0.4, s=16, subcenters=3), 'SubCenterArcFaceLoss',
          dict(margin=math.degrees(0.4), scale=16, sub_centers=3))]


def ours(name, args, x, weight, label):
    """(mean loss, gradient of the embeddings, gradient of the centres)."""
    loss = get_loss(name, classes=CLASSES, **args)
    head = get_head(loss.head, CLASSES, DIM)
    for block in (loss, head):
        block.initialize()
        block.cast('float64')
    head.weight.set_data(mx.nd.array(weight, dtype='float64'))
    x = mx.nd.array(x, dtype='float64')
    x.attach_grad()
    with autograd.record():
        value = loss(head(x), mx.nd.array(label)).mean()
    value.backward()
    return value.asscalar(), x.grad.asnumpy(), head.weight.grad().asnumpy()


def theirs(name, args, x, weight, label):
    """The same of the other toolkit, whose centres are columns."""
    loss = getattr(losses, name)(num_classes=CLASSES, embedding_size=DIM, **args)
    loss.W = torch.nn.Parameter(torch.tensor(weight.T.copy()))
    x = torch.tensor(x, requires_grad=True)
    value = loss(x, torch.tensor(label))
    value.backward()
    return value.item(), x.grad.numpy(), loss.W.grad.numpy().T


@pytest.mark.parametrize('pair', PAIRS, ids=lambda pair: pair[0])
@pytest.mark.parametrize('seed', range(3))
def test_values_and_gradients_agree(pair, seed):
    random = np.random.RandomState(seed)
    centres = CLASSES * pair[1].get('subcenters', 1)
    label = random.randint(0, CLASSES, BATCH)
    weight = random.randn(centres, DIM)
    x = random.randn(BATCH, DIM) + weight[label * (centres // CLASSES)]  # nearer than pi - m
    for got, want in zip(ours(*pair[:2], x, weight, label), theirs(*pair[2:], x, weight, label)):
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-7)


def test_past_pi_the_two_go_on_in_their_own_way():
    m, theta = 0.5, 2.9
    cosines = np.array([[math.cos(theta), 0.1]])
    other = losses.ArcFaceLoss(num_classes=2, embedding_size=2, margin=math.degrees(m), scale=1)
    target = float(other.modify_cosine_of_target_classes(torch.tensor(cosines[:, 0])))
    assert target == pytest.approx(math.cos(theta) - m * math.sin(m))
    loss = get_loss('arcface', classes=2, m=m, s=1, easy_margin=False)
    loss.cast('float64')
    got = loss(mx.nd.array(cosines, dtype='float64'), mx.nd.array([0])).asscalar()
    want = ref.cross_entropy(np.array([[-2 - math.cos(theta + m), 0.1]]), [0])[0]
    assert got == pytest.approx(want, rel=1e-9) and got != pytest.approx(ref.cross_entropy(
        np.array([[target, 0.1]]), [0])[0], rel=1e-3)
