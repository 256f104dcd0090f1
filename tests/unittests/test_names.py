"""gluonfr 1.0's names, options and return forms, which its users rely on; test_signatures_of_1_0.py has signatures."""
import importlib
import inspect

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, gluon

import gluonfr
from gluonfr import loss as losses
from gluonfr import nn

REGISTERED = {'softmax': 'SoftmaxCrossEntropyLoss', 'arcface': 'ArcLoss', 'triplet': 'TripletLoss',
              'ringloss': 'RingLoss', 'cosLoss': 'CosLoss', 'l2softmax': 'L2Softmax', 'asoftmax': 'ASoftmax',
              'centerloss': 'CenterLoss', 'contrastiveloss': 'ContrastiveLoss', 'lgmloss': 'LGMLoss',
              'mpsoss': 'MPSLoss', 'gitloss': 'GitLoss', 'cocoloss': 'COCOLoss', 'svxsoftmax': 'SVXSoftmax',
              'rangeloss': 'RangeLoss'}
ARGS = {'ArcLoss': (4,), 'CosLoss': (4,), 'L2Softmax': (4, 8), 'ASoftmax': (4,), 'CenterLoss': (4, 3, 0.1),
        'RingLoss': (0.1,), 'LGMLoss': (4, 3, 0.5, 0.1, 0.5), 'GitLoss': (4, 3, 0.1, 0.1, 6), 'COCOLoss': (4, 3, 5.0),
        'SVXSoftmax': (4,), 'RangeLoss': (0.5, 0.5, 2, 2, 3, 3, 1.0)}


@pytest.mark.parametrize('name', sorted(set(REGISTERED.values())))
def test_losses_are_listed_and_are_gluon_losses(name):
    assert name in losses.__all__
    loss = getattr(losses, name)(*ARGS.get(name, ()))
    assert isinstance(loss, gluon.loss.Loss) and isinstance(loss, gluon.HybridBlock)


@pytest.mark.parametrize('key', sorted(REGISTERED))
def test_get_loss_knows_the_names_of_1_0(key):
    cls = getattr(losses, REGISTERED[key])
    named = inspect.signature(cls).bind(*ARGS.get(REGISTERED[key], ())).arguments
    assert type(losses.get_loss(key, **named)) is cls


def test_get_loss_list_is_the_sorted_list_of_names():
    names = losses.get_loss_list()
    assert list(names) == sorted(names) and all(n == n.lower() for n in names)
    assert isinstance(names, list)


# What 1.0's users pass by keyword to the losses built on softmax cross-entropy.
@pytest.mark.parametrize('name', ['ArcLoss', 'CosLoss', 'ASoftmax', 'CenterLoss', 'GitLoss', 'COCOLoss', 'RingLoss',
                                  'L2Softmax', 'SVXSoftmax'])
def test_softmax_options_pass_through(name):
    getattr(losses, name)(*ARGS[name], axis=-1, sparse_label=False, weight=0.5, batch_axis=0)


@pytest.mark.parametrize('name', ['CenterLoss', 'GitLoss', 'COCOLoss'])
def test_centres_take_an_initializer(name):
    loss = getattr(losses, name)(*ARGS[name], weight_initializer=mx.init.Constant(3), dtype='float32')
    loss.initialize()
    np.testing.assert_array_equal(loss.centers.data().asnumpy(), np.full((4, 3), 3.0))


@pytest.mark.parametrize('name', ['CenterLoss', 'GitLoss', 'COCOLoss', 'LGMLoss', 'RingLoss', 'ArcLoss'])
def test_prefix_and_params_pass_through(name):
    loss = getattr(losses, name)(*ARGS[name], prefix='mine_')
    assert loss.prefix == 'mine_' and all(k.startswith('mine_') for k in loss.collect_params())


EMBEDDING = np.random.RandomState(0).randn(6, 3).astype('float32')
PRED = np.random.RandomState(1).uniform(-0.9, 0.9, (6, 4)).astype('float32')
LABEL = np.array([0, 0, 0, 1, 1, 1], dtype='float32')
# Positional inputs of 1.0.
CALLS = {'SoftmaxCrossEntropyLoss': (PRED, LABEL), 'ArcLoss': (PRED, LABEL), 'CosLoss': (PRED, LABEL),
         'ASoftmax': (PRED, LABEL), 'SVXSoftmax': (PRED, LABEL), 'RingLoss': (PRED, LABEL, EMBEDDING),
         'CenterLoss': (PRED, LABEL, EMBEDDING), 'GitLoss': (PRED, LABEL, EMBEDDING), 'COCOLoss': (EMBEDDING, LABEL),
         'TripletLoss': (EMBEDDING, EMBEDDING + 1, EMBEDDING - 1),
         'ContrastiveLoss': (EMBEDDING, EMBEDDING + 1, LABEL), 'MPSLoss': (EMBEDDING, EMBEDDING + 1),
         'RangeLoss': (EMBEDDING, LABEL), 'LGMLoss': (EMBEDDING, LABEL)}


@pytest.mark.parametrize('name', sorted(CALLS))
def test_return_form(name):
    loss = getattr(losses, name)(*ARGS.get(name, ()))
    loss.initialize()
    out = loss(*[mx.nd.array(v) for v in CALLS[name]])
    if name == 'LGMLoss':
        assert len(out) == 2
        out, probability = out
        assert probability.shape == (6, 4)
    assert isinstance(out, mx.nd.NDArray) and out.shape == (6,) and out.dtype == np.float32


