"""Several real workers do what one process does: weights, statistics, divided classes, checkpoints, restarts."""
import shutil
from functools import lru_cache

import numpy as np
import pytest
from launched_cases import SCRIPT, Launched
from together_cases import CLASSES, JOBS, arrays_of, plain, shards

from gluonfr.distributed import Alone
from gluonfr.train.checkpoint import list_checkpoints, read_checkpoint


@pytest.fixture(scope='module')
def alone():
    """{job: arrays} of one process."""
    found = {}
    for name, job in JOBS.items():
        state, more = job(Alone())
        found[name] = {**arrays_of(state), **more}
    return found


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A function: a number of workers -> {job: [arrays of each worker]}."""
    @lru_cache(maxsize=None)
    def run(workers):
        folder = run.folders[workers] = tmp_path_factory.mktemp('workers')
        status, said = Launched(folder, SCRIPT, 'train', folder, workers=workers).end(200)
        assert status == 0, said
        return {name: [load(folder, name, n) for n in range(workers)] for name in JOBS}

    run.folders = {}
    return run


@pytest.fixture(params=[2, 3])
def together(request, trained):
    """Of two and of three workers."""
    return trained(request.param)


def load(folder, name, number=0):
    with np.load(str(folder / '{}-{}.npz'.format(name, number))) as file:
        return {name: file[name] for name in file.files}


def close(one, other, leave=()):
    assert sorted(one) == sorted(other)
    for name in set(one) - set(leave):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-5, atol=1e-5, err_msg=name)


@pytest.mark.parametrize('name', ['plain', 'parts', 'shards', 'sampled'])
def test_workers_do_what_one_process_does(alone, together, name):
    close(alone[name], together[name][0])


@pytest.mark.parametrize('name', ['plain', 'parts', 'statistics'])
def test_all_workers_have_the_same_to_the_bit(together, name):
    first = together[name][0]
    for other in together[name][1:]:
        for key in set(first) - {'before'} - {key for key in first if 'running' in key}:
            assert first[key].tobytes() == other[key].tobytes(), key


def test_running_statistics_are_averaged_before_an_evaluation(together):
    found = together['statistics']
    means = [worker['before'] for worker in found]
    assert np.ptp(means, axis=0).min() > 1e-4  # each saw other samples
    for worker in found:
        np.testing.assert_allclose(worker['after'], np.mean(means, axis=0), rtol=1e-6)


def test_a_callback_of_the_first_worker_stops_all(together):
    assert [worker['steps'].tolist() for worker in together['statistics']] == [[8]] * len(together['statistics'])


def test_samples_are_drawn_again_after_a_stop(trained):
    trained(2)
    folder = trained.folders[2]
    whole, parts = load(folder, 'whole'), load(folder, 'parts-of-it')
    assert sorted(whole) == sorted(parts)
    for name, array in whole.items():
        assert array.tobytes() == parts[name].tobytes(), name
    all_scored, _ = shards(Alone(), epochs=6)
    assert np.abs(whole['head/weight'] - arrays_of(all_scored)['head/weight']).max() > 1e-3


def test_checkpoints_of_three_workers_go_on_with_any_number(tmp_path):
    """Those of a layer that scores all classes, and of one that samples all."""
    def go_on(folder, epochs, workers):
        folder.mkdir(exist_ok=True)
        status, said = Launched(folder, SCRIPT, 'go-on', folder, epochs, workers=workers).end(200)
        assert status == 0, said

    begun = tmp_path / 'begun'
    go_on(begun, 3, 3)
    unbroken = arrays_of(shards(Alone(), epochs=6)[0])
    for sample, weight, momentum in ((0, 'head/weight', 'optimizer/head/weight'),
                                     (CLASSES, 'apart/head/weight-0', 'apart/head/momentum-0')):
        with np.load(list_checkpoints(str(begun / 'run-{}'.format(sample)))[-1]) as saved:
            assert saved[weight].shape == saved[momentum].shape == (CLASSES, 5)
    for workers in (1, 2, 4):
        folder = tmp_path / str(workers)
        shutil.copytree(str(begun), str(folder))
        if workers > 1:
            go_on(folder, 6, workers)
        for sample in (0, CLASSES):
            run = str(folder / 'run-{}'.format(sample))
            end = arrays_of(shards(Alone(), run, 6, sample)[0]) if workers == 1 else \
                load(folder, 'end-{}'.format(sample))
            assert [path[-12:] for path in list_checkpoints(run)][:1] == ['00000009.npz']
            close({name: end[name] for name in unbroken}, unbroken)


def test_a_killed_worker_and_a_restart_end_as_if_nothing_had_happened(tmp_path, trained):
    launched = Launched(tmp_path, SCRIPT, 'fault', tmp_path, 'killed', options=['--restarts', 2])
    status, said = launched.end(200)
    assert status == 0, said
    assert 'was ended by signal 9 (SIGKILL); all other processes were ended.' in said
    assert 'gluonfr launch: starting again from the last checkpoint, 1 restart left.' in said
    end = load(tmp_path, 'end')
    assert len(list_checkpoints(str(tmp_path / 'run'))) == 2
    for name, array in end.items():
        assert array.tobytes() == trained(2)['plain'][0][name].tobytes(), name


def test_a_full_disk_ends_all_and_leaves_whole_checkpoints(tmp_path):
    status, said = Launched(tmp_path, SCRIPT, 'fault', tmp_path, 'full').end(200)
    assert status == 1 and 'OSError' in said and 'gluonfr launch: worker 0 (process ' in said
    paths = list_checkpoints(str(tmp_path / 'run'))
    assert [read_checkpoint(path).header['step'] for path in paths] == [15, 18]
    state, _ = plain(Alone(), str(tmp_path / 'run'))
    assert state.step == 54


def test_other_weights_in_one_worker_are_refused_by_name(tmp_path):
    status, said = Launched(tmp_path, SCRIPT, 'fault', tmp_path, 'other').end(200)
    assert status == 1
    assert 'the workers must have the same weights, and 1 of 8 differ after 20 steps: net/1.weight. ' in said
    assert read_checkpoint(list_checkpoints(str(tmp_path / 'run'))[-1]).header['step'] == 18


def test_a_loss_that_is_not_finite_ends_all_and_is_not_tried_again(tmp_path):
    launched = Launched(tmp_path, SCRIPT, 'fault', tmp_path, 'nan', options=['--restarts', 3])
    status, said = launched.end(200)
    assert status == 2 and 'starting again' not in said
    assert 'NonFiniteLoss: fit: parameter net/1.weight is not finite after the update at step 20' in said or \
        'NonFiniteLoss: fit: parameter of another worker is not finite' in said


def test_all_workers_go_back_together(tmp_path):
    status, said = Launched(tmp_path, SCRIPT, 'fault', tmp_path, 'back').end(200)
    assert status == 0, said
    assert said.count('NaN or infinite: gone back to step 18, and on with 0.5 of the learning rate.') == 2
    first, second = (load(tmp_path, 'end', n) for n in range(2))
    assert read_checkpoint(list_checkpoints(str(tmp_path / 'run'))[-1]).header['step'] == 54
    for name, array in first.items():
        assert np.isfinite(array).all() and array.tobytes() == second[name].tobytes(), name
