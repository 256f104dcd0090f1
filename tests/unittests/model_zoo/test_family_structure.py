"""SE-ResNet v2, attention nets, GluonCV's ResNets with a face head: layers, sizes, names, arguments."""
import mxnet as mx
import numpy as np
import pytest
from family_cases import CLASSES, SIDE, blocks, smallest
from mxnet.gluon import nn

from gluonfr.model_zoo import attention_net, resnet_face, se_resnet
from gluonfr.model_zoo.family import PreActivationUnit
from gluonfr.model_zoo.registry import MODELS
from gluonfr.nn import PReLU, SELayer


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
