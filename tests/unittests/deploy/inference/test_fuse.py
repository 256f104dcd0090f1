"""gluonfr.deploy.inference.fuse: the graph for inference equals the net, and has the operators that make it fast."""
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import mxnet as mx
import numpy as np
import pytest
from mxnet import gluon, nd
from mxnet.gluon import nn

from gluonfr.compat import bfloat16_problem
from gluonfr.compat.amx import Amx
from gluonfr.deploy import Embedder
from gluonfr.deploy.inference.fuse import fuse
from gluonfr.graph.nodes import nodes_of
from gluonfr.nn.trace import trace
from gluonfr.deploy.inference.runner import Replica, Runner
from gluonfr.deploy.inference.cpu_contexts import cpu_contexts
from gluonfr.model_zoo import MODELS, get_model
from gluonfr.model_zoo.sizes import SIZES
from gluonfr.nn import PReLU

# larger nets are of the same blocks, only more of them
NAMES = sorted(name for name, size in SIZES.items() if size.values < 25e6) + ['attention_net56']


def used(net, shape, seed=0):
    """The net with the running statistics and slopes, above 1 and below 0 too, of one that was trained."""
    random = np.random.RandomState(seed)
    mx.random.seed(seed)
    net.initialize()
    net(nd.zeros((1,) + shape))
    for name, param in net.collect_params().items():
        low, high = {'mean': (-0.1, 0.1), 'var': (0.5, 1.5), 'gamma': (0.5, 0.9), 'alpha': (-0.2, 1.3)}.get(
            name.rsplit('_', 1)[-1], (None, None))
        if low is not None:
            param.set_data(nd.array(random.uniform(low, high, param.shape)))
    return net


def operators(symbol):
    return Counter(node['op'] for node in json.loads(symbol.tojson())['nodes'] if node['op'] != 'null')


def close(found, want):
    np.testing.assert_allclose(found, want, atol=2e-5 * np.abs(want).max(), rtol=0)


@pytest.mark.parametrize('name, onednn', [(name, True) for name in NAMES] + [
    ('lenetplus', False), ('mobilefacenet', False), ('se_resnet18_v2', False)])
def test_every_net_is_the_same_when_fused(name, onednn):
    net = get_model(name, need_cls_layer=False)
    shape = net.input_spec.shape
    used(net, shape)
    x = nd.array(np.random.RandomState(1).uniform(-1, 1, (2,) + shape))
    want = net(x).asnumpy()
    symbol, weights = fuse(*trace(net), shape, onednn)
    found = operators(symbol)
    assert not found['Dropout'] and not (onednn and found['BatchNorm'])
    replica = Replica(symbol, weights, mx.cpu())
    for _ in range(3):  # planned memory shows its faults from the second time on
        close(replica(x.asnumpy()).asnumpy(), want)


@pytest.mark.parametrize('name, scaled', [('mobilefacenet', 99), ('mobilefacenet_shared', 49)])
def test_operators_of_the_fused_mobilefacenet(name, scaled):
    """All convolutions; each PReLU of many slopes is two of them, or one and another form of its depthwise one."""
    net = used(get_model(name), (3, 112, 112))
    for param in net.collect_params('.*alpha').values():
        param.set_data(nd.array(np.random.uniform(0.1, 0.9, param.shape)))
    found = operators(fuse(*trace(net), (3, 112, 112))[0])
    assert found == {'_sg_mkldnn_conv': scaled, '_sg_mkldnn_fully_connected': 1, 'Flatten': 2, 'Reshape': 1}


def test_operators_of_the_fused_iresnet():
    found = operators(fuse(*trace(used(get_model('iresnet18'), (3, 112, 112))), (3, 112, 112))[0])
    assert found == {'_sg_mkldnn_conv': 48, '_sg_mkldnn_fully_connected': 1, 'Flatten': 2, 'Reshape': 1}


@pytest.mark.parametrize('name', NAMES)
def test_training_graph_has_no_operator_that_leaves_the_layout(name):
    """Of all PReLUs on images; slow operators between convolutions cost several times the convolutions."""
    net = get_model(name, need_cls_layer=False, **{'input_size': 32} if 'input_size' in MODELS.keywords(name) else {})
    used(net, net.input_spec.shape)
    found = operators(net(mx.sym.var('data')))
    slow = found['LeakyReLU'] - (name == 'mobilefacenet_ring' or name.endswith('_gluonfr1'))  # one ends it, on (B, D)
    assert slow == found['broadcast_sub'] == found['elemwise_sub'] == found['_maximum'] == 0


