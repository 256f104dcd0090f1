"""ONNX models that no network of ours is equal to, as blocks of MXNet that ONNX Runtime runs."""
from typing import Callable, Optional, Union

import numpy as np
from mxnet import nd
from mxnet.gluon import HybridBlock

from ..data.input_spec import InputSpec
from .engines import OnnxRuntimeEngine
from .engines.onnx_model import OnnxModel
from .trained_net import TrainedNet

__all__ = ['OnnxNet']


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
    model : OnnxModel
    crc : int
        Checksum of the model, which has no parameters that one could be taken of.

    Raises
    ------
    ImportError
        onnxruntime is missing, or onnx, which reads from the graph what nothing else says.
    ValueError
        ONNX Runtime cannot run it, or it is no network of images to embeddings.
    """

    def __init__(self, model: Union[str, bytes], spec: Optional[InputSpec] = None):
        super().__init__()
        self.model = OnnxModel(model, spec)
        self._engine = OnnxRuntimeEngine(TrainedNet(self.model))
        self.crc, self.input_spec = self.model.crc, self._engine.spec

    def submit(self, x: np.ndarray) -> Callable[[], np.ndarray]:
        """Run images (B, 3, H, W); returns a function that gives their embeddings, as that of `Runner` does."""
        return self._engine.submit(x)

    def forward(self, x):
        """Embeddings of an NDArray, as an NDArray."""
        return nd.array(self.submit(x.asnumpy())(), x.context)
