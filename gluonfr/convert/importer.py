"""From a file of weights of any kind to a folder with a card that `load_net` takes."""
import logging
import os
from collections import namedtuple
from typing import Any, Dict, Optional, Sequence, Union

import numpy as np

from ..data.normalize import given_fields, normalize
from ..deploy.net_files import TORCH_SUFFIXES
from ..graph.convert_error import ConvertError
from ..graph.source import note_classes
from ..model_zoo import MODELS, InputSpec
from ..model_zoo.card_file import CARD_NAME, write_card
from ..model_zoo.net_graph import graph_json
from ..utils.check import check_number
from ..utils.files import atomic_folder, file_sha256
from ..utils.messages import names
from .check import check_equal, check_runs, drawn_faces, given_images
from .folded_norms import estimate_statistics
from .native import native_from_graph, native_from_params, native_from_state
from .original import original_of_onnx, original_of_symbol
from .readers import read_onnx, read_params, read_safetensors, read_symbol, read_torch
from .recognise import Unknown

__all__ = ['convert']

log = logging.getLogger('gluonfr')
FACES = 32  # drawn ones, where nothing better is there to estimate statistics on

# How a kind of file becomes a net: `read` it, put its weights into a `native` net of ours, and, of files that hold the
# whole graph, run the `original` beside that, or in its place.
Way = namedtuple('Way', 'read native original')
WAYS = {'-symbol.json': Way(read_symbol, native_from_graph, original_of_symbol),
        '.onnx': Way(read_onnx, native_from_graph, original_of_onnx),
        '.params': Way(read_params, native_from_params, None),
        **{end: Way(read_safetensors if end == '.safetensors' else read_torch, native_from_state, None)
           for end in TORCH_SUFFIXES}}


def convert(source: str, out: str, model: Optional[str] = None, params: Optional[str] = None,
            spec: Union[InputSpec, Dict[str, Any], None] = None,
            images: Union[str, Sequence[np.ndarray], None] = None, *, epsilon: Optional[float] = None) -> str:
    """Convert weights to a native network, check that both sides give the same embeddings, and write them with a card.

    A graph that is no network of the model zoo is taken as it is: the card's model is then 'symbol' or 'onnx', and its
    network embeds but does not train. Weights without a graph, a state dict or '.params', cannot be run by themselves,
    so that nothing is compared: names and shapes must fit, and what they do not say is assumed, and logged.

    Parameters
    ----------
    source : str
        A '-symbol.json' of MXNet, '.onnx', a PyTorch state dict '.pth', '.pt', '.ckpt', '.pth.tar' or '.safetensors',
        or Gluon '.params' (with `model`).
    out : str
        Folder that is made, with card.json and the weights: all of it or nothing.
    model : str or None
        Name for `get_model`, when only that network will do; None finds the one that fits.
    params : str or None
        Weights of a symbol, None for the newest '<prefix>-NNNN.params' beside it.
    spec : InputSpec, dict or None
        What the source takes, of a size that counts where the graph does not say one; None for what its graph says:
        grey levels if it scales them itself, else (pixel - 127.5) / 127.5, in RGB. Of a dict with some of size, mean,
        std and colour the rest stays as it is without.
    images : str, sequence or None
        Aligned faces to compare both sides on, besides noise and drawn faces: a folder or list file, or what `Embedder`
        takes; 64 of them count. BatchNorms that were folded away get the statistics of these images.
    epsilon : float or None
        Of the BatchNorms, where the source does not say it: of a state dict, or of Gluon's parameters. None for that of
        the code that such names come from.

    Returns
    -------
    str
        Path of card.json.

    Raises
    ------
    ConvertError
        The source is damaged or does not fit, or both sides differ; unused and missing names are listed.
    FileNotFoundError, ImportError, ValueError
        There is no such file; a package that the source needs is missing; nothing is called `model`.

    Examples
    --------
    >>> import os, tempfile
    >>> from gluonfr.convert import convert
    >>> from gluonfr.deploy import load_net
    >>> from gluonfr.model_zoo import get_model
    >>> net = get_model('lenetplus', embedding_size=2)
    >>> net.initialize()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     net.save_parameters(os.path.join(folder, 'old.params'))
    ...     card = convert(os.path.join(folder, 'old.params'), os.path.join(folder, 'net'), 'lenetplus')
    ...     print(os.path.basename(card), load_net(os.path.dirname(card)).input_spec.size)
    card.json (28, 28)
    """
    source, out = os.fspath(source), os.path.abspath(out)
    way = _way(source)
    _check_places(source, out, params)
    model = model if model is None else MODELS.canonical(model)
    given = given_fields('convert', spec)
    if epsilon is not None:
        check_number('convert', 'epsilon', epsilon, 0, low_open=True)
        if way.original is not None:
            raise ConvertError('epsilon is for weights without a graph, which says its own, got {} with {}.'.format(
                epsilon, source))
    read = way.read(source, params, given)._replace(given=given, epsilon=epsilon)
    native, why_not = _native(way, read, model)
    original = _original(way, read, native)
    made = native or original
    faces = None if images is None else given_images(images, made.net.input_spec.size)
    facts = {'source': _files(read)}
    if native is None:
        check_runs(original.embed, faces)
        note_classes(source, made.net.input_spec.embedding_size)
        log.warning('%s is no network of the model zoo, so it is taken as it is and will not train: %s', source,
                    why_not)
        facts['as_it_is'] = why_not
    else:
        facts.update(_statistics(native, faces))
        facts['parity'] = check_equal(native.net, original and original.embed, faces)
    facts.update(unused=list(read.unused), missing=[])
    with atomic_folder(out) as folder:
        weights = made.write_to(folder)
        write_card(os.path.join(folder, CARD_NAME), weights, made.model, made.arguments, made.net.input_spec,
                   graph=native and graph_json(native.net), **facts)
    if read.unused:
        log.warning('%s: without use for an embedding: %s', source, names(list(read.unused)))
    return os.path.join(out, CARD_NAME)


