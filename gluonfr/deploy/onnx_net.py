"""ONNX models that no net of ours is equal to, run by ONNX Runtime."""
import zlib
from typing import Callable, Optional, Union

import numpy as np
from mxnet import nd
from mxnet.gluon import HybridBlock

from ..compat import threads_to_use
from ..data.input_spec import InputSpec
from ..graph.from_onnx import scaling_of_onnx
from ..graph.onnx_file import described_input, import_onnx, load_onnx, takes_integers
from ..graph.source import assumed_input
from ..utils.messages import error_sentence

__all__ = ['OnnxNet']

TYPES = {'tensor(float16)': 'float16', 'tensor(uint8)': 'uint8', 'tensor(int32)': 'int32', 'tensor(double)': 'float64'}


class OnnxNet(HybridBlock):
    """An ONNX model as a block that embeds, on a CPU; it does not train.

    Parameters
    ----------
    model : str or bytes
        An .onnx file or what one holds. Its input is images (B, 3, H, W), its first output embeddings (B, D).
    spec : InputSpec or None
        What it takes; None for what `export_onnx` noted in the file, else RGB of the size in the file, or 112 x 112, as
        grey levels if its graph normalises them itself, as (pixel - 127.5) / 127.5 if not, which is logged.

    Inputs:
        - **x**: (B, 3, H, W)

    Outputs:
        - **embedding**: (B, D)

    Attributes
    ----------
    input_spec : InputSpec
    crc : int
        Checksum of the model, which has no parameters that one could be taken of.

    Raises
    ------
    ImportError
        onnxruntime is missing, or onnx, which reads from the graph what nothing else says.
    ValueError
        ONNX Runtime cannot run it, or it is no net of images to embeddings.
    """

    def __init__(self, model: Union[str, bytes], spec: Optional[InputSpec] = None):
        super().__init__()
        try:
            import onnxruntime
        except ImportError as error:
            raise ImportError("ONNX models run with the onnxruntime package ({}): pip install onnxruntime 'numpy<2'"
                              .format(error)) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads_to_use()
        options.log_severity_level = 4  # not errors: they are raised
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=['CPUExecutionProvider'])
        except Exception as error:  # its errors have no base of their own
            raise ValueError('{} is no model that ONNX Runtime can run: {}'.format(
                model if isinstance(model, str) else 'it', error_sentence(error))) from error
        self.crc = _crc(model)
        data = self._session.get_inputs()[0]
        shape = [side if isinstance(side, int) else None for side in data.shape]
        if len(shape) != 4 or shape[1] not in (3, None) or len(self._session.get_inputs()) > 1:
            raise ValueError('an ONNX net must have one input of images (B, 3, H, W), got {}.'.format(
                [entry.shape for entry in self._session.get_inputs()]))
        size = tuple(shape[2:]) if all(shape[2:]) else (112, 112)
        self._name, self._batch = data.name, shape[0]
        self._type = TYPES.get(data.type, 'float32')
        meta = self._session.get_modelmeta()
        self.input_spec = spec or described_input(meta.producer_name, meta.custom_metadata_map) or \
            _read_input(model)._replace(size=size)
        two = np.random.RandomState(0).uniform(-1, 1, (2,) + self.input_spec.shape)
        self._fixed_inside(two, self._session.get_outputs()[0].shape)
        self.input_spec = self.input_spec._replace(embedding_size=self._run(two[:1]).shape[1])

    def submit(self, x: np.ndarray) -> Callable[[], np.ndarray]:
        """Run images (B, 3, H, W); returns a function that gives their embeddings, as that of `Runner` does."""
        embeddings = self._run(x)
        return lambda: embeddings

    def forward(self, x):
        """Embeddings of an NDArray, as an NDArray."""
        return nd.array(self._run(x.asnumpy()), x.context)

    def _fixed_inside(self, two, declared):
        """See whether a model that says it takes any number of images does, and how many if not.

        PyTorch's exporter since 2.9 keeps the number it was traced with in each Reshape, whatever the input is called.
        """
        if self._batch is not None:
            return
        try:
            both = self._run(two)
            self._batch = 1
            if np.allclose(self._run(two[1:]), both[1:], atol=1e-3 * np.abs(both).max(), equal_nan=True):
                self._batch = None
        except ValueError:
            self._batch = declared[0] if declared and isinstance(declared[0], int) and declared[0] > 0 else 1

    def _run(self, x):
        x = np.asarray(x, self._type)
        # a model for one size of batch gets each image as often as that
        parts = [x] if self._batch is None else [np.repeat(image[None], self._batch, 0) for image in x]
        try:
            rows = [self._session.run(None, {self._name: part})[0] for part in parts]
        except Exception as error:
            raise ValueError('ONNX Runtime cannot run the model on images {}: {}'.format(
                x.shape, error_sentence(error))) from error
        rows = np.concatenate(rows if self._batch is None else [row[:1] for row in rows]).astype('float32')
        rows = rows.reshape(len(rows), -1)
        if len(rows) != len(x):
            raise ValueError('an ONNX net must give an embedding for each image, got {} for {}.'.format(
                len(rows), len(x)))
        return rows


def _read_input(model):
    """What a model takes, by its graph."""
    path, proto = (model, load_onnx(model)) if isinstance(model, str) else (
        'the ONNX model', import_onnx().load_model_from_string(model))
    return assumed_input(path, scaling_of_onnx(proto), takes_integers(proto))


def _crc(model):
    if isinstance(model, bytes):
        return zlib.crc32(model)
    value = 0
    with open(model, 'rb') as file:
        for part in iter(lambda: file.read(1 << 20), b''):
            value = zlib.crc32(part, value)
    return value
