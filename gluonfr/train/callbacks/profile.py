"""Where the time of training steps goes, operator by operator."""
import json
import logging
import os
import time

import mxnet as mx

from ...utils.check import check_int
from ...utils.messages import counted
from ...utils.rows import write_rows
from .base import Callback
from .spare import Spare

__all__ = ['Profile']

REST = '(outside operators: loading, Python, waiting)'


class Profile(Callback):
    """Measures some steps with MXNet's profiler and writes two files.

    profile.csv has a row for each operator: calls and milliseconds a step and its share of the whole; profile.json is
    the time line of every call, for chrome://tracing. While it measures, each operator runs by itself, which takes a
    little longer than usual. On a GPU, operators may run side by side: then the shares are of their sum.

    Parameters
    ----------
    folder : str
        Where to; made if it is not there.
    steps : int
        How many to measure, >= 1.
    skip : int
        Steps before them, >= 1: the first ones compile and allocate.
    """

    def __init__(self, folder: str, steps: int = 20, skip: int = 5):
        self._folder = folder
        self._steps = check_int('Profile', 'steps', steps, 1)
        self._skip = check_int('Profile', 'skip', skip, 1)
        self._count = 0
        self._began = None

    def on_train_begin(self, state):
        # a profiler sees operators that run together as one
        _hybridize(state, forward_bulk_size=1, backward_bulk_size=1)

    def on_step_end(self, state):
        self._count += 1
        if self._count == self._skip:
            mx.nd.waitall()
            os.makedirs(self._folder, exist_ok=True)
            mx.profiler.set_config(profile_symbolic=True, profile_imperative=True, aggregate_stats=True,
                                   filename=os.path.join(self._folder, 'profile.json'))
            mx.profiler.set_state('run')
            self._began = time.perf_counter()
        elif self._count == self._skip + self._steps:
            self._finish(state)

    def on_train_end(self, state):
        if self._began is not None:
            self._finish(state)
        elif self._count < self._skip:
            logging.getLogger('gluonfr').warning('no profile: the training had %s, the profile begins after %d',
                                                 counted(self._count, 'step'), self._skip)

    def _finish(self, state):
        mx.nd.waitall()
        seconds, self._began = time.perf_counter() - self._began, None
        steps = self._count - self._skip
        mx.profiler.set_state('stop')
        operators = json.loads(mx.profiler.dumps(reset=True, format='json'))['Time'].get('operator', {})
        mx.profiler.dump(finished=False)  # after True there could be no other profile in this process
        _hybridize(state)
        if not steps:
            return
        rows = table(operators, seconds, steps)
        path = os.path.join(self._folder, 'profile.csv')
        with Spare(path).writing():
            write_rows(path, rows[0], (row.values() for row in rows))
        logger = logging.getLogger('gluonfr')
        logger.info('%s of %.1f ms each; all of it in %s', counted(steps, 'step'), 1e3 * seconds / steps, path)
        for row in rows[:8]:
            logger.info('%5.1f %%  %8.2f ms  %s', row['percent'], row['ms_per_step'], row['operator'])


def table(operators, seconds, steps):
    """Rows for the csv file, the most expensive first; what no operator took is a row of its own.

    Parameters
    ----------
    operators : dict
        Name -> {'Count', 'Total' (ms)}, as MXNet's profiler gives them.
    seconds : float
        Of all steps.
    steps : int

    Returns
    -------
    list of dict
        operator, calls_per_step, ms_per_step, percent.
    """
    sums = {name: (numbers['Count'] / steps, numbers['Total'] / steps) for name, numbers in operators.items()}
    computed = sum(ms for _, ms in sums.values())
    sums[REST] = 0, max(0, 1e3 * seconds / steps - computed)
    whole = sum(ms for _, ms in sums.values())
    return [{'operator': name, 'calls_per_step': round(calls, 2), 'ms_per_step': round(ms, 3),
             'percent': round(100 * ms / whole, 2)}
            for name, (calls, ms) in sorted(sums.items(), key=lambda item: -item[1][1])]


def _hybridize(state, **options):
    for block in (state.net, state.head, state.loss):
        if block is not None:
            block.hybridize(static_alloc=True, static_shape=True, **options)
