"""Pairs, triplets and groups: hand values, mining by hand, shapes."""
import mxnet as mx
import numpy as np
import pytest

import loss_cases as lc
import loss_inputs as li
import loss_values as lv
import reference_pairs as tuples
from gluonfr.loss import get_loss


def line(*positions):
    """Embeddings on a line, so that squared distances can be read off."""
    return mx.nd.array([[p, 0.0] for p in positions])


def mined(name, positions, labels, **args):
    loss = get_loss(name, **args)
    loss.initialize()
    return loss(line(*positions), mx.nd.array(labels)).asnumpy()


# Anchor 0 has positives at 1 and 3 (d2 1 and 9) and negatives at 2 and 5 (d2 4 and 25).
POSITIONS, LABELS = (0, 1, 3, 2, 5), (7, 7, 7, 4, 4)


def test_batch_hard_by_hand():
    got = mined('triplet', POSITIONS, LABELS, margin=2, mining='batch-hard')
    assert got[0] == pytest.approx(9 - 4 + 2)
    assert got[2] == pytest.approx(9 - 1 + 2)


def test_semi_hard_by_hand():
    """d_ap 1: the nearest negative beyond is 4; d_ap 9: it is 25. Margin 2 leaves both at 0, 20 counts both."""
    assert mined('triplet', POSITIONS, LABELS, margin=2, mining='semi-hard')[0] == pytest.approx(0)
    assert mined('triplet', POSITIONS, LABELS, margin=20, mining='semi-hard')[0] == pytest.approx(
        ((1 - 4 + 20) + (9 - 25 + 20)) / 2)


def test_semi_hard_without_a_farther_negative_takes_the_farthest():
    got = mined('triplet', (0, 4, 1, 2), (7, 7, 4, 4), margin=1, mining='semi-hard')
    assert got[0] == pytest.approx(16 - 4 + 1)


def test_batch_all_by_hand():
    """Triplets of anchor 0: 1-4+m, 1-25+m, 9-4+m, 9-25+m; with m = 4 two of them are positive: 1 and 9."""
    assert mined('triplet', POSITIONS, LABELS, margin=4, mining='batch-all')[0] == pytest.approx((1 + 9) / 2)


def test_contrastive_all_by_hand():
    got = mined('contrastiveloss', POSITIONS, LABELS, margin=3, mining='all')
    assert got[0] == pytest.approx((1 + 9) / 2 + ((3 - 2) ** 2 + 0) / 2, rel=1e-5)


def test_triplet_and_contrastive_take_any_shape():
    """As in 1.0: the distance runs over everything but the batch axis."""
    rng = np.random.RandomState(0)
    a, b, c = (rng.randn(4, 2, 3) for _ in range(3))
    triplet = get_loss('triplet', margin=2)
    got = triplet(*[mx.nd.array(v) for v in (a, b, c)]).asnumpy()
    np.testing.assert_allclose(got, tuples.triplet(*[v.reshape(4, 6) for v in (a, b, c)], 2), rtol=1e-5)
    label = np.array([1.0, 0.0, 1.0, 0.0])
    contrastive = get_loss('contrastiveloss', margin=9)
    got = contrastive(*[mx.nd.array(v) for v in (a, b, label)]).asnumpy()
    np.testing.assert_allclose(got, tuples.contrastive(a.reshape(4, 6), b.reshape(4, 6), label, 9), rtol=1e-4)


@pytest.mark.parametrize('case', [c for c in lc.CASES if c.feed is li.mined], ids=str)
def test_mining_tells_large_labels_apart(case):
    """2^24 and 2^24 + 1 are one number in float32."""
    loss, p = case.make('float64')
    x = case.inputs()
    far = x['label'] + 2 ** 24
    args = [mx.nd.array(x['embedding'], dtype='float64'), mx.nd.array(far, dtype='int32')]
    np.testing.assert_allclose(loss(*args).asnumpy(), case.expected(x, p, 0, False), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize('case', [c for c in lc.CASES if c.feed in (li.mined, li.groups) and c.name != 'mpsloss'],
                         ids=str)
def test_far_from_the_origin_distances_keep_their_digits(case):
    """|a|^2 - 2ab + |b|^2 cancels: in float32 an offset of 30 may cost digits, not the result."""
    loss, p = case.make()
    x = dict(case.inputs())
    x['embedding'] = (x['embedding'] + 30).astype('float32').astype('float64')
    np.testing.assert_allclose(lv.value(loss, x), case.expected(x, p, 0, False), rtol=5e-3, atol=5e-3)


@pytest.mark.parametrize('mining', ['batch-hard', 'semi-hard', 'batch-all'])
def test_several_seeds_of_larger_batches(mining):
    """32 samples of 8 classes: ties and empty sets included."""
    reference = {'batch-hard': tuples.triplet_batch_hard, 'semi-hard': tuples.triplet_semi_hard,
                 'batch-all': tuples.triplet_batch_all}[mining]
    loss = get_loss('triplet', margin=0.2, mining=mining)
    loss.initialize()
    loss.cast('float64')
    for seed in range(3):
        rng = np.random.RandomState(seed)
        x = rng.randn(32, 4)
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        label = rng.randint(0, 8, 32).astype('float64')
        np.testing.assert_allclose(lv.value(loss, {'embedding': x, 'label': label}, dtype='float64'),
                                   reference(x, label, 0.2), rtol=1e-7, atol=1e-9)


def test_range_by_hand():
    """Two classes on a line: distances 1, 4, 9 and 4, 16, 36; means 4/3 and 10 + 8/3."""
    args = {'top_k': 2, 'num_class': 2, 'num_in_class': 3, 'feature_dim': 2, 'margin': 200}
    x, label = line(0, 1, 3, 10, 12, 16), mx.nd.array([0, 0, 0, 1, 1, 1])
    intra = 2 / (1 / 9 + 1 / 4) + 2 / (1 / 36 + 1 / 16)
    inter = 200 - (10 + 8 / 3 - 4 / 3) ** 2
    for alpha, beta in ((1, 0), (0, 1), (2, 3)):
        loss = get_loss('rangeloss', alpha=alpha, beta=beta, **args)
        loss.initialize()
        np.testing.assert_allclose(loss(x, label).asnumpy(), np.full(6, alpha * intra + beta * inter), rtol=1e-4)


def test_mps_by_hand():
    """Unit vectors at 0, 60 and 180 degrees against 30, 90 and 150."""
    def at(*degrees):
        return mx.nd.array([[np.cos(np.radians(d)), np.sin(np.radians(d))] for d in degrees])
    loss = get_loss('mpsloss', m=1.0)
    loss.initialize()
    cos = {d: np.cos(np.radians(d)) for d in (30, 90, 150)}
    want = [(1 + max(cos[90], cos[150], cos[30], cos[150]) - cos[30]) / 2,
            (1 + max(cos[30], cos[90], cos[90], cos[90]) - cos[30]) / 2,
            (1 + max(cos[150], cos[90], cos[150], cos[90]) - cos[30]) / 2]
    np.testing.assert_allclose(loss(at(0, 60, 180), at(30, 90, 150)).asnumpy(), want, rtol=1e-5, atol=1e-6)
