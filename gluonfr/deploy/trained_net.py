"""A trained network in the forms that engines take."""
import sys
import zlib
from typing import Any, Optional

from ..data.input_spec import InputSpec
from ..graph.symbol_file import load_weights, read_symbol_nodes, symbol_params
from ..utils.converter import get_onnx_writer
from ..utils.files import is_path
from ..utils.params_file import CLASS_LAYER, read_arrays
from .engines.onnx_model import OnnxModel
from .net_files import NetFiles, find_net

__all__ = ['TrainedNet']


class TrainedNet:
    """A network as a block of MXNet and as an ONNX model, each made when an engine first asks for it.

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
        Whether it is an ONNX model by itself, for which no network of MXNet is known.
    given_spec : InputSpec or None
    """

    def __init__(self, net: Any, ctx: Any = None, spec: Optional[InputSpec] = None):
        self.ctx, self.given_spec = ctx, spec
        self._files, self._block, self._model, self._fingerprint = None, None, None, None
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

    @property
    def files(self) -> Optional[NetFiles]:
        """Where it lies; None of a network in memory."""
        return self._files

    def block(self, ctx: Any = None) -> Any:
        """The HybridBlock; one that is not in memory yet is loaded to a context, for None the network's own."""
        if self._block is None:
            from .load import load_files
            self._block = load_files(self._files, ctx or self.ctx)
        return self._block

    def model(self) -> OnnxModel:
        """The ONNX model; a network of MXNet is written as one."""
        if self._model is None:
            source = self._files if self._block is None else self._block
            self._model = OnnxModel(get_onnx_writer()(source, self.given_spec))
        return self._model

    def spec(self) -> InputSpec:
        """What a network of MXNet takes."""
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
        if self.is_onnx:
            return self.model().crc
        if self._block is not None:
            return _checksum(param.data(param.list_ctx()[0]).asnumpy()
                             for param in self._block.collect_params().values())
        if self._fingerprint is None:
            self._fingerprint = _checksum(_weights_of(self._files))
        return self._fingerprint


def _checksum(arrays):
    value = 0
    for array in arrays:
        value = zlib.crc32(array.tobytes(), value)
    return value


def _weights_of(files):
    """The weights of a network's files, as and in the order in which its block has them."""
    if files.kind == 'zoo':
        weights = load_weights(files.params)
        return [weights[name].astype('float32') for name in weights if not name.startswith(CLASS_LAYER)]
    params = symbol_params('Embedder', files.path, files.params)
    weights, states = load_weights(params), {name[4:] for name in read_arrays(params) if name.startswith('aux:')}
    names = [node.name for node in read_symbol_nodes(files.path).inputs if node.name in weights]
    return [weights[name] for name in sorted(names, key=states.__contains__)]  # those that are no states first


def _is_block(net):
    """Whether it is a HybridBlock; there is none where MXNet was not imported."""
    mxnet = sys.modules.get('mxnet')
    return mxnet is not None and isinstance(net, mxnet.gluon.HybridBlock)
