"""The loss of a training with its class layer, and losses that no batch is for."""
import tracemalloc

import mxnet as mx
import numpy as np
import pytest

from gluonfr.data import SyntheticFaces
from gluonfr.data.subset import Subset
from gluonfr.train.loss_and_head import loss_and_head

CPU = [mx.cpu()]


@pytest.fixture(scope='module')
def people():
    return SyntheticFaces(6, 8, seed=1)


@pytest.mark.parametrize('name, arguments, given, said', [
    ('rangeloss', {}, {}, "loss='rangeloss' takes batches of several images of each person: give sampler='pk:PxK'"),
    ('triplet', {}, {}, "loss='triplet' takes pairs or triplets, and a batch has labels: give loss_args mining="),
    ('triplet', {'mining': 'batch-hard'}, {'groups': (3, 4), 'ctx': [mx.cpu(0), mx.cpu(1)]},
     "sampler='pk:PxK': P must be a multiple of the number of GPUs, 2, got 3"),
    ('softmax', {}, {'embedding_size': 10 ** 12},
     "dataset='people': with labels up to 5 and .* Give a smaller embedding_size")])
def test_losses_that_no_batch_is_for(people, name, arguments, given, said):
    with pytest.raises(ValueError, match=said):
        loss_and_head(name, arguments, **{**dict(dataset=people, path='people', embedding_size=2, batch_size=8,
                                                 ctx=CPU), **given})


def test_a_loss_with_its_class_layer(people):
    loss, head = loss_and_head('arcface', {'m': 0.3}, dataset=people, path='people', embedding_size=2, batch_size=8,
                               ctx=CPU, margin_warmup=3)
    head.initialize()
    assert 'm=0.3' in repr(loss) and head(mx.nd.zeros((4, 2))).shape == (4, 6)
    assert loss_and_head('triplet', {'mining': 'batch-hard'}, dataset=people, path='people', embedding_size=2,
                         batch_size=8, ctx=CPU, groups=(3, 4))[1] is None


@pytest.mark.parametrize('label', [10 ** 8, 2 ** 31 - 1])
@pytest.mark.parametrize('name', ['softmax', 'arcface', 'adaface'])
def test_one_label_does_not_fill_all_memory(people, name, label):
    """Arrays of all classes would take 0.8 to 16 GiB before anything looked at them."""
    dataset = Subset(people, np.arange(4), np.array([0, 1, 1, label]))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match='the labels of a.txt must be 0, 1, 2, ..., got 3 people with labels up to '
                                             '{:,}. `gluonfr pack folder --relabel` numbers them'.format(label)):
            loss_and_head(name, {}, dataset=dataset, path='a.txt', embedding_size=2, batch_size=2, ctx=CPU)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_labels_may_leave_some_numbers_out(people):
    dataset = Subset(people, np.arange(4), np.array([0, 1, 1, 70000]))
    given = dict(dataset=dataset, path='a.txt', batch_size=2, ctx=CPU)
    assert loss_and_head('softmax', {}, embedding_size=2, **given)[1].weight.shape == (70001, 2)
    with pytest.raises(ValueError, match=r'labels up to 70,000 and \d+ values an embedding, a class layer and its '
                                         'training take .*Only 3 people have images: `gluonfr pack folder a.txt --rel'):
        loss_and_head('softmax', {}, embedding_size=10 ** 10, **given)
