"""gluonfr.convert: PyTorch state dicts of arcface_torch's nets, in and out."""
import os
import pickle

import mxnet as mx
import numpy as np
import pytest
from mxnet import nd

from gluonfr.convert import ConvertError, export_torch
from gluonfr.convert.native import native_from_torch
from gluonfr.convert.readers.torch import load_torch
from gluonfr.convert.torch_names import PARAMETERS, layer_table
from gluonfr.convert.writers.torch import torch_from_native
from gluonfr.model_zoo import get_model

torch = pytest.importorskip('torch', minversion='2.6', reason="pip install 'torch>=2.6'")
import torch_cases as cases  # noqa: E402

UNITS = (2, 1, 1, 1)
SMALL = {'iresnet': (lambda: cases.IResNet(UNITS, 24, 32),
                     ('iresnet50', {'units': UNITS, 'input_size': 32, 'embedding_size': 24, 'epsilon': 1e-5})),
         'mbf': (lambda: cases.MobileFaceNet((1, 2, 0, 1), 1, 24, 48),
                 ('mbf', {'blocks': (1, 2, 0, 1), 'scale': 1, 'input_size': 48, 'embedding_size': 24})),
         'mbf_large': (lambda: cases.MobileFaceNet((2, 1, 0, 1), 2, 24, 48),
                       ('mbf_large', {'blocks': (2, 1, 0, 1), 'scale': 2, 'input_size': 48, 'embedding_size': 24}))}


def embeddings(net, images):
    """Of length 1, of a PyTorch net or one of ours."""
    if isinstance(net, torch.nn.Module):
        with torch.no_grad():
            rows = net(torch.from_numpy(images)).numpy()
    else:
        rows = net(nd.array(images))
        rows = (rows[0] if isinstance(rows, tuple) else rows).asnumpy()
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def assert_equal_nets(one, other, side=32):
    images = np.random.uniform(-1, 1, (3, 3, side, side)).astype('float32')
    wanted = embeddings(one, images)
    assert (wanted @ wanted.T)[0, 1] < 0.999  # images are told apart, so the comparison means something
    np.testing.assert_allclose(embeddings(other, images), wanted, atol=1e-4)


def ours(name, seed=0, **arguments):
    """One of our nets with weights and running statistics that are all different."""
    net = get_model(name, **arguments)
    net.initialize()
    random = np.random.RandomState(seed)
    for key, param in net.collect_params().items():
        low, high = {'gamma': (0.6, 1.4), 'var': (0.3, 1.5), 'alpha': (-0.1, 0.5), 'mean': (-0.2, 0.2),
                     'beta': (-0.2, 0.2), 'bias': (-0.1, 0.1)}.get(key.rpartition('_')[2], (None, None))
        if low is not None:
            param.set_data(nd.array(random.uniform(low, high, param.shape)))
    return net


def parameters(net):
    return {name: param.data().asnumpy() for name, param in net._collect_params_with_prefix().items()}


@pytest.mark.parametrize('kind, form', [
    ('iresnet', 'plain'), ('iresnet', 'checkpoint'), ('iresnet', 'half'), ('mbf', 'plain'), ('mbf', 'parallel'),
    ('mbf', 'lightning'), ('mbf', 'double'), ('mbf', 'trainer'),
    ('mbf_large', 'model')])
def test_a_state_dict_becomes_the_same_net(kind, form, tmp_path):
    make, (name, arguments) = SMALL[kind]
    net = cases.randomised(make())
    state = net.state_dict()
    if form in ('half', 'double'):
        net.to(torch.float16 if form == 'half' else torch.float64)
        state = {key: value.clone() for key, value in net.state_dict().items()}
        net.float()
    elif form == 'checkpoint':
        state = {'epoch': 3, 'state_dict_backbone': state, 'state_optimizer': {'lr': 0.1}}
    elif form == 'trainer':
        state = {'epoch': 3, 'model': state, 'optimizer': {'lr': 0.1}}
    elif form == 'parallel':
        state = {'module.' + key: value for key, value in state.items()}
    elif form == 'lightning':
        state = {'state_dict': dict({'module.backbone.' + key: value for key, value in state.items()},
                                    **{'module.head.weight': torch.zeros(9, 24)})}
    elif form == 'model':
        state = {'state_dict': dict({'model.' + key: value for key, value in state.items()},
                                    **{'head.kernel': torch.zeros(24, 9)})}
    torch.save(state, str(tmp_path / 'net.pth'))
    loaded = load_torch(str(tmp_path / 'net.pth'))
    assert {value.dtype for value in loaded.values()} == {np.dtype('float32')}
    native, *found, report = native_from_torch(loaded)
    assert tuple(found) == (name, arguments) and report == {'parameters': len(loaded), 'unused': []}
    assert_equal_nets(net, native, native.input_spec.size[0])
    again = get_model(name, need_cls_layer=False, **arguments)
    native.save_parameters(str(tmp_path / 'native.params'))
    again.load_parameters(str(tmp_path / 'native.params'))
    assert_equal_nets(net, again, native.input_spec.size[0])


