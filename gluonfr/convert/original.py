"""A graph as it was read, as a network that embeds: to compare the converted network with, or to take its place."""
import hashlib
import os
from collections import namedtuple

import mxnet as mx
from mxnet import nd

from ..deploy.embedder import Embedder
from ..deploy.onnx_net import OnnxNet
from ..deploy.symbol_net import symbol_net
from ..graph.convert_error import ConvertError
from ..graph.from_mxnet import behind_embedding, embedding_of
from ..graph.onnx_file import runnable
from ..graph.symbol_file import load_arrays, read_symbol_file
from ..model_zoo.card_file import ONNX, SYMBOL
from ..utils.messages import error_sentence
from ..utils.params_file import save_whole

__all__ = ['Original', 'original_of_onnx', 'original_of_symbol']


class Original(namedtuple('Original', 'net model arguments embed write_to')):
    """A network that is the graph itself; `Native` is one of ours.

    ``model`` and ``arguments`` are for its card; ``embed`` is its Embedder; ``write_to(folder)`` writes its files and
    returns the path of the weights.
    """
    __slots__ = ()


def original_of_symbol(read, spec):
    """The Original of an MXNet symbol that takes `spec`.

    Raises
    ------
    ConvertError
        Symbol and weights do not fit each other, or no images of that size, or it gives no embedding.
    """
    symbol, arrays = embedding_of(read_symbol_file(read.path)), load_arrays(read.params)
    behind = behind_embedding(symbol)
    if behind:
        raise ConvertError('{} {}.'.format(read.path, behind))
    arrays = {name: arrays[name] for name in symbol.list_inputs() if name in arrays}
    try:
        net = symbol_net(symbol, arrays, spec)
    except (AssertionError, KeyError, TypeError, mx.MXNetError) as error:
        raise ConvertError('{} and {} do not fit each other, or are damaged: {}'.format(
            read.path, read.params, error_sentence(error))) from error
    name, graph = 'net-symbol.json', symbol.tojson()

    def write_to(folder):
        with open(os.path.join(folder, name), 'w', newline='\n', encoding='utf-8') as stream:
            stream.write(graph)
        weights = os.path.join(folder, 'net-0000.params')
        save_whole(weights, lambda path: nd.save(path, arrays))
        return weights

    arguments = {'graph': name, 'sha256': hashlib.sha256(graph.encode()).hexdigest()}
    return Original(net, SYMBOL, arguments, Embedder(net), write_to)


def original_of_onnx(read, spec):
    """The Original of an ONNX model that takes `spec`.

    Raises
    ------
    ConvertError
        ONNX Runtime cannot run it.
    ImportError
        ONNX Runtime is missing.
    """
    model = runnable(read.program, read.weights).SerializeToString()
    try:
        net = OnnxNet(model, spec)
    except ValueError as error:
        raise ConvertError('{} cannot be compared with what it becomes: {}'.format(read.path, error)) from error

    def write_to(folder):
        path = os.path.join(folder, 'net.onnx')
        with open(path, 'wb') as file:
            file.write(model)
        return path

    return Original(net, ONNX, {}, Embedder(net), write_to)
