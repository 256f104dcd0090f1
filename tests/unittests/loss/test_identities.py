"""Members of the family that must agree where one is a setting of another."""
import mxnet as mx
import numpy as np
import pytest
from mxnet import gluon

import loss_cases as lc
import loss_inputs as li
import loss_values as lv
import reference as ref
from gluonfr.loss import get_loss

C = {'classes': li.CLASSES}


def both(name_a, args_a, name_b, args_b, x=None, train=False):
    """(value, gradients) of two losses on the same inputs."""
    out = []
    for name, args in ((name_a, args_a), (name_b, args_b)):
        loss = get_loss(name, **args)
        loss.initialize()
        loss.cast('float64')
        given = x or li.cosines(np.random.RandomState(2))
        out.append(lv.gradients(loss, given, np.linspace(1, 2, li.BATCH), train)[:2])
    return out


IDENTITIES = [
    ('arcface', {'m': 0, 's': 8, **C}, 'normsoftmax', {'s': 8, **C}),
    ('arcface', {'m': 0, 's': 8, 'easy_margin': False, **C}, 'normsoftmax', {'s': 8, **C}),
    ('cosloss', {'m': 0, 's': 8, **C}, 'normsoftmax', {'s': 8, **C}),
    ('combined', {'m1': 1, 'm2': 0, 'm3': 0, 's': 8, **C}, 'normsoftmax', {'s': 8, **C}),
    ('combined', {'m1': 1, 'm2': 0, 'm3': 0.35, 's': 8, **C}, 'cosloss', {'m': 0.35, 's': 8, **C}),
    ('combined', {'m1': 1, 'm2': 0.5, 'm3': 0, 's': 8, **C}, 'arcface', {'m': 0.5, 's': 8, 'easy_margin': False, **C}),
    ('combined', {'m1': 1, 'm2': 0.5, 'm3': 0, 's': 8, 'easy_margin': True, **C}, 'arcface', {'m': 0.5, 's': 8, **C}),
    ('combined', {'m1': 3, 'm2': 0, 'm3': 0, 's': 8, **C},
     'asoftmax', {'m': 3, 's': 8, 'lambda_base': 0, 'lambda_min': 0, **C}),
    ('asoftmax', {'m': 1, 's': 8, **C}, 'normsoftmax', {'s': 8, **C}),
    ('svxsoftmax', {'m2': 0.35, 's': 8, **C}, 'cosloss', {'m': 0.35, 's': 8, **C}),
    ('svxsoftmax', {'m3': 0.5, 's': 8, **C}, 'arcface', {'m': 0.5, 's': 8, 'easy_margin': False, **C}),
    ('svxsoftmax', C, 'normsoftmax', C),
    ('focalloss', {'gamma': 0}, 'softmax', {}),
    ('focalloss', {'gamma': 0, 'loss': 'arcface', 's': 8, **C}, 'arcface', {'s': 8, **C}),
    ('spherefacer', {'m': 1, 's': 8, 'gradient': 'exact', **C}, 'normsoftmax', {'s': 8, **C}),
    ('spherefacer', {'m': 1, 's': 8, 'version': 'v1', 'gradient': 'exact', **C}, 'normsoftmax', {'s': 8, **C}),
    ('spherefacer', {'m': 3, 's': 8, 'version': 'v0', 'gradient': 'exact', **C},
     'combined', {'m1': 3, 'm2': 0, 'm3': 0, 's': 8, **C}),
    ('l2softmax', {'alpha': 8, 'from_normx': True, **C}, 'normsoftmax', {'s': 8, **C}),
]


@pytest.mark.parametrize('name_a,args_a,name_b,args_b', IDENTITIES,
                         ids=[f'{i[0]}={i[2]}-{n}' for n, i in enumerate(IDENTITIES)])
