"""What a training needs beside net, loss and data, made from the words of a command line."""
import mxnet as mx

from ..utils.gpu import check_gpus

__all__ = ['make_optimizer', 'parse_gpus']


def make_optimizer(name, schedule, wd=0.0, momentum=0.9, **arguments):
    """An optimizer that follows a schedule.

    Parameters
    ----------
    name : str
        As MXNet registers it: sgd, nag, adam, ...
    schedule : IterLRScheduler
    wd : float
        Weight decay.
    momentum : float
        Passed on to the optimizers that have one.
    **arguments
        Further ones, such as multi_precision.

    Raises
    ------
    ValueError
        Nothing has this name; the message lists all.
    """
    known = mx.optimizer.Optimizer.opt_registry
    name = name.lower()
    if name not in known:
        raise ValueError('optimizer must be one of {}, got {!r}.'.format(', '.join(sorted(known)), name))
    if 'momentum' in known[name].__init__.__code__.co_varnames:
        arguments['momentum'] = momentum
    # The schedule comes second: optimizers with a learning rate of their own would overwrite the schedule's.
    made = mx.optimizer.create(name, learning_rate=schedule.baselr, wd=wd, **arguments)
    made.lr_scheduler = schedule
    return made


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
