"""gluonfr.utils.gpu: GPUs that MXNet's wheel has no code for are refused by name."""
import mxnet as mx
import pytest
from train_cases import train

from gluonfr.compat import CUDA_WHEELS
from gluonfr.deploy.inference.runner import Runner
from gluonfr.model_zoo import get_model
from gluonfr.train import parse_gpus
from gluonfr.utils import gpu


class Driver:
    """What is asked of libcuda, of a machine with one GPU."""

    def __init__(self, capability, fails=None):
        self._values, self._fails = dict(zip((gpu.MAJOR, gpu.MINOR), capability)), fails

    def _done(self, name):
        return 100 if name == self._fails else 0

    def cuInit(self, flags):
        return self._done('cuInit')

    def cuDeviceGet(self, device, number):
        return 101 if number else self._done('cuDeviceGet')

    def cuDeviceGetAttribute(self, value, attribute, device):
        value._obj.value = self._values[attribute]
        return self._done('cuDeviceGetAttribute')

    def cuDeviceGetName(self, name, size, device):
        name.value = b'NVIDIA Test'
        return self._done('cuDeviceGetName')


@pytest.fixture
def wheel(monkeypatch):
    monkeypatch.setattr(gpu, 'installed_mxnet', lambda: {'mxnet-cu112': '1.9.1'})


@pytest.mark.parametrize('name', CUDA_WHEELS)
def test_every_wheel_with_cuda_has_the_same_bounds(monkeypatch, name):
    monkeypatch.setattr(gpu, 'installed_mxnet', lambda: {name: '1.9.1'})
    assert gpu.gpu_problem(0, load=lambda name: Driver((8, 6))) is None
    assert 'for which {} 1.9.1 has code, got 9.0'.format(name) in gpu.gpu_problem(0, load=lambda name: Driver((9, 0)))


@pytest.mark.parametrize('capability, works', [
    ((3, 5), False), ((5, 0), True), ((6, 1), True), ((7, 5), True), ((8, 0), True), ((8, 9), True), ((9, 0), False),
    ((12, 0), False)])
def test_capabilities(wheel, capability, works):
    problem = gpu.gpu_problem(0, load=lambda name: Driver(capability))
    assert works == (problem is None)
    assert works or 'gpu(0) must have a compute capability of 5.0 to 8.9' in problem
    assert works or 'got {}.{} (NVIDIA Test)'.format(*capability) in problem


@pytest.mark.parametrize('fails', ['cuInit', 'cuDeviceGet', 'cuDeviceGetAttribute', 'cuDeviceGetName'])
def test_a_driver_that_does_not_answer_is_left_to_mxnet(wheel, fails):
    assert gpu.gpu_problem(0, load=lambda name: Driver((9, 0), fails)) is None


def test_nothing_is_said_where_nothing_is_known(wheel, monkeypatch):
    def missing(name):
        raise OSError('no such library')

    assert gpu.gpu_problem(0, load=missing) is None
    assert gpu.gpu_problem(1, load=lambda name: Driver((9, 0))) is None  # no such GPU
    monkeypatch.setattr(gpu, 'installed_mxnet', dict)
    assert gpu.gpu_problem(0, load=lambda name: Driver((9, 0))) is None  # built from source


def test_training_embedding_and_the_command_refuse_it(wheel, monkeypatch):
    monkeypatch.setattr(gpu, 'gpu_problem', lambda number: 'gpu({}) must be older.'.format(number))
    monkeypatch.setattr(mx.context, 'num_gpus', lambda: 2)
    with pytest.raises(ValueError, match=r'gpu\(1\) must be older'):
        parse_gpus('1')
    with pytest.raises(ValueError, match=r'gpu\(0\) must be older'):
        train(ctx=mx.gpu())
    net = get_model('lenetplus')
    net.initialize()
    with pytest.raises(ValueError, match=r'gpu\(0\) must be older'):
        Runner(net, (1, 28, 28), mx.gpu())
    assert gpu.check_gpus([mx.cpu()]) is None
