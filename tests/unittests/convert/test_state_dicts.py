"""gluonfr.convert: what PyTorch state dicts do not say, what stands before their names, and safetensors files."""
import logging

import numpy as np
import pytest
from cli_cases import run
from convert_cases import mobile, random_net, write_symbol
from deploy_cases import images
from mxnet import nd

from gluonfr.convert import ConvertError, convert
from gluonfr.convert.readers.safetensors import load_safetensors
from gluonfr.convert.readers.torch import load_torch
from gluonfr.deploy import Embedder, load_net
from gluonfr.model_zoo import InputSpec

torch = pytest.importorskip('torch', minversion='2.6', reason="pip install 'torch>=2.6'")
import torch_cases as cases  # noqa: E402

UNITS = (1, 1, 1, 1)
PREFIXES = ['', 'net.', 'model.', '_orig_mod.', 'module.', 'backbone.', 'module._orig_mod.', 'model.net.',
            'features.module.', 'module.features.']


def small(eps=1e-5):
    """An IResNet whose embeddings depend on the eps of its BatchNorms."""
    net = cases.randomised(cases.IResNet(UNITS, 24, 32))
    for module in net.modules():
        if isinstance(module, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)):
            module.eps = eps
            module.running_var.mul_(1e-2)
    return net


def theirs(net, data):
    """Embeddings of length 1 of (pixel - 127.5) / 127.5."""
    with torch.no_grad():
        rows = net(torch.from_numpy((np.stack(data).astype('float32').transpose(0, 3, 1, 2) - 127.5) / 127.5)).numpy()
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def saved(path, state):
    torch.save(state, str(path))
    return str(path)


@pytest.mark.parametrize('prefix', PREFIXES)
@pytest.mark.parametrize('kind', ['iresnet', 'mobilefacenet', 'ir'])
def test_whatever_stands_before_the_names(tmp_path, prefix, kind):
    net = {'iresnet': lambda: cases.IResNet(UNITS, 8, 16), 'mobilefacenet': lambda: cases.MobileFaceNet(
        (1, 0, 0, 0), 1, 8, 16), 'ir': lambda: cases.IrNet(UNITS, True, False, 8, 16)}[kind]()
    state = net.state_dict()
    path = saved(tmp_path / 'a.pth', dict({prefix + name: value for name, value in state.items()},
                                          **{'head.weight': torch.zeros(9, 8)} if prefix else {}))
    assert set(load_torch(path)) == {name for name in state if not name.endswith('tracked')}


@pytest.mark.parametrize('given, eps, said', [
    ((), 1e-5, 'it is given RGB as (pixel - 127.5) / 127.5 and its BatchNorms have eps 1e-05, as in the code that '
               'such names come from. Give anything else as --input and --eps.'),
    (('--eps', '0.002'), 2e-3, 'it is given RGB as (pixel - 127.5) / 127.5, as in the code that such names come from. '
                               'Give anything else as --input.'),
    (('--input', 'mean=0', 'std=255', 'colour=bgr'), 1e-5, 'its BatchNorms have eps 1e-05, as in the code'),
    (('--input', 'mean=0', 'std=255', 'colour=bgr', '--eps', '0.002'), 2e-3, None)], ids=str)
def test_what_a_state_dict_does_not_say(tmp_path, given, eps, said, caplog, capsys):
    caplog.set_level(logging.INFO)
    net = small(eps)
    run('convert', saved(tmp_path / 'net.pth', net.state_dict()), '--out', tmp_path / 'net', *given)
    assert ('a state dict does not say all of its network: ' + (said or '') in caplog.text) == (said is not None)
    assert 'not compared with the source: nothing here runs ' in capsys.readouterr().out
    ours, data = load_net(str(tmp_path / 'net')), images(3, 32)
    mean, std, colour = ((0,) * 3, (255,) * 3, 'bgr') if 'mean=0' in given else ((127.5,) * 3, (127.5,) * 3, 'rgb')
    assert ours.input_spec == InputSpec((32, 32), mean, std, colour, 24)
    embedder, want = Embedder(ours, InputSpec((32, 32), embedding_size=24)), theirs(net, data)
    np.testing.assert_allclose(embedder(data), want, atol=1e-5)
    assert np.abs(want - theirs(small(2e-3 if eps < 1e-4 else 1e-5), data)).max() > 1e-3  # eps does count


