"""A source itself, as a net that embeds: what the converted net is compared with, or takes the place of it."""
import os
import shutil
from collections import namedtuple

from mxnet import nd

from ..deploy.onnx_net import OnnxNet
from ..deploy.symbol_net import load_symbol
from ..graph.convert_error import ConvertError
from ..graph.from_mxnet import check_shapes
from ..graph.from_onnx import runnable
from ..model_zoo.card_file import ONNX, SYMBOL
from ..utils.files import file_sha256
from ..utils.params_file import save_whole

__all__ = ['Original', 'onnx_original', 'symbol_original']


class Original(namedtuple('Original', 'net model arguments save')):
    """A net that is a graph as it was read.

    ``model`` and ``arguments`` are for its card; ``save(folder)`` writes its files and returns the path of the weights.
    """
    __slots__ = ()


def symbol_original(read, spec, scratch):
    """The block of an MXNet symbol.

    Parameters
    ----------
    read : Read
    spec : InputSpec
        What it takes.
    scratch : str
        Folder for its files, without the layers behind the embedding.

    Returns
    -------
    Original

    Raises
    ------
    ConvertError
        Symbol and weights do not fit each other, or no images of that size.
    """
    symbol, weights = read.original
    check_shapes(symbol, weights, spec.shape)
    graph, params = (os.path.join(scratch, name) for name in ('net-symbol.json', 'net-0000.params'))
    with open(graph, 'w', encoding='utf-8') as stream:
        stream.write(symbol.tojson())
    kept = {name: weights[name] for name in symbol.list_inputs() if name in weights}
    save_whole(params, lambda path: nd.save(path, kept))
    try:
        net = load_symbol(graph, size=spec.size, spec=spec)
    except ValueError as error:
        raise ConvertError('{} and {} do not fit each other, or are damaged: {}'.format(
            read.path, read.params, error)) from error

    def save(folder):
        shutil.copy(graph, folder)
        return shutil.copy(params, folder)

    return Original(net, SYMBOL, {'graph': os.path.basename(graph), 'sha256': file_sha256(graph)}, save)


def onnx_original(read, spec, scratch=None):
    """The net of an ONNX model, run by ONNX Runtime.

    Parameters
    ----------
    read : Read
    spec : InputSpec
        What it takes.
    scratch : None

    Returns
    -------
    Original

    Raises
    ------
    ConvertError
        ONNX Runtime cannot run it.
    ImportError
        ONNX Runtime is missing.
    """
    model = runnable(read.original, read.weights).SerializeToString()
    try:
        net = OnnxNet(model, spec)
    except ValueError as error:
        raise ConvertError('{} cannot be compared with what it becomes: {}'.format(read.path, error)) from error

    def save(folder):
        place = os.path.join(folder, 'net.onnx')
        with open(place, 'wb') as file:
            file.write(model)
        return place

    return Original(net, ONNX, {}, save)
