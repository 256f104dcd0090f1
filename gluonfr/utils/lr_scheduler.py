"""The learning rate as a function of the number of updates."""
from math import cos, pi
from typing import Sequence

from mxnet import lr_scheduler

from .check import check_choice, check_int, check_number

__all__ = ['IterLRScheduler']


class IterLRScheduler(lr_scheduler.LRScheduler):
    r"""Warm-up, then steps, a polynomial or half a cosine, counted in iterations.

    With t the number of updates, w = `warmup_iters`, and the progress p = (t - w) / (niters - w), kept in [0, 1]::

        t < w, 'linear'    warmup_lr + (baselr - warmup_lr) * t / w
        t < w, 'constant'  warmup_lr
        'step'             baselr * step_factor ^ (number of entries of step that are <= t)
        'poly'             targetlr + (baselr - targetlr) * (1 - p) ^ power
        'cosine'           targetlr + (baselr - targetlr) * (1 + cos(pi * p)) / 2

    From t = niters on, 'poly' and 'cosine' stay at `targetlr`. (In gluonfr 1.0 they went on: a polynomial of a negative
    number is complex, and the cosine rose again.) The value depends on t alone, so training that resumes with the
    optimizer's update count resumes the schedule exactly. MXNet's optimizers ask for t = 1 at the first update and for
    t = niters at the last.

    Parameters
    ----------
    mode : str
        'step', 'poly' or 'cosine'.
    baselr : float
        Learning rate after the warm-up, >= 0.
    niters : int
        Iterations of the whole training, warm-up included, >= 1. Mode 'step' does not use it.
    step : sequence of float
        Iterations (warm-up included) at which mode 'step' multiplies by `step_factor`.
    step_factor : float
        Factor of mode 'step', > 0.
    targetlr : float
        Last learning rate of modes 'poly' and 'cosine', >= 0.
    power : float
        Exponent of mode 'poly', > 0.
    warmup_iters : int
        Iterations of the warm-up, >= 0, and at most `niters` in modes 'poly' and 'cosine'.
    warmup_lr : float
        Where the linear warm-up begins and where the constant one stays, >= 0.
    warmup_mode : str
        'linear' or 'constant'.

    Raises
    ------
    ValueError, TypeError
        A parameter outside its range, with the range and the value.

    Examples
    --------
    >>> from gluonfr.utils import IterLRScheduler
    >>> schedule = IterLRScheduler('cosine', baselr=0.1, niters=100, warmup_iters=10)
    >>> print(['{:.3f}'.format(schedule(step)) for step in (0, 5, 10, 55, 100)])
    ['0.000', '0.050', '0.100', '0.050', '0.000']
    """

    def __init__(self, mode: str, baselr: float, niters: int, step: Sequence[float] = (30e3, 60e3, 90e3),
                 step_factor: float = 0.1, targetlr: float = 0, power: float = 0.9, warmup_iters: int = 0,
                 warmup_lr: float = 0, warmup_mode: str = 'linear') -> None:
        name = 'IterLRScheduler'
        # Not MXNet's base_lr: an optimizer with a default learning rate, such as Adam, writes that into base_lr.
        self.baselr = check_number(name, 'baselr', baselr, low=0)
        super().__init__(base_lr=baselr)
        self.mode = check_choice(name, 'mode', mode, ('step', 'poly', 'cosine'))
        self.niters = check_int(name, 'niters', niters, low=1)
        self.step = tuple(check_number(name, 'step', s, low=0) for s in step)
        self.step_factor = check_number(name, 'step_factor', step_factor, low=0, low_open=True)
        self.targetlr = check_number(name, 'targetlr', targetlr, low=0)
        self.power = check_number(name, 'power', power, low=0, low_open=True)
        most = None if mode == 'step' else self.niters
        self.warmup_iters = check_int(name, 'warmup_iters', warmup_iters, low=0, high=most)
        self.warmup_lr = check_number(name, 'warmup_lr', warmup_lr, low=0)
        self.warmup_mode = check_choice(name, 'warmup_mode', warmup_mode, ('linear', 'constant'))
        self.learning_rate = self.baselr

    def __call__(self, num_update):
        """Learning rate (float) of update `num_update` (int, >= 0)."""
        if num_update < self.warmup_iters:
            self.learning_rate = self._warmup(num_update)
        elif self.mode == 'step':
            count = sum(1 for s in self.step if s <= num_update)
            self.learning_rate = self.baselr * self.step_factor ** count
        else:
            self.learning_rate = self.targetlr + (self.baselr - self.targetlr) * self._decay(num_update)
        return self.learning_rate

    def _warmup(self, num_update):
        if self.warmup_mode == 'constant':
            return self.warmup_lr
        return self.warmup_lr + (self.baselr - self.warmup_lr) * num_update / self.warmup_iters

    def _decay(self, num_update):
        """What is left of the way from baselr to targetlr, 1 at the end of the warm-up and 0 from niters on."""
        if num_update >= self.niters:
            return 0.0
        progress = (num_update - self.warmup_iters) / (self.niters - self.warmup_iters)
        return (1 - progress) ** self.power if self.mode == 'poly' else (1 + cos(pi * progress)) / 2

    def __repr__(self):
        return '{}(mode={!r}, baselr={}, niters={}, warmup_iters={})'.format(
            type(self).__name__, self.mode, self.baselr, self.niters, self.warmup_iters)
