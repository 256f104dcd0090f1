"""Optimizers by name."""
from typing import Any

import mxnet as mx
from mxnet.lr_scheduler import LRScheduler

__all__ = ['make_optimizer']


def make_optimizer(name: str, schedule: LRScheduler, wd: float = 0.0, momentum: float = 0.9,
                   **arguments: Any) -> mx.optimizer.Optimizer:
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

    Examples
    --------
    >>> from gluonfr.train import make_optimizer
    >>> from gluonfr.utils import IterLRScheduler
    >>> optimizer = make_optimizer('sgd', IterLRScheduler('step', 0.1, 100, [60, 80]), wd=5e-4)
    >>> print(type(optimizer).__name__, '{:g}'.format(optimizer.lr_scheduler(70)))
    SGD 0.01
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
