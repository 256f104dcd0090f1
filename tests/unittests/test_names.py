"""gluonfr 1.0's public names, positional order and return forms, which its users rely on."""
import importlib
import inspect

import mxnet as mx
import numpy as np
import pytest
from mxnet import gluon

import gluonfr
from gluonfr import loss as losses
from gluonfr import nn

NO_DEFAULT = inspect.Parameter.empty

# An initializer may be any object, so its default is not compared.
CENTRES = [('weight_initializer', NO_DEFAULT), ('dtype', 'float32')]

# Positional arguments of 1.0 in their order, with its defaults.
LOSSES = {
    'SoftmaxCrossEntropyLoss': [('axis', -1), ('sparse_label', True), ('from_logits', False), ('weight', None),
                                ('batch_axis', 0)],
    'ArcLoss': [('classes', NO_DEFAULT), ('m', 0.5), ('s', 64), ('easy_margin', True), ('dtype', 'float32')],
    'TripletLoss': [('margin', 1), ('weight', None), ('batch_axis', 0)],
    'RingLoss': [('lamda', NO_DEFAULT), ('r_init', 1.0), ('dtype', 'float32')],
    'CosLoss': [('classes', NO_DEFAULT), ('m', 0.35), ('s', 64), ('dtype', 'float32')],
    'L2Softmax': [('classes', NO_DEFAULT), ('alpha', NO_DEFAULT), ('p', 0.9), ('from_normx', False), ('axis', -1),
                  ('sparse_label', True), ('weight', None), ('batch_axis', 0)],
    'ASoftmax': [('classes', NO_DEFAULT), ('m', 4), ('s', 64), ('phiflag', True), ('dtype', 'float32')],
    'CenterLoss': [('classes', NO_DEFAULT), ('embedding_size', NO_DEFAULT), ('lamda', NO_DEFAULT), *CENTRES],
    'ContrastiveLoss': [('margin', 1), ('weight', None), ('batch_axis', 0)],
    'LGMLoss': [('num_classes', NO_DEFAULT), ('embedding_size', NO_DEFAULT), ('alpha', NO_DEFAULT),
                ('lamda', NO_DEFAULT), ('lr_mult', NO_DEFAULT), ('dtype', 'float32')],
    'MPSLoss': [('m', 1.0)],
    'GitLoss': [('classes', NO_DEFAULT), ('embedding_size', NO_DEFAULT), ('lamda_c', NO_DEFAULT),
                ('lamda_g', NO_DEFAULT), ('batch_size_per_gpu', None), *CENTRES],
    'COCOLoss': [('classes', NO_DEFAULT), ('embedding_size', NO_DEFAULT), ('alpha', NO_DEFAULT), *CENTRES],
    'SVXSoftmax': [('classes', NO_DEFAULT), ('m', 0.35), ('s', 64), ('t', 1.2)],
    'RangeLoss': [('alpha', NO_DEFAULT), ('beta', NO_DEFAULT), ('top_k', NO_DEFAULT), ('num_class', NO_DEFAULT),
                  ('num_in_class', NO_DEFAULT), ('feature_dim', NO_DEFAULT), ('margin', NO_DEFAULT)],
}
BLOCKS = {
    'NormDense': [('classes', NO_DEFAULT), ('weight_norm', False), ('feature_norm', False), ('dtype', 'float32'),
                  ('weight_initializer', None), ('in_units', 0)],
    'SELayer': [('channel', NO_DEFAULT), ('in_channel', NO_DEFAULT), ('reduction', 16)],
    'FrBase': [('classes', NO_DEFAULT), ('embedding_size', 512), ('weight_norm', False), ('feature_norm', False),
               ('need_cls_layer', True)],
}
REGISTERED = {'softmax': 'SoftmaxCrossEntropyLoss', 'arcface': 'ArcLoss', 'triplet': 'TripletLoss',
              'ringloss': 'RingLoss', 'cosLoss': 'CosLoss', 'l2softmax': 'L2Softmax', 'asoftmax': 'ASoftmax',
              'centerloss': 'CenterLoss', 'contrastiveloss': 'ContrastiveLoss', 'lgmloss': 'LGMLoss',
              'mpsoss': 'MPSLoss', 'gitloss': 'GitLoss', 'cocoloss': 'COCOLoss', 'svxsoftmax': 'SVXSoftmax',
              'rangeloss': 'RangeLoss'}
ARGS = {'ArcLoss': (4,), 'CosLoss': (4,), 'L2Softmax': (4, 8), 'ASoftmax': (4,), 'CenterLoss': (4, 3, 0.1),
        'RingLoss': (0.1,), 'LGMLoss': (4, 3, 0.5, 0.1, 0.5), 'GitLoss': (4, 3, 0.1, 0.1, 6), 'COCOLoss': (4, 3, 5.0),
        'SVXSoftmax': (4,), 'RangeLoss': (0.5, 0.5, 2, 2, 3, 3, 1.0)}


def positional(cls):
    """(name, default) of the positional arguments, in their order."""
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return [(p.name, p.default) for p in parameters
            if p.kind == p.POSITIONAL_OR_KEYWORD and p.name not in ('prefix', 'params')]


def assert_same_call(cls, wanted):
    """Same names in the same order (what is new is keyword-only) and the same defaults; a required one may gain one."""
    got = positional(cls)
    assert [n for n, _ in got] == [n for n, _ in wanted]
    kept = [w for w in wanted if w[1] is not NO_DEFAULT]
    assert [g for g in got if dict(wanted)[g[0]] is not NO_DEFAULT] == kept


@pytest.mark.parametrize('name', sorted(LOSSES))
def test_loss_signature(name):
    assert_same_call(getattr(losses, name), LOSSES[name])


@pytest.mark.parametrize('name', sorted(BLOCKS))
def test_block_signature(name):
    assert_same_call(getattr(nn, name), BLOCKS[name])
    assert getattr(importlib.import_module('gluonfr.nn.basic_blocks'), name) is getattr(nn, name)


@pytest.mark.parametrize('name', sorted(LOSSES))
def test_losses_are_listed_and_are_gluon_losses(name):
    assert name in losses.__all__
    loss = getattr(losses, name)(*ARGS.get(name, ()))
    assert isinstance(loss, gluon.loss.Loss) and isinstance(loss, gluon.HybridBlock)


@pytest.mark.parametrize('key', sorted(REGISTERED))
def test_get_loss_knows_the_names_of_1_0(key):
    cls = getattr(losses, REGISTERED[key])
    names = [n for n, _ in LOSSES[REGISTERED[key]]]
    assert type(losses.get_loss(key, **dict(zip(names, ARGS.get(REGISTERED[key], ()))))) is cls


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


def test_iter_lr_scheduler_signature():
    from gluonfr.utils import IterLRScheduler
    order = [n for n, _ in positional(IterLRScheduler)]
    assert order[:7] == ['mode', 'baselr', 'niters', 'step', 'step_factor', 'targetlr', 'power']
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
