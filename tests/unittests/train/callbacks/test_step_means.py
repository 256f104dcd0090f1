"""Log lines, csv rows and TensorBoard points of every so many steps."""
import json
import re

import numpy as np
import pytest
from helpers import rows
from train_cases import PullLoss, events, train

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


class Kill(Callback):
    order = 2

    def on_step_end(self, state):
        if state.step == 9:
            raise KeyboardInterrupt


def timeless(path):
    """Lines of a log without times, and without those that tell of a resume."""
    with open(str(path), encoding='utf-8') as file:
        return [re.sub(r'\S+ images/s.*|seconds \S+ images_per_second \S+', '', line) for line in file
                if not line.startswith('resumed')]


@pytest.mark.parametrize('every', [1, 3, 5, 50])
def test_a_resumed_run_has_the_rows_and_lines_of_an_undisturbed_one(tmp_path, every):
    """It goes on at step 8, within the epoch and, but for 1, within the interval; 12 steps are the whole."""
    whole, path = tmp_path / 'whole.csv', tmp_path / 'steps.csv'
    logs = tmp_path / 'whole.txt', tmp_path / 'log.txt'
    logs[1].write_text('epoch 1 step 99 of another run\n')
    train(epochs=2, callbacks=[StepCSV(str(whole), every), LogLine(every, str(logs[0]))])
    saved = Checkpoint(str(tmp_path / 'check'), every_steps=4)
    with pytest.raises(KeyboardInterrupt):
        train(epochs=2, callbacks=[StepCSV(str(path), every), LogLine(every, str(logs[1])), saved, Kill()])
    for left in (path, logs[1]):
        with open(str(left), 'a', encoding='utf-8') as file:
            file.write('epoch 2 step 9')  # half a row
    train(epochs=2, callbacks=[StepCSV(str(path), every), LogLine(every, str(logs[1])), saved], resume='auto')
    for found in (rows(path), rows(whole)):
        assert [int(row['step']) for row in found] == [s for s in range(1, 13) if s % every == 0 or s == 12]
    names = [name for name in rows(whole)[0] if name not in ('seconds', 'images_per_second')]
    assert [[row[name] for name in names] for row in rows(path)] == [[row[name] for name in names]
                                                                     for row in rows(whole)]
    assert timeless(logs[1]) == ['epoch 1 step 99 of another run\n'] + timeless(logs[0])


def test_checkpoints_of_earlier_versions_have_no_interval(tmp_path, monkeypatch):
    saved = Checkpoint(str(tmp_path), every_steps=4)
    dumps = json.dumps
    monkeypatch.setattr(json, 'dumps', lambda header, **more: dumps(
        {name: value for name, value in header.items() if name != 'intervals'}, **more))
    train(epochs=2, callbacks=[saved, StopAt(8)])
    monkeypatch.undo()
    path = tmp_path / 'steps.csv'
    train(epochs=2, callbacks=[saved, StepCSV(str(path), 3)], resume='auto')
    assert [row['step'] for row in rows(path)] == ['9', '12']


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


def test_means_go_on_over_the_end_of_an_epoch(tmp_path):
    path = {every: tmp_path / '{}.csv'.format(every) for every in (1, 4)}
    train(callbacks=[StepCSV(str(path[every]), every) for every in path])  # 5 batches of 16 and one of 10 an epoch
    sizes = np.array([16] * 5 + [10]) / 16
    losses = np.array([float(row['loss']) for row in rows(path[1])])
    over = [np.average(losses[i:i + 4], weights=np.tile(sizes, 2)[i:i + 4]) for i in (0, 4, 8)]
    found = rows(path[4])
    assert [row['step'] for row in found] == ['4', '8', '12']
    np.testing.assert_allclose([float(row['loss']) for row in found], over, rtol=2e-4)
    assert abs(np.average(losses[6:8]) / over[1] - 1) > 2e-3, 'else the steps before the end would not show'
