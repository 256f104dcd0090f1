"""ONNX Runtime as an engine, on a CPU or any NVIDIA GPU of today."""
import numpy as np

from ...compat import install_command, threads_to_use
from .onnx_engine import Declared, DeviceError, OnnxEngine
from .registry import ENGINES

__all__ = ['OnnxRuntimeEngine']

CPU, CUDA = 'CPUExecutionProvider', 'CUDAExecutionProvider'
TYPES = {'tensor(float16)': 'float16', 'tensor(uint8)': 'uint8', 'tensor(int32)': 'int32', 'tensor(double)': 'float64'}
# float32 is float32, and the same at every start: by default products take 10 bits of it, and trials choose algorithms
EXACT = {'use_tf32': '0', 'cudnn_conv_algo_search': 'HEURISTIC'}


@ENGINES.register('onnxruntime', 'ort')
class OnnxRuntimeEngine(OnnxEngine):
    """ONNX models by ONNX Runtime: a batch at a time, on all cores or on a GPU.

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
        onnxruntime = _import()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads_to_use()
        options.log_severity_level = 4  # not errors: they are raised
        if device is None or device.kind == 'cpu':
            self._session = onnxruntime.InferenceSession(model.content, options, providers=[CPU])
        else:
            self._session = _session_on_gpu(onnxruntime, model.content, options, device)
        inputs, meta = self._session.get_inputs(), self._session.get_modelmeta()
        self._name = inputs[0].name
        return Declared([entry.shape for entry in inputs], TYPES.get(inputs[0].type, 'float32'),
                        self._session.get_outputs()[0].shape, meta.producer_name, meta.custom_metadata_map)

    def _prepare(self, output):
        """See whether a model that says it takes any number of images does, and how many if not.

        PyTorch's exporter since 2.9 keeps the number it was traced with in each Reshape, whatever the input is called.
        """
        if self.batch is not None:
            return
        two = self._two()
        try:
            both = self._run(two)
            self.batch = 1
            if np.allclose(self._run(two[1:]), both[1:], atol=1e-3 * np.abs(both).max(), equal_nan=True):
                self.batch = None
        except ValueError:
            self.batch = output[0] if output and isinstance(output[0], int) and output[0] > 0 else 1

    def _start(self, x, count):
        rows = self._session.run(None, {self._name: x})[0]
        return lambda: rows


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
