"""GPUs by their numbers, and which of them the wheels of MXNet have code for."""
import ctypes

from ..compat import cuda_wheel, install_command, installed_mxnet

__all__ = ['check_gpus', 'gpu_problem', 'parse_gpus']

# The wheels of 1.9.1 for CUDA 11.1 to 11.7 hold machine code for the compute capabilities 5.0, 6.0, 7.0, 8.0 and 8.6,
# and none that a driver could compile for others. Such code runs on GPUs of the same major version and no older minor.
MAJORS = range(5, 9)
MAJOR, MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_...


def check_gpus(contexts):
    """Raise a ValueError for a GPU that MXNet's wheel has no code for, as its operators would with less to go by.

    Parameters
    ----------
    contexts : sequence of Context
        CPUs among them are passed over.
    """
    for ctx in contexts:
        problem = gpu_problem(ctx.device_id) if ctx.device_type == 'gpu' else None
        if problem:
            raise ValueError(problem)


def gpu_problem(number, load=ctypes.CDLL):
    """The sentence on a GPU that MXNet's wheel cannot compute on, or None; None, too, where nothing can be known.

    Parameters
    ----------
    number : int
        As in ``mx.gpu(number)``.
    load : callable
        Loads a library by its name.
    """
    wheel = cuda_wheel(installed_mxnet())
    if wheel is None:  # a build from source has code for what it was built for
        return None
    try:
        cuda = load('libcuda.so.1')
    except OSError:
        return None
    device, major, minor, name = ctypes.c_int(), ctypes.c_int(), ctypes.c_int(), ctypes.create_string_buffer(100)
    if (cuda.cuInit(0) or cuda.cuDeviceGet(ctypes.byref(device), number)
            or cuda.cuDeviceGetAttribute(ctypes.byref(major), MAJOR, device)
            or cuda.cuDeviceGetAttribute(ctypes.byref(minor), MINOR, device)
            or cuda.cuDeviceGetName(name, len(name), device) or major.value in MAJORS):
        return None
    return ('gpu({0}) must have a compute capability of 5.0 to 8.9 (Maxwell to Ada), for which {1} 1.9.1 has code, '
            "got {2}.{3} ({4}). To embed on it give device='cuda:{0}' instead, by ONNX Runtime: {5}. To train, use "
            'another GPU, or the CPU.'.format(
                number, wheel, major.value, minor.value, name.value.decode(), install_command('onnx-gpu')))


def parse_gpus(gpus: str) -> list:
    """The contexts of an option --gpus: '0,1' -> [gpu(0), gpu(1)]; '' -> [cpu()].

    Raises
    ------
    ValueError
        These are no different numbers of GPUs that MXNet sees and has code for.
    """
    import mxnet as mx
    if not gpus:
        return [mx.cpu()]
    numbers = gpus.split(',')
    if not all(n.strip().isdigit() for n in numbers) or len({int(n) for n in numbers}) < len(numbers):
        raise ValueError('--gpus must be different GPU numbers such as 0,1, got {!r}.'.format(gpus))
    found = mx.context.num_gpus()
    if max(int(n) for n in numbers) >= found:
        raise ValueError('--gpus must name GPUs that MXNet sees, got {}, and it sees {}. Leave it out to train on the '
                         'CPU; GPUs need the wheel mxnet-cu112.'.format(gpus, found or 'none'))
    contexts = [mx.gpu(int(n)) for n in numbers]
    check_gpus(contexts)
    return contexts
