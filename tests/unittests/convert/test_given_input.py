"""What the caller says of the input of weights, of which the rest stays, and grey images."""
import json

import numpy as np
import pytest
from cli_cases import run
from convert_cases import IRESNET, MOBILE, OnnxWriter, mobile, random_net, write_symbol
from deploy_cases import images
from input_cases import SIZE, Onnx, Symbol, spellings

from gluonfr.convert import ConvertError, convert, to_onnx
from gluonfr.data import encode, write_bin
from gluonfr.deploy import Embedder, load_net, load_symbol
from gluonfr.model_zoo import InputSpec

Y1 = InputSpec((32, 32), (127.5,) * 3, (128,) * 3, 'rgb', 32)
GREY = InputSpec((32, 32), (127.5,), (127.5,), 'grey', 32)
LEVELS = InputSpec((SIZE, SIZE), (0,) * 3, (1,) * 3, 'rgb', 6)
ITSELF = spellings(np.float32([127.5] * 3), np.float32([128] * 3))['sub mul']


@pytest.mark.parametrize('words, spec', [
    ([], Y1), (['size=32'], Y1), (['colour=rgb'], Y1), (['colour=bgr'], Y1._replace(colour='bgr')),
    (['mean=100'], Y1._replace(mean=(227.5,) * 3)), (['std=2', 'colour=bgr'], Y1._replace(
        mean=(255,) * 3, std=(256,) * 3, colour='bgr'))], ids=str)
def test_what_is_left_out_of_input_stays_what_the_graph_says(tmp_path, words, spec):
    """y1 was given mean 16383.8 and std 16320 for size=112, and both sides of the check had it."""
    source = write_symbol(mobile(), str(tmp_path / 'model'))
    run('convert', source, '--out', tmp_path / 'net', *(['--input', *words] if words else []))
    net, data = load_net(str(tmp_path / 'net')), images(3, 32)
    assert net.input_spec == spec
    if set(words) <= {'size=32', 'colour=rgb'}:
        np.testing.assert_allclose(Embedder(net)(data), Embedder(load_symbol(source, size=(32, 32)))(data), atol=1e-5)


@pytest.mark.parametrize('writer', [Symbol, Onnx])
def test_so_does_that_of_a_graph_that_is_taken_as_it_is(tmp_path, writer):
    source = writer('broadcast').write(ITSELF, tmp_path)
    convert(source, str(tmp_path / 'net'), spec={'colour': 'bgr'})
    assert load_net(str(tmp_path / 'net')).input_spec == LEVELS._replace(colour='bgr')
    pytest.importorskip('onnx', reason='pip install onnx')
    assert to_onnx(source, str(tmp_path / 'a.onnx'), spec={'size': SIZE}) == LEVELS
    assert to_onnx(str(tmp_path / 'net'), str(tmp_path / 'b.onnx'), spec={'std': 2}) == LEVELS._replace(
        std=(2,) * 3, colour='bgr')


def test_and_that_of_weights_without_a_graph(tmp_path):
    random_net('mobilefacenet_y1').save_parameters(str(tmp_path / 'old.params'))
    run('convert', tmp_path / 'old.params', '--out', tmp_path / 'net', '--model', 'mobilefacenet_y1', '--input',
        'colour=bgr')
    assert load_net(str(tmp_path / 'net')).input_spec == InputSpec(std=(128,) * 3, colour='bgr', embedding_size=128)


@pytest.mark.parametrize('writer', [Symbol, Onnx, None])
@pytest.mark.parametrize('given, apart', [({'mean': 127.5, 'std': 128}, '0.0156'), ({'std': 255.0}, '0.00781'),
                                          ({'std': 0.003}, '664')])
def test_images_are_not_scaled_twice(tmp_path, writer, given, apart, capsys):
    """Both sides of the check would have it, so that only what comes to the first layer tells."""
    source = writer('broadcast').write(ITSELF, tmp_path) if writer else write_symbol(mobile(), str(tmp_path / 'model'))
    message = r'scales its input itself \(\(x - 127.5\) / 128\): with mean .* differ by at most {}\.'.format(apart)
    with pytest.raises(ConvertError, match=message):
        convert(source, str(tmp_path / 'net'), spec=given)
    words = ['{}={}'.format(*item) for item in given.items()]
    run('convert', source, '--out', tmp_path / 'net', '--input', *words, code=2)
    assert 'scales its input itself' in capsys.readouterr().err and not (tmp_path / 'net').exists()


