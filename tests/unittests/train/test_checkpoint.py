"""Checkpoints: exact, atomic, refused when damaged or unfit."""
import json
import os
import random
import warnings

import mxnet as mx
import numpy as np
import pytest
import train_cases
from helpers import rows
from mxnet import gluon, nd
from train_cases import (CLASSES, SIZE, PullLoss, assert_close, assert_identical, dense_net, loader, make_head, train,
                         values)

from gluonfr.train import (Callback, Checkpoint, CheckpointError, DamagedCheckpoint, Evaluate, atomic_path,
                           StepCSV, load_weights, save_parameters_atomic)
from gluonfr.train.checkpoint import FORMAT, find_checkpoint, list_checkpoints, read_checkpoint
from gluonfr.utils.files import save_npz
from gluonfr.utils.lr_scheduler import IterLRScheduler

TWO = [mx.cpu(0), mx.cpu(1)]
TIMES = ('seconds', 'images_per_second')


class StopAt(Callback):
    """Ends the run after a step, when all other callbacks have seen it."""
    order = 9

    def __init__(self, step):
        self.step = step

    def on_step_end(self, state):
        if state.step == self.step:
            state.request_stop('test')


def job(folder, stop=None, **kwargs):
    """The run that these tests break off: dropout, running statistics, a loss with a counter and a parameter."""
    callbacks = [Checkpoint(str(folder), every=1, every_steps=kwargs.pop('every_steps', None), keep=9)]
    callbacks += [StopAt(stop)] if stop else []
    settings = dict(net=dense_net(0.3, True), loss=PullLoss(), epochs=3, callbacks=callbacks, clip_gradient=2.0)
    settings.update(kwargs)
    return train(**settings)


def histories(*states):
    return [[{k: v for k, v in row.items() if k not in TIMES} for row in state.history] for state in states]


@pytest.mark.parametrize('stop, ctx', [(1, None), (6, None), (9, None), (17, None), (9, TWO)])
def test_resumed_run_is_bit_identical(tmp_path, stop, ctx):
    unbroken = job(tmp_path / 'a', ctx=ctx)
    job(tmp_path / 'b', stop, ctx=ctx)
    resumed = job(tmp_path / 'b', ctx=ctx, resume='auto')
    assert resumed.step == unbroken.step == 18
    assert_identical(values(unbroken), values(resumed))
    for name, param in unbroken.params.items():
        for context in unbroken.ctx:
            assert (param.data(context) == resumed.params[name].data(context)).asnumpy().all(), name
    assert histories(unbroken)[0] == histories(resumed)[0]


@pytest.mark.parametrize('optimizer, params', [
    ('sgd', {}), ('nag', {'momentum': 0.9}), ('adam', {'wd': 1e-3}), ('nadam', {}), ('rmsprop', {'centered': True}),
    ('ftml', {}), ('lamb', {}), ('lars', {'momentum': 0.9}), ('dcasgd', {}), ('sgld', {})])
def test_every_optimizer_resumes(tmp_path, optimizer, params):
    settings = dict(optimizer=optimizer, optimizer_params=params, epochs=2, clip_gradient=None, net=None)
    settings['lr_scheduler'] = IterLRScheduler('cosine', 0.01, 12, warmup_iters=3, targetlr=1e-4)
    unbroken = job(tmp_path / 'a', **settings)
    job(tmp_path / 'b', 8, **settings)
    assert_identical(values(unbroken), values(job(tmp_path / 'b', resume='auto', **settings)))


def test_a_rate_set_by_a_callback_is_resumed(tmp_path):
    class Halve(Callback):
        def on_epoch_end(self, state):
            state.trainer.set_learning_rate(state.learning_rate / 2)

    def run(folder, stop, **kwargs):
        return job(folder, callbacks=[Halve(), Checkpoint(str(folder)), StopAt(stop)], **kwargs)

    unbroken = run(tmp_path / 'a', 99)
    run(tmp_path / 'b', 8)
    resumed = run(tmp_path / 'b', 99, resume='auto')
    assert_identical(values(unbroken), values(resumed))
    assert [row['lr'] for row in resumed.history] == [0.1, 0.05, 0.025]


