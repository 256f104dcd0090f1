"""gluonfr.convert: parameters of Gluon nets, what is refused, the check of both sides, the command."""
import json
import os

import mxnet as mx
import numpy as np
import pytest
from cli_cases import run
from convert_cases import MOBILE, mobile, parameters, random_net, write_symbol
from deploy_cases import images
from mxnet import nd

from gluonfr.convert import ConvertError, convert
from gluonfr.convert.check import check_equal
from gluonfr.data import encode
from gluonfr.deploy import Embedder, load_net
from gluonfr.model_zoo import InputSpec, get_model
from gluonfr.utils.files import atomic_folder, file_sha256


def names_of_1_0(net, convolution=False):
    """A net's parameters under the names of gluonfr 1.0's mobilefacenet, with its class layer.

    1.0 had its bottlenecks in stages, and the last layer as a 1x1 convolution at one time.
    """
    stages = [0, 1] + [2] * 5 + [3] + [4] * 6 + [5] + [6] * 2 + [7, 8]
    places = [(stage, stages[:i].count(stage)) for i, stage in enumerate(stages)]
    named = {'output.weight': np.zeros((3, 128), 'float32')}
    for name, value in parameters(net).items():
        parts = name.split('.')
        unit = int(parts[1])
        if unit < len(places):
            stage, place = places[unit]
            nested = [str(place)] if stages.count(stage) > 1 or stage == 3 or stage == 5 else []
            parts = ['features', str(stage)] + nested + parts[2:]
        else:
            parts[1] = str(unit - len(places) + 9)
        if convolution and value.shape == (128, 512):
            value = value[:, :, None, None]
        named['.'.join(parts)] = value
    return {name: nd.array(value) for name, value in named.items()}


@pytest.mark.parametrize('model, convolution', [('mobilefacenet_shared', False), ('mobilefacenet_shared', True),
                                                ('mobilefacenet', False)])
def test_parameters_of_gluonfr_1_0(tmp_path, model, convolution):
    net = random_net('mobilefacenet_shared')
    nd.save(str(tmp_path / 'old.params'), names_of_1_0(net, convolution))
    with open(convert(str(tmp_path / 'old.params'), str(tmp_path / 'net'), model), encoding='utf-8') as stream:
        card = json.load(stream)
    assert card['model'] == model and card['unused'] == ['output.weight'] and card['parity'] is None
    data = images(2, 112)
    net.input_spec = net.input_spec._replace(mean=(0,) * 3, std=(255,) * 3)  # what 1.0 trained on
    np.testing.assert_allclose(Embedder(str(tmp_path / 'net'))(data), Embedder(net)(data), atol=1e-5)


def test_own_parameters_in_half_precision(tmp_path):
    net = random_net('lenetplus', embedding_size=3)
    want = Embedder(net)(images(2, 28))
    net.cast('float16')
    net.save_parameters(str(tmp_path / 'a.params'))
    convert(str(tmp_path / 'a.params'), str(tmp_path / 'net'), 'LeNetPlus')
    np.testing.assert_allclose(Embedder(str(tmp_path / 'net'))(images(2, 28)), want, atol=5e-3)


@pytest.mark.parametrize('change, model, message', [
    (lambda w: w.pop('features.2.1.out.0.0.weight'), 'mobilefacenet_shared', 'from layer .* on, missing features'),
    (lambda w: w.update({'features.12.alpha': nd.ones((1,))}), 'mobilefacenet_shared', 'unused features.12.alpha'),
    (lambda w: w.update({'features.0.0.weight': nd.ones((64, 3, 5, 5))}), 'mobilefacenet_shared',
     r'features.0.0.weight must be \(64, 3, 3, 3\), got features.0.0.weight of shape \(64, 3, 5, 5\)'),
    (lambda w: None, 'iresnet18', 'the weights are not those of iresnet18'), (lambda w: None, None, 'needs model='),
    (lambda w: None, 'mobilefacenett', "Did you mean 'mobilefacenet'")])
def test_parameters_of_another_net(tmp_path, change, model, message):
    weights = names_of_1_0(random_net('mobilefacenet_shared'))
    change(weights)
    nd.save(str(tmp_path / 'old.params'), weights)
    with pytest.raises(ValueError, match=message):
        convert(str(tmp_path / 'old.params'), str(tmp_path / 'net'), model)
    assert not (tmp_path / 'net').exists()


def test_what_is_refused(tmp_path):
    source, out = write_symbol(mobile(), str(tmp_path / 'model')), str(tmp_path / 'net')
    (tmp_path / 'net').mkdir()
    (tmp_path / 'net' / 'mine.txt').write_text('mine')
    (tmp_path / 'file').write_text('mine')
    new = str(tmp_path / 'new')
    for error, message, arguments in (
            (ConvertError, 'out must be a new or empty folder', (source, out)),
            (ConvertError, 'out must be a new or empty folder', (source, str(tmp_path / 'file'))),
            (ConvertError, 'source must end in -symbol.json, .onnx, .params, .pth, .pt, .ckpt, .pth.tar, .safetensors',
             (out, new)),
            (FileNotFoundError, 'there is no file nowhere-symbol.json', ('nowhere-symbol.json', new)),
            (FileNotFoundError, 'there are no weights nowhere.params', (source, new, None, 'nowhere.params')),
            (ConvertError, 'params are for a -symbol.json', (str(tmp_path / 'model-0000.params'), new, 'mbf', source)),
            (ConvertError, 'the source is not iresnet50: it has depthwise', (source, new, 'iresnet50'))):
        with pytest.raises(error, match=message):
            convert(*arguments)
    assert sorted(os.listdir(str(tmp_path))) == ['file', 'model-0000.params', 'model-symbol.json', 'net']
    assert os.listdir(out) == ['mine.txt']


