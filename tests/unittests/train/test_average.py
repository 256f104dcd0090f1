"""Averages of the weights over the updates."""
import mxnet as mx
import numpy as np
import pytest
from mxnet import nd
from train_cases import (KeepWeights, PullLoss, assert_identical, assert_same, copies, decayed_mean, dense_net, loader,
                         make_head, train, values)

from gluonfr.train import (Callback, Checkpoint, CheckpointError, Doctor, Evaluate, PlotEmbeddings, StopAfter,
                           accuracy, load_weights)

TWO = [mx.cpu(0), mx.cpu(1)]
DECAY = 0.7


@pytest.mark.parametrize('ctx', [None, TWO], ids=['one', 'two'])
@pytest.mark.parametrize('hybridize', [False, True])
def test_the_average_is_the_weighted_mean_of_the_weights_after_each_update(ctx, hybridize):
    keep = KeepWeights()
    state = train(dense_net(batch_norm=True), PullLoss(), ema=DECAY, ctx=ctx, hybridize=hybridize, callbacks=[keep])
    for steps, average in enumerate(keep.averages, 1):
        for name, arrays in decayed_mean(keep.rows[:steps], DECAY).items():
            for i, expected in enumerate(arrays):
                if name == 'loss/count':
                    expected = keep.rows[steps - 1][name][i]  # a counter is no weight
                np.testing.assert_allclose(average[name][i], expected, rtol=2e-5, atol=1e-7, err_msg=name)
    assert np.abs(keep.rows[-1]['net/0.weight'][0] - keep.averages[-1]['net/0.weight'][0]).max() > 1e-3
    assert np.abs(keep.rows[-1]['net/1.running_mean'][0] - keep.averages[-1]['net/1.running_mean'][0]).max() > 1e-5
    assert_same(copies(state), keep.averages[-1])


def test_training_goes_on_with_the_weights_themselves():
    keep, plain = KeepWeights(), KeepWeights()
    train(ema=DECAY, callbacks=[keep, Evaluate(loader(), every_steps=1)])
    train(callbacks=[plain])
    for a, b in zip(keep.rows, plain.rows):
        assert_same(a, b)


def test_frozen_parameters_stay_to_the_bit():
    net = dense_net(batch_norm=True)
    net.initialize()
    net(nd.zeros((1, 6)))
    net[0].weight.grad_req = 'null'
    before = net[0].weight.data().asnumpy()
    assert train(net, ema=0.9).net is net
    assert net[0].weight.data().asnumpy().tobytes() == before.tobytes()


def test_no_update_leaves_the_weights():
    assert_identical(values(train(epochs=0, ema=0.9)), values(train(epochs=0)))


def test_what_measures_sees_the_average(tmp_path, monkeypatch):
    seen, keep = [], KeepWeights()
    monkeypatch.setattr('gluonfr.viz.plot_embeddings', lambda embeddings, *args, **kwargs: seen.append(embeddings))
    state = train(ema=DECAY, epochs=3, callbacks=[
        keep, Evaluate(loader(shuffle=False)), PlotEmbeddings(str(tmp_path), loader(shuffle=False)),
        Checkpoint(str(tmp_path), monitor='test_accuracy')])
    assert state.history[-1]['test_accuracy'] == accuracy(state.net, loader(shuffle=False), head=state.head)
    x = nd.concat(*[x for x, _ in loader(shuffle=False)], dim=0)
    np.testing.assert_allclose(seen[-1], state.net(x).asnumpy(), rtol=1e-6)
    last = nd.load(str(tmp_path / 'last.params'))
    np.testing.assert_array_equal(last['0.weight'].asnumpy(), keep.averages[-1]['net/0.weight'][0])
    best = nd.load(str(tmp_path / 'best.params'))
    np.testing.assert_array_equal(best['0.weight'].asnumpy(),
                                  keep.averages[state.best['step'] - 1]['net/0.weight'][0])
    net = dense_net()
    net.initialize()
    net(x)
    load_weights(str(tmp_path / 'step-00000018.npz'), net=net)
    np.testing.assert_array_equal(net[0].weight.data().asnumpy(), keep.averages[-1]['net/0.weight'][0])


@pytest.mark.parametrize('ctx', [None, TWO], ids=['one', 'two'])
@pytest.mark.parametrize('stop', [1, 6, 9])
def test_a_resumed_run_is_bit_identical(tmp_path, stop, ctx):
    def job(folder, *more, **kwargs):
        callbacks = [Checkpoint(str(folder), every_steps=1, keep=99), Evaluate(loader(shuffle=False)), *more]
        return train(dense_net(0.3, True), PullLoss(), ema=0.9, ctx=ctx, callbacks=callbacks, **kwargs)

    unbroken, broken = job(tmp_path / 'a'), job(tmp_path / 'b', StopAfter(stop))
    assert broken.step == stop
    resumed = job(tmp_path / 'b', resume='auto')
    assert_same(copies(unbroken), copies(resumed))
    assert unbroken.history[-1]['test_accuracy'] == resumed.history[-1]['test_accuracy']


def test_a_run_with_another_average_is_not_gone_on_with(tmp_path):
    train(callbacks=[Checkpoint(str(tmp_path / 'without'))])
    train(ema=0.9, callbacks=[Checkpoint(str(tmp_path / 'with'))])
    for folder, ema, text in (('without', 0.9, 'ema was None, got 0.9'), ('with', None, 'ema was 0.9, got None'),
                              ('with', 0.5, 'ema was 0.9, got 0.5')):
        with pytest.raises(CheckpointError, match=text):
            train(ema=ema, epochs=3, resume=str(tmp_path / folder))


def test_the_doctor_goes_back_with_the_average(tmp_path):
    """Where weights became NaN, so did the average, and the checkpoint has both."""
    class Break(Callback):
        done = False

        def on_step_end(self, state):
            if state.step == 8 and not self.done:
                self.done = True
                state.params['net/0.weight'].set_data(nd.full(state.params['net/0.weight'].shape, np.nan))

    state = train(ema=0.9, check_every=1, callbacks=[Checkpoint(str(tmp_path)), Doctor(1, auto=True), Break()])
    assert state.step == 12 and state.average.updates == 12
    assert all(np.isfinite(value).all() for value in values(state).values())


def test_no_wait_for_the_device(monkeypatch):
    """Of training without evaluations: an average asks for nothing that a plain run does not."""
    counts, seen = [], []
    monkeypatch.setattr('gluonfr.train.average.Average.keep', lambda average: None)  # at the end of the training
    for name in ('asnumpy', 'wait_to_read'):
        plain = getattr(nd.NDArray, name)
        monkeypatch.setattr(nd.NDArray, name, lambda self, plain=plain: seen.append(self.shape) or plain(self))
    waitall = nd.waitall
    monkeypatch.setattr(nd, 'waitall', lambda: seen.append('all') or waitall())
    for ema in (None, 0.9):
        train(dense_net(batch_norm=True), head=make_head(), ema=ema)
        counts.append(list(seen))
        seen.clear()
    assert counts[0] == counts[1] and counts[0]


@pytest.mark.parametrize('ema', [0, 1, -0.5, float('nan')])
def test_decays_out_of_range_are_refused(ema):
    with pytest.raises(ValueError, match=r'fit: ema must be in \(0, 1\), got'):
        train(ema=ema)
