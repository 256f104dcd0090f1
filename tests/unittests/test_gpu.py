"""On a GPU: the same values and gradients as on the CPU, and training in float32 and float16. Skipped without one."""
import mxnet as mx
import numpy as np
import pytest
from cli_cases import make_data
from cli_cases import run as gluonfr
from cli_cases import train as gluonfr_train
from mxnet import autograd, nd

import loss_cases as lc
import loss_values as lv
from gluonfr.data import ArrayLoader, RecordDataset
from gluonfr.deploy import Embedder, load_net
from gluonfr.loss import get_loss
from gluonfr.model_zoo import get_model
from gluonfr.model_zoo.sizes import SIZES
from gluonfr.nn import ANGLE_SETTINGS, AngleLinear, Dropout, get_head
from gluonfr.train import embed, fit
from gluonfr.utils.gpu import gpu_problem

MISSING = gpu_problem(0) if mx.context.num_gpus() else 'needs a GPU that MXNet sees'
pytestmark = pytest.mark.skipif(bool(MISSING), reason=str(MISSING))

NAMES = sorted(name for name, size in SIZES.items() if size.values < 45e6)
GPU, CPU = mx.gpu(), mx.cpu()


def near(got, want, part=1e-4):
    """Equal up to a part of the largest value."""
    np.testing.assert_allclose(got, want, rtol=0, atol=part * max(np.abs(want).max(), 1e-6))


@pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])
@pytest.mark.parametrize('case', lc.CASES, ids=str)
def test_losses(case, hybridize):
    found = {}
    for ctx in (CPU, GPU):
        loss, _ = case.make(ctx=ctx)
        if hybridize:
            loss.hybridize(static_alloc=True, static_shape=True)
        x = case.inputs()
        head = np.linspace(0.5, 1.5, len(lv.value(loss, x, ctx=ctx)))
        found[ctx] = [lv.gradients(loss, x, head, True, 'float32', ctx) for _ in range(2)] + [lv.snapshot(loss)]
    for got, want in zip(found[GPU][:2], found[CPU][:2]):
        near(got[0], want[0])
        for grads, wanted in zip(got[1:], want[1:]):
            assert grads.keys() == wanted.keys()
            for name in wanted:
                near(grads[name], wanted[name])
    for name, value in found[CPU][2].items():  # centres, radii and counters moved alike
        near(found[GPU][2][name], value)


@pytest.mark.parametrize('setting', sorted(ANGLE_SETTINGS))
def test_angular_heads(setting):
    x, label = np.random.RandomState(0).randn(16, 8), np.arange(16) % 10
    found = []
    for ctx in (CPU, GPU):
        mx.random.seed(0)
        head = AngleLinear(10, 8, **ANGLE_SETTINGS[setting])
        head.initialize(mx.init.Constant(nd.array(np.random.RandomState(1).randn(10, 8))), ctx=ctx)
        data = nd.array(x, ctx=ctx)
        data.attach_grad()
        with autograd.record():
            out = head(data, nd.array(label, ctx=ctx))
        out.backward()
        found.append((out.asnumpy(), data.grad.asnumpy()))
    near(found[1][0], found[0][0])
    near(found[1][1], found[0][1])


def net_on(name, ctx, seed=0):
    """The net with the same weights, slopes and running statistics wherever it is."""
    net = get_model(name, need_cls_layer=False)
    mx.random.seed(seed)
    net.initialize(ctx=CPU)
    random = np.random.RandomState(seed)
    for key, param in net.collect_params().items():
        low, high = {'mean': (-0.1, 0.1), 'var': (0.5, 1.5), 'gamma': (0.5, 0.9), 'alpha': (-0.2, 1.3)}.get(
            key.rsplit('_', 1)[-1], (None, None))
        if low is not None and not param._deferred_init:
            param.set_data(nd.array(random.uniform(low, high, param.shape)))
    net.collect_params().reset_ctx(ctx)
    net.hybridize(static_alloc=True, static_shape=True)
    return net


@pytest.mark.parametrize('name', NAMES)
def test_nets(name):
    nets = [net_on(name, ctx) for ctx in (CPU, GPU)]
    x = np.random.RandomState(1).uniform(-1, 1, (2,) + nets[0].input_spec.shape)
    near(nets[1](nd.array(x, ctx=GPU)).asnumpy(), nets[0](nd.array(x)).asnumpy(), 1e-3)


@pytest.mark.parametrize('name', ['lenetplus', 'mobilefacenet', 'mobilefacenet_shared', 'iresnet18', 'se_resnet18_v2'])
def test_gradients_of_nets(name):
    found = []
    for ctx in (CPU, GPU):
        net = net_on(name, ctx)
        x = nd.array(np.random.RandomState(1).uniform(-1, 1, (8,) + net.input_spec.shape), ctx=ctx)
        head = nd.array(np.random.RandomState(2).randn(8, net.input_spec.embedding_size), ctx=ctx)
        with autograd.record():
            out = net(x)
        out.backward(head)
        found.append({key[len(net.prefix):]: param.grad(ctx).asnumpy() for key, param in net.collect_params().items()
                      if param.grad_req != 'null'})
    assert found[0].keys() == found[1].keys()
    # dropout draws other numbers on a GPU
    assert name == 'iresnet18' or min(cosine(found[0][key], found[1][key]) for key in found[0]) > 0.999
    assert all(np.isfinite(grad).all() and grad.any() for grad in found[1].values())


