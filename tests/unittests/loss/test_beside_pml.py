"""The losses that pytorch-metric-learning has too: values and gradients agree to 1e-6."""
from functools import partial

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd

from gluonfr.loss import get_loss
from gluonfr.nn import get_head

torch = pytest.importorskip('torch', reason='PyTorch is not installed')
pml = pytest.importorskip('pytorch_metric_learning', reason='pytorch-metric-learning is not installed')

BATCH, CLASSES, DIM = 12, 4, 5
RNG = np.random.RandomState(3)
LABEL = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 3])  # class 3 has no positive
CENTRES = RNG.randn(CLASSES, DIM)
EMBEDDING = CENTRES[LABEL] + RNG.randn(BATCH, DIM)
HEAD = np.linspace(0.5, 1.5, BATCH)


def theirs(make, miner=None):
    """(losses, gradient by embedding, gradient by class centres or None) of a loss of pytorch-metric-learning."""
    from pytorch_metric_learning import losses, miners, reducers
    each = make.func is not losses.ProxyAnchorLoss  # of which there is one value for the batch
    loss = make(**({'reducer': reducers.DoNothingReducer()} if each else {}))
    centres = getattr(loss, 'W', getattr(loss, 'proxies', None))
    if centres is not None:
        centres.data = torch.tensor(CENTRES if centres.shape[0] == CLASSES else CENTRES.T.copy())
    x, label = torch.tensor(EMBEDDING, requires_grad=True), torch.tensor(LABEL)
    chosen = miners.MultiSimilarityMiner(miner)(x, label) if miner else None
    out = loss(x, label, chosen)
    out = out['loss']['losses'].reshape(-1) if each else out * torch.ones(BATCH, dtype=torch.float64)
    (out * torch.tensor(HEAD)).sum().backward()
    grad = None if centres is None else centres.grad.numpy()
    return out.detach().numpy(), x.grad.numpy(), grad if grad is None or len(grad) == CLASSES else grad.T


def ours(name, **args):
    """The same of a loss of gluonfr, with its class layer."""
    loss = get_loss(name, **args)
    blocks = [loss] + ([] if loss.head is None else [get_head(loss.head, CLASSES, DIM)])
    for block in blocks:
        block.initialize()
        block.cast('float64')
    owned = [p for block in blocks for p in block.collect_params().values() if p.shape == (CLASSES, DIM)]
    for parameter in owned:
        parameter.set_data(mx.nd.array(CENTRES, dtype='float64'))
    x, label = mx.nd.array(EMBEDDING, dtype='float64'), mx.nd.array(LABEL, dtype='float64')
    x.attach_grad()
    with autograd.record():
        given = {'embedding': x, 'label': label, 'pred': blocks[-1](x) if loss.head else None}
        out = loss(*[given[key] for key in loss.inputs])
    out.backward(mx.nd.array(HEAD, dtype='float64'))
    return out.asnumpy(), x.grad.asnumpy(), owned[0].grad().asnumpy() if owned else None


def of_pairs(name, **args):
    """How a loss of pytorch-metric-learning is made."""
    from pytorch_metric_learning import losses
    return partial(getattr(losses, name), **args)


def of_classes(name, **args):
    """The same with class centres."""
    return of_pairs(name, num_classes=CLASSES, embedding_size=DIM, **args)


C = {'classes': CLASSES}
SAME = {
    'circlepair': (of_pairs('CircleLoss', m=0.25, gamma=8), {'gamma': 8}),
    'circlepair-defaults': (of_pairs('CircleLoss', m=0.25, gamma=256), {}),
    'supcon': (of_pairs('SupConLoss', temperature=0.3), {'temperature': 0.3}),
    'multisimilarity-all': (of_pairs('MultiSimilarityLoss', alpha=3, beta=20, base=0.4),
                            {'alpha': 3, 'beta': 20, 'lamda': 0.4, 'epsilon': None}),
    'multisimilarity': (of_pairs('MultiSimilarityLoss', alpha=2, beta=50, base=0.5), {}),
    'proxyanchor': (of_classes('ProxyAnchorLoss', margin=0.1, alpha=32), C),
    'spherefacer': (of_classes('SphereFaceLoss', margin=4), dict(
        C, m=4, version='v0', feature_norm='none', gradient='exact')),
    'arcface': (of_classes('ArcFaceLoss', margin=np.degrees(0.3), scale=8), dict(C, m=0.3, s=8, easy_margin=False)),
    'cosloss': (of_classes('CosFaceLoss', margin=0.35, scale=8), dict(C, s=8)),
    'normsoftmax': (of_classes('NormalizedSoftmaxLoss', temperature=1 / 8), dict(C, s=8)),
    'lsoftmax': (of_classes('LargeMarginSoftmaxLoss', margin=2), dict(C, embedding_size=DIM)),
}


@pytest.mark.parametrize('case', sorted(SAME))
def test_values_and_gradients_agree(case):
    make, args = SAME[case]
    want = theirs(make, miner=0.1 if case == 'multisimilarity' else None)
    got = ours(case.partition('-')[0], **args)
    assert (want[2] is None) == (got[2] is None)
    for mine, other in zip(got, want):
        if other is not None:
            np.testing.assert_allclose(mine, other, rtol=1e-6, atol=1e-6)
            assert np.abs(other).max() > 1e-3  # nothing agrees by being 0


def test_supcon_without_negatives_is_zero_there_and_the_papers_formula_here():
    from pytorch_metric_learning import losses
    x = torch.tensor(EMBEDDING[:4])
    assert float(losses.SupConLoss()(x, torch.zeros(4))) == 0
    got = get_loss('supcon')(mx.nd.array(EMBEDDING[:4]), mx.nd.zeros(4)).asnumpy()
    assert (got > 0.1).all()


def test_arcface_past_pi_falls_on_in_another_way():
    """Beyond theta + m = pi they take cos(theta) - m sin(m), which jumps there; ours goes on without a jump."""
    m = 0.5
    from pytorch_metric_learning import losses
    loss = losses.ArcFaceLoss(2, 2, margin=np.degrees(m))
    theta = np.array([np.pi - m - 1e-3, np.pi - m + 1e-3, np.pi])
    there = loss.modify_cosine_of_target_classes(torch.tensor(np.cos(theta))).numpy()
    np.testing.assert_allclose(there[1:], np.cos(theta[1:]) - m * np.sin(m), rtol=1e-6)
    arc = get_loss('arcface', classes=2, m=m, s=1, easy_margin=False)
    pred = mx.nd.array([[np.cos(t), 0] for t in theta], dtype='float64')
    arc.cast('float64')
    here = -np.log(np.expm1(arc(pred, mx.nd.zeros(3)).asnumpy()))
    np.testing.assert_allclose(here[0], there[0], rtol=1e-6)
    np.testing.assert_allclose(here[1:], -2 - np.cos(theta[1:] + m), rtol=1e-4)
    assert here[0] > here[1] > here[2]
