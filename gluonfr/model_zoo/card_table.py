"""The table of pretrained weights, cards.json: what is known of each."""
import json
import os
from collections import namedtuple
from difflib import get_close_matches
from functools import lru_cache
from typing import Dict, Union

from ..compat import mxnet_problem
from .registry import MODELS
from .sizes import NAMES, SIZES
from .spec import InputSpec

__all__ = ['Card', 'canonical', 'choose_card', 'is_model', 'list_cards', 'weights_of']

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'cards.json')
SHIPPED = os.path.join(os.path.dirname(TABLE), 'weights')


class Card(namedtuple('Card', 'name model default data licence spec published normalises files sources page '
                              'photographs')):
    """What is known of one set of pretrained weights: a row of cards.json.

    Parameters
    ----------
    name : str
    model : str or None
        Net of the zoo that they are of; None: none of them.
    default : bool
        Whether ``pretrained=True`` means them.
    data : str or None
        What they were trained on.
    licence : str
    spec : InputSpec
        What the network takes.
    published : dict
        Set -> accuracy in percent, for IJB-C the TAR at FAR 1e-4, as published for this network and data.
    normalises : bool
        Whether the graph of the published file normalises the image itself.
    files : dict
        What is published: file name -> {'sha256', 'size'} as far as known, first what `gluonfr.convert` takes. Empty
        for weights that come with gluonfr.
    sources : list of dict
        Where the files are, in the order of trial: 'url' of the file or, with 'archive' (its name) and 'sha256', of a
        zip that holds them; without url, an archive that nobody offers any more.
    page : str or None
        Web page that tells of them.
    photographs : bool
        Whether they are of any use for photographs of people.
    """
    __slots__ = ()

    @property
    def shipped(self):
        """Whether the weights come with gluonfr."""
        return not self.files

    @property
    def shipped_file(self):
        """Path of the card (.json) beside weights that come with gluonfr."""
        return os.path.join(SHIPPED, self.name + '.json')

    @property
    def size(self):
        """Bytes of the weights as published; None where that is not known."""
        if self.shipped:
            with open(self.shipped_file, encoding='utf-8') as stream:
                return os.path.getsize(os.path.join(SHIPPED, json.load(stream)['params']))
        sizes = [facts.get('size') for facts in self.files.values()]
        return None if None in sizes else sum(sizes)


def list_cards() -> Dict[str, Card]:
    """All cards, by name.

    Examples
    --------
    >>> from gluonfr.model_zoo.card_table import list_cards
    >>> [name for name, card in list_cards().items() if card.shipped]
    ['lenetplus_arcface', 'lenetplus_softmax', 'mobilefacenet_drawn']
    """
    return _read_table(TABLE)


def choose_card(name: str, pretrained: Union[bool, str] = True) -> Card:
    """The card of pretrained weights of a network.

    Parameters
    ----------
    name : str
        A network of the zoo, or with pretrained=True also a card.
    pretrained : True or str
        True: the network's default card. A card's name, or the begin of it that is of one card of this network only:
        'w600k'.

    Raises
    ------
    ValueError
        There is no such network, it has no pretrained weights, or none or several of that name; the message lists them.

    Examples
    --------
    >>> from gluonfr.model_zoo.card_table import choose_card
    >>> choose_card('iresnet50', 'w600k').name
    'w600k_r50'
    """
    cards = list_cards()
    if pretrained is True and name.lower() in cards:
        return cards[name.lower()]
    try:
        model = canonical(name)
    except ValueError as error:
        raise ValueError('{} Pretrained weights: {}.'.format(error, ', '.join(cards))) from None
    except ModuleNotFoundError as error:
        near = get_close_matches(str(name).lower(), NAMES, n=1)
        raise ValueError('unknown model {!r}.{} Known: {}. Pretrained weights: {}.'.format(
            name, ' Did you mean {!r}?'.format(near[0]) if near else '', ', '.join(sorted(SIZES)),
            ', '.join(cards))) from error
    mine = [card for card in cards.values() if card.model == model]
    if pretrained is True:
        found = [card for card in mine if card.default]
        if not found:
            raise ValueError('{} has no pretrained weights of its own{}. Nets that have: {}.'.format(
                model, ' by default, only ' + ', '.join(c.name for c in mine) if mine else '',
                ', '.join(sorted({card.model for card in cards.values() if card.default}))))
    else:
        key = str(pretrained).lower()
        found = [card for card in mine if card.name == key] or [c for c in mine if c.name.startswith(key + '_')]
        if len(found) != 1:
            raise ValueError('pretrained must be True or one of the weights of {}: {}; got {!r}{}.'.format(
                model, ', '.join(card.name for card in mine) or 'there are none', pretrained,
                ', which are of {}'.format(cards[key].model or 'no network of the zoo') if key in cards else ''))
    return found[0]


def canonical(name: str) -> str:
    """The canonical name of a network of the zoo; `MODELS`, which knows also those that users register, needs MXNet."""
    return NAMES.get(str(name).lower()) or MODELS.canonical(name)


def is_model(name: str) -> bool:
    """Whether a network of the zoo has this name."""
    return name.lower() in NAMES or mxnet_problem() is None and name in MODELS


def weights_of(model: str) -> str:
    """The names of a model's pretrained weights, for a message."""
    mine = [card.name + ('' if card.photographs else ' (not for photographs)') for card in list_cards().values()
            if card.model == canonical(model)]
    return ', '.join(mine) or 'there are none'


@lru_cache(maxsize=None)
def _read_table(path):
    with open(path, encoding='utf-8') as stream:
        table = json.load(stream)
    cards = {}
    for name, row in table['cards'].items():
        spec = InputSpec(embedding_size=row['embedding_size'], **row['input'])
        cards[name] = Card(name, row['model'], row.get('default', False), row['data'],
                           table['licences'][row['licence']], spec, row.get('published', {}),
                           row.get('normalises', False), row.get('files', {}), row.get('sources', []),
                           row.get('page'), row.get('photographs', True))
    return cards
