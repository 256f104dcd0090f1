"""Arguments of losses and networks as a command line writes them."""
import ast
from typing import Any, Dict, Iterable

__all__ = ['parse_arguments']


def parse_arguments(pairs: Iterable[str], flag: str = '--loss-args') -> Dict[str, Any]:
    """``['lamda=0.1', 'loss_type=l2']`` -> ``{'lamda': 0.1, 'loss_type': 'l2'}``: Python literals, else text.

    Parameters
    ----------
    pairs : sequence of str
    flag : str
        The flag they came with, for the message.

    Raises
    ------
    ValueError
        One of them is not key=value.

    Examples
    --------
    >>> from gluonfr.utils import parse_arguments
    >>> parse_arguments(['lamda=0.1', 'loss_type=l2', 'easy_margin=False'])
    {'lamda': 0.1, 'loss_type': 'l2', 'easy_margin': False}
    """
    parsed = {}
    for pair in pairs:
        key, equals, value = pair.partition('=')
        if not equals or not key.isidentifier():
            raise ValueError('{} takes key=value, e.g. lamda=0.1 loss_type=cauchy, got {!r}.'.format(flag, pair))
        try:
            parsed[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            parsed[key] = value  # a word without quotes: the shell has eaten them
    return parsed
