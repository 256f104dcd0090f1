"""Contestants as processes: the two ends of the conversation between a benchmark and its workers.

OpenMP runtimes and settings of threads must not mix, so each contestant is a process of its own. It sets itself up,
warms up and prints `ready {json}`; for each line `go` on its standard input it runs one round and prints
`{"seconds": ..., "peak_rss_mib": ...}`; at the end of its input it ends.
"""
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from contextlib import contextmanager

__all__ = ['BenchError', 'Contestant', 'Link', 'Worker', 'busy_neighbour', 'once']

THREAD_SETTINGS = ('OMP_', 'GOMP_', 'KMP_', 'MKL_', 'OPENBLAS_', 'MXNET_')  # a contestant gets its own only

Contestant = namedtuple('Contestant', 'name worker settings measure goal environ needs gflop',
                        defaults=('speed', None, {}, (), None))
Contestant.__doc__ = """One row. `worker` names the function that runs in the process, `settings` its arguments (with
`steps`, the steps of a round), `measure` one of MEASURES and `goal` its bound, `environ` what its environment gets,
`needs` the modules without which it is skipped, `gflop` the thousand million operations of a step, for the measure
'gflops'."""


class BenchError(Exception):
    """What ends the benchmark, in a sentence."""


class Link:
    """A worker's end of the conversation. What libraries print goes to stderr."""

    def __init__(self):
        self._out = os.fdopen(os.dup(1), 'w')
        os.dup2(2, 1)
        self._began = None

    def ready(self, *modules, **info):
        """Say that the rounds can begin; the versions of `modules` and `info` go into the table."""
        versions = {module.__name__: module.__version__ for module in modules}
        print('ready ' + json.dumps({'versions': {'python': platform.python_version(), **versions}, **info}),
              file=self._out, flush=True)

    def go(self):
        """Wait for the next round and start its clock; false if there is none."""
        line = sys.stdin.readline()
        self._began = time.perf_counter()
        return line.strip() == 'go'

    def done(self):
        """Stop the clock."""
        seconds = time.perf_counter() - self._began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2 ** 20 if sys.platform == 'darwin' else 2 ** 10)
        print(json.dumps({'seconds': seconds, 'peak_rss_mib': peak}), file=self._out, flush=True)

    def rounds(self, step, steps, modules=(), **info):
        """Rounds of `steps` calls of `step`, one for each `go`."""
        self.ready(*modules, **info)
        while self.go():
            for _ in range(steps):
                step()
            self.done()


class Worker:
    """A contestant's process, as the benchmark sees it; `info` is what it said when it was ready."""

    def __init__(self, script, contestant):
        self.name = contestant.name
        environ = {name: value for name, value in os.environ.items() if not name.startswith(THREAD_SETTINGS)}
        self._errors = tempfile.TemporaryFile('w+', encoding='utf-8', errors='replace')
        self._process = subprocess.Popen(
            [sys.executable, script, '--worker', contestant.worker, json.dumps(contestant.settings)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, env={**environ, **contestant.environ})
        self.info = json.loads(self._answer()[len('ready '):])

    def round(self):
        """{'seconds': ..., 'peak_rss_mib': ...} of one round."""
        try:
            self._process.stdin.write('go\n')
            self._process.stdin.flush()
        except BrokenPipeError:
            self._fail()
        return json.loads(self._answer())

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            self._fail()
        return line

    def _fail(self):
        status = self._process.wait()
        self._errors.seek(0)
        last = ''.join(self._errors.readlines()[-15:])
        self.close()
        raise BenchError('the worker of {!r} ended with status {}. The end of what it said:\n{}'.format(
            self.name, status, last))

    def close(self):
        """End the process; a second call does nothing."""
        if self._errors.closed:
            return
        try:
            self._process.communicate(timeout=20)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            self._process.kill()
            self._process.communicate()
        self._errors.close()


def once(script, worker, **settings):
    """Run a worker that only prepares something; returns what it says."""
    started = Worker(script, Contestant(worker, worker, settings))
    started.close()
    return started.info


@contextmanager
def busy_neighbour():
    """A process beside that keeps one core busy."""
    process = subprocess.Popen([sys.executable, '-c', 'while True: pass'])
    try:
        time.sleep(0.3)
        yield
    finally:
        process.kill()
        process.wait()
