"""Failures of trainings, each provoked: what the doctor says, and that it says nothing of one that goes well."""
import logging

import mxnet as mx
import numpy as np
import pytest
from mxnet import gluon, nd
from train_cases import CLASSES, arrays, assert_identical, dense_net, train, values

from gluonfr.data.loading import ArrayLoader
from gluonfr.loss import get_loss
from gluonfr.nn import get_head
from gluonfr.train import Callback, Checkpoint, Doctor, LogLine, NonFiniteLoss, StopAfter
from gluonfr.utils import IterLRScheduler


@pytest.fixture
def said(caplog):
    """The lines that the doctor has said so far."""
    caplog.set_level(logging.INFO, 'gluonfr')
    return lambda: [record.getMessage() for record in caplog.records if 'doctor' in record.pathname]


def data(x=None, label=None, batch=16):
    points, labels = arrays()
    return ArrayLoader(points if x is None else x, labels if label is None else label, batch, shuffle=True, seed=5)


def test_a_training_that_goes_well_is_left_alone(said):
    plain, watched = train(), train(callbacks=[Doctor(1)])
    assert said() == []
    assert_identical(values(plain), values(watched))
    assert watched.observe is None
    head = get_head('cosine', CLASSES, 3)
    train(head=head, loss=get_loss('cosface', classes=CLASSES, m=0.1, s=10), epochs=10, callbacks=[Doctor(1)])
    assert said() == []


def test_images_from_0_to_255(said):
    x = np.full((90, 6), 255, 'float32')
    x[0] = 0
    train(data=data(x), epochs=1, callbacks=[Doctor()], optimizer_params={'learning_rate': 0.0})
    line, = said()
    assert line.startswith('step 1: the images reach from ') and 'to 255. What usually helps: scale them' in line


def test_labels_from_1(said):
    points, label = arrays(160)
    label = np.where(label == 0, 1, label)
    train(data=data(points, label), epochs=8, callbacks=[Doctor(1)])
    line, = said()
    assert 'no label is 0 among' in line and 'of 4 classes. What usually helps: count labels from 0' in line


def test_a_label_that_is_no_class(said):
    with pytest.raises(ValueError, match='labels must be in'):
        train(data=data(label=arrays()[1] + 1), callbacks=[Doctor()])
    assert 'a label is no class. What usually helps: count labels from 0: subtract 1' in said()[-1]


@pytest.mark.parametrize('scale', [1e-6, 1e6])
def test_embeddings_that_vanish_or_explode(said, scale):
    net = dense_net()
    net.initialize(mx.init.Constant(scale))
    train(net=net, epochs=1, callbacks=[Doctor()], optimizer_params={'learning_rate': 0.0})
    assert any('embeddings have a mean length of' in line for line in said())


def test_no_gradient(said):
    class Flat(gluon.loss.Loss):
        def hybrid_forward(self, F, pred, label):
            return F.sum(pred * 0, axis=1)

    train(loss=Flat(None, 0), epochs=1, callbacks=[Doctor()])
    assert any('the gradient is 0. What usually helps: see what is frozen' in line for line in said())


def test_a_steep_gradient(said):
    x = arrays()[0].copy()
    train(data=data(x), epochs=1, callbacks=[Doctor(1)], loss=gluon.loss.SoftmaxCrossEntropyLoss(weight=1e6),
          optimizer_params={'learning_rate': 1e-9})
    assert any('the gradient has a length of' in line and '--clip' in line for line in said())


def test_ring_loss_far_from_the_embeddings(said):
    loss = get_loss('ringloss', lamda=0.01, r_init=500.0)
    train(loss=loss, epochs=1, callbacks=[Doctor()], optimizer_params={'learning_rate': 0.0})
    line, = [line for line in said() if 'the radius of ring loss is 500, and embeddings have a mean' in line]
    assert "What usually helps: r_init='auto'" in line


def test_a_loss_that_rises(said):
    class Jump(Callback):
        def on_step_end(self, state):
            if state.step == 8:
                for param in state.params.values():
                    param.set_data(param.data() * -20)

    train(callbacks=[Doctor(1), Jump()], optimizer_params={'learning_rate': 0.01})
    assert any('higher than at first. What usually helps: a lower learning rate' in line for line in said())


