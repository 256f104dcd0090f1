"""A trained net in the forms that engines take."""
import sys
import zlib
from typing import Any, Optional

from ..compat import mxnet_problem
from ..data.input_spec import InputSpec
from ..utils.converter import get_onnx_writer
from ..utils.files import is_path
from .engines.onnx_model import OnnxModel
from .net_files import NetFiles, find_net

__all__ = ['TrainedNet']


class TrainedNet:
    """A net as a block of MXNet and as an ONNX model, each made when an engine first asks for it.

    Parameters
    ----------
    net : HybridBlock, NetFiles, OnnxModel, or what `load_net` takes
    ctx : Context or None
        Where a block is loaded to, and runs; None for the CPU, or where it is.
    spec : InputSpec or None
        What it takes, where it does not say that itself.

    Attributes
    ----------
    is_onnx : bool
        Whether it is an ONNX model by itself, for which no net of MXNet is known.
    given_spec : InputSpec or None
    """

    def __init__(self, net: Any, ctx: Any = None, spec: Optional[InputSpec] = None):
        self.ctx, self.given_spec = ctx, spec
        self._files, self._block, self._model = None, None, None
        net = find_net(net) if is_path(net) else net
        if isinstance(net, NetFiles):
            self._files, self.given_spec = net, spec or net.spec
            if net.kind == 'onnx':
                self._model = OnnxModel(net.path)
        elif isinstance(net, OnnxModel):
            self._model = net
        elif _is_block(net):
            self._block = net
            if isinstance(getattr(net, 'model', None), OnnxModel):
                self._model, self.given_spec = net.model, spec or net.input_spec
        else:
            raise TypeError('Embedder: net must be a HybridBlock or what load_net takes, got {}.'.format(
                type(net).__name__))
        self.is_onnx = self._model is not None

    def block(self, ctx: Any = None) -> Any:
        """The HybridBlock; one that is not in memory yet is loaded to a context, the net's own where that is None."""
        if self._block is None:
            from .load import load_files
            self._block = load_files(self._files, ctx or self.ctx)
        return self._block

    def model(self) -> OnnxModel:
        """The ONNX model; a net of MXNet is written as one."""
        if self._model is None:
            source = self._files if self._block is None else self._block
            self._model = OnnxModel(get_onnx_writer()(source, self.given_spec))
        return self._model

    def spec(self) -> InputSpec:
        """What a net of MXNet takes."""
        spec = self.given_spec or getattr(self.block(), 'input_spec', None)
        if not isinstance(spec, InputSpec):
            raise ValueError('Embedder: {} has no input_spec: give spec=InputSpec(...).'.format(
                type(self.block()).__name__))
        return spec

    @property
    def is_half(self) -> bool:
        """Whether it is a block with weights in float16."""
        if self._block is None:
            return False
        from ..utils.precision import is_half
        return is_half(self._block)

    @property
    def caution(self) -> Optional[str]:
        """What is said where it is used, None where nothing is."""
        return self._files.caution if self._files else getattr(self._block, 'caution', None)

    def update(self) -> None:
        """Take the weights that a block has now."""
        if not self.is_onnx:
            self._model = None

    def fingerprint(self) -> int:
        """A number that changes with the weights."""
        if self.is_onnx or mxnet_problem():
            return self.model().crc
        value = 0
        for param in self.block().collect_params().values():
            value = zlib.crc32(param.data(param.list_ctx()[0]).asnumpy().tobytes(), value)
        return value


def _is_block(net):
    """Whether it is a HybridBlock; there is none where MXNet was not imported."""
    mxnet = sys.modules.get('mxnet')
    return mxnet is not None and isinstance(net, mxnet.gluon.HybridBlock)
