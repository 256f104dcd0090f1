"""The store of pretrained weights: where they lie, and how they get there."""
import logging
import os
from typing import Optional

from ..utils.converter import get_converter
from ..utils.download import DownloadError, fetch
from ..utils.files import file_sha256, mxnet_home
from ..utils.lock import file_lock
from ..utils.unzip import extract_member
from .card_file import CARD_NAME
from .card_table import Card, choose_card, list_cards

__all__ = ['Card', 'choose_card', 'download', 'get_model_file', 'is_cached', 'is_converted', 'list_cards']

CONVERTED = 'converted'
LIMIT = 1 << 30  # bytes of a file in an archive, where its card does not say


def download(name: str, root: Optional[str] = None, accept_licence: bool = False) -> str:
    """Fetch the published file of pretrained weights, unless it is there, and check it.

    Parameters
    ----------
    name : str
        A card's name, or that of a network for its default card.
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
        return card.shipped_file
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
        return card.shipped_file
    folder = _folder(card, root)
    out = os.path.join(folder, CONVERTED)
    converted = os.path.join(out, CARD_NAME)
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
    return is_converted(card, root) or all(os.path.isfile(os.path.join(folder, file)) for file in card.files)


def is_converted(card: Card, root: Optional[str] = None) -> bool:
    """Whether a card's weights are on this machine as a network of the zoo, as those are that come with gluonfr."""
    return card.shipped or os.path.isfile(os.path.join(_folder(card, root), CONVERTED, CARD_NAME))


def _folder(card, root):
    return os.path.join(os.path.expanduser(root or os.path.join(mxnet_home(), 'models')), card.name)


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