def test_hits_of_guessing_and_targets_that_do_not_come_nearer(said):
    """Labels that have nothing to do with the images, under a margin that is too large."""
    label = np.random.RandomState(3).randint(0, CLASSES, 400)
    points = np.random.RandomState(4).standard_normal((400, 6)).astype('float32')
    train(data=data(points, label, 40), epochs=30, head=get_head('cosine', CLASSES, 3), callbacks=[Doctor(1)],
          loss=get_loss('cosface', classes=CLASSES, m=0.9, s=64), optimizer_params={'learning_rate': 1e-5})
    assert any('as of guessing one of 4 classes. What usually helps: see that images and labels' in line
               for line in said())
    assert any('the mean cosine of the targets is' in line and 'margin warm-up' in line for line in said())


class Break(Callback):
    """Makes a weight NaN after some step, the first `times` times."""

    def __init__(self, step, times=1):
        self._step, self._times = step, times

    def on_step_end(self, state):
        if state.step == self._step and self._times:
            self._times -= 1
            param = next(iter(state.params.values()))
            param.set_data(nd.full(param.shape, np.nan))


def test_what_is_not_finite_ends_the_training_with_advice(said):
    with pytest.raises(NonFiniteLoss):
        train(callbacks=[Doctor(), Break(4)])
    assert 'the loss or a parameter is NaN or infinite. What usually helps: a lower learning rate' in said()[-1]


@pytest.mark.parametrize('scheduler', [None, IterLRScheduler('cosine', 0.1, 12)])
def test_auto_goes_back_and_on_more_gently(said, tmp_path, scheduler):
    rates = {}

    class Rates(Callback):
        def on_step_end(self, state):
            rates.setdefault(state.step, []).append(state.learning_rate)

    state = train(callbacks=[Doctor(1, auto=True), Checkpoint(str(tmp_path), every_steps=2), Break(5), Rates()],
                  lr_scheduler=scheduler, check_every=1,
                  optimizer_params={'momentum': 0.9, **({} if scheduler else {'learning_rate': 0.1})})
    assert state.step == 12 and state.epoch == 2 and len(state.history) == 2
    assert all(np.isfinite(value).all() for value in values(state).values())
    assert len(rates[5]) == 2 and rates[5][1] == pytest.approx(rates[5][0] / 2) and len(rates[4]) == 1
    assert any('gone back to step 4, and on with 0.5 of the learning rate' in line for line in said())


def test_what_was_queued_is_not_read_after_it_has_gone_back(said, tmp_path):
    """The loss of step 5 is read at step 6, whose own is on its way then."""
    train(callbacks=[Doctor(auto=True), Checkpoint(str(tmp_path), every_steps=3), Break(4)], check_every=1)
    assert sum('gone back to step 3' in line for line in said()) == 1


def test_a_run_that_has_gone_back_is_resumed_as_if_it_had_not_stopped(tmp_path):
    def run(folder, steps, **more):
        return train(callbacks=[Doctor(1, auto='resume' not in more), Checkpoint(str(folder), every_steps=2),
                                Break(5, 'resume' not in more), StopAfter(steps)], check_every=1, **more)

    whole = run(tmp_path / 'whole', 12)
    run(tmp_path / 'parts', 8)
    assert_identical(values(run(tmp_path / 'parts', 12, resume='auto')), values(whole))


def test_it_goes_back_five_times_at_most_and_needs_a_checkpoint(said, tmp_path):
    with pytest.raises(NonFiniteLoss):
        train(callbacks=[Doctor(1, auto=True), Checkpoint(str(tmp_path), every_steps=2), Break(5, 9)], check_every=1)
    assert sum('gone back to step 4' in line for line in said()) == 5
    assert 'and on with 0.03125 of the learning rate' in said()[-2] and 'has been done 5 times' in said()[-1]
    with pytest.raises(NonFiniteLoss):
        train(callbacks=[Doctor(1, auto=True), Break(2)])
    assert said()[-1].endswith('not gone back: there is no checkpoint yet.')


def test_logs_begin_anew_where_it_goes_back(tmp_path, caplog):
    caplog.set_level(logging.INFO, 'gluonfr')
    train(callbacks=[LogLine(1), Doctor(1, auto=True), Checkpoint(str(tmp_path), every_steps=2), Break(5)],
          check_every=1)
    lines = [record.getMessage() for record in caplog.records]
    back = next(i for i, line in enumerate(lines) if 'gone back' in line)
    assert 'resumed at step 4' in lines[back + 1]
