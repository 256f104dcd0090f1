"""The GPUs that --gpus names."""
import mxnet as mx

from ..utils.gpu import check_gpus

__all__ = ['parse_gpus']


def parse_gpus(gpus):
    """'0,1' -> [gpu(0), gpu(1)]; '' -> [cpu()].

    Raises
    ------
    ValueError
        These are no different numbers of GPUs that MXNet sees and has code for.
    """
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
