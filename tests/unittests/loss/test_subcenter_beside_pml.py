"""Sub-center ArcFace beside pytorch-metric-learning: values, gradients, outliers. Other losses: test_beside_pml.py."""
import math

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd

from gluonfr.loss import get_loss
from gluonfr.nn import get_head
from gluonfr.photos import subcenter_angles

torch = pytest.importorskip('torch', reason='PyTorch is not installed')
losses = pytest.importorskip('pytorch_metric_learning.losses', reason='pytorch-metric-learning is not installed')

CLASSES, DIM, BATCH = 5, 4, 40


def data(seed, centres, spread=1.0):
    """Embeddings nearer to a centre of their class than pi - m, rows of centres, labels."""
    random = np.random.RandomState(seed)
    label, weight = random.randint(0, CLASSES, BATCH), random.randn(CLASSES * centres, DIM)
    return spread * random.randn(BATCH, DIM) + weight[label * centres], weight, label


def theirs(weight, centres):
    loss = losses.SubCenterArcFaceLoss(num_classes=CLASSES, embedding_size=DIM, margin=math.degrees(0.4), scale=16,
                                       sub_centers=centres)
    loss.W = torch.nn.Parameter(torch.tensor(weight.T.copy()))  # theirs are columns
    return loss


@pytest.mark.parametrize('centres', [1, 2, 3])
@pytest.mark.parametrize('seed', range(3))
def test_values_and_gradients_agree(centres, seed):
    x, weight, label = data(seed, centres)
    other, x_there = theirs(weight, centres), torch.tensor(x, requires_grad=True)
    there = other(x_there, torch.tensor(label))
    there.backward()
    loss = get_loss('subcenterarcface', classes=CLASSES, m=0.4, s=16, subcenters=centres)
    head = get_head(loss.head, CLASSES, DIM)
    for block in (loss, head):
        block.initialize()
        block.cast('float64')
    head.weight.set_data(mx.nd.array(weight, dtype='float64'))
    x_here = mx.nd.array(x, dtype='float64')
    x_here.attach_grad()
    with autograd.record():
        here = loss(head(x_here), mx.nd.array(label)).mean()
    here.backward()
    for got, want in ((here, there.detach()), (x_here.grad, x_there.grad), (head.weight.grad(), other.W.grad.T)):
        np.testing.assert_allclose(got.asnumpy().ravel(), want.numpy().ravel(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize('seed', range(3))
def test_outliers_agree(seed):
    x, weight, label = data(seed, 3, spread=2.0)
    outliers, _ = theirs(weight, 3).get_outliers(torch.tensor(x), torch.tensor(label), threshold=75)
    found = subcenter_angles(weight, x, label, CLASSES)
    assert 0 < len(outliers) < BATCH and sorted(outliers.tolist()) == np.flatnonzero(found.angle > 75).tolist()
