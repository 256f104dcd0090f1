"""Layers in 8 bits, by ONNX Runtime's own tools, in a graph that was made ready for them."""
import logging
import os
import tempfile
from contextlib import contextmanager

from ...compat import install_command
from ...graph.replace_prelus import in_sums, replace_prelus
from ...utils.messages import error_sentence
from .equalize import equalize
from .sessions import batches

__all__ = ['quantize']

LAYERS = ['Conv', 'Gemm', 'MatMul']  # sums between them follow by themselves


def quantize(model, images):
    """An ONNX model with layers in 8 bits (QDQ form): activations uint8, weights int8 with a scale for each channel.

    BatchNorms become part of the layers before them, channels get values of one size (`equalize`), and a PReLU becomes
    x + (a - 1) min(x, 0), which ONNX Runtime computes several times as fast as its own operator.

    Parameters
    ----------
    model : onnx.ModelProto
        float32.
    images : float32 array, (N, C, H, W)
        As they will come: the range of each activation is what they make there.

    Returns
    -------
    onnx.ModelProto

    Raises
    ------
    ImportError
        onnxruntime is missing.
    ValueError
        It cannot be quantised.
    """
    try:
        import onnxruntime
        from onnxruntime import quantization
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError as error:
        raise ImportError('8-bit files need onnxruntime ({}): {}'.format(error, install_command('onnx'))) from error
    import onnx
    with tempfile.TemporaryDirectory() as folder, _quiet(onnxruntime):
        plain, folded, written = (os.path.join(folder, name) for name in ('plain.onnx', 'folded.onnx', 'int8.onnx'))
        onnx.save(model, plain)
        try:
            quant_pre_process(plain, folded, skip_symbolic_shape=True)
            ready = onnx.load(folded)
            equalize(ready, images)
            replace_prelus(ready, in_sums)
            onnx.save(ready, folded)
            quantization.quantize_static(
                folded, written, _reader(quantization.CalibrationDataReader, ready, images),
                quant_format=quantization.QuantFormat.QDQ, op_types_to_quantize=LAYERS, per_channel=True,
                activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8)
        except (KeyError, RuntimeError, TypeError, ValueError) as error:  # of its tools, which have none of their own
            raise ValueError('the model cannot be written in 8 bits: {}'.format(error_sentence(error))) from error
        made = onnx.load(written)
    used = {node.domain for node in made.graph.node} | {''}
    domains = [entry for entry in made.opset_import if entry.domain in used]
    del made.opset_import[:]
    made.opset_import.extend(domains)
    return made


@contextmanager
def _quiet(onnxruntime):
    """Without what ONNX Runtime and its tools tell of how they go about it."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    onnxruntime.set_default_logger_severity(3)
    try:
        yield
    finally:
        root.setLevel(before)
        onnxruntime.set_default_logger_severity(2)  # its default


def _reader(base, model, images):
    """What ONNX Runtime's calibration takes images from."""
    data = model.graph.input[0]
    fixed = data.type.tensor_type.shape.dim[0].dim_value or None
    parts = iter([{data.name: part} for part in batches(images, fixed)])

    class Reader(base):
        def get_next(self):
            return next(parts, None)

    return Reader()
