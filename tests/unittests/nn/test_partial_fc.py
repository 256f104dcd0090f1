"""PartialFC: its scores and gradients against the reference, and what it refuses."""
import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, nd

import reference as ref
from gluonfr.nn import NormDense, PartialFC, SubCenterDense, get_head, partial_fc

CLASSES, SIZE, BATCH = 30, 4, 5
HYBRID = pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])
NORMS = pytest.mark.parametrize('norms', [(True, True), (True, False), (False, True), (False, False)])
RNG = np.random.RandomState(3)
X, LABEL = RNG.randn(BATCH, SIZE), np.array([7, 0, 7, 29, 12])
SGD = mx.optimizer.SGD(learning_rate=1.0)


def made(norms=(True, True), hybridize=False, **arguments):
    head = PartialFC(CLASSES, SIZE, None, arguments.pop('num_sample', 11), *norms, sigma=1.0, **arguments)
    if hybridize:
        head.hybridize(static_alloc=True, static_shape=True)
    return head


def weight(head):
    return head.table.pieces[0][0].astype('float64')


def ints(values, ctx=None):
    return nd.array(values, dtype='int32', ctx=ctx)


def moved(head, x, label, factor, ctx=None):
    """Scores, places, the gradient of x and the one of all centres, of the sum of factor * scores."""
    before, data = weight(head), nd.array(x, ctx=ctx)
    data.attach_grad()
    with autograd.record():
        pred, place = head(data, ints(label, ctx))
        total = (pred * nd.array(factor[:, :pred.shape[1]], ctx=ctx)).sum()
    total.backward()
    head.update(SGD, 1.0)
    return pred.asnumpy(), place.asnumpy(), data.grad.asnumpy(), before - weight(head)


