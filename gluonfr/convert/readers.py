"""A reader for each kind of source: from its files to a net and its source to compare it with."""
import logging
import os

from mxnet import nd

from ..deploy.embedder import Embedder
from ..deploy.onnx_net import OnnxNet, described_input
from ..deploy.symbol_net import load_symbol
from ..graph.convert_error import ConvertError
from ..graph.from_mxnet import check_shapes, embedding_of, read_symbol
from ..graph.from_onnx import load_onnx, read_onnx, runnable, takes_integers
from ..graph.source import assumed_input
from ..graph.symbol_file import data_of_symbol, load_arrays, read_symbol_file, said_input, symbol_params
from ..model_zoo.card_file import ONNX, SYMBOL
from ..utils.files import file_sha256
from ..utils.messages import describe
from ..utils.params_file import save_whole
from .gluon_params import net_from_params
from .match import Mismatch
from .native import native_from_graph
from .recognise import Unknown

__all__ = ['Imported', 'reader_of']

log = logging.getLogger('gluonfr')


class Imported:
    """What a reader has made of a source.

    Attributes
    ----------
    net : HybridBlock
        With the weights and `input_spec`.
    model, arguments : str, dict
        What the card says of it.
    original : Embedder or None
        Of the source itself, None if it cannot run here.
    files : dict of str to str
        The net's own files by the names they get, weights last; empty for a net of the zoo.
    native : Native or None
    why : str
        Why there is no net of the zoo; empty if there is.
    unused : sequence of str
        Names in the source that the net has no use for.
    params : str or None
        The file of the weights, if it is not the source itself.
    """

    def __init__(self, net, model, arguments, original=None, unused=(), native=None, files=None, why='', params=None):
        self.net, self.model, self.arguments, self.original = net, model, arguments, original
        self.unused, self.native, self.files, self.why = list(unused), native, files or {}, why
        self.params = params


def reader_of(source):
    """The function (source, scratch folder, model, params, spec) -> Imported for a file, by its name's end.

    Raises
    ------
    ConvertError
        There is none.
    """
    for ending, reader in _READERS.items():
        if source.endswith(ending):
            return reader
    raise ConvertError('source must end in {}, got {}.'.format(', '.join(_READERS), source))


def _from_symbol(source, scratch, model=None, params=None, spec=None):
    params = symbol_params('convert', source, params)
    symbol, weights = embedding_of(read_symbol_file(source)), load_arrays(params)
    read = read_symbol(symbol, weights)
    spec = spec or said_input(symbol, data_of_symbol(symbol, weights)) or assumed_input(source, read.scaling)
    native, why = _native(read, spec, model)
    spec = _sized(read, spec, native)
    check_shapes(symbol, weights, spec.shape)
    # what follows the embedding in a symbol for training is not part of the net
    place = os.path.join(scratch, 'net')
    with open(place + '-symbol.json', 'w', encoding='utf-8') as stream:
        stream.write(symbol.tojson())
    kept = {name: weights[name] for name in symbol.list_inputs() if name in weights}
    save_whole(place + '-0000.params', lambda path: nd.save(path, kept))
    try:
        block = load_symbol(place + '-symbol.json', size=spec.size, spec=spec)
    except ValueError as error:
        raise ConvertError('{} and {} do not fit each other, or are damaged: {}'.format(
            source, params, error)) from error
    if native:
        return _imported(native, block, read, params)
    files = {'net-symbol.json': place + '-symbol.json', 'net-0000.params': place + '-0000.params'}
    arguments = {'graph': 'net-symbol.json', 'sha256': file_sha256(files['net-symbol.json'])}
    return Imported(block, SYMBOL, arguments, Embedder(block), read.unused, files=files, why=why,
                    params=params)


def _from_onnx(source, scratch, model=None, params=None, spec=None):
    proto = load_onnx(source)
    spec = spec or described_input(proto.producer_name, {entry.key: entry.value for entry in proto.metadata_props})
    read = read_onnx(proto)
    spec = spec or assumed_input(source, read.scaling, takes_integers(proto))
    native, why = _native(read, spec, model)
    proto = runnable(proto, read)
    try:
        block = OnnxNet(proto.SerializeToString(), _sized(read, spec, native))
    except ImportError as error:
        if native is None:
            raise
        log.warning('the conversion is not compared with its source: %s', error)
        return _imported(native, None, read)
    except ValueError as error:
        raise ConvertError('{} cannot be compared with what it becomes: {}'.format(source, error)) from error
    if native:
        return _imported(native, block, read)
    place = os.path.join(scratch, 'net.onnx')
    with open(place, 'wb') as file:
        file.write(proto.SerializeToString())
    return Imported(block, ONNX, {}, Embedder(block), read.unused, files={'net.onnx': place}, why=why)


def _from_params(source, scratch, model=None, params=None, spec=None):
    if model is None:
        raise ConvertError('{} needs model=, the name of its net: `gluonfr models` lists them.'.format(source))
    net, arguments, unused = net_from_params(load_arrays(source), model)
    if spec is not None:
        net.input_spec = spec._replace(embedding_size=net.input_spec.embedding_size)
    return Imported(net, model, arguments, unused=unused)


def _from_torch(source, scratch, model=None, params=None, spec=None):
    from .torch_weights import native_from_torch, read_torch
    state, prefix = read_torch(source)
    net, model, arguments, report = native_from_torch(state, model, prefix)
    if spec is None:
        taken = net.input_spec
        log.info('%s: a state dict does not say what its net takes: it is given %s as (pixel - %g) / %g, as the code '
                 'that such names come from does. Give anything else as --input.', source, taken.colour.upper(),
                 taken.mean[0], taken.std[0])
    else:
        net.input_spec = spec._replace(embedding_size=net.input_spec.embedding_size)
    return Imported(net, model, arguments, unused=report.get('unused', ()))


_READERS = {'-symbol.json': _from_symbol, '.onnx': _from_onnx, '.params': _from_params, '.pth': _from_torch,
            '.pt': _from_torch, '.ckpt': _from_torch, '.pth.tar': _from_torch}


def _native(read, spec, model):
    """(Native or None, why there is none)"""
    try:
        return native_from_graph(read, spec, model), ''
    except (Unknown, Mismatch, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        why = str(error) if isinstance(error, (Unknown, Mismatch)) else \
            'its layers do not fit each other ({})'.format(describe(error))
        if model is not None:
            raise ConvertError('the source is not {}: {}.'.format(model, why)) from error
        return None, why


def _sized(read, spec, native):
    """What a graph takes, with the size of its images."""
    return spec._replace(size=native.net.input_spec.size if native else read.size or spec.size)


def _imported(native, block, read, params=None):
    return Imported(native.net, native.model, native.arguments, block and Embedder(block), read.unused, native,
                    params=params)
