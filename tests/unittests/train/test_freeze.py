"""Freezing: what is kept stays bit for bit, running statistics and resumed runs too; what does not fit is named."""
import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, nd
from mxnet.gluon import nn
from train_cases import FEATURES, PullLoss, assert_identical, dense_net, loader, make_head, train, values

from gluonfr.data import ArrayLoader
from gluonfr.loss import get_loss
from gluonfr.model_zoo import get_model
from gluonfr.nn import get_head
from gluonfr.train import Checkpoint, CheckpointError, embed, fit, freeze, unfreeze

TWO = [mx.cpu(0), mx.cpu(1)]


def job(**arguments):
    """Net with BatchNorm and head, started from a seed."""
    net, head = dense_net(batch_norm=True), make_head()
    mx.random.seed(1)
    for block in (net, head):
        block.initialize(mx.init.Xavier())
    head(net(nd.ones((2, FEATURES))))
    return dict(net=net, head=head, **arguments)


def every(blocks):
    """All values by name, running statistics included."""
    return {name + '/' + key: param.data(param.list_ctx()[0]).asnumpy() for name, block in blocks.items()
            for key, param in block._collect_params_with_prefix().items()}


@pytest.mark.parametrize('ctx', [None, TWO], ids=['one', 'two'])
@pytest.mark.parametrize('hybridize', [False, True])
def test_a_frozen_net_stays_bit_for_bit(ctx, hybridize):
    blocks = job()
    assert freeze('backbone', **blocks) == ['net/0.weight', 'net/0.bias', 'net/1.gamma', 'net/1.beta', 'net/2.weight',
                                            'net/2.bias']
    before = every(blocks)
    state = train(**blocks, ctx=ctx, hybridize=hybridize, optimizer_params={'learning_rate': 0.1, 'wd': 0.1})
    after = every(blocks)
    assert_identical({k: v for k, v in before.items() if k.startswith('net/')},
                     {k: v for k, v in after.items() if k.startswith('net/')})
    assert (after['head/weight'] != before['head/weight']).any()
    assert [param.name for param in state.trainer._params] == ['head_weight', 'head_bias']


@pytest.mark.parametrize('patterns, fixed', [
    (r'net/[01]\.', True), (r'net/1\.', True), ([r'net/1\.gamma', r'net/1\.beta'], True),
    (r'net/1\.gamma', False), (r'net/0\.', False)])
def test_statistics_stay_where_gamma_and_beta_do(patterns, fixed):
    blocks = job()
    kept = freeze(patterns, **blocks)
    before = every(blocks)
    train(**blocks)
    after = every(blocks)
    for name in before:
        still = name in kept or 'running' in name and fixed
        assert (before[name].tobytes() == after[name].tobytes()) == still, name


def test_a_frozen_net_trains_its_head_on_the_embeddings_of_inference():
    """The head by itself, on embeddings made before, takes the same steps."""
    blocks = job()
    freeze('backbone', **blocks)
    found = embed(blocks['net'], loader(shuffle=False))
    start = every(blocks)['head/weight']
    state = train(**blocks, data=loader(shuffle=False))
    alone = job()
    alone['head'].weight.set_data(nd.array(start))
    again = train(nn.HybridLambda('identity'), data=ArrayLoader(*found, 16), head=alone['head'])
    np.testing.assert_allclose(values(again)['head/weight'], values(state)['head/weight'], rtol=1e-5, atol=1e-6)


def test_unfrozen_again_it_trains_as_ever():
    want, blocks = train(**job()), job()
    names = freeze(['backbone', 'head/'], **blocks)
    with pytest.raises(ValueError, match='at least one parameter must be trained, got none'):
        train(**blocks)
    unfreeze(names, **blocks)
    assert_identical(values(train(**blocks)), values(want))


@pytest.mark.parametrize('ctx', [None, TWO], ids=['one', 'two'])
def test_a_resumed_run_equals_the_unbroken_one(tmp_path, ctx):
    def run(epochs, folder, frozen='net/[01]'):
        blocks = job(loss=PullLoss())
        if frozen:
            freeze([frozen, 'loss/center'], **blocks)
        return train(**blocks, epochs=epochs, ctx=ctx, callbacks=[Checkpoint(str(tmp_path / folder))], resume='auto')

    run(1, 'a')
    assert_identical(values(run(3, 'a')), values(run(3, 'b')))
    for frozen, said in ((None, r'net/0.weight \(frozen then\)'), ('net/[012]', r'net/2.weight \(trained then\)')):
        with pytest.raises(CheckpointError, match='trained other parameters: .*' + said + '.*Freeze what it froze'):
            run(4, 'a', frozen)


def test_a_net_of_chains():
    """Frozen, its training is its inference; what is unfrozen again learns."""
    net = get_model('mobilefacenet', need_cls_layer=False, input_size=32, blocks=(1, 1, 1, 1))
    mx.random.seed(0)
    net.initialize()
    net.hybridize()
    x = nd.random.uniform(-1, 1, (4,) + net.input_spec.shape)
    with autograd.record():
        net(x)
    kept = freeze('backbone', net=net)
    with autograd.train_mode():
        got = net(x).asnumpy()
    np.testing.assert_allclose(got, net(x).asnumpy(), rtol=1e-3, atol=1e-4)
    again = [name for name in kept if not name.startswith('net/features.0')]
    unfreeze(again, net=net)
    before, loss = every({'net': net}), get_loss('arcface', classes=2)
    fit(net, loss, ArrayLoader(x.asnumpy(), np.arange(4) % 2, 2), head=get_head('cosine', 2, net.embedding_size),
        optimizer_params={'learning_rate': 0.1})
    after = every({'net': net})
    for name in kept:
        assert (before[name].tobytes() == after[name].tobytes()) == (name not in again), name


@pytest.mark.parametrize('patterns, said', [
    ('features', r"match trained parameters from the beginning of their names, got 'features'. The names begin with "
                 r'net/0.weight, net/0.bias, net/1.gamma'),
    (['backbone', r'net/1.running_mean'], "got 'net/1.running_mean'"), ('net/[', r"regular expression, got 'net/\['")])
def test_patterns_that_match_nothing_are_refused_before_anything_is_frozen(patterns, said):
    blocks = job()
    with pytest.raises(ValueError, match=said):
        freeze(patterns, **blocks)
    assert blocks['net'][0].weight.grad_req == 'write' and not blocks['net'][1]._kwargs['use_global_stats']
