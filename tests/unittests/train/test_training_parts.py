"""What a training is made of, by library functions: the net, the data, the loss, and what they refuse."""
import mxnet as mx
import numpy as np
import pytest
from cli_cases import make_data

from gluonfr.data.fitting import open_training_set, open_verification_sets
from gluonfr.data.image import encode, resize
from gluonfr.data.loading.training_loader import training_loader
from gluonfr.model_zoo import get_model
from gluonfr.model_zoo.making import resizable
from gluonfr.train.loss_and_head import loss_and_head
from gluonfr.train.starting_net import starting_net

CPU = [mx.cpu()]
LENET = dict(network='lenetplus', size=(28, 28))


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp('data'))


@pytest.fixture(scope='module')
def people(folder):
    return open_training_set(str(folder), **LENET)


def test_a_net_with_the_weights_of_another_training():
    net = starting_net('LeNet++', {}, ctx=CPU, finetune='lenetplus_softmax')
    wanted = get_model('lenetplus', pretrained='lenetplus_softmax')
    assert net.input_spec == wanted.input_spec
    for name, param in wanted._collect_params_with_prefix().items():
        np.testing.assert_array_equal(net._collect_params_with_prefix()[name].data().asnumpy(), param.data().asnumpy())


@pytest.mark.parametrize('network, given, said', [
    ('lenetplus', dict(dtype='float16'), "dtype='float16' needs GPUs: MXNet has no float16"),
    ('lenetplus', dict(finetune='nope'), 'finetune: there is no nope. Give the folder of a run, the folder of'),
    ('lenetplus', dict(finetune='a.onnx'), 'finetune takes the folder of a run, .* got a.onnx. `gluonfr convert`'),
    ('miniresnet18', dict(finetune='lenetplus_softmax'),
     "finetune='lenetplus_softmax': these are weights of lenetplus, and network is miniresnet18. Give network="
     "'lenetplus'")])
def test_weights_that_no_training_begins_with(network, given, said):
    with pytest.raises((ValueError, FileNotFoundError), match=said):
        starting_net(network, {}, ctx=CPU, **given)


def test_batches_of_people(people):
    spec = get_model('lenetplus').input_spec
    loader = training_loader(people, 'people', spec=spec, workers=0)
    assert (loader.batch_size, len(loader)) == (8, 6)
    x, label = next(iter(training_loader(people, 'people', spec=spec, groups=(3, 2), workers=0)))
    assert x.shape[0] == 6 and sorted(np.unique(label.asnumpy(), return_counts=True)[1]) == [2, 2, 2]
    with pytest.raises(ValueError, match='batch_size must be at most 48, the images of people, got 49'):
        training_loader(people, 'people', spec=spec, batch_size=49)


def test_sets_that_do_not_fit_a_training(folder, tmp_path):
    for person in 'ab':
        (tmp_path / 'large' / person).mkdir(parents=True)
        image = encode(resize(np.zeros((28, 28, 3), np.uint8), (128, 128)), '.png')
        (tmp_path / 'large' / person / '1.png').write_bytes(image)
    for network, end in (('mobilefacenet', ', network_args input_size=128 the net to theirs.'), ('lenetplus', 'size.')):
        size = get_model(network).input_spec.size
        with pytest.raises(ValueError, match=r'takes images of .* got 128 x 128') as error:
            open_training_set(str(tmp_path / 'large'), network=network, size=size, resizable=resizable(network))
        assert str(error.value).endswith(end)
    assert get_model('mobilefacenet', input_size=128).input_spec.size == (128, 128)
    with pytest.raises(ValueError, match=r"pairs='.*val.bin': mbf takes images of 112 x 112 pixels, and 48 of 48"):
        open_verification_sets([str(folder / 'val.bin')], network='mbf', size=(112, 112))
    with pytest.raises(ValueError, match='verification sets must have different names'):
        open_verification_sets([','.join([str(folder / 'val.bin')] * 2)], nfolds=2, **LENET)


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
