"""Callbacks: when they are called, what they show, and how a run stops."""
import io
import logging

import numpy as np
import pytest
from helpers import rows
from mxnet import nd
from train_cases import PullLoss, dense_net, loader, train

from gluonfr.train import Callback, Checkpoint, CSVLog, Evaluate, LogLine, NonFiniteLoss, ProgressBar
from gluonfr.train.checkpoint import list_checkpoints
from gluonfr.train.meter import Meter


class Recorder(Callback):
    def __init__(self, calls, name='', order=0):
        self.calls, self.name, self.order = calls, name, order

    def on_train_begin(self, state):
        self.calls.append((self.name, 'begin', state.step))

    def on_step_end(self, state):
        self.calls.append((self.name, 'step', state.step, state.epoch, state.batch))

    def on_epoch_end(self, state):
        self.calls.append((self.name, 'epoch', state.epoch, state.batch, len(state.history)))

    def on_train_end(self, state):
        self.calls.append((self.name, 'end', state.step))


def test_hooks_in_their_order():
    calls = []
    train(data=loader(45), callbacks=[Recorder(calls)])
    assert [call[1:] for call in calls] == [
        ('begin', 0), ('step', 1, 0, 1), ('step', 2, 0, 2), ('epoch', 1, 0, 1),
        ('step', 3, 1, 1), ('step', 4, 1, 2), ('epoch', 2, 0, 2), ('end', 4)]


def test_order_decides_between_callbacks():
    calls = []
    train(epochs=0, callbacks=[Recorder(calls, 'save', 1), Recorder(calls, 'show'), Recorder(calls, 'measure', -1)])
    assert [call[0] for call in calls[:3]] == ['measure', 'show', 'save']
    assert Evaluate.order < CSVLog.order == LogLine.order == ProgressBar.order < Checkpoint.order


@pytest.mark.parametrize('at', ['step', 'epoch'])
def test_a_callback_can_stop_the_run(at, tmp_path):
    class Stop(Callback):
        def on_step_end(self, state):
            if at == 'step' and state.step == 8:
                state.request_stop('enough')

        def on_epoch_end(self, state):
            if at == 'epoch':
                state.request_stop('enough')

    state = train(epochs=5, callbacks=[Stop(), LogLine(3, tmp_path / 'log.txt')])
    assert (state.step, state.epoch, len(state.history)) == ((8, 1, 1) if at == 'step' else (6, 1, 1))
    assert state.stop_reason == 'enough' and 'stopped: enough' in repr(state)
    assert (tmp_path / 'log.txt').read_text().splitlines()[-1] == 'stopped at step {}: enough'.format(state.step)


def test_log_line(tmp_path, caplog):
    path = tmp_path / 'new' / 'log.txt'
    with caplog.at_level(logging.INFO, 'gluonfr'):
        state = train(loss=PullLoss(), callbacks=[LogLine(4, path)])
    lines = path.read_text().splitlines()
    assert caplog.messages == lines
    assert [line.split(' loss')[0] for line in lines] == [
        'epoch 1 step 4', 'epoch 1 done: step 6', 'epoch 2 step 8', 'epoch 2 step 12', 'epoch 2 done: step 12']
    for word in (' accuracy 0.', ' lr 0.1 ', ' Center ', ' images/s'):
        assert word in lines[0]
    assert 'Center' in state.history[0]


def test_log_line_is_the_mean_since_the_last_one(tmp_path):
    lines = {}
    for every in (1, 3):
        path = tmp_path / 'log{}.txt'.format(every)
        train(data=loader(15), callbacks=[LogLine(every, path)])
        lines[every] = [float(line.split()[5]) for line in path.read_text().splitlines() if 'done' not in line]
    np.testing.assert_allclose(np.reshape(lines[1], (-1, 3)).mean(1), lines[3], atol=1e-4)


def test_progress_bar():
    out = io.StringIO()
    train(callbacks=[ProgressBar(out)], check_every=2)
    text = out.getvalue()
    for word in ('epoch 1/2', 'epoch 2/2', '6/6', 'loss ', 'accuracy ', 'lr 0.1', 'images/s'):
        assert word in text


def test_progress_bar_counts_what_is_computed(monkeypatch):
    """Never more than two steps are outstanding, none at the end of an epoch, and a bar never falls back."""
    waits, shown = [], []
    wait = Meter.wait
    monkeypatch.setattr(Meter, 'wait', lambda self, leave: waits.append(leave) or wait(self, leave))
    bar = ProgressBar(io.StringIO())

    class Look(Callback):
        order = 1

        def on_step_end(self, state):
            shown.append(bar._bar.n)

    train(callbacks=[bar, Look()], epochs=2)
    assert waits == [2, 2, 2, 2, 2, 0] * 2 and shown == [0, 0, 1, 2, 3, 6] * 2


def test_wait_is_for_the_steps_before_the_newest(monkeypatch):
    waited = []

    class Loss:
        def __init__(self, step):
            self.step = step

        def wait_to_read(self):
            waited.append(self.step)

    meter = Meter()
    for step in range(1, 5):
        meter.add(step, 0.1, 16, [Loss(step)], [])
        meter.wait(2)
    meter.wait(0)
    assert waited == [1, 2, 4]


