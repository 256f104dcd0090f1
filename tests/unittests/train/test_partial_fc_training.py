"""Training with the class layer that samples: as the dense one, in pieces, and exact when it is resumed."""
import tracemalloc

import loss_cases as lc
import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, gluon, nd
from test_half import product_net
from train_cases import assert_close, assert_identical, loader, train, values

from gluonfr.compat import bfloat16_problem
from gluonfr.data.loading import ArrayLoader
from gluonfr.loss import fill_arguments, get_loss
from gluonfr.nn import NormDense, PartialFC, row_table
from gluonfr.train import Callback, Checkpoint, CheckpointError, DamagedCheckpoint, NonFiniteLoss, load_weights
from gluonfr.train.step import forward
from gluonfr.utils import arrays_file

CLASSES, SIZE, FEATURES, BATCH = 40, 8, 12, 16
RULE = {'learning_rate': 0.1, 'momentum': 0.9, 'wd': 1e-3}


def cosine_losses():
    """(name, arguments) of the losses that score cosines of a class layer and keep nothing for each class."""
    here = {'classes': CLASSES, 'num_classes': CLASSES, 'embedding_size': SIZE, 'counts': [3] * CLASSES}
    for case in {case.name: case for case in reversed(lc.CASES)}.values():
        arguments = {name: here.get(name, value) for name, value in case.args.items()}
        loss = get_loss(case.name, **arguments)
        if (loss.head or '').partition(':')[0] in ('cosine', 'subcenter') and not loss.keeps_classes:
            yield case.name, arguments


COSINE = sorted(cosine_losses())


def make_loss(name='arcface', **arguments):
    return get_loss(name, **fill_arguments(name, arguments, classes=CLASSES, embedding_size=SIZE))


def data(batch_size=BATCH, samples=160):
    random = np.random.RandomState(0)
    label = random.randint(0, CLASSES, samples)
    x = random.randn(samples, FEATURES) + 3 * random.randn(CLASSES, FEATURES)[label]
    return ArrayLoader(x.astype('float32'), label, batch_size, shuffle=True, seed=2)


def make_net():
    net = gluon.nn.HybridSequential(prefix='net_')
    with net.name_scope():
        net.add(gluon.nn.Dense(16, activation='tanh'), gluon.nn.Dropout(0.1), gluon.nn.Dense(SIZE))
    return net


def partial(**arguments):
    return PartialFC(CLASSES, SIZE, **{'num_sample': 18, 'sigma': 0.3, **arguments})


def dense_as(head):
    """The dense layer that begins with the same centres."""
    head.table.seed = 3
    dense = NormDense(CLASSES, True, True, in_units=SIZE, prefix='head_')
    dense.initialize(mx.init.Constant(nd.array(centres(head))))
    return dense


def centres(head):
    return np.concatenate([weight for weight, _ in head.table.pieces])


def job(head, loss=None, **arguments):
    settings = dict(net=make_net(), data=data(), optimizer_params=RULE, clip_gradient=1.0)
    return train(loss=loss or make_loss(s=16), head=head, **{**settings, **arguments})


class StopAt(Callback):
    order = 9

    def __init__(self, step):
        self.step = step

    def on_step_end(self, state):
        if state.step == self.step:
            state.request_stop('test')


# --- as the dense layer ----------------------------------------------------------------------------------------------

def test_there_are_losses_of_cosines():
    assert {'arcface', 'cosloss', 'combined', 'normsoftmax', 'liarcface', 'svxsoftmax', 'magface'} <= set(dict(COSINE))


@pytest.mark.parametrize('name, arguments, hybridize', [(*one, True) for one in COSINE] + [(*COSINE[0], False)],
                         ids=[*dict(COSINE), 'imperative'])
def test_a_sample_of_all_classes_is_the_dense_layer_for_20_steps(name, arguments, hybridize):
    head = partial(num_sample=CLASSES)
    dense, settings = dense_as(head), dict(epochs=2, hybridize=hybridize)
    before = centres(head).copy()
    sampled = job(head, get_loss(name, **arguments), **settings)
    full = job(dense, get_loss(name, **arguments), **settings)
    want = values(full)
    weight = want.pop('head/weight')
    assert full.step == 20 and np.abs(weight - before).max() > 0.05
    np.testing.assert_allclose(centres(head), weight, rtol=1e-4, atol=2e-5)
    assert_close(values(sampled), want, 1e-4)
    for one, other in zip(sampled.history, full.history):
        assert one['loss'] == pytest.approx(other['loss'], rel=1e-4) and one['accuracy'] == other['accuracy']


