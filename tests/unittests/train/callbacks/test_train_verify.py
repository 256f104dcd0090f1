"""The Verify callback: what it measures, when, and what a resumed run makes of it."""
import logging

import numpy as np
import pytest
from helpers import rows
from mxnet import gluon
from train_cases import assert_identical, values

from gluonfr.data import ArrayLoader, draw_pairs, read_bin, write_bin
from gluonfr.data.image import encode
from gluonfr.deploy import Embedder
from gluonfr.deploy.verify import verify_pairs
from gluonfr.model_zoo import InputSpec
from gluonfr.train import Callback, Checkpoint, Verify, fit

SPEC = InputSpec((8, 8), (127.5,) * 3, (127.5,) * 3, 'rgb', 4)
PEOPLE, EACH, STEPS = 4, 8, 4       # 4 batches of 8 an epoch


def faces():
    random = np.random.RandomState(3)
    base = random.randint(40, 216, (PEOPLE, 1, 8, 8, 3))
    return np.clip(base + random.randint(-40, 40, (PEOPLE, EACH, 8, 8, 3)), 0, 255).astype('uint8').reshape(-1, 8, 8, 3)


@pytest.fixture
def sets(tmp_path):
    data, labels = faces(), np.repeat(np.arange(PEOPLE), EACH)
    first, second, issame = draw_pairs(labels, 16, 2)
    images = [encode(data[i], '.png') for pair in zip(first, second) for i in pair]
    for name in 'ab':
        write_bin(str(tmp_path / (name + '.bin')), images, issame)
    return {'a': read_bin(str(tmp_path / 'a.bin')), 'b': read_bin(str(tmp_path / 'b.bin'))}


def train(callbacks, epochs=2, resume=None, **more):
    net = gluon.nn.HybridSequential(prefix='net_')
    with net.name_scope():
        net.add(gluon.nn.Dense(12, activation='relu'), gluon.nn.BatchNorm(), gluon.nn.Dense(4))
    net.input_spec = SPEC
    loader = ArrayLoader(faces(), np.repeat(np.arange(PEOPLE), EACH), 8, shuffle=True, seed=2)
    return fit(net, gluon.loss.SoftmaxCrossEntropyLoss(), loader, head=gluon.nn.Dense(PEOPLE, in_units=4,
                                                                                     prefix='head_'),
               epochs=epochs, optimizer_params={'learning_rate': 0.05, 'momentum': 0.9}, seed=1, callbacks=callbacks,
               resume=resume, **more)


class At(Callback):
    """Does something after one step."""
    order = 2

    def __init__(self, step, action):
        self.step, self.action = step, action

    def on_step_end(self, state):
        if state.step == self.step:
            self.action(state)


def die(state):
    raise KeyboardInterrupt


@pytest.mark.parametrize('every, steps', [(None, [4, 8]), (3, [3, 6, 8]), (4, [4, 8]), (100, [8])])
def test_steps_at_which_it_measures(tmp_path, sets, every, steps):
    path = tmp_path / 'new' / 'verify.csv'
    state = train([Verify(sets, every, str(path), nfolds=2)])
    found = rows(path)
    assert [int(row['step']) for row in found] == [step for step in steps for _ in 'ab']
    assert [row['set'] for row in found] == ['a', 'b'] * len(steps)
    assert [int(row['epoch']) for row in found[::2]] == [1 if step <= 4 else 2 for step in steps]
    last = found[-1]
    assert state.metrics['b_acc'] == float(last['acc']) and last['sha256'] == sets['b'].sha256
    assert state.metrics['mean_acc'] == (state.metrics['a_acc'] + state.metrics['b_acc']) / 2
    assert ('a_acc' in state.history[0]) == (4 in steps) and state.history[1]['mean_acc'] == state.metrics['mean_acc']


def test_its_lines(tmp_path, sets, caplog):
    caplog.set_level(logging.INFO, 'gluonfr')
    train([Verify(sets, 4, nfolds=2)])
    lines = [record.getMessage() for record in caplog.records if ' a: ' in record.getMessage()]
    assert len(lines) == 2 and lines[0].startswith('step 4 a: ') and lines[1].count('+-') == 2


def test_what_a_set_cannot_show_is_said_once(sets, caplog):
    caplog.set_level(logging.INFO, 'gluonfr')
    sets['b'].images, sets['b'].issame = sets['b'].images[:12], sets['b'].issame[:6]
    state = train([Verify(sets, 2)])
    notes = ['a: 8 impostor pairs cannot show FAR 0.001; the smallest is 0.125',
             'b: 6 folds instead of 10, as its 6 pairs give no more',
             'b: 3 impostor pairs cannot show FAR 0.001; the smallest is 0.334']
    assert [record.getMessage() for record in caplog.records[:3]] == notes
    assert sum('instead of' in record.getMessage() for record in caplog.records) == 1
    assert 0 <= state.metrics['b_acc'] <= 1


