"""Processes that live and end together: who failed, and nothing is left."""
import os
import signal
import subprocess
import sys
import time

import pytest
from helpers import environ

from gluonfr.distributed.launch import going_on, launch
from gluonfr.distributed.processes import Processes

SLEEP = [sys.executable, '-S', '-c', 'import time; print("up", flush=True); time.sleep(60)']


@pytest.fixture
def processes():
    made = Processes(stopped_seconds=0.3)
    yield made
    made.end()


def wait_for_fault(processes, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        fault = processes.fault()
        if fault is not None:
            return fault
        time.sleep(0.01)
    raise AssertionError('no fault')


def pid(processes, name):
    return processes._running[name].pid


def test_the_first_that_fails_is_named_and_all_end(processes):
    processes.start('one', SLEEP, {})
    processes.start('two', [sys.executable, '-S', '-c', 'raise SystemExit(7)'], {})
    number = pid(processes, 'one')
    fault = wait_for_fault(processes)
    assert fault.who.startswith('two (process ') and fault.why == 'ended with status 7' and fault.status == 7
    assert processes.running() == ['one']
    processes.end()
    assert processes.running() == []
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_a_signal_is_named(processes):
    processes.start('one', SLEEP, {})
    os.kill(pid(processes, 'one'), signal.SIGKILL)
    fault = wait_for_fault(processes)
    assert (fault.why, fault.status) == ('was ended by signal 9 (SIGKILL)', -9)


def test_one_that_is_stopped_too_long_is_lost(processes):
    processes.start('one', SLEEP, {})
    os.kill(pid(processes, 'one'), signal.SIGSTOP)
    fault = wait_for_fault(processes)
    assert 'was stopped by a signal 0.3 s ago' in fault.why and fault.status is None
    processes.end()  # SIGKILL reaches it, too


def test_one_that_goes_on_in_time_is_not_lost(processes):
    processes.start('one', SLEEP, {})
    os.kill(pid(processes, 'one'), signal.SIGSTOP)
    time.sleep(0.1)
    assert processes.fault() is None
    os.kill(pid(processes, 'one'), signal.SIGCONT)
    until = time.monotonic() + 0.8
    while time.monotonic() < until:
        assert processes.fault() is None
        time.sleep(0.01)


def test_the_errors_of_one_are_shown_with_its_name(capfd):
    processes = Processes()
    processes.start('one', [sys.executable, '-S', '-c', 'import sys; sys.stderr.write("oh\\n\\xe4\\n")'],
                    {'PYTHONIOENCODING': 'latin-1'}, 'one: ')
    until = time.monotonic() + 20
    while processes.running() and time.monotonic() < until:
        assert processes.fault() is None
        time.sleep(0.01)
    processes.end()
    assert capfd.readouterr().err.splitlines() == ['one: oh', 'one: \ufffd']


def test_processes_end_with_one_that_is_killed():
    code = ('import os, sys\nfrom gluonfr.distributed.processes import Processes\n'
            'processes = Processes()\n'
            'child = "import os, time; from gluonfr.utils.system import end_with_parent; "\\\n'
            '        "end_with_parent(int(os.environ[\'GLUONFR_LAUNCHER\'])); print(os.getpid(), flush=True); "\\\n'
            '        "time.sleep(60)"\n'
            'processes.start("one", [sys.executable, "-c", child], {})\n'
            'import time; time.sleep(60)\n')
    parent = subprocess.Popen([sys.executable, '-c', code], env=environ(), stdout=subprocess.PIPE)
    number = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    os.kill(number, signal.SIGKILL)
    raise AssertionError('it has outlived its parent')


def test_only_trainings_and_scripts_are_launched():
    with pytest.raises(ValueError, match=r"must be `train \.\.\.` or a Python script, got 'verify x'"):
        launch(['verify', 'x'], 2)
    with pytest.raises(ValueError, match='workers must be >= 1, got 0'):
        launch(['train'], 0)


def test_a_run_that_begins_again_resumes():
    assert going_on(['train', '--overwrite', '--lr', '1']) == ['train', '--lr', '1', '--resume']
    assert going_on(['train', '--resume']) == ['train', '--resume']
    assert going_on(['mine.py', '--overwrite']) == ['mine.py', '--overwrite']