@pytest.mark.parametrize('static', [False, True])
@pytest.mark.parametrize('name', ['lenetplus', 'mobilefacenet'])
def test_a_hybridized_net_moves_to_the_gpu_and_back(name, static):
    net = net_on(name, CPU)
    net.hybridize(static_alloc=static, static_shape=static)
    x = nd.array(np.random.RandomState(1).uniform(-1, 1, (2,) + net.input_spec.shape))
    want = net(x).asnumpy()
    for ctx in (GPU, CPU, GPU):
        net.collect_params().reset_ctx(ctx)
        near(net(x.as_in_context(ctx)).asnumpy(), want, 1e-3)
    with autograd.record():
        out = net(x.as_in_context(GPU))
    out.backward()
    assert np.isfinite(out.asnumpy()).all()


@pytest.mark.parametrize('hybridize', [False, True])
def test_dropout_follows_the_seed(hybridize):
    layer, x, found = Dropout(0.5), nd.ones((64, 64), ctx=GPU), []
    layer.hybridize(hybridize)
    for seed in (1, 2, 1):
        mx.random.seed(seed)
        with autograd.record():
            found.append(layer(x).asnumpy())
    near(found[0], found[2], 0)
    assert (found[0] != found[1]).any()


@pytest.mark.parametrize('hybridize', [False, True])
def test_a_net_trained_on_the_cpu_goes_on_on_the_gpu(hybridize):
    net, loss, data = net_on('lenetplus', CPU), get_loss('softmax'), ArrayLoader(*digits(64), 32)
    head = get_head(loss.head, 10, 2)
    for ctx in (CPU, GPU):
        fit(net, loss, data, head=head, ctx=ctx, hybridize=hybridize, optimizer_params={'learning_rate': 1e-3})
    found, _ = embed(net, data, ctx=GPU)
    net.collect_params().reset_ctx(CPU)
    near(found, embed(net, data)[0], 1e-3)


def cosine(a, b):
    return float((a * b).sum() / max(np.sqrt((a * a).sum() * (b * b).sum()), 1e-30))


@pytest.mark.parametrize('flip', ['none', 'sum', 'concat'])
def test_embedder(flip):
    images = np.random.RandomState(0).randint(0, 256, (37, 112, 112, 3)).astype('uint8')
    want = Embedder(net_on('mobilefacenet', CPU), flip=flip)(images)
    found = Embedder(net_on('mobilefacenet', GPU), flip=flip, batch_size=16)(images)
    near(found, want, 1e-3)
    near(Embedder(net_on('mobilefacenet', CPU), flip=flip, ctx=GPU)(images[:1]), want[:1], 1e-3)


def digits(count=256):
    """Images of 10 classes that a small net tells apart, and their labels."""
    label = np.arange(count) % 10
    random = np.random.RandomState(0)
    return (random.randn(10, 1, 28, 28)[label] + 0.3 * random.randn(count, 1, 28, 28)).astype('float32'), label


@pytest.mark.parametrize('name, arguments', [
    ('arcface', {'classes': 10}), ('ringloss', {'lamda': 0.01, 'r_init': 2.0}), ('magface', {'classes': 10}),
    ('centerloss', {'classes': 10, 'embedding_size': 2, 'lamda': 0.1}), ('triplet', {'mining': 'batch-hard'})])
def test_training_follows_that_on_the_cpu(name, arguments):
    found = []
    for ctx in (CPU, GPU):
        loss, weight = get_loss(name, **arguments), nd.array(np.random.RandomState(3).randn(10, 2))
        head = get_head(loss.head, 10, 2) if loss.head else None
        if head is not None:
            head.initialize(mx.init.Constant(weight), ctx=ctx)
        state = fit(net_on('lenetplus', ctx), loss, ArrayLoader(*digits(), 32), head=head, epochs=2, ctx=ctx,
                    optimizer='sgd', optimizer_params={'learning_rate': 1e-3})
        found.append([row['loss'] for row in state.history])
    np.testing.assert_allclose(found[1], found[0], rtol=0.02)


@pytest.mark.parametrize('name', ['mobilefacenet', 'iresnet18'])
def test_float16_learns(name):
    net = get_model(name)
    net.initialize(ctx=GPU)
    net.cast('float16')
    loss = get_loss('arcface', classes=8, m=0.1, s=16)
    label = np.arange(64) % 8
    random = np.random.RandomState(0)
    x = (np.repeat(np.repeat(random.randn(8, 3, 14, 14), 8, 2), 8, 3)[label] + 0.2 * random.randn(64, 3, 112, 112))
    state = fit(net, loss, ArrayLoader(x.astype('float32'), label, 32, shuffle=True), epochs=8, ctx=GPU,
                head=get_head(loss.head, 8, net.embedding_size), optimizer='sgd',
                optimizer_params={'learning_rate': 0.05, 'momentum': 0.9})
    assert state.history[-1]['loss'] < 0.5 * state.history[0]['loss']
    assert state.history[-1]['accuracy'] > 0.8


@pytest.mark.parametrize('dtype', ['float32', 'float16'])
def test_the_command_trains_resumes_and_embeds(tmp_path, dtype):
    data, out = make_data(tmp_path / 'data'), tmp_path / 'run'
    words = ['--lr-mode', 'step', '--gpus', '0', '--dtype', dtype, '--eval', data / 'val.bin', '--eval-folds', '2']
    gluonfr_train(data, out, '--epochs', '1', *words)
    gluonfr_train(data, out, '--epochs', '2', '--resume', *words)
    gluonfr('embed', out, data / 'train.rec', '--gpu', '0', '--out', tmp_path / 'gpu.npz')
    net = load_net(str(out))
    net.cast('float32')
    dataset = RecordDataset(str(data / 'train.rec'))
    with np.load(str(tmp_path / 'gpu.npz')) as arrays:
        near(arrays['embeddings'], Embedder(net)(dataset), 1e-3 if dtype == 'float32' else 3e-2)