@pytest.mark.parametrize('train', [False, True], ids=['predict', 'train'])
def test_identity(name_a, args_a, name_b, args_b, train):
    (value_a, grad_a), (value_b, grad_b) = both(name_a, args_a, name_b, args_b, train=train)
    np.testing.assert_allclose(value_a, value_b, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(grad_a['pred'], grad_b['pred'], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize('name,args', [('ringloss', {'lamda': 0}),
                                       ('centerloss', {'embedding_size': li.DIM, 'lamda': 0, **C}),
                                       ('gitloss', {'embedding_size': li.DIM, 'lamda_c': 0, 'lamda_g': 0, **C})])
def test_without_its_term_a_joint_loss_is_softmax(name, args):
    x = li.scores_embedding(np.random.RandomState(0))
    joint = get_loss(name, **args)
    joint.initialize()
    joint.cast('float64')
    out, grads, _ = lv.gradients(joint, x, np.ones(li.BATCH))
    np.testing.assert_allclose(out, ref.cross_entropy(x['pred'], x['label']), rtol=1e-10)
    np.testing.assert_array_equal(grads['embedding'], np.zeros((li.BATCH, li.DIM)))
    gluon_loss = gluon.loss.SoftmaxCrossEntropyLoss()(*lv.arrays({k: x[k] for k in ('pred', 'label')}, 'float64'))
    np.testing.assert_allclose(out, gluon_loss.asnumpy(), rtol=1e-10)


def test_sphereface2_on_plain_cosines_is_uniface_with_twice_the_margin():
    """s (c - m) + b and s (c + m) + b are s (c - 2m) - b' and s c - b' with b' = -b - s m."""
    x, losses = li.cosines(np.random.RandomState(0)), []
    for name, args in (('sphereface2', {'m': 0.1, 'lamda': 0.5, 't': 1, 'b_init': -3}),
                       ('uniface', {'m': 0.2, 'b_init': 3 - 8 * 0.1})):
        loss = get_loss(name, s=8, **C, **args)
        loss.initialize()
        loss.cast('float64')
        losses.append(lv.value(loss, x, dtype='float64'))
    np.testing.assert_allclose(losses[0] * 2 * 8, losses[1], rtol=1e-7)


def test_soft_normalisation_without_its_weight_is_none():
    x = li.cosines_embedding(np.random.RandomState(0))
    soft, none = (get_loss('spherefacer', feature_norm=kind, t=0, **C) for kind in ('soft', 'none'))
    np.testing.assert_array_equal(lv.value(soft, x), lv.value(none, x))


def test_git_without_repulsion_is_centre_loss():
    x = li.scores_embedding(np.random.RandomState(0))
    centers = np.random.RandomState(1).randn(li.CLASSES, li.DIM)
    values = []
    for name, args in (('gitloss', {'lamda_c': 0.3, 'lamda_g': 0}), ('centerloss', {'lamda': 0.3})):
        loss = get_loss(name, embedding_size=li.DIM, **C, **args)
        loss.initialize()
        loss.cast('float64')
        lv.set_params(loss, {'centers': centers})
        values.append(lv.value(loss, x, True, 'float64'))
        values.append(loss.centers.data().asnumpy())
    np.testing.assert_allclose(values[0], values[2], rtol=1e-10)
    np.testing.assert_allclose(values[1], values[3], rtol=1e-10)


def test_lgm_without_margin_and_likelihood_is_the_mixtures_posterior():
    case = lc.BY_NAME['lgmloss']
    loss, p = case.make('float64', alpha=0, lamda=0)
    x = case.inputs()
    posterior = ref.lgm_probability(x['embedding'], p['mean'], p['var'])
    want = [-np.log(row[int(y)]) for row, y in zip(posterior, x['label'])]
    np.testing.assert_allclose(lv.value(loss, x, dtype='float64'), want, rtol=1e-7)


def test_lsoftmax_with_m_one_is_softmax_without_bias():
    case = lc.BY_NAME['lsoftmax-m2']
    loss, p = case.make('float64', m=1)
    x = case.inputs()
    want = ref.cross_entropy(x['embedding'] @ p['weight'].T, x['label'])
    np.testing.assert_allclose(lv.value(loss, x, dtype='float64'), want, rtol=1e-9)


def test_coco_is_norm_softmax_over_a_cosine_head():
    case = lc.BY_NAME['cocoloss']
    loss, p = case.make('float64')
    x = case.inputs()
    norm_softmax = get_loss('normsoftmax', s=5, **C)
    norm_softmax.cast('float64')
    pred = ref.dense(x['embedding'], p['centers'], w_norm=True, x_norm=True)
    want = lv.value(norm_softmax, {'pred': pred, 'label': x['label']}, dtype='float64')
    np.testing.assert_allclose(lv.value(loss, x, dtype='float64'), want, rtol=1e-6)


def test_magface_with_equal_margins_is_arcface():
    x = li.long_embedding(np.random.RandomState(0))
    mag = get_loss('magface', s=8, l_m=0.5, u_m=0.5, lamda_g=0, **C)
    arc = get_loss('arcface', s=8, m=0.5, easy_margin=False, **C)
    for loss in (mag, arc):
        loss.initialize()
        loss.cast('float64')
    want = lv.value(arc, {k: x[k] for k in ('pred', 'label')}, dtype='float64')
    np.testing.assert_allclose(lv.value(mag, x, dtype='float64'), want, rtol=1e-9)


def test_the_magface_regulariser_is_smallest_at_the_upper_bound():
    """g(a) = a/u_a^2 + 1/a falls up to u_a: longer embeddings for better images."""
    x = li.long_embedding(np.random.RandomState(0))
    values = []
    for length in (10.0, 40.0, 80.0, 110.0):
        x['embedding'] = x['embedding'] / np.linalg.norm(x['embedding'], axis=1, keepdims=True) * length
        pair = []
        for lamda_g in (35, 0):
            loss = get_loss('magface', s=8, l_m=0.5, u_m=0.5, lamda_g=lamda_g, **C)
            loss.initialize()
            pair.append(lv.value(loss, x)[0])
        values.append(pair[0] - pair[1])
    assert values == sorted(values, reverse=True)


def test_explicit_triplets_equal_batch_hard_on_three_samples():
    """With one positive and one negative, mining has no choice."""
    x = np.random.RandomState(0).randn(3, li.DIM)
    label = np.array([4.0, 4.0, 9.0])
    explicit = get_loss('triplet', margin=5)
    explicit.initialize()
    want = lv.value(explicit, {'pred': x[:1], 'positive': x[1:2], 'negative': x[2:]})[0]
    for mining in ('batch-hard', 'semi-hard', 'batch-all'):
        mined = get_loss('triplet', margin=5, mining=mining)
        mined.initialize()
        assert lv.value(mined, {'embedding': x, 'label': label})[0] == pytest.approx(want, rel=1e-5)


def test_mined_losses_do_not_depend_on_the_order_of_the_batch():
    order = np.array([3, 1, 5, 0, 2, 4])
    for case in lc.CASES:
        if case.feed is li.mined:
            loss, _ = case.make('float64')
            x = case.inputs()
            turned = {k: v[order] for k, v in x.items()}
            np.testing.assert_allclose(lv.value(loss, turned, dtype='float64'),
                                       lv.value(loss, x, dtype='float64')[order], rtol=1e-9, atol=1e-12)


def test_focal_over_an_instance_equals_focal_over_its_name():
    x = li.cosines(np.random.RandomState(0))
    by_name = get_loss('focalloss', loss='arcface', gamma=2.0, s=4, **C)
    instance = get_loss('focalloss', loss=get_loss('arcface', s=4, **C), gamma=2.0)
    for loss in (by_name, instance):
        loss.initialize()
    np.testing.assert_array_equal(lv.value(by_name, x), lv.value(instance, x))
    assert by_name.head == instance.head == 'cosine'


def test_gluon_and_gluonfr_softmax_agree_in_their_options():
    x = li.scores(np.random.RandomState(0))
    args = lv.arrays(x, 'float32')
    for options in ({}, {'weight': 0.5}):
        ours, theirs = get_loss('softmax', **options), gluon.loss.SoftmaxCrossEntropyLoss(**options)
        np.testing.assert_allclose(ours(*args).asnumpy(), theirs(*args).asnumpy(), rtol=1e-6)
    weights = mx.nd.array(np.linspace(0, 1, li.BATCH)[:, None])
    np.testing.assert_allclose(get_loss('softmax')(*args, weights).asnumpy(),
                               gluon.loss.SoftmaxCrossEntropyLoss()(*args, weights).asnumpy(), rtol=1e-6)