@pytest.mark.parametrize('given, error, message', [
    (np.zeros((2, 30, 32, 3), 'uint8'), ValueError, r'images must be RGB of shape \(32, 32, 3\)'),
    ([], ValueError, 'images must be at least one'), ('nowhere', FileNotFoundError, 'no file or folder nowhere')])
def test_images_that_do_not_fit(tmp_path, given, error, message):
    source = write_symbol(mobile(), str(tmp_path / 'model'))
    with pytest.raises(error, match=message):
        convert(source, str(tmp_path / 'net'), images=given)
    assert not (tmp_path / 'net').exists()


@pytest.mark.parametrize('name', ['features.0.0.weight', 'features.3.out.1.2.alpha', 'features.12.beta'])
def test_a_difference_is_found(name):
    net = random_net('mobilefacenet', **MOBILE)
    same = random_net('mobilefacenet', **MOBILE)
    assert check_equal(net, Embedder(same))['max_abs_diff'] < 1e-5
    param = net._collect_params_with_prefix()[name]
    param.set_data(param.data() * 1.1)
    with pytest.raises(ConvertError, match='differ by [0-9.e-]+; at most 0.0001 is allowed'):
        check_equal(net, Embedder(same))
    param.set_data(param.data() * np.inf)
    with pytest.raises(ConvertError, match='not finite'):
        check_equal(net, None)


def test_other_sizes_of_embedding_are_a_difference():
    net = random_net('mobilefacenet', **MOBILE)
    with pytest.raises(ConvertError, match='embeddings must be 32 values, got 8 from the source'):
        check_equal(net, Embedder(random_net('mobilefacenet', **dict(MOBILE, embedding_size=8))))


def test_the_command(tmp_path, capsys):
    source, faces = write_symbol(mobile((1, 4, 6, 2)), str(tmp_path / 'model')), tmp_path / 'faces'
    faces.mkdir()
    for i, image in enumerate(images(3, 32)):
        (faces / '{}.png'.format(i)).write_bytes(encode(image, '.png'))
    out = str(tmp_path / 'net')
    run('convert', source, '--out', out, '--images', str(faces), '--model', 'mobilefacenet', '--params',
        str(tmp_path / 'model-0000.params'), '--input', 'mean=0', 'std=2')
    said = capsys.readouterr().out
    assert 'card.json: mobilefacenet, 32 dimensions, input 32 x 32 rgb' in said
    assert 'largest difference from the source: ' in said and '3 given' in said
    net = load_net(out)
    assert net.input_spec == InputSpec((32, 32), (255,) * 3, (256,) * 3, 'rgb', 32)
    run('compare', out, str(faces / '0.png'), str(faces / '1.png'))
    assert '1.png' in capsys.readouterr().out
    for words, message in ((('--out', out), 'out must be a new or empty folder'),
                           (('--out', out + '2', '--input', 'smell=1'), '--input takes size, mean, std, colour'),
                           (('--out', out + '2', '--model', 'mbff'), "Did you mean 'mbf'")):
        run('convert', source, *words, code=2)
        assert message in capsys.readouterr().err


def test_without_onnx(tmp_path):
    (tmp_path / 'net.onnx').write_bytes(b'anything')
    try:
        import onnx  # noqa: F401
    except ImportError:
        with pytest.raises(ImportError, match=r'ONNX files need the onnx package .*: pip install .*\[onnx\]'):
            convert(str(tmp_path / 'net.onnx'), str(tmp_path / 'net'))
    with pytest.raises(FileNotFoundError, match='load_net: there is no nowhere.onnx'):
        load_net('nowhere.onnx')


def test_a_new_or_empty_folder_is_filled_or_left(tmp_path):
    source = write_symbol(mobile(), str(tmp_path / 'model'))
    (tmp_path / 'empty').mkdir()
    convert(source, str(tmp_path / 'empty'))
    convert(source, str(tmp_path / 'a' / 'b'))
    assert os.listdir(str(tmp_path / 'empty')) == os.listdir(str(tmp_path / 'a' / 'b')) != []
    with pytest.raises(RuntimeError, match='in the middle'):
        with atomic_folder(str(tmp_path / 'new')) as folder:
            (tmp_path / os.path.basename(folder) / 'half').write_text('half')
            raise RuntimeError('in the middle')
    assert sorted(os.listdir(str(tmp_path))) == ['a', 'empty', 'model-0000.params', 'model-symbol.json']


def test_the_card(tmp_path):
    source = write_symbol(mobile(), str(tmp_path / 'model'))
    with open(convert(source, str(tmp_path / 'net')), encoding='utf-8') as stream:
        card = json.load(stream)
    params = str(tmp_path / 'model-0000.params')
    assert card['source'] == {'file': 'model-symbol.json', 'sha256': file_sha256(source),
                              'params': 'model-0000.params', 'params_sha256': file_sha256(params)}
    assert card['parity']['images'] == ['4 of noise', '4 drawn faces']
    assert sorted(os.listdir(str(tmp_path / 'net'))) == ['card-symbol.json', 'card.json', 'mobilefacenet_y1.params']
    net = get_model(card['model'], **card['arguments'])
    net.load_parameters(str(tmp_path / 'net' / card['params']))
    with mx.autograd.record():
        loss = net(nd.random.uniform(-1, 1, (2, 3, 32, 32))).square().sum()
    loss.backward()
    grad = net.collect_params('.*weight').values()
    assert all(float(param.grad().abs().sum().asscalar()) > 0 for param in grad)
