"""Symbols and their weights from files: as MXNet's, or as nodes and arrays without it."""
import ctypes
import glob
import json
import os
import re
from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional

import numpy as np

from ..data.input_spec import InputSpec
from ..utils.params_file import load_arrays_file, read_arrays
from .convert_error import ConvertError
from .nodes import Graph, nodes_in, nodes_of
from .operators import input_names
from .source import read_input
from .symbol_check import checked_graph

if TYPE_CHECKING:
    import mxnet as mx

__all__ = ['INPUT', 'block_of_symbol', 'data_of_symbol', 'load_arrays', 'load_weights', 'read_symbol_file',
           'read_symbol_nodes', 'said_input', 'symbol_params']

INPUT = '__gluonfr_input__'  # attribute of the input in a symbol that `export_symbol` wrote

CURRENT = 10901  # MXNet 1.9.1
UPGRADED = 905  # files of MXNet 0.9.5 and later differ from those of 1.9.1 in nothing but hints for training
COMPLETE = 900  # in older files inputs may be missing, which MXNet adds
_LACKS = '{} must be an MXNet symbol of a network for images: node {} ({!r:.80}) must have the inputs {}, got {}.'
HINTS = ('ctx_group', 'lr_mult', 'wd_mult', 'force_mirroring', 'mirror_stage')


def read_symbol_file(path: str) -> 'mx.sym.Symbol':
    """Read a '-symbol.json' as the installed MXNet would have written it, so that it has nothing to say about it.

    Raises
    ------
    ConvertError
        It is no symbol, is damaged, or has what `checked_graph` refuses.
    """
    import mxnet as mx
    try:
        graph = checked_graph(path)
        version = graph['attrs'].get('mxnet_version', ['int', 0])
        if version[1] >= UPGRADED:
            version[1] = CURRENT
            for node in graph['nodes']:
                node['attrs'] = {name: value for name, value in node['attrs'].items() if not name.endswith(HINTS)}
        if version[1] >= COMPLETE:
            _check_inputs(path, graph['nodes'])
        return mx.sym.load_json(json.dumps(graph, ensure_ascii=False))
    except ValueError as error:
        raise ConvertError(str(error)) from error
    except mx.MXNetError as error:
        raise ConvertError('{} is no MXNet symbol, or is damaged: {}'.format(
            path, str(error).strip().splitlines()[-1])) from error


def read_symbol_nodes(path: str) -> Graph:
    """Read a '-symbol.json' without MXNet.

    Raises
    ------
    ConvertError
        As `read_symbol_file`.
    """
    try:
        graph = checked_graph(path)
    except ValueError as error:
        raise ConvertError(str(error)) from error
    graph = _completed(graph) if graph['attrs'].get('mxnet_version', ['int', 0])[1] < COMPLETE else graph
    for number, node in enumerate(graph['nodes']):
        wanted = [] if node['op'] == 'null' else input_names(node['op'], node['attrs'])
        if len(node['inputs']) < len(wanted):
            raise ConvertError(_LACKS.format(path, number, node['name'], ', '.join(wanted), len(node['inputs'])))
    return nodes_in(graph)


def _completed(graph):
    """A graph of before MXNet 0.9 with the inputs that it leaves out, states of BatchNorms above all."""
    nodes, places = [], []
    for node in graph['nodes']:
        inputs = [[places[source], number, version] for source, number, version in node['inputs']]
        if node['op'] != 'null':
            for name in input_names(node['op'], node['attrs'])[len(inputs):]:
                inputs.append([len(nodes), 0, 0])
                nodes.append({'op': 'null', 'name': '{}_{}'.format(node['name'], name), 'attrs': {}, 'inputs': []})
        places.append(len(nodes))
        nodes.append(dict(node, inputs=inputs))
    return dict(graph, nodes=nodes, heads=[[places[head[0]]] + head[1:] for head in graph['heads']])