@pytest.mark.parametrize('shuffle', [False, True])
def test_loader_without_batches_method(tmp_path, shuffle):
    class Plain:
        """A loader that shuffles with the global generator, as Gluon's DataLoader does."""

        def __iter__(self):
            batches = list(loader(shuffle=False))
            return iter([batches[i] for i in (np.random.permutation(6) if shuffle else range(6))])

    unbroken = job(tmp_path / 'a', data=Plain())
    job(tmp_path / 'b', 9, data=Plain())
    with pytest.warns(UserWarning, match='3 batches are read and dropped'):
        resumed = job(tmp_path / 'b', data=Plain(), resume='auto')
    assert_identical(values(unbroken), values(resumed))


def test_gluon_dataloader_resumes(tmp_path):
    def data():
        x, y = zip(*[(a, b) for batch in loader(shuffle=False) for a, b in zip(*[part.asnumpy() for part in batch])])
        return gluon.data.DataLoader(gluon.data.ArrayDataset(np.stack(x), np.stack(y)), 16, shuffle=True)

    unbroken = job(tmp_path / 'a', data=data())
    job(tmp_path / 'b', 9, data=data())
    with pytest.warns(UserWarning, match='read and dropped'):
        assert_identical(values(unbroken), values(job(tmp_path / 'b', data=data(), resume='auto')))


def test_resume_from_a_file_a_folder_and_nothing(tmp_path):
    unbroken = job(tmp_path / 'a', every_steps=5)
    assert [os.path.basename(path) for path in list_checkpoints(str(tmp_path / 'a'))] == [
        'step-{:08d}.npz'.format(step) for step in (5, 6, 10, 12, 15, 18)]
    again = job(tmp_path / 'b', resume=str(tmp_path / 'a' / 'step-00000010.npz'))
    assert_identical(values(unbroken), values(again))
    done = job(tmp_path / 'c', resume=str(tmp_path / 'a'))
    assert done.step == 18 and histories(done) == histories(unbroken)
    assert_identical(values(unbroken), values(job(tmp_path / 'd', resume='auto')))
    with pytest.raises(FileNotFoundError, match='no checkpoint at .*nine.npz. The folder holds: step-00000005.npz, '):
        job(tmp_path / 'e', resume=str(tmp_path / 'a' / 'nine.npz'))


def test_more_epochs_may_follow(tmp_path):
    job(tmp_path / 'a', epochs=2)
    assert_identical(values(job(tmp_path / 'a', epochs=3, resume='auto')), values(job(tmp_path / 'b', epochs=3)))


def test_keep_best_and_last(tmp_path):
    def evaluated(values_by_epoch):
        class Fixed(Evaluate):
            def _measure(self, state):
                state.metrics['test_accuracy'] = values_by_epoch[state.epoch - 1]
                return values_by_epoch[state.epoch - 1]

        return Fixed([])

    for mode, measured, best in (('max', [.1, .9, .8, .9], 2), ('min', [.9, .2, .1, .3], 3)):
        folder = tmp_path / mode
        state = train(epochs=4, callbacks=[Checkpoint(str(folder), keep=2, monitor='test_accuracy', mode=mode),
                                           evaluated(measured)])
        assert sorted(path.name for path in folder.iterdir()) == [
            'best.npz', 'best.params', 'last.params', 'step-00000018.npz', 'step-00000024.npz']
        assert state.best == {'metric': 'test_accuracy', 'value': measured[best - 1], 'epoch': best, 'step': 6 * best}
        assert read_checkpoint(str(folder / 'best.npz')).header['epoch'] == best
        net = dense_net()
        net.load_parameters(str(folder / 'last.params'))
        assert_identical({'w': net[0].weight.data().asnumpy()}, {'w': values(state)['net/0.weight']})
        net.load_parameters(str(folder / 'best.params'))
        saved = read_checkpoint(str(folder / 'best.npz')).arrays
        assert_identical({'w': net[0].weight.data().asnumpy()}, {'w': saved['net/0.weight']})


def test_a_monitor_that_is_never_measured_is_reported(tmp_path):
    with pytest.warns(UserWarning, match="monitor must be one of epoch, step, loss, .*, got 'val_acc'"):
        train(callbacks=[Checkpoint(str(tmp_path), monitor='val_acc')])


