"""SE-ResNet v2, residual attention nets and GluonCV's ResNets with a face head."""
import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, gluon
from mxnet.gluon import nn

from gluonfr.model_zoo import attention_net, resnet_face, se_resnet
from gluonfr.model_zoo.family import PreActivationUnit, embedding_head
from gluonfr.model_zoo.registry import MODELS
from gluonfr.nn import PReLU, SELayer

SMALLEST = ['se_resnet18_v2', 'attention_net56', 'resnet18_v1b_face']
SIDE = 32
CLASSES = 4

smallest = pytest.mark.parametrize('name', SMALLEST)


@pytest.fixture(scope='module')
def small_nets():
    """{name: the smallest net of each family for 32x32 images, ready, with a class layer and without dropout}."""
    mx.random.seed(0)
    nets = {}
    for name in SMALLEST:
        nets[name] = MODELS.create(name, classes=CLASSES, input_size=SIDE, dropout=0)
        nets[name].initialize()
    return nets


def images(count=2, side=SIDE):
    return mx.nd.array(np.random.RandomState(0).uniform(-1, 1, (count, 3, side, side)))


def blocks(net, kind):
    """All blocks of a class inside ``net``, in order."""
    found = []
    net.apply(lambda b: found.append(b) if isinstance(b, kind) else None)
    return found


def randomise(block, low=-1, high=1):
    """Set every parameter, running statistics included, so that no default hides a mistake."""
    random = np.random.RandomState(1)
    block.initialize()
    for name, parameter in block.collect_params().items():
        value = random.uniform(low, high, parameter.shape)
        parameter.set_data(mx.nd.array(np.abs(value) + 0.5 if name.endswith('running_var') else value))
    return block


# --- structure -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('layers', se_resnet.SIZES)
def test_se_resnet_has_as_many_layers_as_its_name_says(layers):
    net = MODELS.create('se_resnet{}_v2'.format(layers))
    units = blocks(net, PreActivationUnit)
    convolutions = sum(isinstance(layer, nn.Conv2D) for unit in units for layer in unit.body)
    assert convolutions + 2 == layers  # and the stem and the fully connected layer
    assert len(blocks(net, SELayer)) == len(units)


@pytest.mark.parametrize('layers', attention_net.SIZES)
def test_attention_sizes_count_layers_on_the_trunk_as_the_paper_does(layers):
    """1704.06904: 36 m + 20 with m modules a stage on average, p = 1 and t = 2."""
    modules, p, t, _ = attention_net.SIZES[layers].values()
    assert 3 * (2 * p + t) * sum(modules) + 20 == layers


@pytest.mark.parametrize('layers', [56, 92])
def test_attention_net_has_as_many_layers_on_the_trunk_as_its_name_says(layers):
    net = MODELS.create('attention_net{}'.format(layers))
    modules = [child for child in net.features if isinstance(child, attention_net.AttentionModule)]
    alone = [child for child in net.features if isinstance(child, PreActivationUnit)]
    last = [child for child in net.features if type(child) is nn.HybridSequential][0]
    units = sum(len(m.before) + len(m.trunk) + len(m.after) for m in modules) + len(alone) + len(last)
    assert 3 * units + 2 == layers  # and the stem and the fully connected layer


def test_attention_module_has_p_t_r_units():
    module = attention_net.AttentionModule(8, (14, 14), 2, p=2, t=4, r=3)
    assert (len(module.before), len(module.trunk), len(module.after)) == (2, 4, 2)
    glass = module.mask[0]
    assert [len(g) for g in (glass.down, glass.up, glass.inner.down, glass.inner.up)] == [3, 3, 3, 3]
    assert glass.inner.inner is None and glass.skip is not None


@pytest.mark.parametrize('name', ['se_resnet18_v2', 'se_resnet50_v2', 'attention_net56', 'attention_net92',
                                  'resnet18_v1b_face', 'resnet50_v1d_face'])
