"""Makes MXNet 1.9.1 import and run well, when it is first imported after gluonfr.

Six things, in this order, each of them doing nothing where there is nothing to do:

1. the threads and the memory that MXNet takes are looked for, as it ends the process where they are not to be had;
2. the NumPy names that MXNet and GluonCV use and NumPy 1.24 removed (`np.bool`, `np.int`, ...) come back;
3. what is installed is checked, and a message says what to run when it cannot work;
4. OpenMP gets one thread per physical core, and threads that wait a short while before they sleep; MXNet gets
   temporary memory for a graph on each core;
5. for a wheel with CUDA, the CUDA libraries that came as wheels are loaded, so that no toolkit is needed, and MXNet's
   settings for GPUs are set;
6. the OpenMP runtime that MXNet links and no wheel carries is looked for.

A variable that the user has set is never changed.
"""
import ctypes
import importlib.util
import os
import shlex
import sys
import warnings
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

__all__ = ['install_command', 'mxnet_problem', 'prepare', 'prepare_on_import', 'room_problem', 'without_module']

NUMPY_ALIASES = {'bool': bool, 'int': int, 'float': float, 'complex': complex, 'object': object, 'str': str,
                 'long': int, 'unicode': str}

# What MXNet takes at its first operator, besides a thread of OpenMP for each further core: the threads of its engine;
# MiB of addresses for itself, and for each thread (its stack, and what malloc sets aside).
ENGINE_THREADS, MXNET_MIB, THREAD_MIB = 6, 870, 72

# How often a waiting OpenMP thread looks again before it sleeps. Measured on two cores, MXNet 1.9.1, MobileFaceNet:
# training is the fastest from 3,000 on (66-69 images/s, 63-65 with 1,000, 56-63 with 100), one image on both cores
# takes 3.4 ms with 3,000 or more, 4.9 with 1,000 and 8.5 with 100; beside a busy process long waiting is slow.
SPIN_COUNT = '3000'

CHECKOUT = Path(__file__).resolve().parents[1]

NEWEST_PYTHON = (3, 12)  # that MXNet 1.9.1 works with: later ones have no NumPy 1

# Every wheel that carries the package `mxnet`; two of them overwrite each other's files.
MXNET_WHEELS = ('mxnet', 'mxnet-mkl', 'mxnet-native', 'mxnet-cu92', 'mxnet-cu100', 'mxnet-cu101', 'mxnet-cu102',
                'mxnet-cu110', 'mxnet-cu111', 'mxnet-cu112', 'mxnet-cu113', 'mxnet-cu114', 'mxnet-cu115',
                'mxnet-cu116', 'mxnet-cu117')

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


def add_numpy_aliases(numpy):
    """Set the names that NumPy 1.24 removed; one that the module still has stays as it is."""
    aliases = dict(NUMPY_ALIASES)
    if hasattr(numpy, 'sctypeDict'):
        aliases['typeDict'] = numpy.sctypeDict
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # asking NumPy 1.20 or newer for such a name warns
        for name, value in aliases.items():
            if not hasattr(numpy, name):
                setattr(numpy, name, value)


def install_command(extra, root=CHECKOUT):
    """Return the pip command that installs gluonfr with an extra: from the checkout in `root`, else from the index.

    Without a bound, pip may take gluonfr 1.0 of the index, which has no extras.
    """
    if Path(root, 'setup.py').is_file():
        return 'pip install -e ' + shlex.quote('{}[{}]'.format(root, extra))
    return "pip install 'gluonfr[{}]>=2.0.dev0'".format(extra)