@pytest.mark.parametrize('name, units', [('iresnet18', (2, 2, 2, 2)), ('iresnet34', (3, 4, 6, 3)),
                                         ('iresnet50', (3, 4, 14, 3)), ('iresnet100', (3, 13, 30, 3)),
                                         ('iresnet200', (6, 26, 60, 6)), ('iresnet2060', (3, 128, 896, 3)),
                                         ('mbf', None), ('mbf_large', None)])
def test_the_table_has_every_name_of_every_size(name, units):
    with torch.device('meta'):
        theirs = cases.IResNet(units) if units else \
            cases.MobileFaceNet(*[(2, 8, 12, 4), 4] if name == 'mbf_large' else [])
    wanted = {key: tuple(value.shape) for key, value in theirs.state_dict().items()}
    counters = {key for key in wanted if key.endswith('.num_batches_tracked')}
    net, found = get_model(name), {}
    table = layer_table(net)
    for key, param in net._collect_params_with_prefix().items():
        layer, _, kind = key.rpartition('.')
        found['{}.{}'.format(table[layer], PARAMETERS[kind])] = param.shape
    assert found == {key: shape for key, shape in wanted.items() if key not in counters}
    if name in ('iresnet18', 'mbf', 'mbf_large'):
        native, *known, report = native_from_torch({key: np.zeros(shape) for key, shape in wanted.items()})
        assert known == [name, {'epsilon': 1e-5} if units else {}] and report['unused'] == sorted(counters)


def test_iresnet50_at_full_size():
    net = cases.randomised(cases.IResNet((3, 4, 14, 3)))
    assert_equal_nets(net, native_from_torch(net.state_dict())[0], 112)


@pytest.mark.parametrize('name, arguments, theirs', [
    ('iresnet18', {'units': UNITS, 'input_size': 32}, lambda: cases.IResNet(UNITS, 512, 32)),  # eps 2e-5
    ('iresnet18', {'units': UNITS, 'input_size': 32, 'classes': 7, 'epsilon': 1e-6},
     lambda: cases.IResNet(UNITS, 512, 32)),
    ('mobilefacenet', {'input_size': 32}, lambda: cases.MobileFaceNet(scale=1, embedding_size=128, side=32)),
    ('mobilefacenet_shared', {'input_size': 32}, lambda: cases.MobileFaceNet(scale=1, embedding_size=128, side=32)),
    ('mobilefacenet_y1', {'input_size': 32}, lambda: cases.MobileFaceNet(scale=1, embedding_size=128, side=32)),
    ('mbf', {'input_size': 32}, lambda: cases.MobileFaceNet(side=32)),
    ('mbf_large', {'input_size': 32, 'blocks': (2, 1, 0, 1), 'scale': 2},
     lambda: cases.MobileFaceNet((2, 1, 0, 1), 2, side=32))])
def test_export_gives_pytorch_the_same_net(name, arguments, theirs, tmp_path):
    net, theirs = ours(name, **arguments), theirs()
    assert export_torch(net, str(tmp_path / 'net.pth')) < 1e-5
    state = torch.load(str(tmp_path / 'net.pth'), weights_only=True)
    wanted = theirs.state_dict()
    assert list(state) == list(wanted)
    assert {key: value.dtype for key, value in state.items()} == {key: value.dtype for key, value in wanted.items()}
    theirs.load_state_dict(state, strict=True)
    assert_equal_nets(net, theirs.eval())


@pytest.mark.parametrize('name, arguments', [('iresnet18', {'units': UNITS, 'input_size': 32, 'epsilon': 1e-5}),
                                             ('mbf', {'input_size': 32})])