def test_a_card_with_another_input_than_the_source_does_not_pass(tmp_path, monkeypatch):
    """Both sides begin with the images as they are."""
    monkeypatch.setattr('gluonfr.convert.native._composed', lambda spec, scaling: spec)
    with pytest.raises(ConvertError, match='embeddings of the source and after the conversion differ by'):
        convert(write_symbol(mobile(), str(tmp_path / 'model')), str(tmp_path / 'net'))
    assert not (tmp_path / 'net').exists()


@pytest.mark.parametrize('given, sentences', [
    ({}, ['does not normalise its input: it is taken to want RGB as (pixel - 127.5) / 127.5']),
    ({'colour': 'bgr'}, ['it is taken to want BGR as (pixel - 127.5) / 127.5']),
    ({'mean': 0}, ['it is taken to want RGB as pixel / 127.5']),
    ({'mean': (1, 2, 3), 'std': (4, 5, 6), 'colour': 'bgr'}, []),
    (InputSpec((SIZE, SIZE)), [])], ids=str)
def test_only_what_is_assumed_is_said(tmp_path, given, sentences, caplog):
    convert(Symbol('scalar').write([], tmp_path), str(tmp_path / 'net'), spec=given)
    said = [record.getMessage() for record in caplog.records]
    said = [line for line in said if 'no network of the model zoo' not in line]
    assert len(said) == len(sentences) and all(sentence in line for sentence, line in zip(sentences, said))


@pytest.mark.parametrize('given, message', [
    ({'smell': 1}, 'convert: spec takes size, mean, std, colour, got smell'),
    ({'mean': 'dark'}, "spec must hold numbers for size, mean and std, got {'mean': 'dark'}"),
    ({'colour': 'blue'}, "spec.colour must be one of 'rgb', 'bgr', 'grey'"),
    ({'colour': 'grey', 'mean': (0,), 'std': (1,)}, "takes coloured images, so that the colour must be 'rgb' or")])
def test_what_no_input_can_be_is_refused(tmp_path, given, message):
    with pytest.raises(ValueError, match=message):
        convert(write_symbol(mobile(), str(tmp_path / 'model')), str(tmp_path / 'net'), spec=given)
    assert not (tmp_path / 'net').exists()


# --- grey ------------------------------------------------------------------------------------------------------------

def test_a_grey_symbol_is_verified(tmp_path, capsys):
    source = write_symbol(mobile(grid=7), str(tmp_path / 'model'), size=112, channels=1)
    write_bin(str(tmp_path / 'set.bin'), [encode(image, '.png') for image in images(8, 112)], [True, False] * 2)
    run('verify', source, '--data', tmp_path / 'set.bin', '--no-progress')
    assert 'set: accuracy' in capsys.readouterr().out


def test_a_grey_symbol_is_converted(tmp_path):
    source = write_symbol(mobile(), str(tmp_path / 'model'), channels=1)
    net = load_symbol(source, size=(32, 32))
    assert net.input_spec == GREY._replace(mean=(0,), std=(1,))
    with open(convert(source, str(tmp_path / 'net')), encoding='utf-8') as stream:
        card = json.load(stream)
    assert card['model'] == 'mobilefacenet_y1' and card['arguments']['channels'] == 1
    assert card['parity']['max_abs_diff'] < 1e-5
    ours, data = load_net(str(tmp_path / 'net')), images(3, 32)
    assert ours.input_spec == GREY._replace(std=(128,))
    np.testing.assert_allclose(Embedder(ours)(data), Embedder(net)(data), atol=1e-5)


@pytest.mark.parametrize('name, arguments', [('iresnet50', IRESNET), ('mobilefacenet', MOBILE)])
def test_a_grey_onnx_is_converted_and_run(tmp_path, name, arguments):
    pytest.importorskip('onnxruntime', reason='pip install onnxruntime')
    net, path, data = random_net(name, channels=1, **arguments), str(tmp_path / 'net.onnx'), images(3, 32)
    assert net.input_spec == GREY
    OnnxWriter().write(net, path)
    assert load_net(path).input_spec == GREY
    np.testing.assert_allclose(Embedder(path)(data), Embedder(net)(data), atol=1e-5)
    convert(path, str(tmp_path / 'net'))
    ours = load_net(str(tmp_path / 'net'))
    assert ours.input_spec == GREY and type(ours) is type(net)
    np.testing.assert_allclose(Embedder(ours)(data), Embedder(net)(data), atol=1e-5)
