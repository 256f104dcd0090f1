"""A divided class layer that scores samples: beside a `PartialFC`, its parts of a checkpoint, and what it refuses."""
import numpy as np
import pytest
from mxnet import autograd, nd
from test_class_shards import BATCH, CLASSES, WIDTH, Of, given

from gluonfr.distributed import Alone, ShardedPartialFC
from gluonfr.loss import get_loss
from gluonfr.nn import PartialFC

SETTINGS = dict(num_sample=5, seed=4, sigma=0.3)


@pytest.mark.parametrize('filter_negatives', [None, 0.1])
@pytest.mark.parametrize('name', ['arcface', 'cosface', 'adaface'])
def test_loss_and_gradients_are_those_of_one_layer(name, filter_negatives):
    x, label, _ = given()
    label = nd.array([6, 1, 1, 6, 3, 1], dtype='int32')
    found, settings = [], dict(SETTINGS, filter_negatives=filter_negatives)
    for head in (PartialFC(CLASSES, WIDTH, **settings),
                 ShardedPartialFC(CLASSES, WIDTH, Alone(), BATCH, s=8, **settings)):
        loss = get_loss(name, classes=5, s=8)
        loss.initialize()
        x.attach_grad()
        with autograd.record():
            embedding = x * 1
            pred, place = head(embedding, label)
            loss.among(pred.shape[1])
            named = {'pred': pred, 'label': place, 'embedding': embedding}
            values = loss(*[named[one] for one in loss.inputs])
        if isinstance(head, PartialFC):
            values.backward()
            drawn, hits = head.sampled, pred.argmax(axis=1) == place.astype('float32')
        else:
            head.backward([values], embedding)
            drawn, hits = head.own.sampled, head.judged.argmax(axis=1) == 0
        found.append([values.asnumpy(), x.grad.asnumpy(), head.gradients()[0].asnumpy(), drawn, hits.asnumpy()])
    for one, other in zip(*found):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=5e-5)
    assert np.abs(found[0][1]).max() > 0.1 and np.abs(found[0][2]).max() > 0.1


def parts(count, classes=9000, **settings):
    return [ShardedPartialFC(classes, 3, Of(number, count), BATCH, seed=1, **settings) for number in range(count)]


def test_start_values_do_not_depend_on_the_number_of_workers():
    whole = PartialFC(9000, 3, seed=1).table.pieces[0][0]
    for count in (2, 3):
        assert np.concatenate([one.own.table.pieces[0][0] for one in parts(count)]).tobytes() == whole.tobytes()


def test_each_worker_draws_its_part_and_other_classes():
    heads = parts(3, 90, num_sample=31)
    assert [head.own.num_sample for head in heads] == [10, 10, 11]
    for head in heads:
        assert (head.num_sample, head.form()['classes'], head.settings()['num_sample']) == (31, 90, 31)
    heads = parts(2, 90, num_sample=30)
    for head in heads:
        head._score(nd.ones((BATCH, 3)), np.array([4, 4, 80, -1, -1, 4]))
    assert [len(head.own.sampled) for head in heads] == [15, 15]
    assert 4 in heads[0].own.sampled and 80 - 45 in heads[1].own.sampled
    for head in heads:
        head._score(nd.ones((BATCH, 3)), np.full(BATCH, -1))
    assert heads[0].own.sampled.tolist() != heads[1].own.sampled.tolist()


def tables(heads):
    """{'weight': ..., 'momentum': ...} of all workers, whole."""
    return {kind: np.concatenate([array for head in heads for name, array in head.arrays().items()
                                  if name.startswith(kind)]) for kind in ('weight', 'momentum')}


@pytest.mark.parametrize('step', [1, 2, 5, 100])
def test_a_table_is_put_together_and_taken_apart(step):
    """In pieces of so many rows, which are not those of the workers."""
    def workers(count):
        heads = parts(count, 11, num_sample=11)
        for head in heads:
            head.own.table.rows_of_piece = step
        return heads

    three = workers(3)
    for number, head in enumerate(three):
        head.arrays()['steps'][0] = 7
        for array in list(head.arrays().values())[:-1]:
            array[...] = np.random.RandomState(number).rand(*array.shape)
    whole = tables(three)
    kinds = iter(whole.values())
    saved = three[0].whole_arrays(lambda rows, own: next(kinds))
    assert {name: len(array) for name, array in saved.items()} == {
        'steps': 1, **{'{}-{}'.format(kind, i): min(step, 11 - i * step)
                       for kind in whole for i in range(-(-11 // step))}}

    def read(arrays):
        for name, array in arrays.items():
            assert array.shape == saved[name].shape
            array[...] = saved[name]

    for count in (1, 2, 4):
        heads = workers(count)
        for head in heads:
            head.fill(read)
            assert head.arrays()['steps'][0] == 7
        for kind, array in tables(heads).items():
            assert array.tobytes() == whole[kind].tobytes(), (kind, count)


@pytest.mark.parametrize('settings, message', [
    (dict(classes=7, num_sample=7), 'classes and num_sample must be at least twice the number of workers, 8, got 7 '
                                    'and 7'),
    (dict(classes=90, num_sample=6), 'twice the number of workers, 8, got 90 and 6'),
    (dict(classes=90, sample_rate=1.5), r'sample_rate must be in \(0, 1\]'),
    (dict(classes=90, s=0), 's must be > 0'),
    (dict(classes=90, batch_size=0), 'batch_size must be >= 1')])
def test_what_it_cannot_do_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        ShardedPartialFC(**{**dict(in_units=4, workers=Of(0, 4), batch_size=8), **settings})


def test_scores_of_all_classes_are_refused():
    with pytest.raises(ValueError, match=r'Load a checkpoint, which has all, into a gluonfr\.nn\.PartialFC'):
        ShardedPartialFC(90, 4, Alone(), 8)(nd.ones((2, 4)))
