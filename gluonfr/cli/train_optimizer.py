"""The optimizer of `gluonfr train`, with the learning rate's schedule in it."""
from ..train import make_optimizer
from ..utils import IterLRScheduler
from ..utils.check import check_number

__all__ = ['scheduled_optimizer']


def scheduled_optimizer(name, *, lr, lr_mode, lr_steps, lr_factor, warmup, steps, wd, momentum, multi_precision=False):
    """An optimizer by name.

    Parameters
    ----------
    name : str
        --optimizer.
    lr : float
        After `warmup` updates.
    lr_mode : {'step', 'cosine', 'poly'}
    lr_steps, lr_factor : list of int, float
        Updates at which a rate by steps falls, and to which share.
    warmup, steps : int
        Updates in which the rate climbs, and of the run.
    wd, momentum : float
    multi_precision : bool
        Whether to keep float32 copies of float16 weights.
    """
    check_number('--wd', 'weight decay', wd, low=0)
    check_number('--momentum', 'momentum', momentum, low=0, high=1, high_open=True)
    if lr_mode != 'step' and warmup > steps:
        raise ValueError('--warmup must be at most {}, the steps of this run, got {}. --warmup auto fits every run.'
                         .format(steps, warmup))
    schedule = IterLRScheduler(lr_mode, lr, steps, lr_steps, lr_factor, warmup_iters=warmup)
    return make_optimizer(name, schedule, wd, momentum, **({'multi_precision': True} if multi_precision else {}))
