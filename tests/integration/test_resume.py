"""Training that is killed with SIGKILL and resumed ends as if nothing had happened, bit for bit."""
import contextlib
import io
import random
import time

import numpy as np
import pytest
import resume_driver
from forks import Fork
from helpers import rows

from gluonfr.train.checkpoint import list_checkpoints, read_checkpoint

STEPS = 48


def run(folder, *job):
    """The steps of a training that ends; in this process, which has paid for the imports."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        resume_driver.main(str(folder), *job)
    lines = said.getvalue().splitlines()
    assert lines[-1] == 'end {}'.format(STEPS)
    return [int(line.split()[1]) for line in lines[:-1]]


def kill_after(step, folder, *job):
    """Kill the training some milliseconds after it has reported `step`."""
    process = Fork(folder.with_suffix('.txt'), resume_driver.main, str(folder), *job)
    process.wait_for(lambda: any(int(line.split()[1]) >= step for line in process.said().splitlines()[:-1]))
    time.sleep(random.uniform(0, 0.03))  # also while a checkpoint is being written
    process.kill()


def timeless(folder):
    """The csv rows without the columns that are times."""
    return [{name: value for name, value in row.items() if name not in ('seconds', 'images_per_second')}
            for row in rows(folder / 'log.csv')]


def table(path):
    """What a sampled class layer keeps, which `read_checkpoint` leaves in the file."""
    with np.load(path) as saved:
        return {name: saved[name] for name in saved.files if name.startswith('apart/')}


@pytest.mark.parametrize('job', [('sgd', 'ringloss'), ('adam', 'centerloss'), ('sgd', 'cosface'),
                                 ('sgd', 'softmax', 'options')],
                         ids='-'.join)
def test_killed_three_times_and_resumed_is_bit_identical(tmp_path, job):
    unbroken, broken = tmp_path / 'unbroken', tmp_path / 'broken'
    assert run(unbroken, *job) == list(range(1, STEPS + 1))

    random.seed()
    strikes = sorted(random.sample(range(1, STEPS - 12), 3))
    print('killed after steps', strikes)
    for step in strikes:
        kill_after(step, broken, *job)
    rest = run(broken, *job)
    assert rest[0] > strikes[-1] - 3 or strikes[-1] < 3, 'the last run must have gone on from a checkpoint'

    first, second = (read_checkpoint(list_checkpoints(str(folder))[-1]) for folder in (unbroken, broken))
    arrays, others = (dict(checkpoint.arrays, **table(checkpoint.path)) for checkpoint in (first, second))
    assert sorted(arrays) == sorted(others) and ('apart/head/weight-0' in arrays) == ('cosface' in job)
    for name, array in arrays.items():
        assert array.tobytes() == others[name].tobytes(), (name, strikes)
    assert (unbroken / 'last.params').read_bytes() == (broken / 'last.params').read_bytes()
    for folder in (unbroken, broken):
        assert [row['epoch'] for row in timeless(folder)] == list('12345678' if 'options' in job else '1234')
    assert timeless(unbroken) == timeless(broken)
    assert first.header['best'] == second.header['best']
    assert not [path.name for path in broken.iterdir() if path.name.endswith('.tmp')]
