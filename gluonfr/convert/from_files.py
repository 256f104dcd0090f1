"""Nets as they lie in files, to ONNX, with NumPy and the onnx package alone: without MXNet."""
import json
import os
from collections import namedtuple
from contextlib import contextmanager
from typing import Any, Dict, Optional, Union

from ..compat import mxnet_problem
from ..data.input_spec import InputSpec
from ..data.normalize import given_fields
from ..deploy.net_files import NetFiles, find_net
from ..graph.convert_error import ConvertError
from ..graph.from_mxnet import behind_embedding, embedding_of, scaling_of_symbol
from ..graph.from_onnx import read_onnx
from ..graph.nodes import Graph, nodes_in
from ..graph.onnx_file import (check_embeds, described_input, import_onnx, load_onnx, note, runnable,
                               takes_integers)
from ..graph.shapes import with_values
from ..graph.source import note_classes, noted_input, taken_input
from ..graph.symbol_file import data_of_symbol, load_weights, read_symbol_nodes, said_input, symbol_params
from ..metrics.scores import FLIPS
from ..model_zoo.card_file import graph_of_card, read_card
from ..utils.check import check_choice, check_int
from ..utils.files import atomic_path
from ..utils.messages import describe, names
from ..utils.types import PathLike
from .onnx_session import check_runs_in_onnx, open_session
from .writers import LOWEST_OPSET, onnx_model, whole_nodes

__all__ = ['onnx_of_files', 'to_onnx']

FACTS = ('model', 'arguments', 'licence', 'source')  # of a card, that go into the file's metadata

Found = namedtuple('Found', 'program weights spec facts')  # a Graph and its weights, or an onnx.ModelProto and None


def to_onnx(source: Union[PathLike, NetFiles], path: PathLike, *, params: Optional[str] = None,
            spec: Union[InputSpec, Dict[str, Any], None] = None, batch: Union[int, str] = 'dynamic',
            normalise: bool = False, flip: str = 'none', l2: bool = False, opset: int = LOWEST_OPSET,
            root: Optional[str] = None, accept_licence: bool = False, **facts: Any) -> InputSpec:
    """Write a network that lies in files as ONNX, without MXNet: NumPy reads it, and the onnx package writes it.

    The file is that of `export_onnx`. ONNX Runtime runs it on random images where it is installed.

    Parameters
    ----------
    source : str or NetFiles
        An MXNet symbol ('<prefix>-symbol.json'), of which the part up to the embedding is taken; a card (.json) or the
        folder of one, such as a training or `gluonfr convert` leaves; the name of pretrained weights; or an .onnx,
        which is copied in the form that runtimes take. A card of an earlier version, which says no graph, and the name
        of a network with `params` need MXNet.
    path : str
        The .onnx to write.
    params : str or None
        Weights of a symbol, None for the newest '<prefix>-NNNN.params' beside it, or of a network's name.
    spec : InputSpec, dict or None
        What a symbol or an .onnx takes; None for what stands in it or follows from it, as `load_net` takes it. Of a
        dict with some of size, mean, std and colour the rest stays as it is there.
    batch, normalise, flip, l2, opset
        As for `export_onnx`; for an .onnx, which stays as it is, only their defaults.
    root, accept_licence
        For pretrained weights: as in `gluonfr.model_zoo.get_model_file`.
    **facts
        Further metadata, besides those of a card (JSON values).

    Returns
    -------
    InputSpec
        What the file takes, and its embedding_size.

    Raises
    ------
    ConvertError
        A file is damaged, or does not fit the others; a card does not say the graph of its network.
    FileNotFoundError, ImportError, TypeError, ValueError
        There is no such file; onnx is missing; an argument that is not allowed, or an operator that has no form here.

    Examples
    --------
    >>> import os, tempfile
    >>> from gluonfr.convert import to_onnx
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     spec = to_onnx('lenetplus_softmax', os.path.join(folder, 'net.onnx'), normalise=True)
    >>> spec.size, spec.mean, spec.embedding_size
    ((28, 28), (0,), 2)
    """
    onnx, path = import_onnx(), os.fspath(path)
    check_int('to_onnx', 'opset', opset, LOWEST_OPSET, onnx.defs.onnx_opset_version())
    check_choice('to_onnx', 'flip', flip, FLIPS)
    count = None if batch == 'dynamic' else check_int('to_onnx', 'batch', batch, 1)
    files = source if isinstance(source, NetFiles) else find_net(source, params, root, accept_licence)
    with _in_words(files.path):
        found = _read(files, spec)
    if found.weights is None:
        if normalise or flip != 'none' or l2 or count:
            raise ValueError('to_onnx: an .onnx is copied as it is, got {} with normalise, flip, l2 or batch.'.format(
                source))
        model, spec = found.program, found.spec
        note(model, dict(found.facts, input=noted_input(spec), **facts))
    else:
        with _in_words(files.path):
            model, spec = _written(found, normalise, flip, l2, opset, count, facts)
    with atomic_path(path) as temporary:
        onnx.save(model, temporary)
        session = open_session(temporary, path, opset)
        if session:
            spec = check_runs_in_onnx(session, spec, count or 3)
    if files.card is None and files.kind != 'zoo' and spec.embedding_size:
        note_classes(files.path, spec.embedding_size)
    return spec


