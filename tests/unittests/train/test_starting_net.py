"""The net that a training begins with, and weights that it does not begin with."""
import mxnet as mx
import numpy as np
import pytest

from gluonfr.model_zoo import get_model
from gluonfr.train.starting_net import starting_net

CPU = [mx.cpu()]


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
