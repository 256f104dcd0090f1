"""Every registered loss: weights, axes, label forms, contexts, and results of a form of their own."""
import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd

import loss_cases as lc
import loss_inputs as li
import loss_values as lv
import reference as ref
from gluonfr.loss import get_loss
from loss_values import close

ALL = pytest.mark.parametrize('case', lc.CASES, ids=str)


# --- options every loss has ------------------------------------------------------------------------------------------

@ALL
@pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])
def test_sample_weight_scales_the_whole_loss_of_a_sample(case, hybridize):
    loss, p = case.make('float64')
    if hybridize:
        loss.hybridize()
    x = case.inputs()
    want = case.expected(x, p, 0, False)
    weights = np.linspace(0, 2, len(want))
    for given in (weights, weights[:, None]):
        got = lv.value(loss, x, dtype='float64', label_dtype='float64', sample_weight=given)
        assert got.shape == want.shape
        close(got, want * weights)


@ALL
def test_weight_scales_the_whole_loss(case):
    loss, p = case.make('float64', weight=0.25)
    x = case.inputs()
    close(lv.value(loss, x, dtype='float64', label_dtype='float64'), 0.25 * case.expected(x, p, 0, False))


@pytest.mark.parametrize('case', [c for c in lc.CASES if c.turns], ids=str)
@pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])
def test_batch_axis_one_takes_transposed_inputs(case, hybridize):
    # Plain softmax takes any rank of pred, as Gluon's does, so there the class axis must be said.
    name = case.args.get('loss', 'softmax') if case.name == 'focalloss' else case.name
    plain = name.startswith('softmax')
    loss, p = case.make('float64', batch_axis=1, **({'axis': 0} if plain else {}))
    if hybridize:
        loss.hybridize()
    x = case.inputs()
    turned = {k: v if v.ndim == 1 else np.ascontiguousarray(v.T) for k, v in x.items()}
    want = case.expected(x, p, 0, False)
    got = lv.value(loss, turned, dtype='float64', label_dtype='float64')
    assert got.shape == want.shape
    close(got, want)


@pytest.mark.parametrize('case', [c for c in lc.CASES if c.dense], ids=str)
@pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])
def test_one_hot_labels_equal_class_numbers(case, hybridize):
    loss, p = case.make('float64', sparse_label=False)
    if hybridize:
        loss.hybridize()
    x = case.inputs()
    x_dense = {k: lv.one_hot(v) if k == 'label' else v for k, v in x.items()}
    for train in (False, True):
        want = case.expected(x, p, 0, train)
        close(lv.value(loss, x_dense, train, 'float64', 'float64'), want)


@pytest.mark.parametrize('name', ['softmax', 'cosloss', 'arcface-strict', 'normsoftmax', 'ringloss-l2', 'l2softmax'])
def test_smoothed_labels(name):
    """The margin goes to the likeliest class; the cross-entropy takes the row as it is."""
    case = lc.BY_NAME[name]
    loss, p = case.make('float64', sparse_label=False)
    x = dict(case.inputs())
    x['label'] = 0.8 * lv.one_hot(x['label']) + 0.2 / li.CLASSES
    close(lv.value(loss, x, dtype='float64', label_dtype='float64'), case.expected(x, p, 0, False))


@pytest.mark.parametrize('name', ['ringloss-l2', 'centerloss', 'gitloss'])
def test_pred_may_be_log_probabilities(name):
    case = lc.BY_NAME[name]
    loss, p = case.make('float64', from_logits=True)
    x = case.inputs()
    given = dict(x, pred=np.log([ref.softmax(row) for row in x['pred']]))
    close(lv.value(loss, given, dtype='float64', label_dtype='float64'), case.expected(x, p, 0, False))


@pytest.mark.parametrize('axis', [1, -1])
def test_axis_is_the_class_axis(axis):
    case = lc.BY_NAME['softmax']
    loss, p = case.make('float64', axis=axis)
    x = case.inputs()
    close(lv.value(loss, x, dtype='float64'), case.expected(x, p, 0, False))