def test_cvlface_gives_adafaces_network_rgb(tmp_path):
    net = cases.randomised(cases.IrNet(UNITS, True, False, 24, 32))
    for prefix, colour in (('model.', 'bgr'), ('net.', 'rgb'), ('model.net.', 'rgb')):
        path = saved(tmp_path / 'net.pt', {prefix + name: value for name, value in net.state_dict().items()})
        convert(path, str(tmp_path / prefix))
        assert load_net(str(tmp_path / prefix)).input_spec.colour == colour


def test_grey_networks(tmp_path):
    net = small()
    net.conv1 = torch.nn.Conv2d(1, 64, 3, padding=1, bias=False)
    convert(saved(tmp_path / 'net.pth', net.state_dict()), str(tmp_path / 'net'))
    ours = load_net(str(tmp_path / 'net'))
    assert ours.input_spec == InputSpec((32, 32), (127.5,), (127.5,), 'grey', 24)
    x = np.random.RandomState(0).uniform(-1, 1, (2, 1, 32, 32)).astype('float32')
    with torch.no_grad():
        want = net(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(ours(nd.array(x)).asnumpy(), want, atol=1e-4 * np.abs(want).max())


@pytest.mark.parametrize('words, message', [
    (['SYMBOL', '--eps', '0.1'], '--eps is for weights without a graph, which says its own, got 0.1'),
    (['PTH', '--eps', '0'], '--eps must be > 0, got 0'),
    (['PARAMS', '--model', 'lenetplus', '--eps', '0.1'], '--eps cannot be chosen for lenetplus')])
def test_an_eps_that_cannot_be_chosen_is_refused(tmp_path, words, message, capsys):
    random_net('lenetplus', embedding_size=2).save_parameters(str(tmp_path / 'a.params'))
    places = {'PARAMS': tmp_path / 'a.params'}
    if 'SYMBOL' in words:
        places['SYMBOL'] = write_symbol(mobile(), str(tmp_path / 'model'))
    if 'PTH' in words:
        places['PTH'] = saved(tmp_path / 'a.pth', small().state_dict())
    run('convert', *(places.get(word, word) for word in words), '--out', tmp_path / 'net', code=2)
    assert message in capsys.readouterr().err


def test_eps_of_gluons_parameters(tmp_path):
    random_net('mobilefacenet_shared').save_parameters(str(tmp_path / 'a.params'))
    convert(str(tmp_path / 'a.params'), str(tmp_path / 'net'), 'mobilefacenet_shared', epsilon=2e-3)
    assert load_net(str(tmp_path / 'net')).features[0][1]._kwargs['eps'] == 2e-3


# --- safetensors -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('kind', [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_safetensors_are_what_a_pth_is(tmp_path, kind):
    state = {'net.' + name: value.to(kind) if value.is_floating_point() else value
             for name, value in small().state_dict().items()}
    found = load_safetensors(cases.write_safetensors(tmp_path / 'a.safetensors', state))
    assert set(found) == set(state)
    for name, value in state.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], value.float().numpy(), name)
    for path in (str(tmp_path / 'a.safetensors'), saved(tmp_path / 'a.pth', state)):
        convert(path, path + '.net')
    data = images(2, 32)
    one, other = (Embedder(str(tmp_path / name))(data) for name in ('a.safetensors.net', 'a.pth.net'))
    np.testing.assert_array_equal(one, other)


ENTRY = '{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}'


@pytest.mark.parametrize('header', [
    b'', b'{', b'[' * 10 ** 5, b'[]', b'{"a": 1}', b'{}', ENTRY.replace('F32', 'F8').encode(),
    ENTRY.replace('[2]', '[3]').encode(), ENTRY.replace('[2]', '[-2]').encode(), ENTRY.replace('[2]', '2').encode(),
    ENTRY.replace('[0, 8]', '[4, 12]').encode(), ENTRY.replace('[0, 8]', '[-8, 0]').encode(),
    (ENTRY[:-1] + ', "b"' + ENTRY[4:]).encode(),  # the same bytes twice
    ENTRY.replace('[2]', '["2"]').encode(), ENTRY.replace('[0, 8]', '[0]').encode()])
def test_damaged_safetensors_are_refused(tmp_path, header):
    state = {'a': torch.tensor([1.0, 2.0])}
    assert load_safetensors(cases.write_safetensors(tmp_path / 'a.safetensors', state))['a'].tolist() == [1, 2]
    path = cases.write_safetensors(tmp_path / 'b.safetensors', state, header)
    with pytest.raises(ConvertError, match='b.safetensors (is no safetensors file, or is damaged|holds no arrays)'):
        load_safetensors(path)
    (tmp_path / 'b.safetensors').write_bytes(b'\xff' * 7)
    with pytest.raises(ConvertError, match='damaged'):
        load_safetensors(path)