@NORMS
@HYBRID
def test_scores_and_gradients_are_those_of_the_sampled_classes(norms, hybridize):
    head, factor = made(norms, hybridize), RNG.randn(BATCH, 11)

    def scored(x, rows):
        return ref.dense(x, rows, w_norm=norms[0], x_norm=norms[1])

    def step(x, w):
        pred, place, x_gradient, w_gradient = moved(head, x, LABEL, factor)
        ids = head.sampled
        assert len(ids) == 11 and (ids[place] == LABEL).all() and place.dtype == np.int32
        np.testing.assert_allclose(pred, scored(x, w[ids]), rtol=1e-5, atol=1e-6)
        x_want = ref.numerical_gradient(lambda v: (factor * scored(v, w[ids])).sum(), x)
        w_want = ref.numerical_gradient(lambda v: (factor * scored(x, v)).sum(), w[ids])
        np.testing.assert_allclose(x_gradient, x_want, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(w_gradient[ids], w_want, rtol=1e-4, atol=1e-5)
        assert not np.delete(w_gradient, ids, axis=0).any()

    for shift in range(3):  # the rows' memory is used again
        step(X + shift, weight(head))


@NORMS
@HYBRID
def test_without_labels_it_scores_all_classes_as_norm_dense(norms, hybridize, monkeypatch):
    monkeypatch.setattr(partial_fc, 'SCORED_ROWS', 8)
    head, dense = made(norms, hybridize), NormDense(CLASSES, *norms, in_units=SIZE)
    dense.initialize()
    dense.weight.set_data(nd.array(weight(head)))
    x = nd.array(X)
    head(x, ints(LABEL))
    np.testing.assert_allclose(head(x).asnumpy(), dense(x).asnumpy(), rtol=1e-5, atol=1e-6)
    assert head(x, ints(LABEL))[0].shape == (BATCH, 11)


def test_each_step_draws_others_and_the_seed_decides():
    def samples(seed):
        head, found = made(seed=seed), []
        for _ in range(3):
            moved(head, X, LABEL, np.ones((BATCH, 11)))
            found.append(head.sampled.tolist())
        return found

    first = samples(1)
    assert first[0] != first[1] != first[2] and samples(1) == first and samples(2) != first


def test_a_sample_of_all_is_in_the_order_of_the_classes():
    head = PartialFC(CLASSES, SIZE, sample_rate=1)
    pred, place = head(nd.array(X), ints(LABEL))
    assert head.sampled.tolist() == list(range(CLASSES)) and place.asnumpy().tolist() == LABEL.tolist()
    assert (pred == head(nd.array(X))).asnumpy().all()


@HYBRID
def test_more_classes_in_the_batch_than_the_budget(hybridize):
    head = made(hybridize=hybridize, num_sample=3)
    for label in (LABEL, LABEL[:2], np.arange(BATCH), LABEL[:1]):  # 4, 2, 5 and 1 different ones
        pred, place, _, gradient = moved(head, X[:len(label)], label, RNG.randn(len(label), CLASSES))
        assert pred.shape == (len(label), max(3, len(set(label)))) and (head.sampled[place] == label).all()
        assert set(np.flatnonzero(gradient.any(axis=1))) == set(head.sampled)


@HYBRID
def test_filtered_negatives_have_the_lowest_score_and_no_gradient(hybridize):
    bound, factor = 0.2, RNG.randn(BATCH, CLASSES)
    head, plain = (made(hybridize=hybridize, num_sample=CLASSES, filter_negatives=value) for value in (bound, None))
    got, place, x_gradient, w_gradient = moved(head, X, LABEL, factor)
    cosines = ref.dense(X, weight(plain), w_norm=True, x_norm=True)
    out = cosines > bound
    out[np.arange(BATCH), LABEL] = False
    own = cosines[np.arange(BATCH), LABEL]
    assert out.any() and (own > bound).any()  # an own class above the bound stays
    np.testing.assert_allclose(got, np.where(out, -1, cosines), rtol=1e-5, atol=1e-6)
    _, _, x_want, w_want = moved(plain, X, LABEL, np.where(out, 0, factor))
    np.testing.assert_allclose(x_gradient, x_want, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(w_gradient, w_want, rtol=1e-5, atol=1e-6)
    after = ref.dense(X, weight(head), w_norm=True, x_norm=True)
    np.testing.assert_allclose(head(nd.array(X)).asnumpy(), after, rtol=1e-5, atol=1e-6)  # nothing is left out


@HYBRID
def test_the_nearest_of_several_centres_counts(hybridize):
    """As SubCenterDense with all classes, and of a sample only those of its classes move."""
    head, dense = made(hybridize=hybridize, subcenters=3), SubCenterDense(CLASSES, SIZE, 3)
    dense.initialize()
    dense.weight.set_data(nd.array(weight(head)))
    x, factor = nd.array(X), nd.array(RNG.randn(BATCH, 11))
    np.testing.assert_allclose(head(x).asnumpy(), dense(x).asnumpy(), rtol=1e-5, atol=1e-6)
    with autograd.record():
        pred, place = head(x, ints(LABEL))
        ids = nd.array(head.sampled)
        want = nd.take(dense(x), ids, axis=1)
        total, all_of_them = (pred * factor).sum(), (want * factor).sum()
    autograd.backward([total, all_of_them])
    before = weight(head)
    head.update(SGD, 1.0)
    np.testing.assert_allclose(pred.asnumpy(), want.asnumpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(before - weight(head), dense.weight.grad().asnumpy(), rtol=1e-4, atol=1e-5)
    assert (head.sampled[place.asnumpy()] == LABEL).all() and head.form()['subcenters'] == 3


def test_another_device_does_the_same():
    """The rows go there and their gradients come back; a second CPU context stands for a GPU."""
    factor = RNG.randn(BATCH, 11)
    here, there = (moved(made(), X, LABEL, factor, ctx) for ctx in (mx.cpu(0), mx.cpu(1)))
    assert all((one == other).all() for one, other in zip(here, there))


def test_half_precision_embeddings_are_scored_in_float32():
    pred, _ = made()(nd.array(X, dtype='float16'), ints(LABEL))
    assert pred.dtype == np.float32


def test_labels_are_exact_beyond_float32():
    classes = (1 << 24) + 10
    head = PartialFC(classes, 1, num_sample=4)
    head.table._pieces = ((np.zeros((classes, 1), 'float32'), np.zeros((classes, 1), 'float32')),)  # nothing drawn
    label = np.array([(1 << 24) + 1, (1 << 24) + 3])
    _, place = head(nd.ones((2, 1)), nd.array(label, dtype='int64'))
    assert head.sampled[place.asnumpy()].tolist() == label.tolist()
    with pytest.raises(ValueError, match='^PartialFC: with 16,777,226 classes, label must be integers, got float32'):
        head(nd.ones((2, 1)), nd.array([1, 2]))


@pytest.mark.parametrize('arguments, message', [
    (dict(classes=1), r'PartialFC: classes must be >= 2, got 1\.'),
    (dict(sample_rate=0), r'PartialFC: sample_rate must be in \(0, 1\], got 0\.'),
    (dict(sample_rate=1.5), r'PartialFC: sample_rate must be in \(0, 1\], got 1\.5\.'),
    (dict(num_sample=1), r'PartialFC: num_sample must be in \[2, 30\], got 1\.'),
    (dict(num_sample=31), r'PartialFC: num_sample must be in \[2, 30\], got 31\.'),
    (dict(num_sample=3, sample_rate=0.1), r'PartialFC: give sample_rate or num_sample, got both, 0\.1 and 3\.'),
    (dict(filter_negatives=1.0), r'PartialFC: filter_negatives must be in \(-1, 1\), got 1\.0\.'),
    (dict(filter_negatives=0.4, weight_norm=False), 'PartialFC: filter_negatives compares cosines, so weight_norm and'),
    (dict(seed=-1), r'PartialFC: seed must be >= 0, got -1\.'),
    (dict(subcenters=0), r'PartialFC: subcenters must be >= 1, got 0\.'),
    (dict(sigma=0), r'PartialFC: sigma must be > 0, got 0\.'),
    (dict(classes=1 << 25, in_units=1, sample_rate=1), r'at most 16,777,216 classes of 1 values can be sampled'),
    (dict(classes=1 << 24, in_units=512, sample_rate=1), r'at most 4,194,303 classes of 512 values can be sampled'),
])
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        PartialFC(**{'classes': CLASSES, 'in_units': SIZE, **arguments})


@pytest.mark.parametrize('x, label, message', [
    (X[:, :2], LABEL, r'PartialFC: x must be \(B, 4\), got shape \(5, 2\)\.'),
    (X, LABEL[:3], r'PartialFC: label must be \(B,\) with B = 5, got shape \(3,\)\.'),
    (X, LABEL + 1, r'PartialFC: label must be whole numbers in \[0, 29\], got 30\.'),
    (X, LABEL - 1, r'PartialFC: label must be whole numbers in \[0, 29\], got -1\.'),
])
def test_inputs_that_do_not_fit(x, label, message):
    with pytest.raises(ValueError, match=message):
        made()(nd.array(x), ints(label))


@pytest.mark.parametrize('kind, norms, subcenters', [
    ('cosine', (True, True), 1), ('linear', (False, False), 1), ('feature_norm', (False, True), 1),
    ('weight_norm', (True, False), 1), ('subcenter:3', (True, True), 3)])
def test_the_kinds_of_class_layers_that_sample(kind, norms, subcenters):
    head, dense = get_head(kind, CLASSES, SIZE, num_sample=9, seed=4), get_head(kind, CLASSES, SIZE, sample_rate=None)
    dense.initialize()
    dense.weight.set_data(nd.array(weight(head)))
    assert isinstance(head, PartialFC) and head.num_sample == 9 and head.form()['subcenters'] == subcenters
    np.testing.assert_allclose(head(nd.array(X)).asnumpy(), dense(nd.array(X)).asnumpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('kind, sample, message', [
    ('dense', {'num_sample': 9}, "get_head: with sample_rate or num_sample, kind must be another than 'dense'"),
    ('cosine', {'filter_negatives': 0.4}, 'get_head: filter_negatives needs sample_rate or num_sample')])
def test_class_layers_that_cannot_sample(kind, sample, message):
    with pytest.raises(ValueError, match=message):
        get_head(kind, CLASSES, SIZE, **sample)


def test_an_update_without_a_gradient_is_refused():
    head = made()
    with pytest.raises(ValueError, match='^PartialFC: the loss must depend on its scores'):
        head.update(SGD, 1.0)
    moved(head, X, LABEL, np.ones((BATCH, 11)))
    with pytest.raises(ValueError, match='^PartialFC: the loss must depend on its scores'):
        head.update(SGD, 1.0)
    with autograd.record():
        head(nd.array(X), ints(LABEL))
    with pytest.raises(ValueError, match='^PartialFC: the loss must depend on its scores'):
        head.update(SGD, 1.0)
