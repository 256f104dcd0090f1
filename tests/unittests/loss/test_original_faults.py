"""What gluonfr 1.0 and other public code did wrong, a test each, and what small embeddings need."""
import math

import mxnet as mx
import numpy as np
import pytest

import loss_cases as lc
import loss_inputs as li
import loss_values as lv
import reference as ref
import reference_pairs as tuples
from gluonfr.loss import get_loss

HYBRID = pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])


# --- the original's faults -------------------------------------------------------------------------------------------

def test_contrastive_takes_the_distance_not_the_norm_of_squares():
    loss = get_loss('contrastiveloss', margin=6)
    loss.initialize()
    got = loss(mx.nd.array([[3., 4.], [3., 4.]]), mx.nd.zeros((2, 2)), mx.nd.array([1, 0])).asnumpy()
    np.testing.assert_allclose(got, [25.0, 1.0], rtol=1e-5)
    faulty = np.linalg.norm([9.0, 16.0]) ** 2
    assert abs(got[0] - faulty) > 100


def test_mps_lets_the_hardest_negative_be_below_zero():
    a = np.array([[1.0, 0.0], [-0.8, 0.6]])
    b = np.array([[0.8, 0.6], [-1.0, 0.0]])
    x = {'pred1': a, 'pred2': b}
    loss = get_loss('mpsloss', m=0.5)
    loss.initialize()
    hardest = max(ref.cosine(a[0], b[1]), ref.cosine(a[1], b[0]))
    assert hardest < 0
    np.testing.assert_allclose(lv.value(loss, x), tuples.mps(a, b, 0.5), rtol=1e-5, atol=1e-6)
    for m in (1.0, 1.5):
        loss = get_loss('mpsloss', m=m)
        loss.initialize()
        floored = max(m - ref.cosine(a[0], b[0]), 0) / 2
        assert floored - lv.value(loss, x)[0] > 0.05


@HYBRID
@pytest.mark.parametrize('name, args', [('softmax', {}), ('normsoftmax', {'classes': 3, 's': 1})])
@pytest.mark.parametrize('sparse', [True, False])
def test_a_sure_class_has_no_loss_below_zero_and_its_gradient(name, args, sparse, hybridize):
    """oneDNN's log-softmax gives 1.4e-6 for the first row, and minus that was the loss."""
    loss = get_loss(name, sparse_label=sparse, **args)
    loss.initialize()
    if hybridize:
        loss.hybridize()
    pred = mx.nd.array([[0, -64, -80], [0, -13.5, -80], [0, -1, -2]])
    label = mx.nd.array([0] * 3 if sparse else np.eye(3)[[0] * 3])
    pred.attach_grad()
    with mx.autograd.record():
        value = loss(pred, label)
    value.backward()
    scores = pred.asnumpy().astype('float64')
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert (value.asnumpy() >= 0).all() and not np.signbit(value.asnumpy()).any()
    np.testing.assert_allclose(value.asnumpy(), -np.log(shares[:, 0]), atol=5e-6)
    np.testing.assert_allclose(pred.grad.asnumpy()[:, 1:], shares[:, 1:], rtol=1e-4)


def test_git_does_not_repel_its_own_class_and_takes_any_batch_size():
    case = lc.BY_NAME['gitloss']
    loss, p = case.make('float64')
    loss.hybridize()
    x = case.inputs()
    same = dict(x, label=np.full(li.BATCH, 2.0))
    without = ref.center(same['pred'], same['label'], same['embedding'], p['centers'], 0.3)
    np.testing.assert_allclose(lv.value(loss, same, dtype='float64'), without, rtol=1e-9)
    for size in (2, 5, 6):
        part = {k: v[:size] for k, v in x.items()}
        np.testing.assert_allclose(lv.value(loss, part, dtype='float64'), case.expected(part, p, 0, False), rtol=1e-9)


@HYBRID
def test_lgm_does_not_underflow(hybridize):
    """exp(-d) is 0 in float32 for every class of a 400-dimensional embedding."""
    rng = np.random.RandomState(0)
    args = {'num_classes': 4, 'embedding_size': 400, 'alpha': 0.5, 'lamda': 0.1, 'lr_mult': 1.0}
    loss = get_loss('lgmloss', **args)
    loss.initialize()
    if hybridize:
        loss.hybridize()
    p = {'mean': rng.randn(4, 400), 'var': rng.uniform(0.5, 2, (4, 400))}
    lv.set_params(loss, p)
    x = {'embedding': rng.randn(3, 400) * 2, 'label': np.array([0.0, 3.0, 1.0])}
    distance = ref.lgm_distance(x['embedding'][0], p['mean'][0], p['var'][0])[0]
    assert np.exp(np.float32(-distance)) == 0  # the faulty form takes the logarithm of this
    out, by_input, by_param = lv.gradients(loss, x, np.ones(3), True, 'float32')
    np.testing.assert_allclose(out, ref.lgm(x['embedding'], x['label'], p['mean'], p['var'], 0.5, 0.1), rtol=1e-4)
    assert np.isfinite(by_input['embedding']).all() and all(np.isfinite(g).all() for g in by_param.values())


