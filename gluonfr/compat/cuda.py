"""The CUDA libraries that MXNet's wheels for GPUs link, and the settings for GPUs."""
import ctypes
import importlib.util
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, MutableMapping, Optional, Sequence, Tuple

from .installed import MXNET_WHEELS, install_command

Version = Tuple[int, int]  # major, minor

# Those of 1.9.1 that link the libraries below and hold code for the same GPUs (seen in cu111, cu112, cu113 and cu117).
CUDA_WHEELS = MXNET_WHEELS[-7:]

# Library -> the folder of its wheel under site-packages/nvidia, in the order in which they need each other.
CUDA_LIBRARIES = (
    ('libcudart.so.11.0', 'cuda_runtime'),
    ('libnvrtc.so.11.2', 'cuda_nvrtc'),
    ('libnvToolsExt.so.1', 'nvtx'),
    ('libcublasLt.so.11', 'cublas'),
    ('libcublas.so.11', 'cublas'),
    ('libcurand.so.10', 'curand'),
    ('libcufft.so.10', 'cufft'),
    ('libcusparse.so.11', 'cusparse'),
    ('libcusolver.so.11', 'cusolver'),
    ('libcudnn.so.8', 'cudnn'),
    ('libnccl.so.2', 'nccl'),
)


def wheel_folders() -> List[str]:
    """Return the folders site-packages/nvidia in which the CUDA wheels put their libraries."""
    spec = importlib.util.find_spec('nvidia')
    return [] if spec is None else list(spec.submodule_search_locations or [])


def cuda_wheel(wheels: Iterable[str]) -> Optional[str]:
    """Return the name among {distribution: version} of the wheel that computes on GPUs, or None."""
    return next((name for name in CUDA_WHEELS if name in wheels), None)


def cuda_libraries(wheel: str) -> List[Tuple[str, str]]:
    """Return what a wheel links, of `CUDA_LIBRARIES`: two of them differ between the wheels."""
    libraries = [pair for pair in CUDA_LIBRARIES if wheel != 'mxnet-cu112' or pair[1] != 'cusparse']
    nvrtc = 'libnvrtc.so.11.1' if wheel == 'mxnet-cu111' else 'libnvrtc.so.11.2'
    return [(nvrtc if name.startswith('libnvrtc') else name, folder) for name, folder in libraries]


def load_cuda_libraries(wheel: str, folders: Sequence[str], load: Callable = ctypes.CDLL) -> Dict[str, Any]:
    """Load what a wheel with CUDA links, from the wheels in `folders` or else from the system's own places.

    RTLD_GLOBAL makes each library known to those after it and to MXNet, so no search path is needed. Returns the
    libraries by the name of their folder, with 'driver'. Raises ImportError with what to run where one is missing.
    """
    try:
        loaded = {'driver': load('libcuda.so.1', mode=ctypes.RTLD_GLOBAL)}
    except OSError as error:
        raise ImportError(
            'gluonfr: {0} needs libcuda.so.1, which comes with the NVIDIA driver ({1}). Install the driver (520 or '
            'newer; from 450 on without fused operators), or use the CPU: pip uninstall -y {0} && {2}'.format(
                wheel, error, install_command('cpu'))) from error
    for library, folder in cuda_libraries(wheel):
        paths = [Path(root, folder, 'lib', library) for root in folders]
        path = next((str(path) for path in paths if path.is_file()), library)
        try:
            loaded[folder] = load(path, mode=ctypes.RTLD_GLOBAL)
        except OSError as error:
            first = '' if wheel == 'mxnet-cu112' else 'pip uninstall -y {} && '.format(wheel)
            raise ImportError('gluonfr: {} needs {} ({}). Run: {}{}'.format(
                wheel, library, error, first, install_command('cu112'))) from error
    return loaded


def cuda_versions(libraries: Dict[str, Any]) -> Tuple[Version, Version]:
    """Return the newest CUDA that the driver runs and that of NVRTC, each as (major, minor)."""
    driver, major, minor = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    libraries['driver'].cuDriverGetVersion(ctypes.byref(driver))
    libraries['cuda_nvrtc'].nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
    return (driver.value // 1000, driver.value % 1000 // 10), (major.value, minor.value)


def set_gpu_defaults(environ: MutableMapping[str, str], driver: Version, nvrtc: Version) -> Optional[str]:
    """Set MXNet's variables for GPUs that the user has not set; returns the sentence on what is lost by it, or None.

    Parameters
    ----------
    environ : dict
    driver, nvrtc : (int, int)
        As `cuda_versions` gives them.
    """
    # A cuDNN newer than that MXNet was built with is what the wheels bring: no reason for a line at every start.
    environ.setdefault('MXNET_CUDNN_LIB_CHECKING', '0')
    # An optimizer takes up to 60 parameters in one launch: 4 instead of 46 in a step of MobileFaceNet.
    environ.setdefault('MXNET_OPTIMIZER_AGGREGATION_SIZE', '60')
    if driver >= nvrtc or 'MXNET_USE_FUSION' in environ:
        return None
    # NVRTC writes code that only a driver of its own version reads: "PTX was compiled with an unsupported toolchain"
    environ['MXNET_USE_FUSION'] = '0'
    return ('the NVIDIA driver is made for CUDA {}.{} and NVRTC for {}.{}, so MXNet does not fuse operators '
            '(MXNET_USE_FUSION=0). Training is a little slower; driver 520 or newer is made for CUDA 11.8.'.format(
                *driver, *nvrtc))
