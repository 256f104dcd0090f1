"""Several batches to one update."""
import json

import mxnet as mx
import numpy as np
import pytest
from mxnet import gluon, nd
from train_cases import (CLASSES, FEATURES, SIZE, PullLoss, arrays, assert_close, assert_identical, dense_net, loader,
                         train, values)

from gluonfr.nn import PartialFC
from gluonfr.train import Callback, Checkpoint, CheckpointError, Doctor, StepCSV, StopAfter
from gluonfr.utils.lr_scheduler import IterLRScheduler

TWO = [mx.cpu(0), mx.cpu(1)]


def whole(**kwargs):
    """Batches of 32, 32 and 26: what groups of two batches of 16 are, the last of 16 and 10."""
    return train(data=loader(32, shuffle=False), **kwargs)


def parts(**kwargs):
    return train(data=loader(16, shuffle=False), accumulate=2, **kwargs)


@pytest.mark.parametrize('ctx', [None, TWO], ids=['one', 'two'])
@pytest.mark.parametrize('kwargs', [
    {}, dict(hybridize=False), dict(clip_gradient=0.5), dict(loss_scale=64, clip_gradient=0.5),
    dict(optimizer='adam', optimizer_params={'learning_rate': 0.01}),
    dict(lr_scheduler=IterLRScheduler('cosine', 0.1, 6, warmup_iters=2), optimizer_params={'momentum': 0.9})],
    ids=['plain', 'imperative', 'clipped', 'scaled', 'adam', 'schedule'])
def test_the_update_is_that_of_the_batches_in_one(kwargs, ctx):
    one, two = whole(ctx=ctx, **kwargs), parts(ctx=ctx, **kwargs)
    assert one.step == two.step == two.trainer.optimizer.num_update == 6 and two.steps_per_epoch == 3
    assert_close(values(one), values(two), 2e-6)
    for a, b in zip(one.history, two.history):
        assert a['loss'] == pytest.approx(b['loss'], rel=1e-6)
        assert (a['step'], a['accuracy'], a['lr']) == (b['step'], b['accuracy'], b['lr'])


def test_clipping_is_of_the_mean_of_all():
    """Clipped batch by batch the update would be another one."""
    free, clipped = parts(epochs=1), parts(epochs=1, clip_gradient=0.5)
    assert max(np.abs(a - b).max() for a, b in zip(values(free).values(), values(clipped).values())) > 1e-3


@pytest.mark.parametrize('each, steps', [(1, 6), (4, 2), (6, 1), (9, 1)])
def test_an_epoch_ends_with_what_is_left(each, steps):
    state = train(accumulate=each, epochs=2)
    assert (state.steps_per_epoch, state.step) == (steps, 2 * steps)
    assert [row['step'] for row in state.history] == [steps, 2 * steps]


def test_the_last_group_is_the_mean_of_its_own_samples():
    x, label = arrays()
    data = [(nd.array(x[a:b]), nd.array(label[a:b])) for a, b in ((0, 30), (30, 60), (60, 64), (64, 90))]
    joined = [tuple(nd.concat(*arrays, dim=0) for arrays in zip(*group)) for group in (data[:3], data[3:])]
    assert_close(values(train(data=data, accumulate=3)), values(train(data=joined)), 2e-6)


def test_a_batch_that_fills_one_context_only():
    x, label = arrays()
    data = [(nd.array(x[:1]), nd.array(label[:1])), (nd.array(x[1:8]), nd.array(label[1:8]))]
    joined = [(nd.array(x[:8]), nd.array(label[:8]))]
    for both in (data, data[::-1]):
        assert_close(values(train(data=both, accumulate=2, ctx=TWO)), values(train(data=joined)), 2e-6)


class Counts(gluon.loss.Loss):
    """A sparse gradient and none besides."""
    inputs = ('label',)

    def __init__(self):
        super().__init__(None, 0)
        with self.name_scope():
            self.table = self.params.get('table', shape=(9, 2), init='zeros', grad_stype='row_sparse')

    def hybrid_forward(self, F, label, table):
        rows = F.Embedding(label, table, input_dim=9, output_dim=2, sparse_grad=True)
        return F.sum(rows, axis=1)


def test_gradients_of_single_rows():
    net = gluon.nn.Dense(SIZE, in_units=FEATURES)
    net.initialize()
    net.collect_params().setattr('grad_req', 'null')
    x, label = np.zeros((6, FEATURES)), np.array([0, 1, 1, 1, 2, 2])
    data = [(x[a:a + 2], label[a:a + 2]) for a in (0, 2, 4)]
    state = train(net, Counts(), data, head=None, accumulate=3, epochs=1, optimizer_params={'learning_rate': 6.})
    np.testing.assert_allclose(values(state)['loss/table'][:, 0], [-1, -3, -2, 0, 0, 0, 0, 0, 0])


