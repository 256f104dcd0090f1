"""Graphs for inference in fewer bits, on a CPU: MXNet's own converters on the graph that `fuse` makes."""
import mxnet as mx
import numpy as np
from mxnet import nd
from mxnet.contrib import amp, quantization

__all__ = ['reduce_precision']


def reduce_precision(symbol, weights, precision, images=None):
    """The graph in another precision; inputs and outputs stay float32.

    Parameters
    ----------
    symbol, weights
        What `fuse` gives, before MXNet's oneDNN pass.
    precision : {'bfloat16', 'int8'}
        'int8' scales each layer by the largest value that `images` make.
    images : numpy.ndarray, float32, (N, C, H, W), or None
        Normalised images to calibrate 'int8' with.

    Returns
    -------
    (Symbol, dict of str to NDArray)
    """
    weights = {name: nd.array(value) for name, value in weights.items()}
    if precision == 'bfloat16':
        symbol, weights, _ = amp.convert_model(symbol, weights, {}, target_dtype='bfloat16')
        return symbol.get_backend_symbol('MKLDNN'), weights
    data = mx.io.NDArrayIter(np.ascontiguousarray(images), batch_size=1)
    symbol, weights, _ = quantization.quantize_model_mkldnn(
        symbol, weights, {}, label_names=None, ctx=mx.cpu(), calib_mode='naive', calib_data=data,
        num_calib_examples=len(images), quantized_dtype='auto', logger=None)
    return symbol, weights