def test_progress_bar_names_what_takes_time():
    out = io.StringIO()
    train(epochs=1, callbacks=[ProgressBar(out), Evaluate(loader(), 'val')])
    text = out.getvalue()
    assert 'epoch 1/1, val accuracy: 100%' in text and text.rstrip().rsplit('\r', 1)[-1].startswith('epoch 1/1: 100%')


def test_csv_has_a_row_an_epoch_and_all_columns(tmp_path):
    path = tmp_path / 'new' / 'log.csv'
    state = train(epochs=3, callbacks=[CSVLog(path), Evaluate(loader(), every=2)])
    found = rows(path)
    assert [row['epoch'] for row in found] == ['1', '2', '3']
    assert [row['test_accuracy'] for row in found][0] == ''
    assert [float(row['loss']) for row in found] == [row['loss'] for row in state.history]


def test_evaluate_in_epochs_and_steps():
    seen = []

    class Look(Callback):
        def on_step_end(self, state):
            seen.append(state.metrics.get('val_accuracy'))

    state = train(epochs=3, callbacks=[Look(), Evaluate(loader(), 'val', every=2, every_steps=4)])
    assert seen[2] is None and seen[3] is not None
    assert ['val_accuracy' in row for row in state.history] == [False, True, True]
    assert state.metrics['val_accuracy'] == state.history[-1]['val_accuracy'] > 0.5


def poisoned(batch):
    """Batches of which one holds a NaN."""
    batches = [(x.copy(), y) for x, y in loader(shuffle=False)]
    batches[batch][0][1, 2] = float('nan')
    return batches


@pytest.mark.parametrize('check_every', [1, 2, 4, 100])
@pytest.mark.parametrize('batch', [0, 2, 5])
def test_a_loss_that_is_not_finite_stops_the_run(batch, check_every):
    with pytest.raises(NonFiniteLoss, match=r'the loss is nan at step {} \(epoch 1, learning rate 0.1\). The last good '
                       r'checkpoint is none .* Try a lower learning rate, a warm-up, clip_grad'.format(batch + 1)) as e:
        train(data=poisoned(batch), check_every=check_every)
    assert (e.value.step, e.value.epoch, e.value.learning_rate, e.value.checkpoint) == (batch + 1, 1, 0.1, None)


@pytest.mark.parametrize('check_every', [1, 100])
def test_a_checkpoint_is_never_written_after_the_loss_went_bad(tmp_path, check_every):
    with pytest.raises(NonFiniteLoss) as caught:
        train(data=poisoned(3), check_every=check_every, callbacks=[Checkpoint(str(tmp_path), every_steps=1, keep=9)])
    assert caught.value.step == 4
    assert [path[-7:-4] for path in list_checkpoints(str(tmp_path))] == ['001', '002', '003']
    assert caught.value.checkpoint == list_checkpoints(str(tmp_path))[-1]
    assert caught.value.checkpoint in str(caught.value)


@pytest.mark.parametrize('name', ['net/0.weight', 'net/1.running_mean', 'net/1.running_var'])
@pytest.mark.parametrize('value', ['nan', 'inf'])
def test_parameters_and_running_statistics_that_are_not_finite_are_not_written(tmp_path, name, value):
    class Break(Callback):
        def on_step_end(self, state):
            if state.step == 2:
                state.params[name].data()[0] = float(value)

    with pytest.raises(NonFiniteLoss, match='parameter {} is not finite after the update at step 2'.format(name)):
        train(net=dense_net(batch_norm=True), callbacks=[Break(), Checkpoint(str(tmp_path), every_steps=1)])
    assert len(list_checkpoints(str(tmp_path))) == 1


def test_the_losses_are_not_read_at_every_step(monkeypatch):
    reads = []
    original = nd.NDArray.asnumpy

    def counting(self):
        if self.shape[0] not in (16, 10):  # these are labels of a batch, which the loader made on the host
            reads.append(self.shape[0])
        return original(self)

    monkeypatch.setattr(nd.NDArray, 'asnumpy', counting)
    train(epochs=4, check_every=5, callbacks=[ProgressBar(io.StringIO())])
    assert len(reads) <= 2 * (24 // 5 + 4), reads


@pytest.mark.parametrize('make, text', [
    (lambda: LogLine(0), 'LogLine: every must be >= 1, got 0'),
    (lambda: Evaluate([], every=0), 'Evaluate: every must be >= 1, got 0'),
    (lambda: Checkpoint('x', keep=0), 'Checkpoint: keep must be >= 1, got 0'),
    (lambda: Checkpoint('x', mode='up'), "Checkpoint: mode must be one of 'max', 'min', got 'up'")])
def test_bad_arguments_are_refused(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_csv_log_removes_what_a_killed_run_left_half_written(tmp_path):
    left, other = tmp_path / '.log.csv.123.tmp', tmp_path / '.other.csv.123.tmp'
    for path in (left, other):
        path.write_text('epoch,st')
    train(callbacks=[CSVLog(str(tmp_path / 'log.csv'))])
    assert not left.exists() and other.exists()
