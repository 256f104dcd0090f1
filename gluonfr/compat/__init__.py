"""Makes MXNet 1.9.1 import and run well, when it is first imported after gluonfr.

Eight things, in this order, each of them doing nothing where there is nothing to do:

1. the threads and the memory that MXNet takes are looked for, as it ends the process where they are not to be had;
2. the NumPy names that MXNet and GluonCV use and NumPy 1.24 removed (`np.bool`, `np.int`, ...) come back;
3. what is installed is checked, and a message says what to run when it cannot work;
4. OpenMP gets one thread per physical core, and threads that wait a short while before they sleep; MXNet gets
   temporary memory for a graph on each core;
5. AMX is asked for, where the processor has it (`request_amx`);
6. for a wheel with CUDA, the CUDA libraries that came as wheels are loaded, so that no toolkit is needed, and MXNet's
   settings for GPUs are set;
7. the OpenMP runtime that MXNet links and no wheel carries is looked for;
8. scikit-learn is hidden from MXNet's import, which takes half as long without it: only `mx.model.FeedForward`, which
   has been deprecated for years, makes use of it. Whoever needs it there imports scikit-learn first.

PyTorch is hidden from the import of GluonCV, which raises an error for PyTorch 2 and can do without it.
A variable that the user has set is never changed.
"""
from .amx import Amx, amx_state, request_amx
from .bfloat16 import bfloat16_note, bfloat16_problem
from .cuda import (CUDA_WHEELS, cuda_libraries, cuda_versions, cuda_wheel, load_cuda_libraries, set_gpu_defaults,
                   wheel_folders)
from .installed import (MXNET_WHEELS, NEWEST_PYTHON, earlier_import_problem, install_command, installation_problem,
                        installed_mxnet, mxnet_problem)
from .machine import instruction_sets, processor
from .modules import without_module
from .numpy_names import add_numpy_aliases
from .preparation import prepare, prepare_on_import
from .processors import (SPIN_COUNT, check_openmp, core_groups, cpu_quota, set_thread_defaults, threads_to_use,
                         usable_cores)
from .room import addresses, memory_problem, room_problem, startable, thread_problem

__all__ = [
    'Amx', 'CUDA_WHEELS', 'MXNET_WHEELS', 'NEWEST_PYTHON', 'SPIN_COUNT', 'add_numpy_aliases', 'addresses', 'amx_state',
    'bfloat16_note', 'bfloat16_problem', 'check_openmp', 'core_groups', 'cpu_quota', 'cuda_libraries', 'cuda_versions',
    'cuda_wheel', 'earlier_import_problem', 'install_command', 'installation_problem', 'installed_mxnet',
    'instruction_sets', 'load_cuda_libraries', 'memory_problem', 'mxnet_problem', 'prepare', 'prepare_on_import',
    'processor', 'request_amx', 'room_problem', 'set_gpu_defaults', 'set_thread_defaults', 'startable',
    'thread_problem', 'threads_to_use', 'usable_cores', 'wheel_folders', 'without_module',
]
