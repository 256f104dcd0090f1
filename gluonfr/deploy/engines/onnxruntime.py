"""ONNX Runtime as an engine, on a CPU or any NVIDIA GPU of today."""
import logging
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ...compat import install_command, threads_to_use
from ...graph.replace_prelus import in_convolutions, replace_prelus
from .onnx_engine import Declared, DeviceError, OnnxEngine
from .registry import ENGINES

__all__ = ['OnnxRuntimeEngine']

CPU, CUDA = 'CPUExecutionProvider', 'CUDAExecutionProvider'
TYPES = {'tensor(float16)': 'float16', 'tensor(uint8)': 'uint8', 'tensor(int32)': 'int32', 'tensor(double)': 'float64'}
# float32 is float32, and the same at every start: by default products take 10 bits of it, and trials choose algorithms
EXACT = {'use_tf32': '0', 'cudnn_conv_algo_search': 'HEURISTIC'}
MOST = 4  # images that a core computes together: their maps still lie in its cache, and weights are read once for them
log = logging.getLogger('gluonfr')


@ENGINES.register('onnxruntime', 'ort')
class OnnxRuntimeEngine(OnnxEngine):
    """ONNX models by ONNX Runtime: each core has images of its own, one by itself has all; or a batch on a GPU.

    Parameters
    ----------
    net, precision, device
        As for `OnnxEngine`; bfloat16 is none of its precisions.
    """
    runtime = 'ONNX Runtime'

    @classmethod
    def check(cls, net, precision, device, calibrated):
        """Raise a ValueError or ImportError where it cannot compute this here."""
        if precision == 'bfloat16':
            raise ValueError("Embedder: precision must be 'float32' or 'int8' for engine 'onnxruntime', got "
                             "'bfloat16': engines 'openvino' and 'mxnet' have it.")
        providers = _import().get_available_providers()
        cls.check_model('onnxruntime', net, precision, calibrated)
        if device is not None and device.kind == 'cuda' and CUDA not in providers:
            raise ValueError("Embedder: device must be 'cpu' for the package onnxruntime, got '{}'. Its form for GPUs "
                             'takes its place: pip uninstall -y onnxruntime && {}'.format(
                                 device, install_command('onnx-gpu')))

    @staticmethod
    def version():
        """Of ONNX Runtime."""
        return _import().__version__

    def _open(self, model, device):
        self._on_cpu, self._whole = device is None or device.kind == 'cpu', None
        if self._on_cpu:
            self._content, self._pool = _for_cpus(model), ThreadPoolExecutor(threads_to_use(), 'gluonfr-onnxruntime')
            self._session = self._on_cores(1)
        else:
            self._session = _session_on_gpu(_import(), model.content, _options(threads_to_use()), device)
        inputs, meta = self._session.get_inputs(), self._session.get_modelmeta()
        self._name = inputs[0].name
        return Declared([entry.shape for entry in inputs], TYPES.get(inputs[0].type, 'float32'),
                        self._session.get_outputs()[0].shape, meta.producer_name, meta.custom_metadata_map)

    def _on_cores(self, count):
        """A session of which each run takes so many cores."""
        return _import().InferenceSession(self._content, _options(count), providers=[CPU])

    def _prepare(self, output):
        """See whether a model that says it takes any number of images does, and how many if not.

        PyTorch's exporter since 2.9 keeps the number it was traced with in each Reshape, whatever the input is called.
        """
        if self.batch is not None:
            return
        two = self._two().astype(self._type)
        try:
            both = self._rows(self._session, two)
            if np.allclose(self._rows(self._session, two[1:]), both[1:], atol=1e-3 * np.abs(both).max(),
                           equal_nan=True):
                return
            self.batch = 1
        except Exception:  # its errors have no base of their own
            self.batch = output[0] if output and isinstance(output[0], int) and output[0] > 0 else 1

    def _start(self, x, alone):
        if not self._on_cpu:
            rows = self._rows(self._session, x)
            return lambda: rows
        if alone:
            if self._whole is None:
                self._whole = self._on_cores(threads_to_use())
            rows = self._rows(self._whole, x)
            return lambda: rows
        size = len(x) if self.batch else min(MOST, -(-len(x) // threads_to_use()))
        parts = [self._pool.submit(self._rows, self._session, x[begin:begin + size])
                 for begin in range(0, len(x), size)]
        return lambda: np.concatenate([part.result() for part in parts])

    def _rows(self, session, x):
        return session.run(None, {self._name: x})[0]


def _options(threads):
    """Of a session with so many threads."""
    options = _import().SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # not errors: they are raised
    return options


def _for_cpus(model):
    """What a model holds, or its file, with each PRelu as operators that take half the time on CPUs."""
    if model.eight_bit or not model.has_prelu:
        return model.content
    try:
        parsed = model.parse()
    except ImportError as error:
        log.debug('ONNX Runtime computes PRelu as it is, slowly: %s', error)
        return model.content
    replace_prelus(parsed, in_convolutions)
    return parsed.SerializeToString()


def _session_on_gpu(onnxruntime, content, options, device):
    """A session on a GPU; a DeviceError where ONNX Runtime would go on with the CPU."""
    if hasattr(onnxruntime, 'preload_dlls'):
        onnxruntime.preload_dlls()  # CUDA and cuDNN, where they came as wheels
    onnxruntime.set_default_logger_severity(4)  # not the plugins that it looks for in vain
    settings, problem = dict(EXACT, device_id=device.number), 'it finds only the CPU'
    try:
        session = onnxruntime.InferenceSession(content, options, providers=[(CUDA, settings), CPU], enable_fallback=0)
        if CUDA in session.get_providers():
            return session
    except Exception as error:  # its errors have no base of their own
        problem = ' '.join(str(error).split('FAIL :')[-1].split())[:200].rstrip('.')  # behind places in its source
    raise DeviceError("Embedder: device must be there, with its driver and the CUDA libraries, got '{}', and ONNX "
                      'Runtime says: {}. See that `nvidia-smi` lists the GPU, and run: {}'.format(
                          device, problem, install_command('onnx-gpu')))


def _import():
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError('ONNX models run with the onnxruntime package ({}): {}'.format(
            error, install_command('onnx'))) from error
    return onnxruntime
