"""SE-ResNet v2, attention nets, GluonCV's ResNets with a face head: the nets run and train; GluonCV's weights fit."""
import mxnet as mx
import numpy as np
import pytest
from family_cases import CLASSES, SIDE, SMALLEST, smallest
from mxnet import autograd, gluon

from gluonfr.model_zoo.registry import MODELS


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