@pytest.mark.parametrize('size', [(112, 112), (96, 128)], ids=str)
def test_stages_end_at_a_half_to_a_sixteenth(name, size):
    net = MODELS.create(name, input_size=size)
    data = mx.sym.var('data')
    seen = []
    for child in list(net.features)[:-1]:
        data = child(data)
        shape = data.infer_shape(data=(1, 3) + size)[1][0]
        if not seen or seen[-1] != shape[2:]:
            seen.append(shape[2:])
    assert seen == [tuple(side >> k for side in size) for k in range(5)]
    assert shape[1] == (512 if '18' in name else 2048)
    assert net(mx.sym.var('data')).infer_shape(data=(2, 3) + size)[1] == [(2, 512)]
    assert net.input_spec.size == size


@pytest.mark.parametrize('stem_stride,seen', [(1, 7), (2, 4)])
@pytest.mark.parametrize('name', ['resnet18_v1b_face', 'resnet50_v1c_face', 'resnet50_v1d_face'])
def test_resnet_stem_stride(name, stem_stride, seen):
    net = MODELS.create(name, stem_stride=stem_stride)
    data = mx.sym.var('data')
    for child in list(net.features)[:-1]:
        data = child(data)
    assert data.infer_shape(data=(1, 3, 112, 112))[1][0][2:] == (seen, seen)
    assert net(mx.sym.var('data')).infer_shape(data=(1, 3, 112, 112))[1] == [(1, 512)]


@smallest
@pytest.mark.parametrize('pooling,factor', [('flatten', 49), ('average', 1)])
def test_pooling_decides_the_size_of_the_last_layer(name, pooling, factor):
    net = MODELS.create(name, pooling=pooling)
    dense, = blocks(net, nn.Dense)
    assert dense.weight.shape == (512, (2048 if name == 'attention_net56' else 512) * factor)
    assert dense.bias is None


@smallest
def test_constants_of_batch_norms(name):
    net = MODELS.create(name)
    norms = blocks(net, nn.BatchNorm)
    head = blocks(net.features[len(net.features) - 1], nn.BatchNorm)
    trunk = [n for n in norms if n not in head]
    assert {n._kwargs['momentum'] for n in norms} == {0.9}
    assert {n._kwargs['eps'] for n in head} == {2e-5}
    assert {n._kwargs['eps'] for n in trunk} == {1e-5 if name == 'resnet18_v1b_face' else 2e-5}
    assert [n._kwargs['fix_gamma'] for n in head] == [False, True]
    assert head[1].gamma.grad_req == 'null' and head[1].beta.grad_req == 'write'


def test_se_resnet_has_a_slope_for_each_channel():
    net = MODELS.create('se_resnet50_v2')
    gates = {id(p) for se in blocks(net, SELayer) for p in blocks(se, PReLU)}  # gluonfr 1.0's layer, with one slope
    slopes = [p.alpha.shape[0] for p in blocks(net, PReLU) if id(p) not in gates]
    assert len(slopes) == 1 + 3 * 16 and min(slopes) == 64


# --- numbers ---------------------------------------------------------------------------------------------------------

def bilinear(x, height, width):
    """Interpolation with aligned corners by slow loops: (B, C, H, W) -> (B, C, height, width)."""
    out = np.zeros(x.shape[:2] + (height, width))
    for i in range(height):
        for j in range(width):
            y = i * (x.shape[2] - 1) / (height - 1)
            z = j * (x.shape[3] - 1) / (width - 1)
            top, left = int(y), int(z)
            down, right = min(top + 1, x.shape[2] - 1), min(left + 1, x.shape[3] - 1)
            a, b = y - top, z - left
            out[:, :, i, j] = ((1 - a) * ((1 - b) * x[:, :, top, left] + b * x[:, :, top, right])
                               + a * ((1 - b) * x[:, :, down, left] + b * x[:, :, down, right]))
    return out


@pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])
@pytest.mark.parametrize('size', [(14, 14), (7, 7), (13, 10)], ids=str)
def test_mask_comes_back_to_its_size_by_bilinear_interpolation(size, hybridize):
    mask = randomise(attention_net._Hourglass(4, 1, size, 1))
    if hybridize:
        mask.hybridize()
    x = mx.nd.array(np.random.RandomState(0).randn(2, 4, *size))
    small = mask.up(mask.down(mask.pool(x))).asnumpy()
    assert small.shape[2:] == tuple((side + 1) // 2 for side in size)
    np.testing.assert_allclose(mask(x).asnumpy(), bilinear(small, *size), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('size', [(14, 14), (28, 20)], ids=str)
def test_deeper_mask_is_an_hourglass_with_skip_units(size):
    mask = randomise(attention_net._Hourglass(4, 2, size, 2), -0.5, 0.5)
    x = mx.nd.array(np.random.RandomState(0).randn(2, 4, *size))
    half = mask.down(mask.pool(x))
    want = mask.up(mask.inner(half) + mask.skip(half)).asnumpy()
    assert mask.inner.inner is None and len(mask.down) == len(mask.up) == 2
    np.testing.assert_allclose(mask(x).asnumpy(), bilinear(want, *size), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize('hybridize', [False, True], ids=['imperative', 'hybrid'])
@pytest.mark.parametrize('depth', [1, 2, 3])
def test_attention_module_computes_one_plus_mask_times_trunk(depth, hybridize):
    module = randomise(attention_net.AttentionModule(8, (14, 14), depth), -0.5, 0.5)
    if hybridize:
        module.hybridize()
    x = mx.nd.array(np.random.RandomState(0).randn(2, 8, 14, 14))
    before = module.before(x)
    mask, trunk = module.mask(before), module.trunk(before)
    assert mask.shape == trunk.shape
    assert 0 < mask.min().asscalar() and mask.max().asscalar() < 1 and mask.asnumpy().std() > 0.01
    want = module.after((1 + mask) * trunk).asnumpy()
    np.testing.assert_allclose(module(x).asnumpy(), want, rtol=1e-4, atol=1e-5)
    last = module.mask[len(module.mask) - 2]
    last.weight.set_data(mx.nd.zeros(last.weight.shape))  # sigmoid(0) = 1/2 everywhere
    np.testing.assert_allclose(module(x).asnumpy(), module.after(1.5 * trunk).asnumpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('stride,channels', [(1, 32), (2, 32), (1, 48)])
@pytest.mark.parametrize('bottleneck', [False, True])
def test_unit_adds_a_gated_residual(stride, channels, bottleneck):
    unit = randomise(PreActivationUnit(32, channels, stride, bottleneck, prelu=True, se=True))
    x = np.random.RandomState(0).randn(2, 32, 5, 6)
    active = unit.activate(mx.nd.array(x))
    residual = active
    for layer in list(unit.body)[:-1]:
        residual = layer(residual)
    residual = residual.asnumpy().astype('float64')
    (w0, b0), (w1, b1) = [(c.weight.data().asnumpy()[:, :, 0, 0], c.bias.data().asnumpy())
                          for c in blocks(unit.body[len(unit.body) - 1], nn.Conv2D)]
    slope, = [p.alpha.data().asscalar() for p in blocks(unit.body[len(unit.body) - 1], PReLU)]
    hidden = residual.mean((2, 3)) @ w0.T + b0
    gate = 1 / (1 + np.exp(-(np.where(hidden > 0, hidden, slope * hidden) @ w1.T + b1)))
    shape_changes = stride != 1 or channels != 32
    assert (unit.shortcut is not None) == shape_changes
    shortcut = unit.shortcut(active).asnumpy() if shape_changes else x
    want = gate[:, :, None, None] * residual + shortcut
    np.testing.assert_allclose(unit(mx.nd.array(x)).asnumpy(), want, rtol=1e-3, atol=1e-3)
    assert want.shape == (2, channels, -(-5 // stride), -(-6 // stride))


def test_unit_activates_before_the_first_convolution():
    """BatchNorm and PReLU of the input by NumPy, then the two convolutions of a unit without SE."""
    unit = randomise(PreActivationUnit(4, 4, 1, False, prelu=True))
    x = np.random.RandomState(0).randn(2, 4, 3, 3)
    norm, act = unit.activate
    gamma, beta, mean, var, slope = (p.data().asnumpy().reshape(1, 4, 1, 1) for p in (
        norm.gamma, norm.beta, norm.running_mean, norm.running_var, act.alpha))
    y = gamma * (x - mean) / np.sqrt(var + 2e-5) + beta
    y = mx.nd.array(np.where(y > 0, y, slope * y))
    for layer in unit.body:
        y = layer(y)
    np.testing.assert_allclose(unit(mx.nd.array(x)).asnumpy(), y.asnumpy() + x, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('pooling', ['flatten', 'average'])
def test_head_by_numpy(pooling):
    head = randomise(embedding_head('Net', 6, (2, 3), 5, 0.4, pooling))
    x = np.random.RandomState(0).randn(4, 6, 2, 3)
    first, last = blocks(head, nn.BatchNorm)

    def normalise(v, norm, gamma, shape):
        gamma, beta, mean, var = (p if isinstance(p, float) else p.data().asnumpy().reshape(shape) for p in (
            gamma, norm.beta, norm.running_mean, norm.running_var))
        return gamma * (v - mean) / np.sqrt(var + 2e-5) + beta

    want = normalise(x.mean((2, 3), keepdims=True) if pooling == 'average' else x, first, first.gamma, (1, 6, 1, 1))
    want = want.reshape(4, -1) @ blocks(head, nn.Dense)[0].weight.data().asnumpy().T
    want = normalise(want, last, 1.0, (1, 5))  # its gamma is fixed, whatever the parameter holds
    np.testing.assert_allclose(head(mx.nd.array(x)).asnumpy(), want, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('pooling,side', [('average', 2), ('flatten', 1)])
def test_head_on_one_position_with_as_many_channels_as_the_embedding(pooling, side):
    """MXNet 1.9.1 on a CPU crashes if BatchNorm of (B, D) follows one of (B, D, 1, 1) that a convolution made."""
    net = nn.HybridSequential()
    net.add(nn.Conv2D(512, 3, padding=1, in_channels=16),
            embedding_head('Net', 512, (side, side), 512, 0, pooling))
    net.initialize()
    x = mx.nd.random.uniform(shape=(2, 16, side, side))
    plain = net(x).asnumpy()
    net.hybridize()
    np.testing.assert_allclose(net(x).asnumpy(), plain, rtol=1e-4, atol=1e-5)


# --- nets that run ---------------------------------------------------------------------------------------------------

def test_hybrid_equals_imperative(small_nets):
    net = small_nets['attention_net56']
    net.hybridize(False)
    embedding, pred = net(images())
    net.hybridize()
    for got, want in zip(net(images()), (embedding, pred)):
        np.testing.assert_allclose(got.asnumpy(), want.asnumpy(), rtol=1e-4, atol=1e-4)
    assert embedding.shape == (2, 512) and pred.shape == (2, CLASSES)
    assert np.isfinite(pred.asnumpy()).all()
    with pytest.raises(ValueError, match='32'):
        net(images(side=48))


@smallest
def test_every_parameter_gets_a_gradient_and_training_lowers_the_loss(small_nets, name):
    net = small_nets[name]
    net.hybridize()
    label = mx.nd.array([0, 1, 2, 3, 0, 1, 2, 3])
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.005})
    values = []
    for _ in range(3):
        with autograd.record():
            value = loss(net(images(8))[1], label)
        value.backward()
        trainer.step(8)
        values.append(value.mean().asscalar())
    assert values[2] < 0.8 * values[0]
    for key, parameter in net.collect_params().items():
        if parameter.grad_req != 'null':
            assert parameter.grad().abs().max().asscalar() > 0, key
        assert np.isfinite(parameter.data().asnumpy()).all(), key


@pytest.mark.parametrize('name', ['se_resnet34_v2', 'se_resnet50_v2', 'attention_net92', 'resnet34_v1b_face',
                                  'resnet50_v1b_face', 'resnet50_v1c_face', 'resnet50_v1d_face'])
def test_names_of_parameters_are_unique(name):
    """A graph with two parameters of one name could not be exported."""
    net = MODELS.create(name, classes=CLASSES)
    graph = mx.sym.Group(list(net(mx.sym.var('data'))))
    names = graph.list_arguments() + graph.list_auxiliary_states()
    assert len(set(names)) == len(names)
    assert set(names) - {'data'} == set(net.collect_params())
    assert net.output.weight.shape == (CLASSES, 512)
    assert net.input_spec.embedding_size == 512


# --- GluonCV's trunk -------------------------------------------------------------------------------------------------

@pytest.fixture(scope='module')
def gluoncv_file(tmp_path_factory):
    """(GluonCV's ResNet-18 with random parameters, the file they are in)."""
    from gluoncv.model_zoo import resnetv1b
    trunk = resnetv1b.resnet18_v1b()
    trunk.initialize(mx.init.Xavier())
    trunk(mx.nd.zeros((1, 3, SIDE, SIDE)))
    path = tmp_path_factory.mktemp('gluoncv') / 'resnet18_v1b.params'
    trunk.save_parameters(str(path))
    return trunk, path


@pytest.fixture
def no_download(monkeypatch, gluoncv_file):
    """GluonCV finds its weights on the disk instead of the network."""
    monkeypatch.setattr('gluoncv.model_zoo.model_store.get_model_file', lambda *_, **__: str(gluoncv_file[1]))


def test_pretrained_base_is_gluoncvs_net(gluoncv_file, no_download):
    """With GluonCV's stem, the last feature map is GluonCV's; with any, the input is normalised as its weights want."""
    trunk, _ = gluoncv_file
    net = MODELS.create('resnet18_v1b_face', pretrained_base=True, stem_stride=2, input_size=(48, SIDE))
    x = mx.nd.array(np.random.RandomState(0).randn(2, 3, 48, SIDE))
    got = want = x
    for child in list(net.features)[:-1]:
        got = child(got)
    for child in (trunk.conv1, trunk.bn1, trunk.relu, trunk.maxpool, trunk.layer1, trunk.layer2, trunk.layer3,
                  trunk.layer4):
        want = child(want)
    assert want.asnumpy().std() > 0
    np.testing.assert_array_equal(got.asnumpy(), want.asnumpy())
    assert net.input_spec.mean == (123.675, 116.28, 103.53) and net.input_spec.std == (58.395, 57.12, 57.375)
    assert net.input_spec.size == (48, SIDE)
    head = net.features[len(net.features) - 1]
    head.initialize()
    assert net(x).shape == (2, 512)


def test_pretrained_base_fits_the_stem_for_faces(gluoncv_file, no_download):
    net = MODELS.create('resnet18_v1b_face', pretrained_base=True)
    stem = net.features[0]
    np.testing.assert_array_equal(stem.weight.data().asnumpy(), gluoncv_file[0].conv1.weight.data().asnumpy())
    assert MODELS.create('resnet18_v1b_face').input_spec.mean == (127.5,) * 3


@pytest.mark.parametrize('name', ['resnet34_v1b_face', 'resnet50_v1d_face'])
def test_shapes_are_known_before_the_first_batch(name):
    net = MODELS.create(name)
    assert all(np.prod(p.shape) > 0 for p in net.collect_params().values())


# --- names, arguments, errors ----------------------------------------------------------------------------------------

@pytest.mark.parametrize('name,canonical', [
    ('l_se_resnet18v2', 'se_resnet18_v2'), ('l_se_resnet50v2', 'se_resnet50_v2'),
    ('l_se_resnet101v2', 'se_resnet101_v2'), ('attentionfacenet56', 'attention_net56'),
    ('attentionfacenet92', 'attention_net92'), ('attention_facenet', 'attention_facenet')])
def test_names_of_1_0(name, canonical):
    assert MODELS.canonical(name) == canonical
    assert {'classes', 'embedding_size', 'weight_norm', 'feature_norm', 'need_cls_layer'} <= MODELS.keywords(name) | (
        {'weight_norm', 'feature_norm', 'need_cls_layer'} if name == 'attention_facenet' else set())


@pytest.mark.parametrize('make', [
    lambda: se_resnet.get_se_resnet(18, classes=7, embedding_size=64, weight_norm=True),
    lambda: se_resnet.se_resnet18_v2(classes=7, embedding_size=64),
    lambda: attention_net.get_attention_face(7, 56, 64, need_cls_layer=True),
    lambda: attention_net.attention_net56(classes=7, embedding_size=64),
    lambda: attention_net.AttentionNetFace(7, [1, 1, 1], 1, 2, 1, False, False, 64, True),
    lambda: MODELS.create('attention_facenet', classes=7, num_layers=56, embedding_size=64),
    lambda: resnet_face.resnet18_v1b_face(classes=7, embedding_size=64)])
def test_calls(make):
    net = make()
    outputs = mx.sym.Group(list(net(mx.sym.var('data')))).infer_shape(data=(2, 3, 112, 112))[1]
    assert outputs == [(2, 64), (2, 7)]


def test_facenet_by_size_is_the_same_net():
    sizes = {}
    for name, arguments in (('attention_net92', {}), ('attention_facenet', {'num_layers': 92})):
        net = MODELS.create(name, input_size=SIDE, **arguments)
        sizes[name] = [p.shape for p in net.collect_params().values()]
    assert sizes['attention_net92'] == sizes['attention_facenet']


@pytest.mark.parametrize('name,arguments,message', [
    ('se_resnet18_v2', {'num_layers': 17}, 'SEResNetV2: num_layers must be one of 18, 34, 50, 101, 152, got 17'),
    ('attention_net56', {'depth': 2}, 'unknown argument .depth.'),
    ('resnet18_v1b_face', {'need_cls_layer': True}, 'ResNetFace: classes must be given'),
    ('attention_facenet', {'num_layers': 57}, 'get_attention_face: num_layers must be one of 56, 92, .*, got 57'),
    ('se_resnet50_v2', {'input_size': (112, 100)}, r'SEResNetV2: input_size must be multiples of 16, got \(112, 100\)'),
    ('attention_net56', {'input_size': 8}, 'AttentionNetFace: input_size must be >= 16, got 8'),
    ('resnet50_v1d_face', {'stem_stride': 3}, 'ResNetFace: stem_stride must be one of 1, 2, got 3'),
    ('resnet50_v1d_face', {'dropout': 1}, r'ResNetFace: dropout must be in \[0, 1\), got 1'),
    ('attention_net56', {'pooling': 'max'}, "AttentionNetFace: pooling must be one of 'flatten', 'average', got 'max'"),
    ('se_resnet18_v2', {'embedding_size': 0}, 'SEResNetV2: embedding_size must be >= 1, got 0')])
def test_bad_arguments(name, arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        MODELS.create(name, **arguments)


@pytest.mark.parametrize('make,message', [
    (lambda: se_resnet.SEResNetV2(20), 'SEResNetV2: num_layers must be one of 18, 34, 50, 101, 152, got 20'),
    (lambda: attention_net.AttentionNetFace(modules=(1, 1)), r'AttentionNetFace: modules must be three .* \(1, 1\)'),
    (lambda: attention_net.AttentionNetFace(modules=(1, 0, 1)), 'AttentionNetFace: modules must be >= 1, got 0'),
    (lambda: attention_net.AttentionNetFace(r=0), 'AttentionNetFace: r must be >= 1, got 0'),
    (lambda: resnet_face.ResNetFace('resnet50'), "ResNetFace: base must be one of 'resnet18_v1b', .*, got 'resnet50'")])
def test_bad_sizes(make, message):
    with pytest.raises(ValueError, match=message):
        make()
