"""Weights of gluonfr 1.0: its networks, its names of parameters, its input."""
import json

import gluonfr1_cases as old
import mxnet as mx
import numpy as np
import pytest
from convert_cases import parameters
from deploy_cases import images
from mxnet import nd

from gluonfr.convert import ConvertError, convert
from gluonfr.convert.match import by_order
from gluonfr.deploy import Embedder
from gluonfr.model_zoo import InputSpec, get_model

NARROW, WIDE = (64, 64, 128, 256, 512), (64, 256, 512, 1024, 2048)


@pytest.mark.parametrize('name, make', [
    ('se_resnet18_v2_gluonfr1', lambda: old.se_resnet((2, 2, 2, 2), NARROW)),
    ('mobilefacenet_re', old.mobilefacenet_re)])
def test_parameters_become_a_network_that_takes_what_1_0_trained_on(tmp_path, name, make, caplog):
    net = old.filled(make())
    net.save_parameters(str(tmp_path / 'old.params'))
    with caplog.at_level('INFO', 'gluonfr'):
        card = convert(str(tmp_path / 'old.params'), str(tmp_path / 'net'), name)
    assert caplog.text.count('names are those of gluonfr 1.0, whose networks were trained on pixel / 255') == 1
    with open(card, encoding='utf-8') as stream:
        said = json.load(stream)
    assert said['model'] == name and said['input']['mean'] == [0] * 3 and said['input']['std'] == [255] * 3
    data = images(2, 112)
    out = net(nd.array(np.moveaxis(data, 3, 1) / 255)).asnumpy()
    np.testing.assert_allclose(Embedder(str(tmp_path / 'net'))(data), out / np.linalg.norm(out, axis=1, keepdims=True),
                               atol=1e-5)


@pytest.mark.parametrize('name, arguments, make', [
    ('se_resnet50_v2_gluonfr1', {}, lambda: old.se_resnet((3, 4, 6, 3), WIDE)),
    ('se_resnet18_v2_gluonfr1', {'thumbnail': True}, lambda: old.se_resnet((2, 2, 2, 2), NARROW, thumbnail=True)),
    ('attention_net56_gluonfr1', {'modules': (2, 1, 1)}, lambda: old.attention_net((2, 1, 1), 32))])
def test_graphs_of_1_0(name, arguments, make):
    """Its parameters in ours give the same embeddings, on small images."""
    theirs, net = old.filled(make(), 32), get_model(name, input_size=32, **arguments)
    net.initialize(mx.init.Zero())
    params = net._collect_params_with_prefix()
    for key, array in by_order.match(params, parameters(theirs), name).items():
        params[key].set_data(nd.array(array))
    x = nd.array(np.random.RandomState(0).uniform(0, 1, (2, 3, 32, 32)))
    want = theirs(x).asnumpy()
    np.testing.assert_allclose(net(x).asnumpy(), want, rtol=1e-3, atol=1e-3 * np.abs(want).max())


def test_an_input_that_is_given_wins_over_that_of_1_0(tmp_path, caplog):
    net = old.filled(old.mobilefacenet_re())
    net.save_parameters(str(tmp_path / 'old.params'))
    spec = InputSpec((112, 112), (127.5,) * 3, (128,) * 3, 'bgr')
    with caplog.at_level('INFO', 'gluonfr'):
        convert(str(tmp_path / 'old.params'), str(tmp_path / 'net'), 'mobilefacenet_re', spec=spec)
    assert 'pixel / 255' not in caplog.text
    assert Embedder(str(tmp_path / 'net')).spec == spec._replace(embedding_size=160)


@pytest.mark.parametrize('name, hint', [
    ('se_resnet34_v2_gluonfr1', 'must be .*, got features.6.0.conv1.weight'), ('mobilefacenet_re', 'unused'),
    ('l_se_resnet18v2', 'Those of gluonfr 1.0 are of se_resnet18_v2_gluonfr1')])
def test_weights_of_another_network_of_1_0_are_refused(tmp_path, name, hint):
    net = old.filled(old.se_resnet((2, 2, 2, 2), NARROW), 32)
    net.save_parameters(str(tmp_path / 'old.params'))
    with pytest.raises(ConvertError, match='the weights are not those of .*' + hint):
        convert(str(tmp_path / 'old.params'), str(tmp_path / 'net'), name)