def installed_mxnet(version=metadata.version):
    """Return {distribution: version} of the installed wheels that carry the package `mxnet`."""
    found = {}
    for name in MXNET_WHEELS:
        try:
            found[name] = version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def installation_problem(wheels, importable, numpy_version, has_distutils=True, python=sys.version_info):
    """Return the sentence that says what is wrong with what is installed and what to run, or None.

    Parameters
    ----------
    wheels : dict
        {distribution: version} of the installed MXNet wheels.
    importable : bool
        Whether a package `mxnet` is found at all (a build from source has no wheel).
    numpy_version : str
    has_distutils : bool
        MXNet imports distutils, which Python 3.12 only has through setuptools.
    python : tuple of int
        Its version.
    """
    new_numpy = int(numpy_version.split('.')[0]) >= 2
    if python[:2] > NEWEST_PYTHON and (new_numpy or not importable):
        return ('MXNet is needed here, and 1.9.1 works with Python 3.8 to {}.{}; this is {}.{}. '
                'Install Python 3.11 and run: python3.11 -m venv .venv && .venv/bin/{}'.format(
                    *NEWEST_PYTHON, *python[:2], install_command('cpu')))
    if not importable:
        return 'MXNet is not installed. Run: {}, or on a machine with an NVIDIA GPU: {}'.format(
            install_command('cpu'), install_command('cu112'))
    if new_numpy:
        return ('MXNet 1.9.1 does not work with NumPy 2, and NumPy {} is installed. '
                "Run: pip install 'numpy<2'".format(numpy_version))
    if len(wheels) > 1:
        keep = 'cu112' if any('cu' in name for name in wheels) else 'cpu'
        return ('{} are installed together and overwrite each other. '
                'Run: pip uninstall -y {} && {}'.format(
                    ' and '.join(sorted(wheels)), ' '.join(sorted(wheels)), install_command(keep)))
    if not has_distutils:
        return 'MXNet needs distutils, which Python 3.12 left to setuptools. Run: pip install setuptools'
    return None


def mxnet_problem():
    """Return the sentence on why MXNet cannot be imported here and what to run, or None; it is not imported."""
    import numpy as np
    return installation_problem(installed_mxnet(), _is_found('mxnet'), np.__version__, _is_found('distutils'))


def _is_found(module):
    """Whether a module could be imported, by all that finds modules but `_Preparation`."""
    if module in sys.modules:
        return sys.modules[module] is not None
    return any(finder.find_spec(module, None) is not None for finder in sys.meta_path
               if not isinstance(finder, _Preparation) and hasattr(finder, 'find_spec'))


def earlier_import_problem(modules, numpy_version):
    """Return the sentence for an `import mxnet` that failed before gluonfr was imported, or None.

    MXNet's own import stops at `np.bool` under NumPy 1.24 or newer and leaves its submodules behind.
    """
    if 'mxnet' in modules or not any(name.startswith('mxnet.') for name in modules):
        return None
    return ('mxnet was imported before gluonfr, and that import failed (NumPy {} lacks np.bool and others, which '
            'gluonfr has now put back). MXNet works from here on, but without the thread settings of gluonfr: '
            "start Python again and import gluonfr before mxnet, or run: pip install 'numpy<1.24'".format(
                numpy_version))


def core_groups(cpus, topology='/sys/devices/system/cpu'):
    """Return the logical `cpus` (ids) of each physical core, a list of sets; one each where it cannot be known."""
    cores = {}
    for cpu in sorted(cpus):
        siblings = Path(topology, 'cpu{}'.format(cpu), 'topology', 'thread_siblings_list')
        try:
            cores.setdefault(siblings.read_text().strip(), set()).add(cpu)
        except OSError:
            return [{cpu} for cpu in sorted(cpus)]
    return list(cores.values())


def cpu_quota(cgroup='/sys/fs/cgroup'):
    """Return the CPUs' worth of time that the control group grants (a float), or None without a limit."""
    try:
        quota, period = Path(cgroup, 'cpu.max').read_text().split()
    except (OSError, ValueError):
        try:
            quota = Path(cgroup, 'cpu', 'cpu.cfs_quota_us').read_text().strip()
            period = Path(cgroup, 'cpu', 'cpu.cfs_period_us').read_text().strip()
        except OSError:
            return None
    if quota in ('max', '-1'):
        return None
    return int(quota) / int(period)


