"""The loss of a training with its class layer, and losses that no batch is for."""
import mxnet as mx
import pytest

from gluonfr.data import SyntheticFaces
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