@pytest.mark.parametrize('ctx', [None, TWO], ids=['one', 'two'])
@pytest.mark.parametrize('stop', [1, 3, 4])
def test_a_resumed_run_is_bit_identical(tmp_path, stop, ctx):
    def job(folder, **kwargs):
        callbacks = [Checkpoint(str(folder), every_steps=1, keep=9), StepCSV(str(folder / 'steps.csv'), 2)]
        if kwargs.get('resume') is None and folder.name == 'b':
            callbacks.append(StopAfter(stop))
        return train(dense_net(0.3, True), PullLoss(), accumulate=2, epochs=3, clip_gradient=2., ctx=ctx,
                     callbacks=callbacks, **kwargs)

    unbroken = job(tmp_path / 'a')
    assert job(tmp_path / 'b').step == stop
    resumed = job(tmp_path / 'b', resume='auto')
    assert resumed.step == unbroken.step == 9
    assert_identical(values(unbroken), values(resumed))


@pytest.mark.filterwarnings('ignore:fit. the loader has no batches')
def test_a_loader_without_batches_resumes(tmp_path):
    data = list(loader(16, shuffle=False))
    jobs = dict(data=data, net=dense_net(0.3), accumulate=4, epochs=2)
    unbroken = train(**jobs)
    for stop, resume in ((StopAfter(1), None), (StopAfter(9), 'auto')):
        state = train(**dict(jobs, net=dense_net(0.3)), resume=resume,
                      callbacks=[Checkpoint(str(tmp_path), every_steps=1), stop])
    assert_identical(values(unbroken), values(state))


def test_another_number_of_batches_within_an_epoch_is_refused(tmp_path):
    train(accumulate=2, callbacks=[Checkpoint(str(tmp_path)), StopAfter(4)])
    with pytest.raises(CheckpointError, match='was written by a run whose accumulate was 2, got 3'):
        train(accumulate=3, resume=str(tmp_path), epochs=4)


def test_a_checkpoint_of_an_earlier_version_had_one_batch_a_step(tmp_path):
    from gluonfr.train.checkpoint import read_checkpoint
    from gluonfr.utils.files import save_npz
    train(callbacks=[Checkpoint(str(tmp_path)), StopAfter(4)])
    path = str(tmp_path / 'step-00000004.npz')
    found = read_checkpoint(path)
    del found.header['accumulate']
    text = np.frombuffer(json.dumps(found.header).encode(), np.uint8)
    save_npz(path, {**found.arrays, 'header': text})
    assert train(resume=path).step == 12
    with pytest.raises(CheckpointError, match='accumulate was 1, got 2'):
        train(resume=path, accumulate=2)


def test_the_batch_of_a_wrong_label_is_named():
    batches = [(x, y.astype('float32')) for x, y in loader(shuffle=False)]
    batches[3][1][0] = CLASSES
    with pytest.raises(ValueError, match=r'labels must be in \[0, 4\), got 0.0 to 4.0 in batch 4 of epoch 1'):
        train(data=batches, accumulate=2)


def test_the_doctor_sees_the_gradient_of_all():
    seen = []

    class Look(Doctor):
        def _observe(self, state, x, output, size):
            seen.append((len(x), size, state.params['head/bias'].grad().asnumpy() / size))
            super()._observe(state, x, output, size)

    parts(epochs=1, callbacks=[Look(1)], loss_scale=2)
    one = []

    class LookAtOne(Callback):
        def on_train_begin(self, state):
            state.observe = lambda x, output, size: one.append(state.params['head/bias'].grad().asnumpy() / size)

    whole(epochs=1, callbacks=[LookAtOne()])
    assert [row[:2] for row in seen] == [(16, 64), (16, 64), (10, 52)]
    for (_, _, gradient), expected in zip(seen, one):
        np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize('each', [0, 1.5])
def test_bad_numbers_are_refused(each):
    with pytest.raises(ValueError, match='fit: accumulate must be'):
        train(accumulate=each)


def test_a_head_that_samples_its_classes_is_refused():
    with pytest.raises(ValueError, match='fit: accumulate must be 1 with PartialFC, which samples .* got 2'):
        train(head=PartialFC(CLASSES, SIZE), accumulate=2)
