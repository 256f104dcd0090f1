"""Log lines, csv rows and TensorBoard points of every so many steps."""
import glob
import struct

import pytest
from helpers import rows
from train_cases import PullLoss, train

from gluonfr.train import Callback, Checkpoint, LogLine, StepCSV, TensorBoard


class StopAt(Callback):
    order = 2

    def __init__(self, step):
        self.step = step

    def on_step_end(self, state):
        if state.step == self.step:
            state.request_stop('the test wants it')


class Fake(Callback):
    """A metric measured every four steps."""
    order = -1

    def on_step_end(self, state):
        if state.step % 4 == 0:
            state.metrics['lfw_acc'] = state.step / 100


def events(folder):
    """(tag, step, value) of all event files, in order."""
    from tensorboardX.proto.event_pb2 import Event
    found = []
    for path in sorted(glob.glob(str(folder / 'events*'))):
        with open(path, 'rb') as file:
            data = file.read()
        while data:
            size, = struct.unpack('<Q', data[:8])
            event = Event.FromString(data[12:12 + size])
            found += [(value.tag, event.step, value.simple_value) for value in event.summary.value]
            data = data[12 + size + 4:]
    return found


def test_step_csv_means_add_up(tmp_path):
    """Two steps of 16 samples a row: their losses average to the epoch's."""
    path = tmp_path / 'new' / 'steps.csv'
    state = train(loss=PullLoss(), epochs=2, callbacks=[StepCSV(str(path), 2)])
    found = rows(path)
    assert [int(row['step']) for row in found] == [2, 4, 6, 8, 10, 12]
    assert [int(row['epoch']) for row in found] == [1, 1, 1, 2, 2, 2]
    sizes = [32, 32, 26]
    for epoch in range(2):
        losses = [float(row['loss']) for row in found[3 * epoch:3 * epoch + 3]]
        mean = sum(n * loss for n, loss in zip(sizes, losses)) / 90
        assert mean == pytest.approx(state.history[epoch]['loss'], rel=1e-3)
    assert all(float(row['Center']) for row in found), "the loss's scalars are columns"


def test_step_csv_of_a_resumed_run_has_each_row_once(tmp_path):
    whole, path = tmp_path / 'whole.csv', tmp_path / 'steps.csv'
    train(epochs=2, callbacks=[StepCSV(str(whole), 1)])
    saved = Checkpoint(str(tmp_path / 'check'), every_steps=4)
    with pytest.raises(KeyboardInterrupt):
        class Kill(Callback):
            order = 2

            def on_step_end(self, state):
                if state.step == 7:
                    raise KeyboardInterrupt

        train(epochs=2, callbacks=[StepCSV(str(path), 1), saved, Kill()])
    with open(path, 'a', encoding='utf-8') as file:
        file.write('2,8')  # half a row
    train(epochs=2, callbacks=[StepCSV(str(path), 1), saved], resume='auto')
    for row, other in zip(rows(path), rows(whole)):
        assert (row['step'], row['loss'], row['accuracy']) == (other['step'], other['loss'], other['accuracy'])
    assert len(rows(path)) == len(rows(whole)) == 12


def test_tensorboard_has_the_numbers(tmp_path):
    pytest.importorskip('tensorboardX', reason='pip install tensorboardX')
    path, folder = tmp_path / 'steps.csv', tmp_path / 'board'
    train(epochs=2, callbacks=[Fake(), StepCSV(str(path), 3), TensorBoard(str(folder), 3)])
    found = events(folder)
    losses = {step: value for tag, step, value in found if tag == 'train/loss'}
    assert sorted(losses) == [3, 6, 9, 12]
    for row in rows(path):
        assert losses[int(row['step'])] == pytest.approx(float(row['loss']), rel=1e-3)
    measured = [(step, value) for tag, step, value in found if tag == 'eval/lfw_acc']
    assert measured == [(4, pytest.approx(.04)), (8, pytest.approx(.08)), (12, pytest.approx(.12))]


def test_header_is_said_once(tmp_path):
    path = str(tmp_path / 'log.txt')
    saved = Checkpoint(str(tmp_path / 'check'), every_steps=3)
    train(epochs=2, callbacks=[LogLine(2, path, header='lr 0.1 batch 16'), saved, StopAt(3)])
    train(epochs=2, callbacks=[LogLine(2, path, header='lr 0.1 batch 16'), saved], resume='auto')
    with open(path, encoding='utf-8') as file:
        lines = file.read().splitlines()
    assert lines[0] == 'lr 0.1 batch 16'
    assert sum('lr 0.1 batch 16' == line for line in lines) == 1
    assert any(line.startswith('resumed at step 3') for line in lines)
    assert 'images/s' in lines[1] and lines[1].endswith(' s')


def test_every_must_be_positive():
    with pytest.raises(ValueError, match='StepCSV: every must be >= 1, got 0'):
        StepCSV('x.csv', 0)
