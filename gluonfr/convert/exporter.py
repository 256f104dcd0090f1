"""From a network to files that other programs read: ONNX, an MXNet symbol, a PyTorch state dict."""
import errno
from typing import Any, Optional, Union

import mxnet as mx
from mxnet import nd
from mxnet.gluon import HybridBlock

from ..data.input_spec import InputSpec
from ..graph.onnx_file import import_onnx
from ..graph.source import noted_input
from ..graph.symbol_file import block_of_symbol, load_arrays, read_symbol_file
from ..graph.symbols import read_graph
from ..nn.trace import structural_names
from ..utils.check import check_int
from ..utils.files import atomic_path
from ..utils.params_file import save_whole
from .check import Reference
from .native import native_from_torch
from .onnx_session import open_session
from .readers.torch import import_torch, load_torch
from .writers import LOWEST_OPSET, onnx_model, symbol_json, torch_from_native, whole_graph

__all__ = ['export_onnx', 'export_symbol', 'export_torch', 'onnx_of_net']


def export_onnx(net: HybridBlock, path: str, *, batch: Union[int, str] = 'dynamic', normalise: bool = False,
                flip: str = 'none', l2: bool = False, opset: int = 13, **facts: Any) -> Optional[float]:
    """Write a network as ONNX and check the file with ONNX Runtime on random images.

    The file takes 'data' (B, C, H, W), float32, RGB, and gives 'embedding' (B, D). Its metadata say what the input is:
    'input' (size, mean, std and colour order, as JSON) and 'embedding_size', besides what is known of the network.

    Parameters
    ----------
    net : HybridBlock
        With `input_spec` and weights, float32; of a network with a class layer the embedding is exported.
    path : str
    batch : 'dynamic' or int
        Images a call takes: any number, or this one, >= 1.
    normalise : bool
        Take grey levels 0 to 255 and normalise them in the graph.
    flip : {'none', 'sum', 'concat'}
        As in `Embedder`: add the embedding of the mirror image, or put it beside (2 D).
    l2 : bool
        Scale the result to length 1.
    opset : int
        Version of ONNX's operators, >= 13 and known to the installed onnx.
    **facts
        Further metadata: model, arguments, licence, ... (JSON values)

    Returns
    -------
    float or None
        The largest difference of any value of embeddings of length 1; None where onnxruntime is missing, which is
        logged: then nobody has checked the file.

    Raises
    ------
    ConvertError
        ONNX Runtime's embeddings differ by more than 1e-4; no file is written.
    ImportError
        onnx is missing.
    TypeError, ValueError
        An argument that is not allowed, a network without input_spec, or one with an operator that has no form here.
    """
    onnx = import_onnx()
    check_int('export_onnx', 'opset', opset, LOWEST_OPSET, onnx.defs.onnx_opset_version())
    count = None if batch == 'dynamic' else check_int('export_onnx', 'batch', batch, 1)
    reference = Reference('export_onnx', net, normalise, flip, l2)
    model = _onnx_model(net, *whole_graph(net, reference.spec, normalise, flip, l2), opset, count, facts)
    with atomic_path(path) as temporary:
        onnx.save(model, temporary)
        session = open_session(temporary, path, opset)
        return session and reference.compare(lambda x: session.run(None, {'data': x})[0], count or 3)


def onnx_of_net(net: HybridBlock, spec: Optional[InputSpec] = None) -> bytes:
    """The ONNX model of a network in memory, float32, for an engine that runs nothing else.

    Parameters
    ----------
    net : HybridBlock
    spec : InputSpec or None
        What it takes; None for its ``input_spec``.
    """
    import_onnx()
    reference = Reference('onnx_of_net', net, spec=spec)  # it fixes shapes that were left to the first batch
    return _onnx_model(net, *whole_graph(net, reference.spec), LOWEST_OPSET).SerializeToString()


def export_symbol(net: HybridBlock, prefix: str, *, normalise: bool = False, flip: str = 'none',
                  l2: bool = False) -> float:
    """Write a network as '<prefix>-symbol.json' and '<prefix>-0000.params', and check them through SymbolBlock.

    `mxnet.gluon.SymbolBlock.imports`, MXNet's C predict API and `load_net` load them. The input is 'data' (B, C, H, W);
    an attribute of it says what it takes, which `load_net` reads.

    Parameters
    ----------
    net, normalise, flip, l2
        As for `export_onnx`.
    prefix : str
        Of both paths.

    Returns
    -------
    float
        As of `export_onnx`.

    Raises
    ------
    ConvertError, TypeError, ValueError
        As `export_onnx`.

    Examples
    --------
    >>> import os, tempfile
    >>> from gluonfr.convert import export_symbol
    >>> from gluonfr.model_zoo import get_model
    >>> net = get_model('lenetplus', embedding_size=2)
    >>> net.initialize()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(export_symbol(net, os.path.join(folder, 'net')) < 1e-4, sorted(os.listdir(folder)))
    True ['net-0000.params', 'net-symbol.json']
    """
    reference = Reference('export_symbol', net, normalise, flip, l2)
    symbol, params, spec = whole_graph(net, reference.spec, normalise, flip, l2)
    states = set(symbol.list_auxiliary_states())
    with atomic_path(prefix + '-symbol.json') as graph, atomic_path(prefix + '-0000.params') as weights:
        with open(graph, 'w', encoding='utf-8') as stream:
            stream.write(symbol_json(symbol, spec))
        named = {('aux:' if name in states else 'arg:') + name: value for name, value in params.items()}
        save_whole(weights, lambda path: nd.save(path, named))
        block = block_of_symbol(read_symbol_file(graph), 'data', load_arrays(weights), mx.cpu())
        return reference.compare(lambda x: block(nd.array(x)).asnumpy())


def export_torch(net: HybridBlock, path: str) -> float:
    """Write the weights of an IResNet or MobileFaceNet as a PyTorch state dict with arcface_torch's names.

    Parameters
    ----------
    net : IResNet or MobileFaceNet
        As for `torch_from_native`.
    path : str
        For ``load_state_dict(torch.load(path))``.

    Returns
    -------
    float
        As of `export_onnx`, after the way back by `load_torch` and `native_from_torch`.

    Raises
    ------
    ConvertError, ImportError, ValueError
        As `export_onnx`; torch is missing or too old, or arcface_torch has no such network.
    """
    torch = import_torch()
    state = torch_from_native(net)
    reference = Reference('export_torch', net)
    with atomic_path(path) as temporary:
        try:
            torch.save({name: torch.from_numpy(value) for name, value in state.items()}, temporary)
        except RuntimeError as error:  # PyTorch's own, of a full disk, too
            raise OSError(errno.ENOSPC, '{} cannot be written whole: is the disk full?'.format(path)) from error
        again = native_from_torch(load_torch(temporary))[0]
        return reference.compare(lambda x: again(nd.array(x)).asnumpy())


def _onnx_model(net, symbol, params, spec, opset, count=None, facts=None):
    """The ONNX model of a network's graph."""
    nodes, (head, _), _ = read_graph(symbol, params, spec.shape)
    return onnx_model(nodes, head, spec.shape, opset, count, structural_names(net), dict(
        facts or {}, input=noted_input(spec), embedding_size=spec.embedding_size))