def test_there_and_back_changes_no_bit(name, arguments):
    net = ours(name, **arguments)
    if name == 'iresnet18':
        list(net.features)[-1].gamma.set_data(nd.ones(512))  # fixed: the net does not look at it
    native, *_ = native_from_torch(torch_from_native(net))
    before, after = parameters(net), parameters(native)
    assert list(before) == list(after)
    for key, value in before.items():
        assert value.tobytes() == after[key].tobytes(), key


def test_a_last_gamma_that_was_trained_goes_into_the_layer_before():
    net = cases.randomised(SMALL['iresnet'][0]())
    with torch.no_grad():
        net.features.weight.copy_(torch.linspace(-1, 2, 24))
    assert_equal_nets(net, native_from_torch(net.state_dict())[0])


def test_a_named_model():
    state = cases.randomised(cases.MobileFaceNet(scale=1, embedding_size=128)).state_dict()
    with pytest.raises(ConvertError, match='do not fit mbf: .*conv'):
        native_from_torch({key: value for key, value in state.items() if 'conv_sep.layers.1' not in key}, 'mbf')
    net, name, arguments, _ = native_from_torch(cases.randomised(cases.MobileFaceNet()).state_dict(), 'mbf')
    assert (name, arguments) == ('mbf', {}) and net.embedding_size == 512
    for other in ('iresnet18', 'lenetplus', 'mobilefacenet_y2'):
        with pytest.raises(ConvertError, match='do not fit {}'.format(other)):
            native_from_torch(state, other)


def test_a_named_model_is_given_what_its_name_does_not_say():
    net = cases.randomised(cases.MobileFaceNet(embedding_size=24, side=48))
    native, *found, _ = native_from_torch(net.state_dict(), 'mobilefacenet')
    assert found == ['mobilefacenet', {'scale': 2, 'input_size': 48, 'embedding_size': 24}]
    assert_equal_nets(net, native, 48)


def without(*names):
    return lambda state: {key: value for key, value in state.items() if key not in names}


def instead(name, shape):
    return lambda state: dict(state, **{name: np.zeros(shape, 'float32')})


@pytest.mark.parametrize('kind, change, message', [
    ('iresnet', without('layer2.0.bn2.bias'), r'missing: layer2\.0\.bn2\.bias\. Export'),
    ('iresnet', without('fc.weight'), r'fc\.weight is missing'),
    ('iresnet', instead('classes.weight', (9, 24)), r'unused: classes\.weight\. Export'),
    ('iresnet', instead('prelu.weight', (1,)), r'shapes: prelu\.weight must be \(64,\), got \(1,\)\. Export'),
    ('iresnet', lambda state: dict(without('bn1.bias')(state), extra=np.zeros(1)), 'missing: bn1.bias; unused: extra'),
    ('mbf', without('features.layers.2.weight'), r'features\.layers\.2\.weight is missing'),
    ('mbf', instead('features.layers.2.bias', (24,)), r'unused: features\.layers\.2\.bias\. Export'),
    ('mbf', instead('layers.1.layers.0.weight', (64, 64, 3, 3)), r'must be \(64, 1, 3, 3\), got \(64, 64, 3, 3\)'),
    ('mbf', lambda state: {'net.' + key: value for key, value in state.items()}, r'names must be those of .*, got net\.'
                                                                               r'layers\.0\..* and \d+ more\.'),
    ('mbf', lambda state: {}, 'names must be those of')])
def test_what_does_not_fit_is_named(kind, change, message):
    state = cases.randomised(SMALL[kind][0]()).state_dict()
    with pytest.raises(ConvertError, match='native_from_torch: .*' + message):
        native_from_torch(change(state))


class Code:
    """What runs a command where it is unpickled."""

    def __init__(self, path):
        self._path = path

    def __reduce__(self):
        return os.system, ('touch {}'.format(self._path),)


def test_code_in_a_file_is_not_run(tmp_path):
    trace, path = tmp_path / 'run', tmp_path / 'evil.pth'
    evil = {'conv1.weight': torch.zeros(2), 'more': Code(trace)}
    torch.save(evil, str(path))
    pickle.loads(pickle.dumps(Code(trace)))
    assert trace.exists()  # it does run, where it may
    trace.unlink()
    for protocol in (None, 2, 4):
        if protocol:
            path.write_bytes(pickle.dumps(evil, protocol))
        with pytest.raises(ConvertError, match='evil.pth must be a PyTorch state dict') as caught:
            load_torch(str(path))
        assert not trace.exists() and '\n' not in str(caught.value)