def _check_inputs(path, nodes):
    """Raise a ValueError if an operator has fewer inputs than it takes: MXNet would read behind their end."""
    known = {}
    for number, node in enumerate(nodes):
        if node['op'] == 'null':
            continue
        attrs = {name: value for name, value in node['attrs'].items()
                 if not name.startswith('__') and not name.endswith(HINTS)}
        key = (node['op'],) + tuple(sorted(attrs.items()))
        if key not in known:
            known[key] = _inputs_of(node['op'], attrs)
        if len(node['inputs']) < len(known[key]):
            raise ValueError(_LACKS.format(path, number, node['name'], ', '.join(known[key]), len(node['inputs'])))


def _inputs_of(op, attrs):
    """Names of all inputs that an operator takes with these attributes."""
    from mxnet.base import _LIB, SymbolHandle, c_str, c_str_array, check_call
    from mxnet.symbol import Symbol
    handle, made = ctypes.c_void_p(), SymbolHandle()
    check_call(_LIB.NNGetOpHandle(c_str(op), ctypes.byref(handle)))
    check_call(_LIB.MXSymbolCreateAtomicSymbol(handle, ctypes.c_uint(len(attrs)), c_str_array(list(attrs)),
                                               c_str_array(list(attrs.values())), ctypes.byref(made)))
    symbol = Symbol(made)
    symbol._compose(name='its')  # gives it all inputs that it lacks
    return [name[len('its_'):] for name in symbol.list_inputs()]


def symbol_params(owner: str, path: str, params: Optional[str] = None) -> str:
    """The weights of a symbol: `params`, or the newest '<prefix>-NNNN.params' beside it."""
    if params is None:
        prefix = path[:-len('-symbol.json')]
        found = sorted(glob.glob(glob.escape(prefix) + '-[0-9][0-9][0-9][0-9].params'))
        if not found:
            raise FileNotFoundError('{}: {} needs weights, {}-NNNN.params beside it or params=.'.format(
                owner, path, prefix))
        params = found[-1]
    if not os.path.isfile(params):
        raise FileNotFoundError('{}: there are no weights {}.'.format(owner, params))
    return params


def load_arrays(path: str) -> Dict[str, 'mx.nd.NDArray']:
    """{name: NDArray} of an MXNet file, without the 'arg:' and 'aux:' of symbols.

    Raises
    ------
    ConvertError
        It is none, or is damaged.
    """
    return _named(path, load_arrays_file)


def load_weights(path: str) -> Dict[str, np.ndarray]:
    """`load_arrays` without MXNet: {name: array}, views of the file; of a '.gz', too."""
    return _named(path, read_arrays)


def _named(path, read):
    try:
        arrays = read(path)
    except ValueError as error:
        raise ConvertError(str(error)) from error
    if not isinstance(arrays, dict) or not arrays:
        raise ConvertError('{} holds no named arrays.'.format(path))
    return {re.sub('^(arg|aux):', '', name): array for name, array in arrays.items()}


def data_of_symbol(symbol: Any, weights: Mapping[str, Any]) -> Optional[str]:
    """The input of a Symbol or Graph that images go to: 'data', or the first without weights; None without any."""
    inputs = [node.name for node in nodes_of(symbol).inputs]
    return 'data' if 'data' in inputs else next((name for name in inputs if name not in weights), None)


def said_input(symbol: Any, data: str) -> Optional[InputSpec]:
    """The InputSpec that `export_symbol` wrote into a symbol (Symbol or Graph), None where another wrote it."""
    texts = [node.attrs[INPUT] for node in nodes_of(symbol).inputs if node.name == data and INPUT in node.attrs]
    return read_input('symbol', texts[0]) if texts else None


def block_of_symbol(symbol: 'mx.sym.Symbol', data: str, weights: Dict[str, 'mx.nd.NDArray'],
                    ctx: 'mx.Context') -> 'mx.gluon.SymbolBlock':
    """A SymbolBlock of images, float32, with its weights.

    Parameters
    ----------
    symbol : Symbol
    data : str
        Name of its input.
    weights : dict of str to NDArray
    ctx : Context
    """
    import mxnet as mx
    # `SymbolBlock.imports` leaves the type of the input open, and MXNet complains of it
    block = mx.gluon.SymbolBlock(symbol, [mx.sym.var(data, dtype='float32')])
    block.collect_params().load_dict(weights, ctx, cast_dtype=True, dtype_source='saved')
    return block