class Net(nn.HybridSequential):
    """A net of given blocks."""

    def __init__(self, *blocks):
        super().__init__()
        with self.name_scope():
            self.add(*blocks)


@pytest.mark.parametrize('slopes', [[0.25] * 8, [0.1, 0.9] * 4, [1.4, -0.5] * 4, [0, 1] * 4])
@pytest.mark.parametrize('block', [lambda: PReLU(8), nn.PReLU])
@pytest.mark.parametrize('groups', [1, 8])
def test_forms_of_prelu(slopes, block, groups):
    layers = nn.Conv2D(8, 3, in_channels=8, groups=groups), block()
    net = used(Net(nn.Conv2D(8, 1, in_channels=3), *layers, nn.Conv2D(4, 3, in_channels=8)), (3, 9, 9))
    alpha = layers[1].alpha
    alpha.set_data(nd.array(slopes[:alpha.shape[0]]))
    x = nd.random.normal(shape=(2, 3, 9, 9))
    want = net(x).asnumpy()
    symbol, weights = fuse(*trace(net), (3, 9, 9))
    close(Replica(symbol, weights, mx.cpu())(x.asnumpy()).asnumpy(), want)
    assert not {name for name in operators(symbol)} - {'_sg_mkldnn_conv'}


class Shared(gluon.HybridBlock):
    """A convolution whose output is read before and behind the BatchNorm: nothing to fold."""

    def __init__(self):
        super().__init__()
        with self.name_scope():
            self.conv, self.norm = nn.Conv2D(4, 1, in_channels=3), nn.BatchNorm(in_channels=4)

    def hybrid_forward(self, F, x):
        y = self.conv(x)
        return F.elemwise_add(y, self.norm(y))


class Twice(gluon.HybridBlock):
    """One convolution, used before two BatchNorms: two layers, whose nodes in the graph have one name."""

    def __init__(self):
        super().__init__()
        with self.name_scope():
            self.conv, self.first, self.second = nn.Conv2D(3, 1, in_channels=3), nn.BatchNorm(), nn.BatchNorm()

    def hybrid_forward(self, F, x):
        return self.second(self.conv(self.first(self.conv(x))))


@pytest.mark.parametrize('make', [
    Shared,
    Twice,
    lambda: Net(nn.Conv2D(4, 1, in_channels=3), nn.BatchNorm(scale=False), nn.BatchNorm(center=False)),
    lambda: Net(nn.Conv2D(4, 1, in_channels=3, use_bias=False), nn.BatchNorm(axis=3)),
    lambda: Net(nn.BatchNorm(), nn.Conv2D(4, 3, padding=1, in_channels=3)),
    lambda: Net(nn.Flatten(), nn.Dense(6, use_bias=False), nn.BatchNorm(epsilon=0.1), nn.Dropout(0.5)),
    lambda: Net(nn.Conv2D(5, 3, in_channels=3), nn.Dense(6), nn.PReLU()),
    lambda: Net(nn.HybridLambda(lambda F, x: (x - 0.5) * 2), nn.Conv2D(5, 3, in_channels=3), nn.Dense(6)),
    lambda: Net(nn.HybridLambda(lambda F, x: F.split(x, 3, axis=1)[1]), nn.Conv2D(5, 3, in_channels=1)),
    lambda: Net(nn.HybridLambda(lambda F, x: F.clip(x, -0.5, 0.5)), nn.Conv2D(5, 3, in_channels=3), nn.GELU()),
], ids=['shared', 'twice', 'two norms', 'last axis', 'norm first', 'dense', 'dense on images', 'numbers', 'split',
        'others'])
def test_graphs_with_little_to_fold(make):
    net = used(make(), (3, 8, 8))
    x = nd.random.normal(shape=(2, 3, 8, 8))
    want = net(x).asnumpy()
    replica = Replica(*fuse(*trace(net), (3, 8, 8)), mx.cpu())
    for _ in range(3):
        close(replica(x.asnumpy()).asnumpy(), want)


def test_an_embedding_does_not_depend_on_the_images_beside_it():
    net = used(get_model('lenetplus'), (1, 28, 28))
    data = np.random.RandomState(0).randint(0, 256, (21, 28, 28, 3)).astype('uint8')
    together = Embedder(net, batch_size=16)(data)
    for i in (0, 7, 20):
        assert Embedder(net, batch_size=3)(data[i:i + 1]).tobytes() == together[i:i + 1].tobytes()


