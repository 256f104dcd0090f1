"""SubCenterDense and the distances to its centres, against loops."""
import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd

import reference as ref
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


# --- what the centres say of labels ----------------------------------------------------------------------------------

def test_angles_by_loops():
    labels = np.array([0, 0, 0, 2, 2, 3])
    found = subcenter_angles(WEIGHT, X, labels, CLASSES)
    for i, (x, y) in enumerate(zip(X, labels)):
        cosines = [[ref.cosine(a, WEIGHT[y * CENTRES + k]) for k in range(CENTRES)] for a in X[labels == y]]
        votes = [int(np.argmax(row)) for row in cosines]
        dominant = max(range(CENTRES), key=lambda k: (votes.count(k), -k))
        own = [ref.cosine(x, WEIGHT[y * CENTRES + k]) for k in range(CENTRES)]
        assert found.dominant[y] == dominant and found.nearest[i] == int(np.argmax(own))
        assert found.angle[i] == pytest.approx(np.degrees(np.arccos(own[dominant])))
    assert found.dominant[1] == -1


def test_wrong_labels_are_far_from_the_dominant_centre():
    centres = np.linalg.qr(RNG.randn(16, 16))[0][:CLASSES * CENTRES]
    right = centres[::CENTRES].repeat(20, axis=0) + 0.05 * RNG.randn(80, 16)
    wrong = centres[1::CENTRES].repeat(2, axis=0) + 0.05 * RNG.randn(8, 16)
    labels = np.concatenate([np.arange(CLASSES).repeat(20), np.arange(CLASSES).repeat(2)])
    angle = subcenter_angles(centres, np.vstack([right, wrong]), labels, CLASSES).angle
    assert (angle > 75).nonzero()[0].tolist() == list(range(80, 88))


@pytest.mark.parametrize('change,message', [
    (dict(weight=WEIGHT[:-1]), 'weight must be'), (dict(embeddings=X[:, :-1]), 'weight must be'),
    (dict(labels=[0] * 5), 'labels must be'), (dict(labels=[0, 1, 2, 3, 4, 0]), 'labels must be'),
    (dict(labels=[-1] * 6), 'labels must be'), (dict(classes=1), 'classes must be >= 2')])
def test_what_does_not_fit_is_refused(change, message):
    with pytest.raises(ValueError, match='subcenter_angles: ' + message):
        subcenter_angles(**dict(dict(weight=WEIGHT, embeddings=X, labels=[0] * 6, classes=CLASSES), **change))