def test_lgm_counts_half_the_log_determinant():
    args = {'num_classes': 2, 'embedding_size': 2, 'alpha': 0.0, 'lamda': 1.0, 'lr_mult': 1.0}
    loss = get_loss('lgmloss', **args)
    loss.initialize()
    lv.set_params(loss, {'mean': np.zeros((2, 2)), 'var': np.full((2, 2), math.e)})
    got = lv.value(loss, {'embedding': np.zeros((1, 2)), 'label': np.zeros(1)})
    np.testing.assert_allclose(got, [math.log(2) + 1.0], rtol=1e-5)  # 1/2 log det = 1/2 (1 + 1)


def test_l2softmax_normalises_the_features_not_the_logits():
    case = lc.BY_NAME['l2softmax']
    loss, _ = case.make('float64')
    x = case.inputs()
    base = lv.value(loss, x, dtype='float64')
    longer = dict(x, pred=3 * x['pred'], embedding=3 * x['embedding'])  # x -> 3x moves W x along
    np.testing.assert_allclose(lv.value(loss, longer, dtype='float64'), base, rtol=1e-9)
    heavier = dict(x, pred=3 * x['pred'])  # a larger W is another loss; normalised logits would hide it
    assert np.abs(lv.value(loss, heavier, dtype='float64') - base).max() > 0.1


def test_asoftmax_taylor_ends_in_the_tenth_power():
    theta = np.linspace(0.3, 1.0, 6)
    pred = np.full((6, 2), 0.1)
    pred[:, 0] = np.cos(theta)
    loss = get_loss('asoftmax', classes=2, m=3, s=1, phiflag=False, lambda_base=0, lambda_min=0)
    loss.initialize()
    loss.cast('float64')
    ce = lv.value(loss, {'pred': pred, 'label': np.zeros(6)}, dtype='float64')
    target = 0.1 - np.log(np.exp(ce) - 1)
    x = 3 * theta
    right = sum((-1) ** n * x ** (2 * n) / math.factorial(2 * n) for n in range(6))
    faulty = right + x ** 10 / math.factorial(10) - x ** 9 / math.factorial(9)
    np.testing.assert_allclose(target, np.clip(right, -3, 1), rtol=1e-7)
    np.testing.assert_allclose(target, np.cos(x), atol=2e-3)
    assert np.abs(target - faulty).max() > 0.01


def test_range_alpha_weighs_the_spread_and_beta_the_centres():
    case = lc.BY_NAME['rangeloss']
    x = case.inputs()
    for alpha, beta, want in ((1.0, 0.0, tuples.range_intra(x['embedding'], 3, 4, 2)),
                              (0.0, 1.0, tuples.range_inter(x['embedding'], 3, 4, 6.0))):
        loss = get_loss('rangeloss', **dict(case.args, alpha=alpha, beta=beta))
        loss.initialize()
        np.testing.assert_allclose(lv.value(loss, x), np.full(12, want), rtol=1e-4)


@pytest.mark.parametrize('top_k', [1, 2, 3, 6])
def test_range_counts_a_pair_once(top_k):
    """A distance matrix holds every pair twice: the k largest entries are then k/2 pairs."""
    case = lc.BY_NAME['rangeloss']
    x = case.inputs()
    loss = get_loss('rangeloss', **dict(case.args, top_k=top_k))
    loss.initialize()
    loss.cast('float64')
    want = tuples.range_loss(x['embedding'], 0.7, 0.4, top_k, 3, 4, 6.0)
    np.testing.assert_allclose(lv.value(loss, x, dtype='float64'), want, rtol=1e-8)


def test_the_originals_names_are_found():
    from gluonfr import loss as losses
    assert type(get_loss('cosLoss', classes=5, m=0.3, s=4)) is losses.CosLoss
    assert type(get_loss('cosloss', classes=5, m=0.3, s=4)) is losses.CosLoss
    assert type(get_loss('mpsoss')) is losses.MPSLoss


# --- small embeddings ------------------------------------------------------------------------------------------------

def test_the_last_layer_of_lenetplus_reaches_the_whole_plane():
    """Behind a ReLU a 2-d embedding has one quadrant for all classes."""
    from gluonfr.model_zoo import get_model
    mx.random.seed(0)
    net = get_model('lenetplus')
    net.initialize(mx.init.Xavier())
    x = mx.nd.array(np.random.RandomState(0).rand(64, 1, 28, 28))
    embedding = net(x).asnumpy()
    assert embedding.shape == (64, 2)
    weight = [p for p in net.collect_params().values() if p.name.endswith('weight')][-1]
    assert weight.shape[0] == 2
    weight.set_data(-weight.data())
    np.testing.assert_allclose(net(x).asnumpy(), -embedding, rtol=1e-4, atol=1e-5)  # linear: f(-W) = -f(W)


@pytest.mark.parametrize('classes', [10, 1000])
def test_l2softmax_refuses_a_scale_too_small_for_its_classes(classes):
    bound = math.log(0.9 * (classes - 2) / 0.1)
    with pytest.raises(ValueError, match='alpha'):
        get_loss('l2softmax', classes=classes, alpha=bound - 0.01)
    get_loss('l2softmax', classes=classes, alpha=bound + 0.01)
    get_loss('l2softmax', classes=2, alpha=0.1)  # the bound says nothing about two classes
