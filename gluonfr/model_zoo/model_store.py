"""Pretrained weights: the table of their cards, where they lie, and how they get there."""
import json
import logging
import os
from collections import namedtuple
from functools import lru_cache
from typing import Dict, Optional, Union

import mxnet as mx

from ..utils.converter import get_converter
from ..utils.download import DownloadError, fetch
from ..utils.files import file_sha256
from ..utils.lock import file_lock
from ..utils.unzip import extract_member
from .registry import MODELS
from .spec import InputSpec

__all__ = ['Card', 'choose_card', 'download', 'get_model_file', 'is_cached', 'list_cards']

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'cards.json')
SHIPPED = os.path.join(os.path.dirname(TABLE), 'weights')
CONVERTED = 'converted'
LIMIT = 1 << 30  # bytes of a file in an archive, where its card does not say


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
        What the net takes.
    published : dict
        Set -> accuracy in percent, for IJB-C the TAR at FAR 1e-4, as published for this net and data.
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
    def size(self):
        """Bytes of the weights as published; None where that is not known."""
        if self.shipped:
            with open(_shipped(self), encoding='utf-8') as stream:
                return os.path.getsize(os.path.join(SHIPPED, json.load(stream)['params']))
        sizes = [facts.get('size') for facts in self.files.values()]
        return None if None in sizes else sum(sizes)


def list_cards() -> Dict[str, Card]:
    """All cards, by name.

    Examples
    --------
    >>> from gluonfr.model_zoo.model_store import list_cards
    >>> [name for name, card in list_cards().items() if card.shipped]
    ['lenetplus_arcface', 'lenetplus_softmax', 'mobilefacenet_drawn']
    """
    return _read_table(TABLE)


def choose_card(name: str, pretrained: Union[bool, str] = True) -> Card:
    """The card of pretrained weights of a net.

    Parameters
    ----------
    name : str
        A net of the zoo, or with pretrained=True also a card.
    pretrained : True or str
        True: the net's default card. A card's name, or the begin of it that is of one card of this net only: 'w600k'.

    Raises
    ------
    ValueError
        There is no such net, it has no pretrained weights, or none or several of that name; the message lists them.

    Examples
    --------
    >>> from gluonfr.model_zoo.model_store import choose_card
    >>> choose_card('iresnet50', 'w600k').name
    'w600k_r50'
    """
    cards = list_cards()
    if pretrained is True and name.lower() in cards:
        return cards[name.lower()]
    try:
        model = MODELS.canonical(name)
    except ValueError as error:
        raise ValueError('{} Pretrained weights: {}.'.format(error, ', '.join(cards))) from None
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
                ', which are of {}'.format(cards[key].model or 'no net of the zoo') if key in cards else ''))
    return found[0]


def download(name: str, root: Optional[str] = None, accept_licence: bool = False) -> str:
    """Fetch the published file of pretrained weights, unless it is there, and check it.

    Parameters
    ----------
    name : str
        A card's name, or that of a net for its default card.
    root : str or None
        Folder of the weights, which lie in `root`/`card`; None: models in the folder that the variable MXNET_HOME
        names, by default ~/.mxnet.
    accept_licence : bool
        Whether to leave out the line on the licence that a download begins with.

    Returns
    -------
    str
        Path of the file: what `gluonfr.convert` takes, or for weights that come with gluonfr what `load_net` takes.

    Raises
    ------
    DownloadError
        No source gave it; the message says which file to put where.
    ValueError
        There is no such card; or a file or archive is damaged, or another one.
    """
    card = choose_card(name)
    if card.shipped:
        return _shipped(card)
    folder = _folder(card, root)
    if not _complete(card, folder):
        os.makedirs(folder, exist_ok=True)
        with file_lock(os.path.join(folder, 'download.lock'),
                       '{}: another process is downloading it, waiting for that.'.format(card.name)):
            if not _complete(card, folder):
                _from_sources(card, folder, accept_licence)
    return os.path.join(folder, next(iter(card.files)))


