"""All of it, once, before MXNet is imported."""
import os
import sys
import warnings

from .amx import request_amx
from .cuda import cuda_versions, cuda_wheel, load_cuda_libraries, set_gpu_defaults, wheel_folders
from .installed import earlier_import_problem, installed_mxnet, mxnet_problem
from .modules import BeforeImport, NotDuring, is_found
from .numpy_names import add_numpy_aliases
from .processors import check_openmp, set_thread_defaults, usable_cores
from .room import room_problem


def prepare() -> None:
    """Do all that the package's docstring lists; raises ImportError with what to run where MXNet cannot work."""
    found = is_found('mxnet')
    problem = room_problem() if found and 'mxnet' not in sys.modules else None
    if problem:
        raise ImportError('gluonfr: ' + problem)
    import numpy as np  # it starts threads, too
    if 'mxnet' in sys.modules:
        add_numpy_aliases(np)
        request_amx()  # too late: it says so
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
    request_amx()
    # MXNet's FeedForward is one of its estimators where it is installed; importing it, SciPy's and pandas' parts that
    # come with it takes as long as the rest of MXNet
    sys.meta_path.insert(0, NotDuring('sklearn', 'mxnet.model'))
    wheel = cuda_wheel(installed_mxnet())
    if wheel:
        libraries = load_cuda_libraries(wheel, wheel_folders())
        lost = set_gpu_defaults(os.environ, *cuda_versions(libraries))
        if lost:
            warnings.warn('gluonfr: ' + lost, RuntimeWarning, stacklevel=2)
    if sys.platform.startswith('linux'):
        check_openmp()


def prepare_on_import() -> None:
    """Have `import mxnet` prepare first, wherever it stands: what needs no MXNet does not pay for it."""
    sys.meta_path.insert(0, NotDuring('torch', 'gluoncv'))
    if 'mxnet' in sys.modules:
        prepare()
    else:
        sys.meta_path.insert(0, BeforeImport('mxnet', prepare))
