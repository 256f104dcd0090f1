"""gluonfr.compat beside the MXNet wheels for GPUs: their libraries, drivers and settings."""
import os

import pytest
from compat_cases import fake_wheel, run_python

from gluonfr import compat

# what stands in libmxnet.so of the wheels, in the order in which they need each other
LINKED = {'mxnet-cu112': ['libcudart.so.11.0', 'libnvrtc.so.11.2', 'libnvToolsExt.so.1', 'libcublasLt.so.11',
                          'libcublas.so.11', 'libcurand.so.10', 'libcufft.so.10', 'libcusolver.so.11', 'libcudnn.so.8',
                          'libnccl.so.2']}
LINKED['mxnet-cu117'] = LINKED['mxnet-cu112'][:7] + ['libcusparse.so.11'] + LINKED['mxnet-cu112'][7:]
LINKED['mxnet-cu111'] = ['libnvrtc.so.11.1' if name.startswith('libnvrtc') else name for name in LINKED['mxnet-cu117']]
LINKED.update({'mxnet-cu11' + minor: LINKED['mxnet-cu117'] for minor in '3456'})


@pytest.mark.parametrize('wheel', sorted(compat.CUDA_WHEELS))
def test_cuda_libraries_come_from_the_wheels_in_order(tmp_path, wheel):
    libraries = compat.cuda_libraries(wheel)
    assert [name for name, _ in libraries] == LINKED[wheel]
    for library, folder in libraries[:-1]:
        (tmp_path / folder / 'lib').mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / 'lib' / library).write_bytes(b'')
    asked = []
    loaded = compat.load_cuda_libraries(wheel, [str(tmp_path)], load=lambda name, mode: asked.append(name) or name)
    assert asked[0] == 'libcuda.so.1'
    assert asked[1:-1] == [str(tmp_path / folder / 'lib' / library) for library, folder in libraries[:-1]]
    assert asked[-1] == 'libnccl.so.2'  # not among the wheels: the system's
    assert loaded['driver'] == 'libcuda.so.1' and loaded['cuda_nvrtc'].endswith(LINKED[wheel][1])


@pytest.mark.parametrize('wheel', ['mxnet-cu112', 'mxnet-cu117'])
@pytest.mark.parametrize('missing, parts', [
    ('libcuda.so.1', ['NVIDIA driver', '520 or newer', 'pip uninstall -y {wheel} &&', compat.install_command('cpu')]),
    ('libcudnn.so.8', ['{wheel} needs libcudnn.so.8', compat.install_command('cu112')])])
def test_a_missing_cuda_library_is_named(wheel, missing, parts):
    def load(name, mode):
        if name == missing:
            raise OSError(name + ': cannot open shared object file')

    with pytest.raises(ImportError) as error:
        compat.load_cuda_libraries(wheel, [], load=load)
    assert all(part.format(wheel=wheel) in str(error.value) for part in parts)


@pytest.mark.parametrize('wheels, found', [
    ({'mxnet': '1.9.1'}, None), ({'mxnet-cu102': '1.9.1'}, None), ({}, None)]
    + [({name: '1.9.1'}, name) for name in compat.CUDA_WHEELS])
def test_the_wheel_with_cuda_is_told_from_the_others(wheels, found):
    assert compat.cuda_wheel(wheels) == found


def test_versions_come_from_the_driver_and_from_nvrtc():
    class Driver:
        def cuDriverGetVersion(self, version):
            version._obj.value = 11040
            return 0

    class Nvrtc:
        def nvrtcVersion(self, major, minor):
            major._obj.value, minor._obj.value = 11, 8
            return 0

    assert compat.cuda_versions({'driver': Driver(), 'cuda_nvrtc': Nvrtc()}) == ((11, 4), (11, 8))


@pytest.mark.parametrize('driver, nvrtc, given, fusion', [
    ((11, 8), (11, 8), {}, None), ((12, 4), (11, 8), {}, None),
    ((11, 7), (11, 8), {}, '0'), ((11, 0), (11, 2), {}, '0'),
    ((11, 4), (11, 8), {'MXNET_USE_FUSION': '1'}, '1')])
def test_an_older_driver_gets_no_fused_operators(driver, nvrtc, given, fusion):
    environ = dict(given)
    lost = compat.set_gpu_defaults(environ, driver, nvrtc)
    assert environ.pop('MXNET_USE_FUSION', None) == fusion
    assert environ == {'MXNET_CUDNN_LIB_CHECKING': '0', 'MXNET_OPTIMIZER_AGGREGATION_SIZE': '60'}
    assert (lost is not None) == (fusion == '0')
    assert lost is None or 'made for CUDA {}.{} and NVRTC for {}.{}'.format(*driver, *nvrtc) in lost


def test_settings_for_gpus_keep_what_the_user_set():
    environ = {'MXNET_CUDNN_LIB_CHECKING': '1', 'MXNET_OPTIMIZER_AGGREGATION_SIZE': '4'}
    assert compat.set_gpu_defaults(environ, (11, 8), (11, 8)) is None
    assert environ == {'MXNET_CUDNN_LIB_CHECKING': '1', 'MXNET_OPTIMIZER_AGGREGATION_SIZE': '4'}


@pytest.mark.mxnet
@pytest.mark.skipif(os.path.exists('/dev/nvidia0'), reason='this machine has an NVIDIA driver')
def test_the_gpu_wheel_without_a_driver_in_a_real_process(tmp_path):
    fake_wheel(tmp_path, 'mxnet-cu112')
    code = """
import importlib.metadata as metadata
version = metadata.version
def only_cu112(name):
    if name == 'mxnet':
        raise metadata.PackageNotFoundError(name)
    return version(name)
metadata.version = only_cu112
load_compat()
"""
    status, _, err = run_python(code, [tmp_path])
    assert status != 0 and 'mxnet-cu112 needs libcuda.so.1, which comes with the NVIDIA driver' in err, err