def test_a_folder_of_another_run_is_not_overwritten_unasked(tmp_path):
    job(tmp_path)
    with pytest.raises(ValueError, match=r"no checkpoint beyond step 0, where this run begins, got step-00000018.npz. "
                       r"Pass resume='auto' to go on, another folder, or overwrite=True"):
        job(tmp_path)
    assert len(list_checkpoints(str(tmp_path))) == 3
    job(tmp_path, callbacks=[Checkpoint(str(tmp_path), overwrite=True), StopAt(3)])
    assert [path[-7:] for path in list_checkpoints(str(tmp_path))] == ['003.npz']


def damage(path, how):
    with open(path, 'rb') as file:
        content = bytearray(file.read())
    if how == 'empty':
        content = b''
    elif how == 'truncated':
        content = content[:len(content) // 2]
    elif how == 'altered':
        content[content.index(read_checkpoint(path).arrays['net/0.weight'].tobytes())] ^= 1
    elif how == 'other':
        content = b'not a checkpoint at all'
    with open(path, 'wb') as file:
        file.write(content)


@pytest.mark.parametrize('how', ['empty', 'truncated', 'altered', 'other'])
def test_damaged_checkpoint_is_refused_and_auto_takes_the_one_before(tmp_path, how):
    unbroken = job(tmp_path)
    newest, before = list_checkpoints(str(tmp_path))[-1], list_checkpoints(str(tmp_path))[-2]
    damage(newest, how)
    with pytest.raises(DamagedCheckpoint) as caught:
        job(tmp_path, resume=newest)
    assert newest in str(caught.value) and 'The checkpoint before it is {}'.format(before) in str(caught.value)
    with pytest.warns(UserWarning, match='step-00000018.npz is damaged .* Trying the one before'):
        resumed = job(tmp_path, resume='auto')
    assert_identical(values(unbroken), values(resumed))
    assert os.path.exists(newest + '.damaged')


def test_no_whole_checkpoint_is_an_error_not_a_fresh_start(tmp_path):
    job(tmp_path, 3)
    for path in list_checkpoints(str(tmp_path)):
        damage(path, 'truncated')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        with pytest.raises(DamagedCheckpoint, match='every checkpoint in .* is damaged: step-00000003.npz'):
            find_checkpoint(str(tmp_path))


def test_any_altered_byte_is_found_or_harmless(tmp_path):
    job(tmp_path, 1)
    path = list_checkpoints(str(tmp_path))[0]
    whole = read_checkpoint(path)
    with open(path, 'rb') as file:
        content = file.read()
    damaged = 0
    for position in random.sample(range(len(content)), 150):
        altered = bytearray(content)
        altered[position] ^= random.randint(1, 255)
        with open(path, 'wb') as file:
            file.write(altered)
        try:
            found = read_checkpoint(path)
        except DamagedCheckpoint:
            damaged += 1
            continue
        assert found.header == whole.header
        assert_identical(found.arrays, whole.arrays)
    assert damaged > 50


@pytest.mark.parametrize('change, text', [
    (dict(net=gluon.nn.Dense(SIZE)), 'net/weight is missing; .*net/0.weight is not in the model'),
    (dict(head=gluon.nn.Dense(CLASSES + 1, in_units=SIZE)), r'head/weight is \(4, 3\) and the model has \(5, 3\)'),
    (dict(loss=gluon.loss.SoftmaxCrossEntropyLoss()), 'loss/center is not in the model'),
    (dict(optimizer='adam', optimizer_params=None), 'whose optimizer was SGD, got Adam. Resume with the same'),
    (dict(seed=4), 'whose seed was 3, got 4'),
    (dict(data=loader(15, shuffle=False)), None),
    (dict(data=loader(30)), 'whose train_data batches per epoch was 6, got 3')])
def test_a_checkpoint_that_does_not_fit_says_what_differs(tmp_path, change, text):
    job(tmp_path, 3)
    if text is None:  # the same number of batches: nothing to tell them apart by
        job(tmp_path, resume='auto', **change)
        return
    with pytest.raises(CheckpointError, match=text):
        job(tmp_path, resume='auto', **change)


def test_another_number_of_contexts_is_reported(tmp_path):
    job(tmp_path, 3, ctx=TWO)
    with pytest.warns(UserWarning, match='by a run on 2 contexts and continues on 1: running statistics are averaged'):
        state = job(tmp_path, resume='auto')
    assert state.step == 18
    saved = read_checkpoint(list_checkpoints(str(tmp_path))[0]).arrays['net/1.running_mean']
    assert saved.shape == (2, 8) and (saved[0] != saved[1]).any()


def test_load_weights_for_fine_tuning(tmp_path):
    trained = job(tmp_path)
    net, head = dense_net(0.3, True), make_head()
    net.initialize()  # its shapes are not known yet
    head.initialize(ctx=TWO)
    header = load_weights(list_checkpoints(str(tmp_path))[-1], net=net, head=head)
    assert header['epoch'] == 3
    net(nd.ones((2, 6)))
    for name, param in net._collect_params_with_prefix().items():
        assert (param.data().asnumpy() == values(trained)['net/' + name]).all(), name
    assert (head.weight.data(TWO[1]).asnumpy() == values(trained)['head/weight']).all()
    with pytest.raises(CheckpointError, match='net/weight is missing'):
        load_weights(list_checkpoints(str(tmp_path))[-1], net=gluon.nn.Dense(2))


def test_load_weights_leaves_out_a_class_layer_and_nothing_else(tmp_path):
    path, block = str(tmp_path / 'a.npz'), gluon.nn.Dense(2, in_units=1)
    block.initialize()
    header = {'format': FORMAT, 'per_context': []}

    def save(*extra):
        arrays = {'net/weight': np.ones((2, 1)), 'net/bias': np.ones(2), **{name: np.ones(1) for name in extra}}
        text = json.dumps({**header, 'arrays': sorted(arrays)}).encode()
        save_npz(path, {**arrays, 'header': np.frombuffer(text, np.uint8)})

    save('net/output.weight', 'head/weight')
    load_weights(path, net=block)
    assert (block.weight.data().asnumpy() == 1).all()
    save('net/outputs.weight')
    with pytest.raises(CheckpointError, match='net/outputs.weight is not in the model'):
        load_weights(path, net=block)


def test_atomic_path_keeps_the_old_content_when_writing_fails(tmp_path):
    path = tmp_path / 'file'
    path.write_text('old')
    with pytest.raises(KeyError), atomic_path(str(path)) as temporary:
        with open(temporary, 'w') as file:
            file.write('half of the n')
        raise KeyError
    assert path.read_text() == 'old' and len(list(tmp_path.iterdir())) == 1
    with atomic_path(str(path)) as temporary:
        with open(temporary, 'w') as file:
            file.write('new')
        assert path.read_text() == 'old'
    assert path.read_text() == 'new' and len(list(tmp_path.iterdir())) == 1


def test_save_parameters_atomic_writes_what_gluon_reads(tmp_path):
    net = make_head()
    net.initialize()
    save_parameters_atomic(net, str(tmp_path / 'new' / 'head.params'))
    other = make_head()
    other.load_parameters(str(tmp_path / 'new' / 'head.params'))
    assert (other.weight.data() == net.weight.data()).asnumpy().all()


def test_left_over_temporary_files_are_removed(tmp_path):
    for name in ('.step-00000003.npz.123.tmp', '.best.npz.9.tmp', '.bashrc.tmp'):
        (tmp_path / name).write_text('half')
    job(tmp_path, 1)
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith('.tmp')] == ['.bashrc.tmp']


