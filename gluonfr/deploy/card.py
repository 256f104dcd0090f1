"""The card of a trained net: a JSON file beside the weights that says what they are and how to use them."""
import json
import os

from ..model_zoo.spec import InputSpec
from ..utils.files import atomic_path, file_sha256
from ..version import __version__

__all__ = ['CardError', 'read_card', 'write_card']

FORMAT = 'gluonfr-card-1'
NEEDED = ('model', 'arguments', 'params', 'sha256', 'input', 'embedding_size')


class CardError(ValueError):
    """A card that cannot be read, or that does not tell the truth about its weights."""


def write_card(path, params, model, arguments, spec, **facts):
    """Write the card of a net, atomically.

    Parameters
    ----------
    path : str
        The card, a .json file in the folder of the weights.
    params : str
        The weights, as `Block.save_parameters` writes them.
    model : str
        Name for `get_model`.
    arguments : dict
        Its arguments, such as embedding_size.
    spec : InputSpec
    **facts
        What else is known: command, data, metrics, licence, ... (JSON values)

    Returns
    -------
    dict
        What was written.
    """
    card = {'format': FORMAT, 'gluonfr': __version__, 'model': model, 'arguments': arguments,
            'params': os.path.relpath(params, os.path.dirname(os.path.abspath(path))), 'sha256': file_sha256(params),
            'embedding_size': spec.embedding_size,
            'input': {'size': list(spec.size), 'mean': list(spec.mean), 'std': list(spec.std), 'colour': spec.colour},
            **facts}
    with atomic_path(path) as temporary, open(temporary, 'w', encoding='utf-8') as stream:
        json.dump(card, stream, indent=1, ensure_ascii=False)
        stream.write('\n')
    return card


def read_card(path):
    """Read a card and check it against its weights.

    Returns
    -------
    (dict, str, InputSpec)
        The card, the path of the weights, and what the net takes.

    Raises
    ------
    CardError
        The file is no card, or the weights are missing or not those it was written for.
    """
    try:
        with open(path, encoding='utf-8') as stream:
            card = json.load(stream)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CardError('{} is not a card: {}.'.format(path, error)) from error
    if not isinstance(card, dict) or card.get('format') != FORMAT:
        raise CardError('{} is not a card of format {}.'.format(path, FORMAT))
    missing = [key for key in NEEDED if key not in card]
    if missing:
        raise CardError('{}: the card lacks {}.'.format(path, ', '.join(missing)))
    params = os.path.join(os.path.dirname(os.path.abspath(path)), card['params'])
    if not os.path.isfile(params):
        raise CardError('{}: its weights {} are missing. Put the file there.'.format(path, params))
    found = file_sha256(params)
    if found != card['sha256']:
        raise CardError('{}: its weights {} must have the SHA-256 {}, got {}: the file was changed or damaged.'.format(
            path, params, card['sha256'], found))
    try:
        return card, params, InputSpec(embedding_size=card['embedding_size'], **card['input'])
    except (TypeError, ValueError) as error:
        raise CardError('{}: input must hold size, mean, std and colour, got {!r}.'.format(
            path, card['input'])) from error