def usable_cores():
    """Return the physical cores that this process may use, at least 1."""
    if not hasattr(os, 'sched_getaffinity'):
        return os.cpu_count() or 1
    cores = len(core_groups(os.sched_getaffinity(0)))
    quota = cpu_quota()
    return max(1, cores if quota is None else min(cores, int(quota)))


def threads_to_use(environ=os.environ):
    """Return the number of threads for work on the CPU: OMP_NUM_THREADS if that is set, else the usable cores."""
    first = environ.get('OMP_NUM_THREADS', '').split(',')[0].strip()
    return int(first) if first.isdigit() and int(first) else usable_cores()


def set_thread_defaults(environ, cores):
    """Set the OpenMP variables that the user has not set; they count only until MXNet is loaded.

    MXNet by itself takes half the logical processors, which is half the machine where there is no hyper-threading.
    """
    environ.setdefault('OMP_NUM_THREADS', str(cores))
    if 'OMP_WAIT_POLICY' not in environ:
        environ.setdefault('GOMP_SPINCOUNT', SPIN_COUNT)
    # Each graph that runs holds the next two of MXNet's temporary memories, 4 by default: with three graphs side by
    # side (gluonfr.deploy.inference), the first and the third would take turns. On 16 cores MobileFaceNet embeds 1,600
    # images/s with 34 of them and 656 with 4. A training is as fast with more of them, but takes up to a fifth more
    # memory (MobileFaceNet 1,534 MiB with 4, 1,805 with 64).
    if cores > 2:
        environ.setdefault('MXNET_CPU_TEMP_COPY', str(2 * cores + 2))


def startable(count, library=None):
    """Return how many threads the system lets this process start just now, at most `count`.

    They wait in C: a thread of Python takes memory of its own, and MXNet needs it.
    """
    library, gate = library or ctypes.CDLL(None), ctypes.create_string_buffer(64)
    library.sem_init(gate, 0, 0)
    wait, started = ctypes.cast(library.sem_wait, ctypes.c_void_p), []
    for _ in range(count):
        thread = ctypes.c_ulong()
        if library.pthread_create(ctypes.byref(thread), None, wait, gate):
            break
        started.append(thread)
    for _ in started:
        library.sem_post(gate)
    for thread in started:
        library.pthread_join(thread, None)
    return len(started)


def thread_problem(count, allowed):
    """Return the sentence on why `allowed` threads are not enough where `count` start, or None."""
    if allowed >= count:
        return None
    return ('MXNet and what comes with it start {} threads here, and the system allows {}. Raise the limit (ulimit -u, '
            'or the pids limit of the container), end other processes, or set OMP_NUM_THREADS=1.'.format(
                count, allowed))


def memory_problem(mib, limit, used):
    """Return the sentence on why a limit (or None) leaves no `mib` MiB of addresses beside those `used`, or None."""
    if limit is None or limit - used >= mib:
        return None
    return ('MXNet and what comes with it take {} MiB of addresses, and the limit of this process leaves {} of {}. '
            'Raise it: ulimit -v unlimited'.format(mib, max(0, limit - used), limit))


def addresses():
    """Return the limit of this process's addresses, None for none, and how much of it is used, in MiB."""
    import resource  # of Unix only
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    used = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()
    return None if limit == resource.RLIM_INFINITY else limit >> 20, used >> 20


def room_problem(more_threads=0, more_mib=0):
    """Return the sentence on the threads or the memory that MXNet will miss, or None; to be asked before it is loaded.

    Without them it ends the process ("terminate called without an active exception") or waits for ever.

    Parameters
    ----------
    more_threads, more_mib : int
        What is needed besides.
    """
    if not sys.platform.startswith('linux'):
        return None
    threads = ENGINE_THREADS + threads_to_use() - 1 + more_threads
    if 'numpy' not in sys.modules:
        threads += len(os.sched_getaffinity(0)) - 1  # of its linear algebra
    return memory_problem(MXNET_MIB + THREAD_MIB * threads + more_mib, *addresses()) or \
        thread_problem(threads, startable(threads))


