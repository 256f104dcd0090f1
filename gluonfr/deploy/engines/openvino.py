"""OpenVINO as an engine, on CPUs."""
import sys
from collections import deque
from contextlib import nullcontext

import numpy as np

from ...compat import install_command, threads_to_use, without_module
from .onnx_engine import Declared, OnnxEngine
from .registry import ENGINES

__all__ = ['OpenVinoEngine']

HINTS = {'float32': 'f32', 'bfloat16': 'bf16', 'int8': 'f32'}  # of int8 for what is not in 8 bits


@ENGINES.register('openvino')
class OpenVinoEngine(OnnxEngine):
    """ONNX models by OpenVINO: an image at a time for each group of cores, one by itself on all cores.

    An embedding so does not depend on the images beside it.

    Parameters
    ----------
    net, precision, device
        As for `OnnxEngine`; device is the CPU.
    """
    runtime = 'OpenVINO'

    @classmethod
    def check(cls, net, precision, device, calibrated):
        """Raise a ValueError or ImportError where it cannot compute this here."""
        if device is not None and device.kind != 'cpu':
            raise ValueError("Embedder: device must be 'cpu' for engine 'openvino', got '{}', which is for "
                             "'onnxruntime'.".format(device))
        core = _import().Core()
        cls.check_model('openvino', net, precision, calibrated)
        if precision == 'bfloat16' and 'BF16' not in core.get_property('CPU', 'OPTIMIZATION_CAPABILITIES'):
            raise ValueError("Embedder: precision must be 'float32' or 'int8' on a processor without AMX and "
                             "avx512_bf16, got 'bfloat16' on {}.".format(core.get_property('CPU', 'FULL_DEVICE_NAME')))

    @staticmethod
    def version():
        """Of OpenVINO."""
        return _import().__version__.split('-')[0]

    def _open(self, model, device):
        self._core, in_memory = _import().Core(), isinstance(model.content, bytes)
        self._model = self._core.read_model(model.content, b'') if in_memory else self._core.read_model(model.content)
        noted = dict(self._model.rt_info.items()).get('framework', {})
        metadata = {key: value.astype(str) for key, value in noted.items()}
        return Declared([_sides(entry) for entry in self._model.inputs],
                        self._model.inputs[0].get_element_type().to_dtype().name, _sides(self._model.outputs[0]),
                        'gluonfr' if 'embedding_size' in metadata else '', metadata)  # the producer itself is not kept

    def _prepare(self, output):
        try:
            self._model.reshape([self.batch or 1, *self.spec.shape])
        except RuntimeError:  # a number of images is fixed inside of it, as PyTorch's exporter since 2.9 does
            self._model.reshape([output[0] or 1, *self.spec.shape])
        self.batch = self._model.inputs[0].get_partial_shape()[0].get_length()
        self._each = self._compile('THROUGHPUT')
        self._whole = None  # compiled when an image first comes by itself

    def _compile(self, hint):
        return Requests(self._core.compile_model(self._model, 'CPU', {
            'PERFORMANCE_HINT': hint, 'INFERENCE_PRECISION_HINT': HINTS[self.precision],
            'INFERENCE_NUM_THREADS': threads_to_use()}))

    def _start(self, x, alone):
        if not alone:
            return self._each.start(x)
        if self._whole is None:
            self._whole = self._compile('LATENCY')
        return self._whole.start(x)


class Requests:
    """A compiled model with a request for each run that is on its way, for several threads.

    OpenVINO's own queue has one request for each group of cores and calls Python when it is done: a group then waits
    for Python before it has its next images. Here the images of all runs lie ready.
    """

    def __init__(self, compiled):
        self._compiled, self._free = compiled, deque()  # whose methods threads can call at once

    def start(self, x):
        """Start on images; a function that waits for their rows."""
        try:
            request = self._free.pop()
        except IndexError:
            request = self._compiled.create_infer_request()
        np.copyto(request.get_input_tensor().data, x)
        request.start_async()

        def wait():
            request.wait()
            rows = request.get_output_tensor().data.copy()
            self._free.append(request)
            return rows

        return wait


def _sides(port):
    """The shape of an input or output, None for a side that is free."""
    return [side.get_length() if side.is_static else None for side in port.get_partial_shape()]


def _import():
    # its telemetry sends what is used to its maker, from a process that it forks: that fixes how the host's start
    try:
        with without_module('openvino_telemetry') if 'openvino' not in sys.modules else nullcontext():
            import openvino
    except ImportError as error:
        raise ImportError("engine='openvino' needs the openvino package ({}). Run: {}".format(
            error, install_command('openvino'))) from error
    return openvino