def get_model_file(name: str, root: Optional[str] = None, accept_licence: bool = False) -> str:
    """The card of pretrained weights in a form that `load_net` takes: downloaded and converted unless it is there.

    Parameters
    ----------
    name, root, accept_licence
        As in `download`.

    Returns
    -------
    str
        Path of a card (.json).

    Raises
    ------
    DownloadError, ValueError
        As in `download`; the published file cannot be converted (`gluonfr.convert.ConvertError`).
    ImportError
        A package that the conversion needs is missing.
    """
    card = choose_card(name)
    if card.shipped:
        return _shipped(card)
    folder = _folder(card, root)
    out = os.path.join(folder, CONVERTED)
    converted = os.path.join(out, 'card.json')
    if not os.path.isfile(converted):
        os.makedirs(folder, exist_ok=True)
        with file_lock(out + '.lock', '{}: another process is making it, waiting for that.'.format(converted)):
            if not os.path.isfile(converted):
                source = download(card.name, root, accept_licence)
                get_converter()(source, out, model=card.model, spec=None if card.normalises else card.spec)
    return converted


def is_cached(card: Card, root: Optional[str] = None) -> bool:
    """Whether a card's weights are on this machine, so that `get_model` needs no network."""
    folder = _folder(card, root)
    return os.path.isfile(os.path.join(folder, CONVERTED, 'card.json')) or all(
        os.path.isfile(os.path.join(folder, file)) for file in card.files)  # none for those that come with gluonfr


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


def _folder(card, root):
    return os.path.join(os.path.expanduser(root or os.path.join(mx.base.data_dir(), 'models')), card.name)


def _shipped(card):
    return os.path.join(SHIPPED, card.name + '.json')


def _complete(card, folder):
    """Whether all files are there and are the published ones; one of unknown hash does not count."""
    paths = [(os.path.join(folder, file), facts.get('sha256')) for file, facts in card.files.items()]
    return all(os.path.isfile(path) and file_sha256(path) == sha256 for path, sha256 in paths)


def _from_sources(card, folder, accept_licence):
    """Fill the folder from an archive that the user put there, or from the first source that answers."""
    here = [source for source in card.sources if os.path.isfile(os.path.join(folder, source.get('archive', '')))]
    if not here and not accept_licence and any('url' in source for source in card.sources):
        logging.getLogger('gluonfr').warning('%s: licence: %s', card.name, card.licence)
    failures = []
    for source in here + [source for source in card.sources if 'url' in source]:
        try:
            _from_source(card, source, folder)
            return
        except DownloadError as error:
            failures.append(error.failures)
    files = ' and '.join('{} (SHA-256 {})'.format(file, facts['sha256']) for file, facts in card.files.items() if facts)
    archives = ['{archive} (SHA-256 {sha256})'.format(**source) for source in card.sources if 'archive' in source]
    failures = '; '.join(failures) or 'nobody offers them for download'
    raise DownloadError('{}: no source gave these weights ({}). Put {} into {}{}.'.format(
        card.name, failures, ' or '.join([files] * bool(files) + archives), folder,
        ': see ' + card.page if card.page else ''), failures)


def _from_source(card, source, folder):
    urls = [source['url']] if 'url' in source else []
    if 'archive' not in source:
        (file, facts), = card.files.items()
        fetch(urls, os.path.join(folder, file), facts['sha256'], size=facts.get('size'))
        return
    archive = os.path.join(folder, source['archive'])
    own = os.path.isfile(archive)
    fetch(urls, archive, source['sha256'], size=source.get('size'))
    for file, facts in card.files.items():
        extract_member(archive, file, os.path.join(folder, file), facts.get('size', LIMIT), facts.get('sha256'))
    if not own:
        os.remove(archive)  # what is needed of it lies beside it; one that the user put there stays
