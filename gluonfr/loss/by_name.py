"""Losses by name, one or a sum of several, and the arguments that the data decide."""
import difflib
import re
from collections import namedtuple
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from ..utils.arguments import parse_arguments
from ..utils.check import check_int, check_number
from .base import LOSSES, CheckedLoss
from .sum import SumLoss

__all__ = ['fill_arguments', 'get_loss', 'get_loss_list', 'loss_keywords', 'parse_loss']

PLUS = r'(?<![\d.][eE])\+'  # but not that of 1e+5
COMMA = r',(?=\s*\w+\s*=)'
# What the data and the form of a batch decide is the same in every loss of a sum.
SHARED = {'classes', 'num_classes', 'embedding_size', 'feature_dim', 'num_class', 'num_in_class', 'margin_warmup',
          'counts', 'sparse_label', 'batch_axis', 'axis', 'dtype'}


class LossPart(namedtuple('LossPart', 'name arguments')):
    """A loss in a sum by name; as text 'ringloss:lamda=0.1,loss_type=l2'."""
    __slots__ = ()

    def __str__(self):
        said = ','.join('{}={}'.format(*item) for item in self.arguments.items())
        return self.name + (':' + said if said else '')

    @property
    def keywords(self):
        """The set of keywords that it takes, those of a loss within it included."""
        inner = self.arguments.get('loss')
        return LOSSES.keywords(self.name) | (LOSSES.keywords(inner) if isinstance(inner, str) else set())


def parse_loss(text: str) -> List[LossPart]:
    """The parts of ``'arcface+0.5*centerloss:lamda=0.1,alpha=0.5'``: names by their canonical form, and arguments.

    Parameters
    ----------
    text : str
        Losses of `get_loss_list` with + between them, each with a factor before and arguments behind if need be.

    Returns
    -------
    list of LossPart
        A factor is the argument ``weight``.

    Raises
    ------
    ValueError
        An unknown name (the message has the nearest), a factor that is no number > 0, an argument without value.

    Examples
    --------
    >>> from gluonfr.loss import parse_loss
    >>> parse_loss('ArcFace+0.5*ringloss:lamda=0.01')
    [LossPart(name='arcface', arguments={}), LossPart(name='ringloss', arguments={'lamda': 0.01, 'weight': 0.5})]
    """
    parts = []
    for piece in re.split(PLUS, text) if isinstance(text, str) else [text]:
        if not isinstance(piece, str):
            LOSSES.canonical(piece)  # which refuses it
        said, colon, pairs = piece.partition(':')
        factor, star, name = said.rpartition('*')
        name = LOSSES.canonical(name.strip())
        arguments = parse_arguments(map(str.strip, re.split(COMMA, pairs)), 'loss {!r}'.format(piece)) if colon else {}
        if star and 'weight' in arguments:
            raise ValueError('loss {!r} must have a factor or a weight, got both.'.format(piece))
        if star:
            arguments['weight'] = check_number('loss {!r}'.format(piece), 'the factor', _number(factor), 0,
                                               low_open=True)
        parts.append(LossPart(name, arguments))
    return parts


def _number(text):
    try:
        return float(text)
    except ValueError:
        return text


def get_loss(name: str, **kwargs: Any) -> CheckedLoss:
    """Make a loss by name, or the sum of several.

    Parameters
    ----------
    name : str
        A name of `get_loss_list` or an alias of one, in any case ('cosLoss' and 'mpsoss' of gluonfr 1.0 included). Or
        several with + between them, each with a factor and arguments of its own if need be:
        'arcface+ringloss:lamda=0.01', 'softmax+0.5*centerloss:lamda=0.1,alpha=0.5'. In a sum, losses that are
        cross-entropy and a term beside it (those with an argument ``with_softmax``) give the term alone, unless they
        say with_softmax=True.
    **kwargs
        Arguments of that loss. In a sum each goes to the loss that takes it, and what the data decide (classes,
        embedding_size, ...) to all that take it; ``weight`` is a factor of the whole sum.

    Returns
    -------
    HybridBlock

    Raises
    ------
    ValueError
        Nothing has this name; the message lists all names and the nearest. Or losses that cannot be added: of
        different class layers, or terms alone. Or an argument that could be meant for several of them.
    TypeError
        An argument that the loss does not take; the message shows the signature.

    Examples
    --------
    >>> from gluonfr.loss import get_loss
    >>> get_loss('arcface', classes=10, m=0.3, s=16)
    ArcLoss(classes=10, m=0.3, s=16, easy_margin=True)
    >>> get_loss('softmax+ringloss:lamda=0.1').inputs
    ('pred', 'label', 'embedding')
    """
    parts = parse_loss(name)
    if len(parts) == 1:
        return LOSSES.create(parts[0].name, **_joined(parts, kwargs)[0])
    weight = kwargs.pop('weight', None)
    arguments = _joined(parts, kwargs)
    for part, said in zip(parts, arguments):
        if 'with_softmax' in part.keywords:
            said.setdefault('with_softmax', False)
    if all(said.get('with_softmax') is False for said in arguments):
        raise ValueError('loss {0!r}: in a sum these give their terms without a cross-entropy, and nothing tells the '
                         "classes apart. Add a loss that does: 'softmax+{0}'.".format(name))
    return SumLoss([LOSSES.create(part.name, **said) for part, said in zip(parts, arguments)], weight)