@pytest.mark.parametrize('write, message', [
    (lambda path: torch.save(torch.nn.Linear(2, 2), path), 'files that hold a model or other code are refused'),
    (lambda path: torch.save({'callbacks': {Code: 1}, 'state_dict': {'a': torch.zeros(2)}}, path),  # as Lightning does
     r"save the weights alone: torch.save\(torch.load\('x.pth', weights_only=False\)\['state_dict'\], 'weights.pth'\)"),
    (lambda path: torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2)).save(path), 'must be a PyTorch state dict'),
    (lambda path: torch.save({'a': torch.zeros(2), 'b': 3}, path), r'must hold tensors by name, got a \(Tensor\), b'),
    (lambda path: torch.save([torch.zeros(2)], path), 'must hold tensors by name, got list'),
    (lambda path: torch.save({}, path), 'must hold tensors by name, got none'),
    (lambda path: torch.save({'a': torch.zeros(2, dtype=torch.cfloat)}, path), 'a must be a dense tensor of numbers'),
    (lambda path: torch.save({'a': torch.eye(2).to_sparse()}, path), 'a must be a dense tensor .*torch.sparse_coo'),
    (lambda path: torch.save({'a': torch.quantize_per_tensor(torch.ones(2), 1, 0, torch.qint8)}, path), 'torch.qint8'),
    # one value that is named 10^12 times: a file of a kilobyte, of which a copy takes 4 TB
    (lambda path: torch.save({'a': torch.zeros(1).expand(10 ** 6, 10 ** 6)}, path), r'of shape \(1000000, 1000000\)'),
    (lambda path: open(path, 'wb').close(), 'must be a PyTorch state dict'),
    (lambda path: open(path, 'w').write('no weights at all') and None, 'must be a PyTorch state dict')])
def test_files_that_are_no_state_dict(write, message, tmp_path):
    path = str(tmp_path / 'x.pth')
    write(path)
    with pytest.raises(ConvertError, match=message):
        load_torch(path)


def test_parameters_are_tensors_too(tmp_path):
    """As torch.save(dict(model.named_parameters())) writes them; they ask for gradients."""
    path = str(tmp_path / 'x.pth')
    torch.save({'a': torch.nn.Parameter(torch.arange(3.0)), 'b': torch.arange(6.0).reshape(2, 3).T}, path)
    found = load_torch(path)
    assert found['a'].tolist() == [0, 1, 2] and found['b'].tolist() == [[0, 3], [1, 4], [2, 5]]


@pytest.mark.parametrize('zipped', [True, False])
def test_a_file_that_ends_too_early(zipped, tmp_path):
    path = tmp_path / 'x.pth'
    torch.save({'a': torch.zeros(3000)}, str(path), _use_new_zipfile_serialization=zipped)
    path.write_bytes(path.read_bytes()[:-900])
    with pytest.raises(ConvertError, match='whole and of tensors only'):
        load_torch(str(path))
    with pytest.raises(FileNotFoundError, match='there is no file'):
        load_torch(str(tmp_path / 'nowhere.pth'))


@pytest.mark.parametrize('name, arguments, message', [
    ('lenetplus', {}, 'are IResNet and MobileFaceNet, got LeNetPlus'),
    ('mobilefacenet', {'use_se': True, 'input_size': 32}, r'no place for features\.2\.out\.3\.'),
    ('mobilefacenet_ring', {'input_size': 32}, r'no place for features\.\d+\.alpha of this MobileFaceNet'),
    ('iresnet18', {'input_size': 32, 'subsample': True}, 'its IResNet has middle_norm=True, subsample=False'),
    ('mobilefacenet_y2', {'input_size': 32}, r'128 hidden .* got first_hidden 64 with blocks \(2, 8, 16, 4\)')])
def test_nets_that_arcface_torch_does_not_have(name, arguments, message, tmp_path):
    net = get_model(name, need_cls_layer=False, **arguments)
    net.initialize(mx.init.Zero())
    with pytest.raises(ValueError, match=message):
        export_torch(net, str(tmp_path / 'net.pth'))
    assert not list(tmp_path.iterdir())
