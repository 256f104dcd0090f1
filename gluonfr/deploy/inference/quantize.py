"""Graphs for inference in 8 bits, on a CPU: MXNet's own converter on the graph that `fuse` makes."""
import mxnet as mx
import numpy as np
from mxnet import nd
from mxnet.contrib import quantization

__all__ = ['quantize']


def quantize(symbol, weights, images):
    """The graph in int8; inputs and outputs stay float32.

    Parameters
    ----------
    symbol, weights
        What `fuse` gives, before MXNet's oneDNN pass.
    images : numpy.ndarray, float32, (N, C, H, W)
        Normalised images; each layer is scaled by the largest value that they make.

    Returns
    -------
    (Symbol, dict of str to NDArray)
    """
    weights = {name: nd.array(value) for name, value in weights.items()}
    data = mx.io.NDArrayIter(np.ascontiguousarray(images), batch_size=1)
    symbol, weights, _ = quantization.quantize_model_mkldnn(
        symbol, weights, {}, label_names=None, ctx=mx.cpu(), calib_mode='naive', calib_data=data,
        num_calib_examples=len(images), quantized_dtype='auto', logger=None)
    return symbol, weights