@ALL
def test_several_contexts(case):
    contexts = [mx.cpu(0), mx.cpu(1)]
    loss, p = case.make('float64', ctx=contexts)
    for seed, ctx in enumerate(contexts):
        x = case.inputs(seed)
        head = np.ones(len(next(iter(x.values()))))
        out, by_input, _ = lv.gradients(loss, x, head, train=True, ctx=ctx)
        close(out, case.expected(x, p, 0, True))
        assert all(np.isfinite(g).all() for g in by_input.values())


@ALL
def test_several_contexts_hybridized(case):
    contexts = [mx.cpu(0), mx.cpu(1)]
    loss, p = case.make('float64', ctx=contexts)
    loss.hybridize()
    for ctx in contexts:
        x = case.inputs()
        out, _, _ = lv.gradients(loss, x, np.ones(len(next(iter(x.values())))), train=True, ctx=ctx)
        close(out, case.expected(x, p, 0, True))


# --- results with a form of their own --------------------------------------------------------------------------------

@pytest.mark.parametrize('train', [False, True], ids=['predict', 'train'])
@pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])
@pytest.mark.parametrize('name', ['lgmloss', 'lgmloss-negative_var'])
def test_lgm_returns_probabilities_without_margin(name, train, hybridize):
    case = lc.BY_NAME[name]
    loss, p = case.make('float64')
    if hybridize:
        loss.hybridize()
    x = case.inputs()
    want = ref.lgm_probability(x['embedding'], p['mean'], p['var'])
    for shift in (0, 1):  # another label, the same probability
        labels = (x['label'] + shift) % li.CLASSES
        with autograd.record(train_mode=train):
            out = loss(*lv.arrays(dict(x, label=labels), 'float64'))
        assert isinstance(out, (tuple, list)) and len(out) == 2
        assert out[1].shape == (li.BATCH, li.CLASSES)
        close(out[1].asnumpy(), want)


@pytest.mark.parametrize('name,scores', [
    ('lgmloss', lambda x, p: ref.lgm_probability(x, p['mean'], p['var'])),
    ('cocoloss', lambda x, p: np.array([[ref.cosine(a, c) for c in p['centers']] for a in x])),
    ('lsoftmax-m2', lambda x, p: ref.dense(x, p['weight']))])
def test_losses_that_own_the_class_scores_predict(name, scores):
    case = lc.BY_NAME[name]
    loss, p = case.make('float64')
    x = case.inputs()['embedding']
    got = loss.predict(mx.nd.array(x, dtype='float64')).asnumpy()
    assert got.shape == (li.BATCH, li.CLASSES)
    np.testing.assert_array_equal(np.argsort(got, axis=1), np.argsort(scores(x, p), axis=1))


@pytest.mark.parametrize('name', ['lgmloss', 'cocoloss', 'lsoftmax-m2'])
def test_they_predict_in_float32_whatever_comes_in(name):
    case = lc.BY_NAME[name]
    loss, _ = case.make()
    x = mx.nd.array(case.inputs()['embedding'], dtype='float16')
    for hybridize in (False, True):
        loss.hybridize(hybridize)
        got = loss.predict(x)
        assert got.dtype == np.float32
        np.testing.assert_allclose(got.asnumpy(), loss.predict(x.astype('float32')).asnumpy(), rtol=1e-6)


@pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])
def test_ring_auto_starts_at_the_mean_length_of_the_first_batch(hybridize, tmp_path):
    case = lc.BY_NAME['ringloss-l2']
    loss = get_loss('ringloss', lamda=0.3, r_init='auto')
    loss.initialize()
    loss.cast('float64')
    if hybridize:
        loss.hybridize()
    x, later = case.inputs(0), case.inputs(1)
    later['embedding'] = later['embedding'] * 7
    radius = [np.mean([ref.norm(v) for v in x['embedding']])]
    close(lv.value(loss, x, True, 'float64'), ref.ring(x['pred'], x['label'], x['embedding'], radius, 0.3))
    close(loss.R.data().asnumpy(), radius)
    want = ref.ring(later['pred'], later['label'], later['embedding'], radius, 0.3)
    for train in (True, False):
        close(lv.value(loss, later, train, 'float64'), want)
    loss.save_parameters(str(tmp_path / 'ring.params'))
    again = get_loss('ringloss', lamda=0.3, r_init='auto')
    again.initialize()
    again.cast('float64')
    again.load_parameters(str(tmp_path / 'ring.params'))
    close(lv.value(again, later, True, 'float64'), want)


