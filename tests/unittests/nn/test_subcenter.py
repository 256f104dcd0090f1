"""SubCenterDense against loops."""
import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd
from train_cases import CLASSES as PEOPLE, SIZE, arrays, train

import reference as ref
from gluonfr.data import ArrayLoader
from gluonfr.loss import get_loss
from gluonfr.nn import SubCenterDense, get_head
from gluonfr.photos import subcenter_angles

CLASSES, CENTRES, DIM = 4, 3, 5
RNG = np.random.RandomState(3)
X, WEIGHT, HEAD = RNG.randn(6, DIM), RNG.randn(CLASSES * CENTRES, DIM), RNG.rand(6, CLASSES)
HYBRID = pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])


def nearest(x, weight, centres=CENTRES):
    """The largest cosine with a centre of each class."""
    return np.array([[max(ref.cosine(a, weight[j * centres + k]) for k in range(centres))
                      for j in range(len(weight) // centres)] for a in x])


def made(hybridize=False):
    head = SubCenterDense(CLASSES, DIM, CENTRES)
    head.initialize()
    head.cast('float64')
    head.weight.set_data(mx.nd.array(WEIGHT, dtype='float64'))
    if hybridize:
        head.hybridize()
    return head


@HYBRID
def test_value_and_gradients(hybridize):
    head, x = made(hybridize), mx.nd.array(X, dtype='float64')
    x.attach_grad()
    with autograd.record():
        out = head(x)
    out.backward(mx.nd.array(HEAD, dtype='float64'))
    np.testing.assert_allclose(out.asnumpy(), nearest(X, WEIGHT), rtol=1e-6)
    for got, want in ((x.grad, ref.numerical_gradient(lambda v: (HEAD * nearest(v, WEIGHT)).sum(), X)),
                      (head.weight.grad(), ref.numerical_gradient(lambda v: (HEAD * nearest(X, v)).sum(), WEIGHT))):
        np.testing.assert_allclose(got.asnumpy(), want, rtol=1e-5, atol=1e-6)


def test_one_centre_is_a_cosine_head():
    one, cosine = get_head('subcenter:1', CLASSES, DIM), get_head('cosine', CLASSES, DIM)
    for head in (one, cosine):
        head.initialize()
        head.weight.set_data(mx.nd.array(WEIGHT[:CLASSES]))
    np.testing.assert_array_equal(one(mx.nd.array(X)).asnumpy(), cosine(mx.nd.array(X)).asnumpy())


def test_a_zero_embedding_has_finite_gradients():
    head, x = made(), mx.nd.array(np.vstack([X, np.zeros((1, DIM))]), dtype='float64')
    x.attach_grad()
    with autograd.record():
        out = head(x)
    out.backward()
    assert np.isfinite(x.grad.asnumpy()).all() and (out.asnumpy()[-1] == 0).all()


@pytest.mark.parametrize('kind', ['subcenter', 'subcenter:', 'subcenter:x', 'cosine:3'])
def test_a_kind_without_its_number_is_refused(kind):
    with pytest.raises(ValueError, match="kind must be 'subcenter:K'.*got '{}'".format(kind)):
        get_head(kind, CLASSES, DIM)


def test_no_centre_is_refused():
    with pytest.raises(ValueError, match='SubCenterDense: subcenters must be >= 1, got 0'):
        get_head('subcenter:0', CLASSES, DIM)


def test_wrong_labels_are_farthest_from_the_dominant_centre_after_a_training():
    x, label = arrays(400)
    wrong = np.random.RandomState(1).rand(len(label)) < 0.2
    given = np.where(wrong, (label + 1) % PEOPLE, label)
    loss = get_loss('subcenterarcface', classes=PEOPLE, m=0.3, s=8)
    head = get_head(loss.head, PEOPLE, SIZE)
    state = train(loss=loss, head=head, data=ArrayLoader(x, given, 20, shuffle=True, seed=5), epochs=30, seed=1,
                  initializer=mx.init.Xavier())
    angle = subcenter_angles(head.weight.data().asnumpy(), state.net(mx.nd.array(x)).asnumpy(), given, PEOPLE).angle
    assert np.mean(angle[wrong][:, None] > angle[~wrong]) > 0.99  # area under the ROC
