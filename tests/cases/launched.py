"""What workers run in tests/integration/test_launch.py: `launched.py WHAT FOLDER`."""
import json
import os
import sys
import time

import numpy as np

from gluonfr.distributed import join_workers

WHAT, FOLDER = sys.argv[1:3]
workers = join_workers()


def say(name, value):
    """Leave a value for the test."""
    path = os.path.join(FOLDER, '{}-{}.json'.format(name, workers.number))
    with open(path + '.tmp', 'w', encoding='utf-8') as file:
        json.dump(value, file)
    os.replace(path + '.tmp', path)


def save(name, **arrays):
    """Leave arrays for the test."""
    np.savez(os.path.join(FOLDER, '{}-{}.npz'.format(name, workers.number)), **arrays)


def together():
    """All that workers do together."""
    from mxnet import nd
    from gluonfr.distributed.workers import check_equal
    number = workers.number
    arrays = [nd.ones((2, 3)) * (number + 1)]
    workers.sum('array', arrays)
    found = {
        'sum': arrays[0].asnumpy().tolist(),
        'slots': workers.slots('fine', np.array([number + 1 / 3], 'float32')).tolist(),
        'any': [workers.any(number == 1), workers.any(False)],
        'gather': workers.gather({'number': number, 'long': 'x' * 3000 * number, 'name': '\u00e4'}),
        'of first': workers.of_first(lambda: [1 / 3, None, 'called by {}'.format(number)]),
    }
    try:
        check_equal(workers, {'same': np.ones(3), 'other': np.ones(3) * number}, 'after 7 steps')
    except RuntimeError as error:
        found['different'] = str(error)
    check_equal(workers, {'same': np.ones(3)}, 'now')
    for name, array in (('shape', nd.ones((3,))), ('float64', nd.ones((2, 3), dtype='float64'))):
        try:
            workers.sum('array', [array])
        except ValueError as error:
            found[name] = str(error)
    say('together', found)


def train():
    """Several trainings one after the other, in all workers."""
    from together_cases import JOBS, arrays_of, drawn_again
    for name, job in JOBS.items():
        state, found = job(workers)
        save(name, **arrays_of(state), **found)
    if workers.count == 2:
        whole, parts = drawn_again(workers, FOLDER)
        save('whole', **whole)
        save('parts-of-it', **parts)


def go_on():
    """Trainings with divided classes and checkpoints, from where their folders say to the epoch that is asked for."""
    from together_cases import CLASSES, arrays_of, shards
    for sample in (0, CLASSES):
        state, found = shards(workers, os.path.join(FOLDER, 'run-{}'.format(sample)), int(sys.argv[3]), sample)
        save('end-{}'.format(sample), **arrays_of(state), **found)


def fault():
    """A training with checkpoints in which something happens to a worker after 20 steps, once."""
    import resource
    from gluonfr.train import Doctor
    from together_cases import arrays_of, plain
    marker, how = os.path.join(FOLDER, 'begun'), sys.argv[3]

    def strike(state):
        if state.step != 20 or os.path.exists(marker):
            return
        if how == 'full' and workers.first:
            resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
        if workers.number == 1 and how == 'killed':
            open(marker, 'w').close()
            os.kill(os.getpid(), 9)
        if workers.number == 1 and how in ('other', 'nan', 'back'):
            weight = state.params['net/1.weight'].data()
            weight[0, 0] += {'other': 1e-3}.get(how, float('nan'))
            open(marker, 'w').close()

    state, _ = plain(workers, os.path.join(FOLDER, 'run'), strike, [Doctor(5, auto=True)] if how == 'back' else [])
    save('end', **arrays_of(state))


def wait():
    """Work together until somebody fails."""
    say('pid', os.getpid())
    with workers.working():
        while True:
            workers.any(False)
            time.sleep(0.01)


def fail():
    """The second worker raises, and the others wait for it."""
    with workers.working():
        if workers.number == 1:
            raise RuntimeError('made up')
        workers.any(False)


if __name__ == '__main__':
    {'together': together, 'train': train, 'go-on': go_on, 'fault': fault, 'wait': wait, 'fail': fail}[WHAT]()