def test_ring_starts_at_r_init():
    loss = get_loss('ringloss', lamda=0.3, r_init=20.0)
    loss.initialize()
    np.testing.assert_allclose(loss.R.data().asnumpy(), [20.0])
    assert loss.R.shape == (1,) and loss.R.grad_req == 'write'


def test_lgm_variance_learns_slowly():
    loss = lc.BY_NAME['lgmloss'].make()[0]
    assert loss.var.lr_mult == 0.5 and loss.mean.lr_mult == 1.0
    fresh = get_loss('lgmloss', **lc.BY_NAME['lgmloss'].args)
    fresh.initialize()
    np.testing.assert_array_equal(fresh.var.data().asnumpy(), np.ones((li.CLASSES, li.DIM)))


# --- one sample ------------------------------------------------------------------------------------------------------

ONE = [c for c in lc.CASES if c.name != 'rangeloss']


@pytest.mark.parametrize('case', ONE, ids=str)
@pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])
def test_batch_of_one(case, hybridize):
    loss, p = case.make('float64')
    if hybridize:
        loss.hybridize()
    x = {k: v[:1] for k, v in case.inputs().items()}
    out, by_input, _ = lv.gradients(loss, x, np.ones(1), train=True)
    assert out.shape == (1,)
    close(out, case.expected(x, p, 0, True))
    assert all(np.isfinite(g).all() for g in by_input.values())


MINED = [c for c in lc.CASES if c.feed is li.mined]


@pytest.mark.parametrize('case', MINED, ids=str)
@pytest.mark.parametrize('labels', [[0, 0, 0, 0, 0, 0], [0, 1, 2, 3, 4, 5], [7, 7, 7, 7, 7, 9]], ids=str)
def test_mining_with_no_positives_or_no_negatives(case, labels):
    loss, p = case.make('float64')
    x = dict(case.inputs(), label=np.array(labels, dtype='float64'))
    out, by_input, _ = lv.gradients(loss, x, np.ones(6), train=True)
    close(out, case.expected(x, p, 0, True))
    assert np.isfinite(by_input['embedding']).all()


@pytest.mark.parametrize('case', MINED + [lc.BY_NAME[n] for n in ('contrastiveloss', 'triplet')], ids=str)
def test_equal_embeddings_have_finite_gradients(case):
    """The distance of two equal points has no slope: sqrt at 0 must not give NaN."""
    loss, _ = case.make('float64')
    x = {k: v if k == 'label' else np.ones_like(v) for k, v in case.inputs().items()}
    out, by_input, _ = lv.gradients(loss, x, np.ones(6), train=True)
    assert np.isfinite(out).all()
    assert all(np.isfinite(g).all() for g in by_input.values())


def test_range_loss_of_equal_embeddings_is_finite():
    case = lc.BY_NAME['rangeloss']
    loss, _ = case.make('float64')
    x = dict(case.inputs(), embedding=np.ones((12, li.DIM)))
    out, by_input, _ = lv.gradients(loss, x, np.ones(12), train=True)
    assert np.isfinite(out).all() and np.isfinite(by_input['embedding']).all()


@ALL
def test_zero_embeddings_are_finite(case):
    """A dead embedding must not turn the batch into NaN."""
    loss, _ = case.make()
    x = {k: np.zeros_like(v) if k == 'embedding' or k.startswith('pred') and case.name == 'mpsloss' else v
         for k, v in case.inputs().items()}
    out, by_input, by_param = lv.gradients(loss, x, np.ones(len(next(iter(x.values())))), True, 'float32')
    assert np.isfinite(out).all()
    assert all(np.isfinite(g).all() for g in list(by_input.values()) + list(by_param.values()))
