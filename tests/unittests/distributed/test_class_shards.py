"""A class layer that is divided over workers: what it refuses, start values, and the sums by which it is exact."""
import numpy as np
import pytest
from mxnet import autograd, gluon, nd

from gluonfr.data.loading import ArrayLoader, ImageLoader
from gluonfr.data.loading.epoch_loader import piece
from gluonfr.data.synthetic import SyntheticFaces
from gluonfr.distributed import Alone
from gluonfr.distributed.class_shards import ShardedDense
from gluonfr.distributed.shards import Rows, _in_one, _in_two, check_loss, own_rows, places
from gluonfr.loss import get_loss
from gluonfr.nn import NormDense
from gluonfr.train import fit
from gluonfr.train.together import own_rows_of

CLASSES, WIDTH, BATCH = 7, 4, 6


class Of(Alone):
    """One of several workers, which asks nobody."""

    def __init__(self, number, count):
        self.number, self.count, self.first = number, count, number == 0


def given(seed=0):
    random = np.random.RandomState(seed)
    x, label = random.randn(BATCH, WIDTH).astype('float32'), random.randint(0, CLASSES, BATCH)
    return nd.array(x), nd.array(label, dtype='int32'), nd.array(random.randn(CLASSES, WIDTH))


@pytest.mark.parametrize('name, arguments', [
    ('arcface', dict(m=0.4, easy_margin=False)), ('cosface', {}), ('combined', dict(m1=1.1)), ('normsoftmax', {}),
    ('adaface', {}), ('magface', {})])
def test_loss_and_gradients_are_those_of_the_whole_layer(name, arguments):
    x, label, centres = given()
    found = []
    for divided in (False, True):
        loss = get_loss(name, classes=CLASSES, s=8, **arguments)
        if divided:
            head = ShardedDense(CLASSES, WIDTH, Alone(), BATCH, s=check_loss(loss))
        else:
            head = NormDense(CLASSES, True, True, in_units=WIDTH)
        head.initialize()
        head.weight.set_data(centres)
        loss.initialize()
        x.attach_grad()
        with autograd.record():
            embedding = x * 1
            pred = head(embedding, label) if divided else head(embedding)
            if divided:
                pred, place = pred
                loss.among(2)
            named = {'pred': pred, 'label': place if divided else label, 'embedding': embedding}
            values = loss(*[named[one] for one in loss.inputs])
        if divided:
            head.backward([values], embedding)
            scores = head.judged
            hits = scores.argmax(axis=1) == 0
        else:
            values.backward()
            hits = pred.argmax(axis=1) == label.astype('float32')
        found.append([values.asnumpy(), x.grad.asnumpy(), head.weight.grad().asnumpy(), hits.asnumpy()])
    for one, other in zip(*found):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-5)
    assert np.abs(found[0][1]).max() > 0.1


@pytest.mark.parametrize('name', ['softmax', 'svxsoftmax', 'curricularface', 'liarcface', 'adacos', 'circle',
                                  'sphereface2', 'centerloss'])
def test_losses_that_need_all_scores_are_refused(name):
    arguments = {'softmax': {}, 'centerloss': dict(lamda=0.1, classes=9, embedding_size=4)}.get(name, dict(classes=9))
    with pytest.raises(ValueError, match=r'must take its negatives as s \* cosine, as arcface'):
        check_loss(get_loss(name, **arguments))


def test_start_values_do_not_depend_on_the_number_of_workers():
    whole = table(Alone())
    assert whole.std() == pytest.approx(0.01, rel=0.05) and abs(whole.mean()) < 1e-3
    for count in (2, 3):
        parts = [table(Of(number, count)) for number in range(count)]
        assert np.concatenate(parts).tobytes() == whole.tobytes()
        assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert table(Alone(), seed=1).tobytes() != whole.tobytes()


def table(workers, seed=0):
    head = ShardedDense(5000, 3, workers, BATCH, seed=seed)
    head.initialize()
    return head.weight.data().asnumpy()


