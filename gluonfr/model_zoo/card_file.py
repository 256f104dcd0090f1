"""The card of a trained network: a JSON file beside the weights that says what they are and how to use them."""
import json
import os
from typing import Any, Dict, Optional, Tuple

from ..data.normalize import check_spec
from ..utils.check import check_int
from ..utils.files import file_sha256, path_inside, read_json, write_text
from ..version import __version__
from .spec import InputSpec

__all__ = ['CARD_NAME', 'ONNX', 'SYMBOL', 'CardError', 'graph_of_card', 'read_card', 'write_card']

CARD_NAME = 'card.json'
# what stands for a model's name in the card of a graph that no net of the zoo is equal to
ONNX, SYMBOL = 'onnx', 'symbol'

FORMAT = 'gluonfr-card-1'
OF_MAKING = ('ctx', 'pretrained', 'pretrained_base', 'root')  # arguments that say where a net begins, not what it is
LARGEST = 1 << 31  # number among the arguments of a net
NEEDED = ('model', 'arguments', 'params', 'sha256', 'input', 'embedding_size')


class CardError(ValueError):
    """A card that cannot be read, or that does not tell the truth about its weights."""


def write_card(path: str, params: str, model: str, arguments: Dict[str, Any], spec: InputSpec,
               graph: Optional[str] = None, **facts: Any) -> Dict[str, Any]:
    """Write the card of a network, atomically.

    Parameters
    ----------
    path : str
        The card, a .json file in the folder of the weights.
    params : str
        The weights, as `Block.save_parameters` writes them, in that folder or below it.
    model : str
        Name for `get_model`.
    arguments : dict
        Its arguments, such as embedding_size; those that make it download other weights first are left out.
    spec : InputSpec
    graph : str or None
        The network up to its embedding as a symbol in JSON, from `gluonfr.model_zoo.net_graph.graph_json`; it is
        written beside the card, as '<card>-symbol.json', so that `gluonfr.convert.to_onnx` needs no MXNet.
    **facts
        What else is known: command, data, metrics, licence, ... (JSON values)

    Returns
    -------
    dict
        What was written.

    Raises
    ------
    ValueError
        The weights lie outside the folder of the card: `read_card` would refuse them.
    """
    folder = os.path.dirname(os.path.abspath(path))
    name = os.path.relpath(params, folder).replace(os.sep, '/')
    try:
        path_inside(folder, name)
    except ValueError as error:
        raise ValueError('write_card: params must lie in the folder of the card: {}.'.format(error)) from error
    arguments = {argument: value for argument, value in arguments.items() if argument not in OF_MAKING}
    card = {'format': FORMAT, 'gluonfr': __version__, 'model': model, 'arguments': arguments, 'params': name,
            'sha256': file_sha256(params),
            'embedding_size': spec.embedding_size,
            'input': {'size': list(spec.size), 'mean': list(spec.mean), 'std': list(spec.std), 'colour': spec.colour},
            **facts}
    if graph is not None:
        beside = os.path.splitext(path)[0] + '-symbol.json'
        write_text(beside, graph)
        card['graph'] = {'file': os.path.basename(beside), 'sha256': file_sha256(beside)}
    write_text(path, json.dumps(card, indent=1, ensure_ascii=False) + '\n')
    return card


def read_card(path: str) -> Tuple[Dict[str, Any], str, InputSpec]:
    """Read a card and check it against its weights.

    Returns
    -------
    (dict, str, InputSpec)
        The card, the path of the weights, and what the network takes.

    Raises
    ------
    CardError
        The file is no card, or the weights are missing, not those it was written for, or outside its folder.

    Examples
    --------
    >>> import os
    >>> from gluonfr.deploy import read_card
    >>> from gluonfr.model_zoo import get_model_file
    >>> card, params, spec = read_card(get_model_file('lenetplus_softmax'))
    >>> card['model'], card['arguments'], os.path.basename(params), spec.size
    ('lenetplus', {'embedding_size': 2}, 'lenetplus_softmax.params.gz', (28, 28))
    """
    try:
        card = read_json(path, 'card')
    except ValueError as error:
        raise CardError(str(error)) from error
    if card.get('format') != FORMAT:
        raise CardError('{} is no card of format {}.'.format(path, FORMAT))
    missing = [key for key in NEEDED if key not in card]
    if missing:
        raise CardError('{}: the card lacks {}.'.format(path, ', '.join(missing)))
    for key, kind in (('model', str), ('params', str), ('sha256', str), ('arguments', dict), ('input', dict)):
        if not isinstance(card[key], kind) or not _sane(card[key]):
            raise CardError('{}: {} must be {} of plain values, got {!r:.100}.'.format(
                path, key, 'text' if kind is str else 'an object', card[key]))
    foreign = sorted(set(OF_MAKING).intersection(card['arguments']))
    if foreign:
        raise CardError('{}: arguments must not hold {}: they have other weights downloaded, to where they say. Take '
                        'them out if you trust the card: the weights beside it need none.'.format(
                            path, ', '.join(foreign)))
    params = _beside(path, 'params', card['params'])
    if not os.path.isfile(params):
        raise CardError('{}: its weights {} are missing. Put the file there.'.format(path, params))
    found = file_sha256(params)
    if found != card['sha256']:
        raise CardError('{}: its weights {} must have the SHA-256 {}, got {}: the file was changed or damaged.'.format(
            path, params, card['sha256'], found))
    try:
        spec = InputSpec(embedding_size=card['embedding_size'], **card['input'])
        if spec.embedding_size is not None:
            check_int('card', 'embedding_size', spec.embedding_size, 1, LARGEST)
        return card, params, check_spec('card', spec)
    except (TypeError, ValueError) as error:
        raise CardError('{}: input must hold size, mean, std and colour, and embedding_size be a number >= 1, got '
                        '{!r:.200} and {!r:.50}: {}'.format(path, card['input'], card['embedding_size'],
                                                            error)) from error


def graph_of_card(path: str, card: Dict[str, Any]) -> Optional[str]:
    """The '-symbol.json' of a card's network; None where it has none, as those of earlier versions.

    Raises
    ------
    CardError
        It is missing, outside the folder of the card, or not the one that the card was written for.
    """
    said = card.get('graph')
    if card['model'] == SYMBOL:
        said = {'file': card['arguments'].get('graph'), 'sha256': card['arguments'].get('sha256')}
    if said is None:
        return None
    name, sha256 = (said.get('file'), said.get('sha256')) if isinstance(said, dict) else (None, None)
    graph = _beside(path, 'graph', str(name))
    if not os.path.isfile(graph) or file_sha256(graph) != sha256:
        raise CardError('{}: its graph {} is missing, or was changed.'.format(path, graph))
    return graph


def _beside(path, what, name):
    """The path of a file that a card names."""
    try:
        return path_inside(os.path.dirname(os.path.abspath(path)), name)
    except ValueError as error:
        raise CardError('{}: {} must be a file in its folder: {}.'.format(path, what, error)) from error


def _sane(value, deep=0):
    """Whether a value of a card has a size that an argument may have: networks are built before weights are read."""
    if isinstance(value, str):
        return len(value) <= 1000 and value.isprintable()
    if isinstance(value, (list, dict)):
        entries = list(value.values()) + list(value) if isinstance(value, dict) else value
        return deep < 3 and len(value) <= 32 and all(_sane(entry, deep + 1) for entry in entries)
    return value is None or isinstance(value, (bool, int, float)) and abs(value) <= LARGEST