@pytest.mark.parametrize('clip', [None, 0.05, 1e9])
def test_the_bound_of_the_gradient_counts_the_centres(clip):
    head = partial(num_sample=CLASSES)
    dense = dense_as(head)
    sampled, full = job(head, epochs=1, clip_gradient=clip), job(dense, epochs=1, clip_gradient=clip)
    np.testing.assert_allclose(centres(head), values(full)['head/weight'], rtol=1e-5, atol=1e-6)
    assert_close(values(sampled), {name: value for name, value in values(full).items() if name != 'head/weight'})


def test_weight_decay_acts_on_a_centre_when_it_is_sampled():
    """Without a gradient a sampled centre shrinks by (1 - lr wd), and the others stay as they are."""
    head = partial()
    before, x = centres(head).copy(), nd.random.normal(shape=(4, SIZE))
    with autograd.record():
        pred, place = head(x, nd.array([1, 1, 5, 6], dtype='int32'))
        total = 0 * pred.sum()
    total.backward()
    head.update(mx.optimizer.SGD(learning_rate=0.5, wd=0.1), 0.25)
    want = before.copy()
    want[head.sampled] *= 0.95
    np.testing.assert_allclose(centres(head), want, rtol=1e-6)
    assert len(head.sampled) == 18 and place.shape == (4,)


@pytest.mark.parametrize('name, arguments', COSINE, ids=dict(COSINE))
def test_every_loss_of_cosines_takes_the_sampled_scores(name, arguments):
    """As one made for so many classes, also where their number changes and where the loss is hybridized."""
    loss, head, net = get_loss(name, **arguments), partial(num_sample=6), gluon.nn.Dense(SIZE)
    for block in (loss, net):
        block.initialize()
    loss.hybridize()
    for count in (4, 10, 3):  # classes in the batch; 10 are more than the budget
        x, label = nd.random.normal(shape=(12, FEATURES)), nd.array(np.arange(12) % count * 3, dtype='int32')
        with autograd.predict_mode():
            output = forward(net, head, loss, x, label)
            fresh = get_loss(name, **dict(arguments, classes=output.pred.shape[1]))
            fresh.initialize()
            for there, here in zip(fresh.collect_params().values(), loss.collect_params().values()):
                there.set_data(here.data())  # some start values follow the number of classes
            named = {'pred': output.pred, 'label': output.label, 'embedding': output.embedding}
            want = fresh(*[named[one] for one in fresh.inputs])
        assert output.pred.shape == (12, max(6, count))
        np.testing.assert_allclose(output.loss.asnumpy(), want.asnumpy(), rtol=1e-5)


def test_a_sum_and_a_wrapped_loss_take_the_sampled_scores():
    for name in ('arcface+ringloss:lamda=0.01', 'focal'):
        arguments = {'loss': make_loss()} if name == 'focal' else {}
        loss = get_loss(name, **fill_arguments(name, arguments, classes=CLASSES, embedding_size=SIZE))
        if loss.head != 'cosine':
            continue
        state = job(partial(), loss, epochs=1)
        assert np.isfinite(state.history[-1]['loss'])


def test_a_loss_that_keeps_classes_is_refused():
    with pytest.raises(ValueError, match='^fit: LGMLoss keeps something for each class|^fit: SumLoss keeps something'):
        job(partial(), make_loss('arcface+centerloss', lamda=0.1, with_softmax=False), epochs=1)


def test_it_learns():
    state = job(partial(), epochs=15, clip_gradient=None)
    head = state.head
    x, label = (np.concatenate([batch[i].asnumpy() for batch in data()]) for i in (0, 1))
    guesses = head(state.net(nd.array(x))).asnumpy().argmax(axis=1)
    assert state.history[-1]['accuracy'] > 0.9 and (guesses == label).mean() > 0.9


# --- seeds, batches, precisions --------------------------------------------------------------------------------------