def _way(source):
    """The Way of a file, by its name's end."""
    for ending, way in WAYS.items():
        if source.endswith(ending):
            return way
    raise ConvertError('source must end in {}, got {}.'.format(', '.join(WAYS), source))


def _check_places(source, out, params):
    if not os.path.isfile(source):
        raise FileNotFoundError('convert: there is no file {}.'.format(source))
    if os.path.exists(out) and (not os.path.isdir(out) or os.listdir(out)):
        raise ConvertError('out must be a new or empty folder, got {}, where something is already.'.format(out))
    if params is not None and not source.endswith('-symbol.json'):
        raise ConvertError('params are for a -symbol.json, got {} with {}.'.format(params, source))


def _native(way, read, model):
    """(Native, ''), or (None, why a graph is no network of ours)"""
    try:
        return way.native(read, model), ''
    except Unknown as error:
        if model is not None:
            raise ConvertError('the source is not {}: {}.'.format(model, error)) from error
        return None, str(error)


def _original(way, read, native):
    """The Original of a graph; None of other files, or where a native network can do without."""
    if way.original is None:
        return None
    size = native.net.input_spec.size if native else read.weights.size or read.spec.size
    try:
        return way.original(read, read.spec._replace(size=size))
    except ImportError as error:
        if native is None:
            raise
        log.warning('the conversion is not compared with its source: %s', error)
        return None


def _files(read):
    """What the card says of the files that a network was made from."""
    said = {'file': os.path.basename(read.path), 'sha256': file_sha256(read.path)}
    if read.params is not None:
        said.update(params=os.path.basename(read.params), params_sha256=file_sha256(read.params))
    return said


def _statistics(native, given):
    """Give BatchNorms that were folded away the statistics of images; returns what the card says of it."""
    if not native.folded:
        return {}
    faces = drawn_faces(native.net.input_spec.size, FACES) if given is None else given
    estimate_statistics(native.net, native.folded, normalize(faces, native.net.input_spec))
    return {'statistics': 'estimated on {} {}'.format(len(faces), 'drawn faces' if given is None else 'given images')}
