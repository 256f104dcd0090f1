"""ToTensor, and `normalize` for NumPy, against a formula."""
import mxnet as mx
import numpy as np
import pytest
from mxnet.gluon import nn

from gluonfr.data import ToTensor
from gluonfr.data.normalize import normalize
from gluonfr.model_zoo.spec import InputSpec

SPECS = [InputSpec((6, 5)), InputSpec((6, 5), (127.5,) * 3, (128,) * 3, 'bgr'),
         InputSpec((6, 5), (123.68, 116.779, 103.939), (58.393, 57.12, 57.375)),
         InputSpec((6, 5), (110.,), (60.,), 'grey')]


def reference(images, spec):
    x = images.astype(np.float32)
    if spec.colour == 'bgr':
        x = x[..., ::-1]
    if spec.colour == 'grey':
        r, g, b = (x[..., c:c + 1] * np.float32(w) for c, w in enumerate((.299, .587, .114)))
        x = r + g + b
    x = (x - np.array(spec.mean, np.float32)) / np.array(spec.std, np.float32)
    return x.transpose(0, 3, 1, 2)


@pytest.mark.parametrize('hybridize', [False, True])
@pytest.mark.parametrize('spec', SPECS, ids=lambda spec: spec.colour)
def test_to_tensor_equals_numpy(spec, hybridize):
    images = np.random.randint(0, 256, (4, 6, 5, 3)).astype(np.uint8)
    block = ToTensor(spec)
    if hybridize:
        block.hybridize()
    expected = reference(images, spec)
    for _ in range(2):
        out = block(mx.nd.array(images, dtype='uint8'))
        assert out.dtype == np.float32
        np.testing.assert_array_equal(out.asnumpy(), expected)
        np.testing.assert_array_equal(block(mx.nd.array(images[1], dtype='uint8')).asnumpy(), expected[1:2])
    np.testing.assert_array_equal(normalize(images, spec), expected)
    assert not block.collect_params().keys()


def test_to_tensor_stands_before_a_net():
    images = mx.nd.array(np.random.randint(0, 256, (2, 6, 5, 3)), dtype='uint8')
    net, rest = nn.HybridSequential(), nn.Conv2D(4, 3)
    net.add(ToTensor(SPECS[0]), rest)
    net.initialize()
    expected = rest(mx.nd.array(reference(images.asnumpy(), SPECS[0]))).asnumpy()
    net.hybridize(static_alloc=True, static_shape=True)
    np.testing.assert_allclose(net(images).asnumpy(), expected, rtol=1e-6)
    names = set(net.collect_params()) - set(rest.collect_params())
    assert not names, 'the weights of a net are the same with it and without'


@pytest.mark.parametrize('array', [np.zeros((2, 6, 5, 3), np.float32), np.zeros((6, 5, 1), np.uint8),
                                   np.zeros((2, 3, 6, 5), np.uint8), np.zeros((6, 3), np.uint8)])
def test_to_tensor_refuses_other_arrays(array):
    with pytest.raises(ValueError, match=r'ToTensor: x must be uint8 of shape \(B,H,W,3\) or \(H,W,3\), got '):
        ToTensor(SPECS[0])(mx.nd.array(array, dtype=array.dtype))


@pytest.mark.parametrize('spec, error, message', [
    (InputSpec(colour='hsv'), ValueError, "spec.colour must be one of 'rgb', 'bgr', 'grey', got 'hsv'"),
    (InputSpec(colour='grey'), ValueError, "spec.mean must have a value for each channel, 1 for colour 'grey', got 3"),
    (InputSpec(std=(1, 1)), ValueError, 'spec.std must have a value for each channel, 3'),
    (InputSpec(std=(1, 1, 0)), ValueError, 'spec.std must be > 0, got 0'),
    (InputSpec(mean=(1, 1, float('nan'))), ValueError, 'spec.mean must be a finite number'),
    ((112, 112), TypeError, "spec must be an InputSpec")])
def test_bad_spec(spec, error, message):
    with pytest.raises(error, match='ToTensor: ' + message):
        ToTensor(spec)
