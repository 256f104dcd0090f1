"""Protocols by name: what is measured of the embeddings of a set, and in which numbers it is said.

A protocol is a class in a file of its own, registered beside its definition. It is NumPy only and has

``Protocol(**parameters)``
    Checks its parameters, whose defaults are those of the published figures.
``notes(truth, name)``
    Sentences on what a set cannot show, told before anything is embedded; a ValueError where it shows nothing.
``measure(embeddings, truth, name)``
    `Measured`: the rows of a table, and what pictures are drawn of.
``lines(row)``
    What a row says, as sentences.

``truth`` is what is known of the faces, in the form that the protocol's docstring gives (`gluonfr.metrics.truth`);
``name`` is that of the set. ``version``, an int, grows when the same embeddings give other numbers than before.
"""
from collections import namedtuple
from typing import Any

from ..utils.registry import Registry

__all__ = ['Measured', 'PROTOCOLS', 'get_protocol']

PROTOCOLS = Registry('protocol')

Measured = namedtuple('Measured', 'rows scores genuine curves')
Measured.__doc__ = """What a protocol found on a set.

rows : list of dict
    Column -> str, number or None, where the set cannot show it; 'set' comes first.
scores : float64 array (M,)
    Of all comparisons, higher for more alike.
genuine : bool array (M,)
    Whether a comparison is of one person.
curves : dict of str to dict of str to list
    What pictures are drawn of, each of 500 points at most: 'roc' (far, tar, threshold), 'det' (fmr, fnmr), 'histogram'
    (edges, genuine, impostor: counts), 'folds' (accuracy, threshold) and others that the protocol's `measure` names.
"""


def get_protocol(name: str, **parameters: Any) -> Any:
    """Make a protocol by name.

    Parameters
    ----------
    name : str
        One of ``PROTOCOLS.names()``, in any case.
    **parameters
        Of that protocol.

    Returns
    -------
    object
        With `notes`, `measure` and `lines`, see `gluonfr.metrics.protocol`.

    Raises
    ------
    ValueError
        Nothing has this name, or a parameter is out of its range.
    TypeError
        A parameter that the protocol does not take; the message shows the signature.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.metrics import get_protocol
    >>> issame = np.array([True, False] * 10)
    >>> first = np.random.RandomState(0).randn(20, 8)
    >>> second = np.where(issame[:, None], first, -first)
    >>> embeddings = np.stack([first, second], axis=1).reshape(40, 8)
    >>> row = get_protocol('kfold', nfolds=5).measure(embeddings, issame, 'mine').rows[0]
    >>> print('{set}: {pairs} pairs in {folds} folds, accuracy {acc:.2f}'.format(**row))
    mine: 20 pairs in 5 folds, accuracy 1.00
    """
    return PROTOCOLS.create(name, **parameters)