def test_parameter_names():
    assert losses.RingLoss(0.1).R.shape == (1,)
    for name in ('CenterLoss', 'GitLoss', 'COCOLoss'):
        assert getattr(losses, name)(*ARGS[name]).centers.shape == (4, 3)
    lgm = losses.LGMLoss(*ARGS['LGMLoss'])
    assert lgm.mean.shape == lgm.var.shape == (4, 3)


def test_modules_are_where_they_were():
    for name in ('data', 'loss', 'model_zoo', 'nn', 'utils'):
        assert inspect.ismodule(getattr(gluonfr, name))
    from gluonfr.model_zoo import get_model, get_model_list
    from gluonfr.utils import IterLRScheduler
    assert callable(get_model) and len(get_model_list()) > 0
    assert importlib.import_module('gluonfr.utils.viz').plot_roc is gluonfr.viz.plot_roc
    assert gluonfr.utils.plot_roc is gluonfr.viz.plot_roc and gluonfr.utils.plot_accuracy is gluonfr.viz.plot_accuracy
    assert importlib.import_module('gluonfr.utils.lr_scheduler').IterLRScheduler is IterLRScheduler
    assert isinstance(gluonfr.__version__, str) and gluonfr.__version__ >= '2'


@pytest.mark.parametrize('path, names', [
    ('gluonfr.deploy', 'Embedder CardError load_net load_symbol read_card write_card'),
    ('gluonfr.deploy.search', 'search'),
    ('gluonfr.deploy.verify', 'FOLDS PairImages fit_protocol readable_pairs score_pairs verify_pairs'),
    ('gluonfr.train', 'make_optimizer parse_gpus'),
    ('gluonfr.deploy.weights', 'load_parameters'), ('gluonfr.model_zoo', 'InputSpec get_model get_model_file'),
    ('gluonfr.model_zoo.model_store', 'choose_card download list_cards'), ('gluonfr.model_zoo.spec', 'InputSpec')])
def test_import_paths_of_earlier_pages_and_examples(path, names):
    module = importlib.import_module(path)
    assert not [name for name in names.split() if not hasattr(module, name)]


def test_iter_lr_scheduler_by_keyword():
    from gluonfr.utils import IterLRScheduler
    schedule = IterLRScheduler('poly', baselr=0.1, niters=10, power=1)
    assert schedule(0) == pytest.approx(0.1) and schedule(5) == pytest.approx(0.05)


@pytest.mark.parametrize('need_cls_layer', [True, False])
def test_frbase_returns_embedding_and_scores(need_cls_layer):
    class Net(nn.FrBase):
        def __init__(self):
            super().__init__(4, embedding_size=3, need_cls_layer=need_cls_layer)
            with self.name_scope():
                self.features = gluon.nn.Dense(3, in_units=5)

    net = Net()
    net.initialize()
    out = net(mx.nd.ones((2, 5)))
    if need_cls_layer:
        embedding, pred = out
        assert pred.shape == (2, 4)
        assert isinstance(net.output, nn.NormDense)
    else:
        embedding = out
    assert embedding.shape == (2, 3)


@pytest.mark.parametrize('make, names', [
    (lambda: losses.ArcLoss(s=60, m=0.5, classes=10), ('pred', 'label')),
    (lambda: losses.CosLoss(classes=10, s=10, m=0.2), ('pred', 'label')),
    (lambda: losses.RingLoss(0.1), ('pred', 'label', 'embedding')),
    (lambda: losses.CenterLoss(10, 2, 1), ('pred', 'label', 'embedding')),
    (lambda: losses.LGMLoss(10, 2, 0.2, 0.1, 0.06), ('embedding', 'label'))])
def test_the_training_loop_of_1_0s_examples(make, names):
    """On two devices, with the parameters of the loss among those of the net, as examples/mnist had it."""
    class Net(nn.FrBase):
        def __init__(self, **kwargs):
            super().__init__(10, 2, True, True, **kwargs)
            self.features = gluon.nn.HybridSequential()
            self.features.add(gluon.nn.Conv2D(4, 5, strides=4), gluon.nn.PReLU(), gluon.nn.Flatten(),
                              gluon.nn.Dense(2, use_bias=False))

    ctx, random = [mx.cpu(0), mx.cpu(1)], np.random.RandomState(0)
    net, loss = Net(need_cls_layer='pred' in names), make()
    net.initialize(init=mx.init.MSRAPrelu(), ctx=ctx)
    net.hybridize()
    loss.initialize(ctx=ctx)
    loss.hybridize()
    params = net.collect_params()
    params.update(loss.params)
    trainer = gluon.Trainer(params, 'sgd', {'learning_rate': 0.01, 'momentum': 0.9, 'wd': 5e-4})
    data = gluon.utils.split_and_load(mx.nd.array(random.uniform(-0.5, 0.5, (20, 1, 28, 28))), ctx)
    labels = gluon.utils.split_and_load(mx.nd.array(np.arange(20) % 10, dtype='int32'), ctx)
    values = []
    for _ in range(4):
        with autograd.record():
            outs = [net(x) for x in data]
            given = [dict(zip(('embedding', 'pred'), out if 'pred' in names else [out]), label=y)
                     for out, y in zip(outs, labels)]
            found = [loss(*[one[name] for name in names]) for one in given]
            found = [one[0] if isinstance(one, (list, tuple)) else one for one in found]
        for one in found:
            autograd.backward(one)
        trainer.step(20)
        values.append(sum(float(one.mean().asscalar()) for one in found))
    assert np.isfinite(values).all() and values[-1] < values[0]