def onnx_of_files(files: NetFiles, spec: Optional[InputSpec] = None) -> bytes:
    """The ONNX model of a network's files, for an engine that runs nothing else; see `gluonfr.deploy.net_files`."""
    with _in_words(files.path):
        found = _read(files, spec)
        return (found.program if found.weights is None else _written(found)[0]).SerializeToString()


@contextmanager
def _in_words(path):
    """A graph from elsewhere may have any form: say that in a sentence where it breaks what reads or writes it."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError) as error:
        raise ConvertError('{} is damaged, or has a form that cannot be written as ONNX: {}'.format(
            path, describe(error))) from error


def _written(found, normalise=False, flip='none', l2=False, opset=LOWEST_OPSET, count=None, facts=None):
    """(ModelProto, InputSpec) of a graph and its weights."""
    data = data_of_symbol(found.program, found.weights)
    nodes = with_values(found.program, found.weights, data, found.spec.shape)
    head = nodes[-1]
    if len(head.shape) < 2:
        raise ConvertError('the symbol must give an embedding for each image, got shape {} for one.'.format(head.shape))
    next(node for node in nodes if node.name == data).name = 'data'
    graph, spec = whole_nodes(Graph(nodes, found.program.heads[:1], {}),
                              found.spec._replace(embedding_size=head.shape[1]), normalise, flip, l2)
    facts = dict(found.facts, **(facts or {}))
    return onnx_model(graph.nodes, graph.heads[0][0], spec.shape, opset, count, str, dict(
        facts, input=noted_input(spec), embedding_size=spec.embedding_size)), spec


def _read(files, spec):
    """What a network's files hold; `spec` is what it takes, or some of it, where that is known better."""
    given = given_fields('to_onnx', spec)
    if files.kind == 'onnx':
        return _of_onnx(files.path, files.spec, given)
    if files.kind == 'symbol':
        if not os.path.isfile(files.path):
            raise FileNotFoundError('to_onnx: there is no {}.'.format(files.path))
        params = symbol_params('to_onnx', files.path, files.params)
        return _of_graph(read_symbol_nodes(files.path), params, files.spec, files.path, given)
    if files.spec is None:  # a name and weights
        return _of_graph(*_made_by_mxnet(files), files.path, given)
    card = read_card(files.path)[0]
    path = graph_of_card(files.path, card)
    graph = read_symbol_nodes(path) if path else _made_by_mxnet(files)[0]
    found = _of_graph(graph, files.params, files.spec, files.path, given)
    return found._replace(facts={key: card[key] for key in FACTS if key in card})


def _made_by_mxnet(files):
    """(Graph, params, InputSpec) of a network of the zoo whose graph no file says."""
    problem = mxnet_problem()
    if problem:
        raise ConvertError('{} does not say the graph of its network, as cards of this version do, and only MXNet can '
                           'make it: where MXNet is, run `gluonfr export {} --symbol net` once, and take '
                           'net-symbol.json. Here: {}'.format(files.path, files.path, problem))
    from ..model_zoo.registry import MODELS
    from ..model_zoo.net_graph import graph_json
    net = MODELS.create(files.model, **dict(files.arguments, need_cls_layer=False))
    return nodes_in(json.loads(graph_json(net))), files.params, net.input_spec


def _of_graph(graph, params, said, path, given):
    weights = load_weights(params)
    if len(graph.heads) > 1 or behind_embedding(graph):
        graph = embedding_of(graph)
        behind = behind_embedding(graph)
        if behind:
            raise ConvertError('{} {}.'.format(path, behind))
    inputs = [node.name for node in graph.inputs]
    data = data_of_symbol(graph, weights)
    missing = [name for name in inputs if name not in weights and name != data]
    if missing or data is None:
        raise ConvertError('{} are not the weights of {}: missing {}; unused {}.'.format(
            params, path, names(missing), names([name for name in weights if name not in inputs])))
    said = said or said_input(graph, data)
    if said is None or given:
        said = taken_input(path, scaling_of_symbol(graph, weights), said, given=given)
    return Found(graph, weights, said, {})


def _of_onnx(path, said, given):
    model = load_onnx(path)
    check_embeds(path, model)
    layers = read_onnx(model)
    said = said or described_input(model.producer_name, {entry.key: entry.value for entry in model.metadata_props})
    spec = taken_input(path, layers.scaling, said, integers=takes_integers(model), given=given)
    if said is None and 'size' not in given:
        spec = spec._replace(size=layers.size or spec.size)
    return Found(runnable(model, layers), None, spec, {})