def apart(head):
    return {name: array.copy() for name, array in head.arrays().items()}


def test_seeds_decide():
    heads = [partial() for _ in range(3)]
    states = [job(head, seed=seed) for head, seed in zip(heads, (3, 3, 4))]
    assert_identical(apart(heads[0]), apart(heads[1]))
    assert_identical(values(states[0]), values(states[1]))
    assert (centres(heads[0]) != centres(heads[2])).any()
    fixed = [partial(seed=8) for _ in range(2)]
    for head, seed in zip(fixed, (3, 4)):
        job(head, seed=seed, epochs=0)
    assert (centres(fixed[0]) == centres(fixed[1])).all()


@pytest.mark.parametrize('batch_size', [7, 64, 160])
def test_any_batch_size(batch_size):
    """Of 64 and 160 images, the batches have more classes than are sampled; the last ones are smaller."""
    state = job(partial(), data=data(batch_size), epochs=1)
    assert np.isfinite(state.history[-1]['loss'])


def test_a_network_in_float16():
    """Embeddings in float16, centres in float32, gradients divided by the scale of the loss."""
    head = PartialFC(4, 3, num_sample=3, sigma=0.3)
    loss = get_loss('normsoftmax', classes=4, s=8)
    state = train(product_net(), loss, loader(), head=head, epochs=6)
    assert state.history[-1]['accuracy'] > 0.7 and head.arrays()['weight-0'].dtype == np.float32
    assert head.arrays()['steps'][0] == state.step


@pytest.mark.skipif(bfloat16_problem() is not None, reason='no kernels for bfloat16 on this processor')
def test_a_network_in_bfloat16():
    heads = [partial() for _ in range(2)]
    runs = [job(head, epochs=4, precision=precision) for head, precision in zip(heads, ('float32', 'bfloat16'))]
    assert runs[0].history[-1]['loss'] == pytest.approx(runs[1].history[-1]['loss'], rel=0.05)
    assert (centres(heads[0]) != centres(heads[1])).any()


@pytest.mark.parametrize('arguments, message', [
    (dict(optimizer='adam', optimizer_params={}), "PartialFC: optimizer must be 'sgd', .* got 'adam'"),
    (dict(ctx=[mx.cpu(0), mx.cpu(1)]), r'PartialFC: ctx must be one context, got \[cpu\(0\), cpu\(1\)\]')])
def test_what_it_does_not_go_with(arguments, message):
    with pytest.raises(ValueError, match=message):
        job(partial(), **arguments)


# --- checkpoints -----------------------------------------------------------------------------------------------------

def kept(folder, head, stop=None, **arguments):
    callbacks = [Checkpoint(str(folder), every_steps=4, keep=9)] + ([StopAt(stop)] if stop else [])
    return job(head, callbacks=callbacks, epochs=3, **arguments)


@pytest.mark.parametrize('stop', [1, 10, 13])
@pytest.mark.parametrize('pieces', [None, 9 * SIZE])
def test_a_resumed_run_is_bit_identical(tmp_path, monkeypatch, stop, pieces):
    if pieces:
        monkeypatch.setattr(row_table, 'PIECE', pieces)
    heads = [partial(filter_negatives=0.6) for _ in range(3)]
    unbroken = kept(tmp_path / 'a', heads[0])
    kept(tmp_path / 'b', heads[1], stop)
    resumed = kept(tmp_path / 'b', heads[2], resume='auto')
    assert resumed.step == unbroken.step == 30 and len(heads[0].table.pieces) == (5 if pieces else 1)
    assert_identical(values(unbroken), values(resumed))
    assert_identical(apart(heads[0]), apart(heads[2]))
    assert [row['loss'] for row in unbroken.history] == [row['loss'] for row in resumed.history]


@pytest.mark.parametrize('other, message', [
    (lambda: partial(num_sample=17), r'does not fit the model: num_sample of head was 18 and is 17\.'),
    (lambda: partial(seed=9), r'does not fit the model: seed of head was 3 and is 9\.'),
    (lambda: partial(filter_negatives=0.5), r'filter_negatives of head was None and is 0\.5\.'),
    (lambda: PartialFC(CLASSES + 1, SIZE, num_sample=18), r'classes of head was 40 and is 41'),
    (lambda: NormDense(CLASSES, True, True, in_units=SIZE), 'the table of head is not in the model')])
