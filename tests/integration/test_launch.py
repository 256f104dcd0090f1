"""Trainings in several real processes on the loopback interface: `gluonfr launch`, what workers do together, faults."""
import json
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from helpers import environ
from launched_cases import SCRIPT, Launched

pytest.importorskip('mxnet')
def values(folder, name, workers):
    return [json.loads((folder / '{}-{}.json'.format(name, n)).read_text()) for n in range(workers)]


def test_what_workers_do_together(tmp_path):
    launched = Launched(tmp_path, SCRIPT, 'together', tmp_path, workers=3, options=['-s', 2])
    status, said = launched.end()
    assert status == 0, said
    found = values(tmp_path, 'together', 3)
    assert found[0] == found[1] == found[2]
    assert found[0]['sum'] == [[6.0] * 3] * 2
    assert found[0]['slots'] == np.float32([[1 / 3], [4 / 3], [7 / 3]]).tolist()
    assert found[0]['any'] == [True, False]
    assert found[0]['gather'] == [{'number': n, 'long': 'x' * 3000 * n, 'name': '\u00e4'} for n in range(3)]
    assert found[0]['of first'] == [1 / 3, None, 'called by 0']
    assert '1 of 2 differ after 7 steps: other. ' in found[0]['different']
    assert found[0]['shape'] == 'Workers: array must be float32 (2, 3) as before, got float32 (3,).'
    assert found[0]['float64'] == "Workers: array must be float32, in which MXNet's servers add, got float64."


FAULTS = {
    'worker killed': ('worker', signal.SIGKILL, r'worker 1 (process {}) was ended by signal 9 (SIGKILL)'),
    'server killed': ('server', signal.SIGKILL, r'server 0 (process {}) was ended by signal 9 (SIGKILL)'),
    'scheduler killed': ('scheduler', signal.SIGKILL, r'scheduler (process {}) was ended by signal 9 (SIGKILL)'),
}


@pytest.mark.parametrize('fault', FAULTS)
def test_a_killed_process_ends_all_within_seconds(tmp_path, fault):
    role, number, line = FAULTS[fault]
    launched = Launched(tmp_path, SCRIPT, 'wait', tmp_path)
    launched.wait_until_up()
    victim = launched.pid(1) if role == 'worker' else next(
        pid for pid, of in launched.children().items() if of == role)
    os.kill(victim, number)
    began = time.monotonic()
    status, said = launched.end()
    assert time.monotonic() - began < 10 and status == 3
    assert said.splitlines()[-1] == 'gluonfr launch: {}; all other processes were ended.'.format(line.format(victim))


def test_an_exception_in_one_worker_ends_all(tmp_path):
    status, said = Launched(tmp_path, SCRIPT, 'fail', tmp_path).end()
    assert status == 1
    assert 'worker 1: RuntimeError: made up\n' in said
    assert 'gluonfr launch: worker 1 (process ' in said and 'ended with status 1; all other' in said


def test_ctrl_c_and_a_killed_launcher_leave_nothing(tmp_path):
    launched = Launched(tmp_path, SCRIPT, 'wait', tmp_path)
    launched.wait_until_up()
    assert sorted(launched.children().values()) == ['scheduler', 'server', 'worker', 'worker']
    launched.process.send_signal(signal.SIGINT)
    status, said = launched.end()
    assert status == 130 and 'stopped by SIGINT; all processes have ended.' in said

    again = tmp_path / 'again'
    again.mkdir()
    launched = Launched(again, SCRIPT, 'wait', again)
    launched.wait_until_up()
    launched.process.kill()
    assert launched.end()[0] == -signal.SIGKILL


def test_a_port_in_use_is_refused(tmp_path):
    with socket.socket() as other:
        other.bind(('127.0.0.1', 0))
        other.listen()
        port = other.getsockname()[1]
        status, said = Launched(tmp_path, SCRIPT, 'wait', tmp_path, options=['--port', port]).end()
    assert status == 2
    assert said == 'gluonfr launch: port {} of 127.0.0.1 cannot be had (Address already in use). Give another one, ' \
                   'or none.\n'.format(port)


def test_a_worker_that_waits_too_long_gives_up(tmp_path):
    """As on several machines, where nobody sees the others."""
    launched = Launched(tmp_path, SCRIPT, 'wait', tmp_path, options=['--timeout', 10])
    launched.wait_until_up()
    os.kill(launched.pid(1), signal.SIGSTOP)  # which this launcher would see after 30 s
    began = time.monotonic()
    status, said = launched.end()
    assert status == 3 and time.monotonic() - began < 25
    assert 'gluonfr: worker 0 of 2 has waited 10 s for the others' in said


def test_processes_that_somebody_else_starts(tmp_path):
    """As Slurm and ssh do, on several machines."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = str(free.getsockname()[1])
    shared = {**environ(), 'DMLC_PS_ROOT_URI': '127.0.0.1', 'DMLC_PS_ROOT_PORT': port, 'DMLC_NODE_HOST': '127.0.0.1',
              'DMLC_NUM_WORKER': '2', 'DMLC_NUM_SERVER': '1'}
    roles = [{'DMLC_ROLE': 'worker', 'DMLC_WORKER_ID': '1'}, {'DMLC_ROLE': 'server'},
             {'DMLC_ROLE': 'worker', 'DMLC_WORKER_ID': '0'}, {'DMLC_ROLE': 'scheduler'}]
    running = [subprocess.Popen([sys.executable, '-m', 'gluonfr', 'launch', '--', SCRIPT, 'together', str(tmp_path)],
                                env={**shared, **role}) for role in roles]
    try:
        assert [process.wait(120) for process in running] == [0] * 4
    finally:
        for process in running:
            process.kill()
    assert values(tmp_path, 'together', 2)[0]['gather'][1]['number'] == 1