def wheel_folders():
    """Return the folders site-packages/nvidia in which the CUDA wheels put their libraries."""
    spec = importlib.util.find_spec('nvidia')
    return [] if spec is None else list(spec.submodule_search_locations or [])


def cuda_wheel(wheels):
    """Return the name among {distribution: version} of the wheel that computes on GPUs, or None."""
    return next((name for name in CUDA_WHEELS if name in wheels), None)


def cuda_libraries(wheel):
    """Return what a wheel links, of `CUDA_LIBRARIES`: two of them differ between the wheels."""
    libraries = [pair for pair in CUDA_LIBRARIES if wheel != 'mxnet-cu112' or pair[1] != 'cusparse']
    nvrtc = 'libnvrtc.so.11.1' if wheel == 'mxnet-cu111' else 'libnvrtc.so.11.2'
    return [(nvrtc if name.startswith('libnvrtc') else name, folder) for name, folder in libraries]


def load_cuda_libraries(wheel, folders, load=ctypes.CDLL):
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


def cuda_versions(libraries):
    """Return the newest CUDA that the driver runs and that of NVRTC, each as (major, minor)."""
    driver, major, minor = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    libraries['driver'].cuDriverGetVersion(ctypes.byref(driver))
    libraries['cuda_nvrtc'].nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
    return (driver.value // 1000, driver.value % 1000 // 10), (major.value, minor.value)


def set_gpu_defaults(environ, driver, nvrtc):
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


def check_openmp(load=ctypes.CDLL):
    """Raise ImportError where libgomp, which MXNet links and its wheel does not carry, is missing."""
    try:
        load('libgomp.so.1')
    except OSError as error:
        raise ImportError('gluonfr: MXNet needs the OpenMP library libgomp.so.1 ({}). Install it: '
                          'apt-get install libgomp1, or dnf install libgomp'.format(error)) from error


@contextmanager
def without_module(name):
    """Let nothing import a module meanwhile, as if it were not installed.

    GluonCV raises an error where it finds a PyTorch of another version than its own, though it can do without.
    """
    before = sys.modules.get(name)
    sys.modules[name] = None
    try:
        yield
    finally:
        del sys.modules[name]
        if before is not None:
            sys.modules[name] = before


def prepare():
    """Do all of the above; raises ImportError with what to run where MXNet cannot work."""
    found = _is_found('mxnet')
    problem = room_problem() if found and 'mxnet' not in sys.modules else None
    if problem:
        raise ImportError('gluonfr: ' + problem)
    import numpy as np  # it starts threads, too
    if 'mxnet' in sys.modules:
        add_numpy_aliases(np)
        return
    problem = mxnet_problem()
    if problem:
        raise (ImportError if found else ModuleNotFoundError)('gluonfr: ' + problem, name='mxnet')
    add_numpy_aliases(np)
    problem = earlier_import_problem(sys.modules, np.__version__)
    if problem:
        warnings.warn(problem, RuntimeWarning, stacklevel=2)
        return
    set_thread_defaults(os.environ, usable_cores())
    wheel = cuda_wheel(installed_mxnet())
    if wheel:
        libraries = load_cuda_libraries(wheel, wheel_folders())
        lost = set_gpu_defaults(os.environ, *cuda_versions(libraries))
        if lost:
            warnings.warn('gluonfr: ' + lost, RuntimeWarning, stacklevel=2)
    if sys.platform.startswith('linux'):
        check_openmp()


class _Preparation:
    """Stands before Python's finders of modules, and prepares when MXNet is looked for."""

    def find_spec(self, name, path=None, target=None):
        """None, as the other finders know where it is; raises what `prepare` does."""
        if name == 'mxnet':
            prepare()
            sys.meta_path.remove(self)


def prepare_on_import():
    """Have `import mxnet` prepare first, wherever it stands: what needs no MXNet does not pay for it."""
    if 'mxnet' in sys.modules:
        prepare()
    else:
        sys.meta_path.insert(0, _Preparation())