def test_a_checkpoint_is_taken_apart_by_rows():
    head = ShardedDense(7, 2, Of(1, 3), BATCH)
    rows = np.arange(14.0).reshape(7, 2)
    arrays = {name: rows for name in ('head/weight', 'optimizer/head/weight', 'optimizer/head/weight/0',
                                      'average/head/weight', 'net/weight')}
    own = own_rows_of({**arrays, 'other': np.zeros((7, 2))}, {'head/weight': head.weight})
    assert head.weight.rows == Rows(2, 4, 7)
    assert {name: array.shape for name, array in own.items()} == {
        **dict.fromkeys(list(arrays)[:4], (2, 2)), 'net/weight': (7, 2), 'other': (7, 2)}
    assert (own['head/weight'] == rows[2:4]).all()


def test_what_it_cannot_do_is_refused():
    with pytest.raises(ValueError, match='classes must be at least the number of workers, 4, got 3'):
        own_rows(3, Of(0, 4))
    head = ShardedDense(CLASSES, WIDTH, Alone(), BATCH)
    head.initialize()
    with pytest.raises(ValueError, match='scores of its own classes only. Load a checkpoint'):
        head(nd.ones((2, WIDTH)))
    with pytest.raises(ValueError, match=r'x must be \(b, 4\) with b <= 6 and label \(b,\), got \(7, 4\) and \(7,\)'):
        head(nd.ones((7, WIDTH)), nd.zeros((7,)))
    with pytest.raises(ValueError, match=r'whole numbers in \[0, 6\], got 7'):
        head(nd.ones((1, WIDTH)), nd.array([7]))


def test_labels_beyond_what_float32_tells_apart():
    labels = np.array([0, 4095, 4096, (1 << 24) + 1, (1 << 31) - 2])
    parts = _in_two(labels)
    assert parts.dtype == np.float32
    assert _in_one(np.concatenate([parts, np.zeros((1, 2), 'float32')])).tolist() == [*labels.tolist(), -1]
    assert places(np.array([-1, 3, 4, 6, 7]), Rows(4, 7, 9)).tolist() == [-1, -1, 0, 2, -1]


@pytest.mark.parametrize('size, count', [(12, 3), (10, 3), (2, 3), (1, 4)])
def test_pieces_of_a_batch(size, count):
    pieces = [piece(size, number, count) for number in range(count)]
    taken = [index for one in pieces if one.stop - one.start for index in range(size)[one]]
    assert all(len(range(size)[one]) for one in pieces)
    if size >= count:
        assert taken == list(range(size))
        assert {len(range(size)[one]) for one in pieces} <= {size // count, -(-size // count)}
    else:
        assert set(taken) == set(range(size))


@pytest.mark.parametrize('make', [
    lambda: ArrayLoader(np.arange(26, dtype='float32').reshape(13, 2), range(13), 5, shuffle=True, seed=3),
    lambda: ImageLoader(SyntheticFaces(4, 3, size=32), 5, shuffle=True, seed=1, transform='mirror,crop')])
def test_workers_read_the_parts_of_one_batch(make):
    for start in (0, 1):
        whole = [(x.asnumpy(), label.asnumpy()) for x, label in make().batches(2, start)]
        parts = [list(make().batches(2, start, (number, 2))) for number in range(2)]
        assert [len(part) for part in parts] == [len(whole)] * 2
        for (x, label), *own in zip(whole, *parts):
            assert [one[2] for one in own] == [len(x)] * 2
            assert np.concatenate([one[0].asnumpy() for one in own]).tobytes() == x.tobytes()
            assert np.concatenate([one[1].asnumpy() for one in own]).tobytes() == label.tobytes()


def test_a_training_counts_hits_among_all_classes():
    """With one worker, whose layer has all."""
    x, label, _ = given()
    rows = [(x, label)]
    histories = []
    for head in (NormDense(CLASSES, True, True, in_units=WIDTH), ShardedDense(CLASSES, WIDTH, Alone(), BATCH, s=8)):
        head.initialize()
        head.weight.set_data(given()[2])
        net = gluon.nn.Dense(WIDTH)
        loss = get_loss('cosface', classes=CLASSES, s=8)
        state = fit(net, loss, rows, head=head, epochs=8, optimizer_params={'learning_rate': 0.3})
        histories.append([[row['loss'], row['accuracy']] for row in state.history])
    np.testing.assert_allclose(*histories, rtol=1e-4)
    assert len({accuracy for _, accuracy in histories[0]}) > 2