def test_one_embedder_from_many_threads():
    embedder = Embedder(used(get_model('lenetplus'), (1, 28, 28)), batch_size=4)
    data = np.random.RandomState(0).randint(0, 256, (60, 28, 28, 3)).astype('uint8')
    want = embedder(data)
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda i: embedder(data[i:i + 5]), range(0, 60, 5)))
    assert np.concatenate(parts).tobytes() == want.tobytes()


def test_cpu_contexts_are_kept_and_have_their_threads():
    first, again = cpu_contexts(3, 1), cpu_contexts(2, 1)
    assert first[:2] == again and len(set(first)) == 3
    assert not set(first) & set(cpu_contexts(1, 2))
    assert all(context.device_type == 'cpu' and context.device_id >= 32 for context in first)


@pytest.mark.parametrize('copies, single, whole', [(100, 6, True), (3, 2, True), (2, 1, False), (0.5, 1, False)])
def test_a_large_net_has_fewer_replicas(monkeypatch, copies, single, whole):
    net = used(get_model('lenetplus'), (1, 28, 28))
    monkeypatch.setenv('OMP_NUM_THREADS', '6')
    monkeypatch.setattr('gluonfr.deploy.inference.runner.REPLICA_BYTES',
                        int((copies + 0.1) * 4 * SIZES['lenetplus'].values))
    runner = Runner(net, (1, 28, 28))
    assert len(runner._replicas) == single and (runner._whole is not None) == whole
    x = np.random.RandomState(0).uniform(0, 1, (3, 1, 28, 28)).astype('float32')
    for part in (x, x[:1]):
        close(runner.submit(part)(), net(nd.array(part)).asnumpy())


@pytest.mark.parametrize('precision, least', [('bfloat16', 0.999), ('int8', 0.97)])
@pytest.mark.parametrize('name', ['lenetplus', 'miniresnet18'])
def test_fewer_bits_give_nearly_the_same(name, precision, least):
    if precision == 'bfloat16' and bfloat16_problem():
        pytest.skip(bfloat16_problem())
    net = get_model(name, embedding_size=32)
    net.initialize()
    data = np.random.RandomState(0).randint(0, 256, (12, 28, 28, 3)).astype('uint8')
    options = {'calibration': data} if precision == 'int8' else {}
    want, found = Embedder(net)(data), Embedder(net, precision=precision, **options)(data)
    assert found.dtype == np.float32 and least < (want * found).sum(axis=1).min() < 1 - 1e-9


def test_bfloat16_casts_images_and_embeddings_alone():
    net = used(get_model('miniresnet18', embedding_size=32), (1, 28, 28))
    symbol, weights = fuse(*trace(net), (1, 28, 28), precision='bfloat16')
    assert [node.op for node in nodes_of(symbol)[0]].count('amp_cast') <= 2
    assert {weight.dtype.itemsize for name, weight in weights.items() if name.endswith('_weight')} == {2}


@pytest.mark.parametrize('options, message', [
    ({'precision': 'int8'}, "precision 'int8' needs calibration="),
    ({'precision': 'int8', 'calibration': []}, "precision 'int8' needs calibration="),
    ({'precision': 'half'}, 'Embedder: precision must be one of'),
])
def test_refused_precisions(options, message):
    with pytest.raises(ValueError, match=message):
        Embedder(used(get_model('lenetplus'), (1, 28, 28)), **options)


def test_refused_precision_of_a_float16_net():
    net = used(get_model('lenetplus'), (1, 28, 28))
    net.cast('float16')
    with pytest.raises(ValueError, match='precision must be float32 but for float32 networks on a CPU, got bfloat16'):
        Embedder(net, precision='bfloat16')


@pytest.mark.parametrize('isa, refused', [('AVX2', True), ('AVX512_CORE', False)])
def test_bfloat16_is_refused_without_kernels_and_said_where_it_is_slow(isa, refused, monkeypatch, caplog):
    monkeypatch.setattr('gluonfr.compat.amx._state', Amx(isa=isa))
    net = used(get_model('lenetplus'), (1, 28, 28))
    if refused:
        with pytest.raises(ValueError, match="must be 'float32' or 'int8' here, got 'bfloat16': DNNL_MAX_CPU_ISA"):
            Embedder(net, precision='bfloat16')
    elif bfloat16_problem() is None:
        Embedder(net, precision='bfloat16')
        assert 'bfloat16 is slower than float32 here: DNNL_MAX_CPU_ISA=AVX512_CORE is set' in caplog.text