def _joined(parts, given):
    """For each part its own arguments and those of the ``given`` ones that are meant for it."""
    arguments = [dict(part.arguments) for part in parts]
    for key, value in given.items():
        takes = [key in part.keywords or len(parts) == 1 for part in parts]
        open_ = [i for i, part in enumerate(parts) if takes[i] and key not in part.arguments]
        names = [part.name for part, taking in zip(parts, takes) if taking]
        if not names:
            near = difflib.get_close_matches(key, set().union(*(part.keywords for part in parts)), n=1)
            raise TypeError('loss {!r}: unknown argument {!r}, which none of these takes.{}'.format(
                '+'.join(part.name for part in parts), key, ' Did you mean {!r}?'.format(near[0]) if near else ''))
        if len(open_) != 1 and key not in SHARED:
            raise ValueError('loss {0!r}: {1} must be said once, got {1}={2} beside it. Say it behind the loss it is '
                             "meant for: '{3}:{1}={2}'.".format('+'.join(map(str, parts)), key, value, names[-1]))
        for i in open_:
            arguments[i][key] = value
    return arguments


def get_loss_list() -> List[str]:
    """Names of all losses, sorted.

    Examples
    --------
    >>> from gluonfr.loss import get_loss_list
    >>> 'arcface' in get_loss_list()
    True
    """
    return LOSSES.names()


def loss_keywords(name: str) -> Set[str]:
    """The set of keywords that a loss by name takes; of a sum, those that any of its losses takes."""
    return set().union(*(part.keywords for part in parse_loss(name)))


def fill_arguments(name: str, arguments: Dict[str, Any], *, classes: int, embedding_size: int,
                   groups: Optional[Tuple[int, int]] = None, margin_warmup: int = 0,
                   counts: Optional[Sequence[int]] = None) -> Dict[str, Any]:
    """Arguments for ``get_loss(name, ...)``: those given, and those that only data and network can tell.

    Parameters
    ----------
    name : str
        A loss, or a sum of losses.
    arguments : dict
        What the user said; it wins.
    classes, embedding_size : int
        Of the training set, >= 2, and the network.
    groups : (int, int) or None
        Classes a batch and images of each, where batches are made of groups.
    margin_warmup : int
        Steps in which the margin climbs from 0; 0 for none.
    counts : sequence of int or None
        Images of each class in the training set, (classes,).

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        Fewer than 2 classes, or `margin_warmup` for a loss without a margin that could warm up.

    Examples
    --------
    >>> from gluonfr.loss import fill_arguments, get_loss
    >>> arguments = fill_arguments('centerloss', {'lamda': 0.1}, classes=10, embedding_size=2)
    >>> sorted(arguments.items())
    [('classes', 10), ('embedding_size', 2), ('lamda', 0.1)]
    >>> get_loss('centerloss', **arguments)
    CenterLoss(classes=10, lamda=0.1, alpha=0.5)
    """
    check_int(name, 'classes', classes, 2)
    accepted = loss_keywords(name)
    if isinstance(arguments.get('loss'), str):  # a loss over another one hands on what that one takes
        accepted = accepted | LOSSES.keywords(arguments['loss'])
    known = {'classes': classes, 'num_classes': classes, 'embedding_size': embedding_size,
             'feature_dim': embedding_size}
    if groups:
        known.update(num_class=groups[0], num_in_class=groups[1])
    if counts is not None:
        known['counts'] = counts
    if margin_warmup:
        if 'margin_warmup' not in accepted:
            raise ValueError('{} has no margin that could warm up: leave margin_warmup at 0.'.format(name))
        known['margin_warmup'] = margin_warmup
    return {**{key: value for key, value in known.items() if key in accepted}, **arguments}