def test_a_checkpoint_of_an_earlier_version_goes_on(tmp_path):
    """It was written before gluonfr.train was divided into its present files, after step 7 of this job."""
    path = os.path.join(os.path.dirname(train_cases.__file__), 'old_run', 'step-00000007.npz')
    resumed, whole = (train(dense_net(0.3, True), PullLoss(), epochs=3, resume=begin,
                            callbacks=[StepCSV(str(tmp_path / name), 4)])
                      for begin, name in ((path, 'resumed.csv'), (None, 'whole.csv')))
    assert_close(values(resumed), values(whole), 1e-5)  # the file comes from another processor
    assert [row['step'] for row in resumed.history] == [row['step'] for row in whole.history] == [6, 12, 18]
    for a, b in zip(resumed.history, whole.history):
        assert a['loss'] == pytest.approx(b['loss'], rel=1e-5) and a['accuracy'] == b['accuracy']
    again, before = ([float(row['loss']) for row in rows(tmp_path / name)] for name in ('resumed.csv', 'whole.csv'))
    assert again == pytest.approx(before[1:], rel=1e-4), 'the means go on within their interval'

    net, head = dense_net(0.3, True), make_head()
    net.initialize()
    head.initialize()
    assert load_weights(path, net=net, head=head)['step'] == 7