def test_measuring_changes_nothing_in_the_training(sets):
    assert_identical(values(train([])), values(train([Verify(sets, 1, flip='concat', nfolds=2)])))


def test_time_of_measuring_is_no_time_of_training(sets, monkeypatch):
    import time

    from gluonfr.train.callbacks import verify
    real = verify.verify_pairs
    monkeypatch.setattr(verify, 'verify_pairs', lambda *a, **k: (time.sleep(0.25), real(*a, **k))[1])
    state = train([Verify(sets, 1, nfolds=2)], epochs=1)
    assert state.history[0]['seconds'] < 1, 'of 2 s that the measuring took'


@pytest.mark.parametrize('death', [2, 5, 7])
@pytest.mark.parametrize('save', [2, 3])
def test_a_resumed_run_has_the_rows_and_the_best_of_an_unbroken_one(tmp_path, sets, death, save):
    def callbacks(folder):
        return [Verify(sets, 3, str(folder / 'verify.csv'), nfolds=2),
                Checkpoint(str(folder / 'check'), every_steps=save, monitor='mean_acc')]

    whole = train(callbacks(tmp_path / 'whole'))
    broken = tmp_path / 'broken'
    with pytest.raises(KeyboardInterrupt):
        train(callbacks(broken) + [At(death, die)])
    state = train(callbacks(broken), resume='auto')
    assert_identical(values(whole), values(state))
    assert rows(broken / 'verify.csv') == rows(tmp_path / 'whole' / 'verify.csv')
    assert state.best == whole.best and state.metrics == whole.metrics
    assert (broken / 'check' / 'best.params').read_bytes() == (
        tmp_path / 'whole' / 'check' / 'best.params').read_bytes()


def test_killed_between_the_row_and_the_checkpoint(tmp_path, sets):
    """The row of step 4 is there and the checkpoint is older: the row must not come twice."""
    class Die(Callback):
        order = 0  # after Verify, before Checkpoint

        def on_epoch_end(self, state):
            raise KeyboardInterrupt

    path = tmp_path / 'verify.csv'
    saved = [Verify(sets, None, str(path), nfolds=2), Checkpoint(str(tmp_path / 'check'), every_steps=4)]
    with pytest.raises(KeyboardInterrupt):
        train(saved + [Die()])
    assert [row['step'] for row in rows(path)] == ['4', '4']
    train(saved, resume='auto')
    assert [row['step'] for row in rows(path)] == ['4', '4', '8', '8']


def test_a_finished_run_is_not_measured_again(tmp_path, sets, caplog):
    caplog.set_level(logging.INFO, 'gluonfr')
    callbacks = [Verify(sets, 3, str(tmp_path / 'verify.csv'), nfolds=2), Checkpoint(str(tmp_path / 'check'))]
    train(callbacks)
    before, count = rows(tmp_path / 'verify.csv'), len(caplog.records)
    train(callbacks, resume='auto')
    assert rows(tmp_path / 'verify.csv') == before and len(caplog.records) == count


@pytest.mark.parametrize('order', [-2, 2])
def test_the_last_step_of_a_stop_is_measured_and_may_be_the_best(tmp_path, sets, order):
    stop = At(5, lambda state: state.request_stop('enough'))
    stop.order = order
    state = train([Verify(sets, 3, str(tmp_path / 'verify.csv'), nfolds=2), stop,
                   Checkpoint(str(tmp_path / 'check'), every_steps=4, monitor='mean_acc')])
    found = rows(tmp_path / 'verify.csv')
    assert [row['step'] for row in found[::2]] == ['3', '5']
    best = max(found[::2], key=lambda row: float(row['acc']))
    assert state.best['step'] == int(best['step'])


@pytest.mark.parametrize('arguments, message', [
    (dict(sets={}), 'Verify: sets must hold at least one set'),
    (dict(every_steps=0), 'Verify: every_steps must be >= 1, got 0'),
    (dict(nfolds=0), 'nfolds must be >= 1, got 0'),
    (dict(nfolds=17), 'nfolds must be at most the number of pairs, 16 in a, got 17')])
def test_what_cannot_work_is_told_before_training(sets, arguments, message):
    with pytest.raises(ValueError, match=message):
        Verify(**dict(dict(sets=sets), **arguments))


def test_the_averaged_weights_are_verified(sets, tmp_path):
    """The last row is what the network gives at the end, when it has them."""
    averaged = train([Verify(sets, None, str(tmp_path / 'verify.csv'))], ema=0.9)
    again = train([], ema=0.9)
    found = verify_pairs(Embedder(again.net), sets['a'], 'a').row
    assert averaged.metrics['a_acc'] == found['acc']
    row = [row for row in rows(tmp_path / 'verify.csv') if row['set'] == 'a'][-1]
    assert float(row['threshold']) == found['threshold']
    assert verify_pairs(Embedder(train([]).net), sets['a'], 'a').row['threshold'] != found['threshold']