def test_another_head_cannot_go_on(tmp_path, other, message):
    kept(tmp_path, partial(), 10)
    with pytest.raises(CheckpointError, match=message):
        kept(tmp_path, other(), resume='auto')


def test_the_checkpoint_of_a_dense_layer_does_not_fit(tmp_path):
    kept(tmp_path, NormDense(CLASSES, True, True, in_units=SIZE), 10)
    with pytest.raises(CheckpointError, match='does not fit the model: the table of head is missing'):
        kept(tmp_path, partial(), resume='auto')


def test_another_split_of_the_table_is_told(tmp_path, monkeypatch):
    kept(tmp_path, partial(), 10)
    monkeypatch.setattr(row_table, 'PIECE', 80)
    with pytest.raises(CheckpointError, match='rows of an array of head was 33554432 and is 10'):
        kept(tmp_path, partial(), resume='auto')


def newest(folder):
    return str(sorted(folder.glob('step-*.npz'))[-1])


def test_a_damaged_table_is_found_and_the_one_before_is_taken(tmp_path):
    unbroken = [partial(), partial()]
    kept(tmp_path / 'a', unbroken[0])
    kept(tmp_path / 'b', unbroken[1], 10)
    path = newest(tmp_path / 'b')
    content = bytearray(open(path, 'rb').read())
    place = content.find(unbroken[1].arrays()['momentum-0'].tobytes()[:64])
    assert place > 0
    content[place + 5] ^= 1
    open(path, 'wb').write(content)
    with pytest.raises(DamagedCheckpoint, match='momentum-0'):
        kept(tmp_path / 'c', partial(), resume=path)
    resumed = partial()
    with pytest.warns(UserWarning, match='is damaged'):
        kept(tmp_path / 'b', resumed, resume='auto')
    assert_identical(apart(unbroken[0]), apart(resumed))


def test_a_table_that_is_not_finite_is_never_written(tmp_path):
    class Spoil(Callback):
        def on_step_end(self, state):
            if state.step == 6:
                state.head.table.pieces[0][0][39, 7] = np.inf

    head = partial(num_sample=2)
    with pytest.raises(NonFiniteLoss, match='not finite'):
        job(head, callbacks=[Spoil(), Checkpoint(str(tmp_path), every_steps=1, keep=99)], data=data(1, 20), epochs=1)
    assert not (tmp_path / 'step-00000006.npz').exists() and (tmp_path / 'step-00000005.npz').exists()


def test_weights_are_loaded_without_the_table(tmp_path, monkeypatch):
    head = partial()
    state, read = kept(tmp_path, head), []
    member = arrays_file._member
    monkeypatch.setattr(arrays_file, '_member', lambda archive, what, *args, **kwargs: (
        read.append(what.filename), member(archive, what, *args, **kwargs))[1])
    net = make_net()
    net.initialize()
    load_weights(newest(tmp_path), net=net)
    x = next(iter(data()))[0]
    assert (net(x) == state.net(x)).asnumpy().all()
    assert read and not [name for name in read if name.startswith('apart')]
    other = partial(num_sample=5, seed=77)  # another sample is no hindrance for the weights alone
    load_weights(newest(tmp_path), net=net, head=other)
    assert_identical(apart(head), apart(other))
    assert 'apart/head/weight-0.npy' in read


def test_a_checkpoint_needs_no_second_copy_of_the_table(tmp_path):
    rows = 1 << 21
    table = 2 * 4 * rows * SIZE  # 128 MiB, beside the pieces of a file of 16 MiB

    def run(stop, **arguments):
        head = PartialFC(rows, SIZE, num_sample=18)
        callbacks = [Checkpoint(str(tmp_path), every=None, every_steps=4), StopAt(stop)]
        return head, lambda: job(head, get_loss('normsoftmax', classes=rows), callbacks=callbacks, **arguments)

    for (head, call), most in ((run(4), 1.4), (run(5, resume='auto'), 1.4)):
        tracemalloc.start()
        call()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert table <= peak < most * table, peak / table
        assert head.arrays()['steps'][0] >= 4
