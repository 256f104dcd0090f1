"""From the images of a set to its embeddings, and what is said of the network that made them."""
import os
from typing import Any, Dict, Optional, Tuple

import numpy as np

from ..data.sizes import other_sizes
from ..graph.symbol_file import symbol_params
from ..model_zoo.card_file import read_card
from ..model_zoo.card_table import list_cards
from ..utils.files import file_sha256
from ..utils.messages import counted
from .given import Given
from .joined import HashedImages

__all__ = ['ROW_FACTS', 'embed_given', 'facts_of_file', 'model_facts', 'row_facts']

# facts of the model that each row has
ROW_FACTS = ('net', 'net_sha256', 'card_sha256', 'engine', 'precision', 'flip', 'color', 'normalization')


def embed_given(given: Given, embedder: Any, progress: bool = False) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    """The embeddings of a set, as the network gives them: not scaled to length 1.

    Parameters
    ----------
    given : Given
        Its `sha256` is filled in, where it is of images.
    embedder : Embedder
        With normalize=False.
    progress : bool

    Returns
    -------
    embeddings : float array (N, D)
    digests : uint8 array (N, 32), or None
        SHA-256 of each image; None where embeddings were given.

    Raises
    ------
    ValueError
        There is no network for images, or one for embeddings; images of another size than the network takes.
    """
    if given.images is None:
        if embedder is not None:
            raise ValueError('{}: embeddings are given, so no NET is needed.'.format(given.path))
        return given.embeddings, None
    if embedder is None:
        raise ValueError('{} holds images, so a NET must be given to embed them.'.format(given.path))
    if hasattr(given.images, 'size_of'):
        wrong = other_sizes(given.images.size_of, np.arange(len(given.images)), embedder.spec.size, progress)
        if wrong:
            raise ValueError('{}: the network takes images of {} x {} pixels, and {:,} of {:,} have another size, the '
                             'first, {}, {} x {}: stretch=True stretches faces, and find aligns photographs.'
                             .format(given.path, *embedder.spec.size, wrong.count, wrong.looked,
                                     given.names[wrong.index], *wrong.size))
    images = HashedImages(given.images)
    embeddings = embedder(images, progress=given.name if progress else False)
    if given.sha256 is None:
        given.sha256 = images.sha256()
    _say_copies(given, images.digests)
    return embeddings, images.digests


def _say_copies(given, digests):
    """Note images of equal bytes: pairs of them flatter a network, or, under two names, wrong it."""
    first = {}
    copies = [(first[digest.tobytes()], i) for i, digest in enumerate(digests)
              if first.setdefault(digest.tobytes(), i) != i]
    if not copies:
        return
    named = given.people is not None and len(given.people) == len(digests)
    wrong = [pair for pair in copies if named and given.people[pair[0]] != given.people[pair[1]]]
    i, j = (wrong or copies)[0]
    given.assumed.append('{}: {}{}, such as {} and {}: remove them.'.format(
        given.name, counted(len(copies), 'image is a copy of another', 'images are copies of others'),
        ', {} under another name'.format(len(wrong)) if wrong else '', given.names[i], given.names[j]))


def model_facts(name: str, embedder: Any) -> Dict[str, Any]:
    """What a result says of a network and of how it was used.

    Parameters
    ----------
    name : str
        What it is called.
    embedder : Embedder
    """
    spec, files = embedder.spec, embedder.files
    facts = {'name': name, 'path': files and files.path, 'sha256': None, 'card': None, 'card_sha256': None,
             'engine': embedder.engine, 'precision': embedder.precision, 'device': embedder.device,
             'flip': embedder.flip, 'color': spec.colour,
             'normalization': {'mean': list(spec.mean), 'std': list(spec.std)}, 'size': list(spec.size),
             'embedding_size': spec.embedding_size, 'fingerprint': '{:08x}'.format(embedder.fingerprint()),
             'licence': None, 'trained_on': None}
    if files is not None:
        weights = files.params or files.path
        if files.kind == 'symbol':
            weights = symbol_params('evaluate', files.path, files.params)
        if os.path.isfile(weights):
            facts['sha256'] = file_sha256(weights)
        if files.card:
            card = read_card(files.card)[0]
            facts.update(card=files.card, card_sha256=file_sha256(files.card), sha256=card['sha256'],
                         licence=card.get('licence'), trained_on=card.get('data'))
        elif name.lower() in list_cards():
            facts['licence'] = list_cards()[name.lower()].licence
    return facts


def facts_of_file(given: Given) -> Optional[Dict[str, Any]]:
    """What a file of embeddings says of its network, in the form of `model_facts`; None where it says nothing."""
    if given.net is None:
        return None
    size, mean, std, colour = given.net.get('input') or (None,) * 4
    return {'name': given.name, 'path': given.path, 'sha256': None, 'card': None, 'card_sha256': None,
            'engine': given.net.get('engine'), 'precision': given.net.get('precision'), 'device': None,
            'flip': given.net.get('flip'), 'color': colour, 'normalization': mean and {'mean': mean, 'std': std},
            'size': size, 'embedding_size': given.embeddings.shape[1], 'fingerprint': given.net.get('net'),
            'licence': None, 'trained_on': None}


def row_facts(model: Optional[Dict[str, Any]], data_sha256: Optional[str]) -> Dict[str, Any]:
    """What each row says of the data and the model, in plain values."""
    facts = {'data_sha256': data_sha256}
    if model is None:
        return facts
    normalization = model.get('normalization')
    if isinstance(normalization, dict):
        normalization = '(x - {}) / {}'.format(*('{:g}'.format(part[0]) if len(set(part)) == 1 else ' '.join(
            '{:g}'.format(value) for value in part) for part in (normalization['mean'], normalization['std'])))
    facts.update(zip(ROW_FACTS, (model.get('name'), model.get('sha256'), model.get('card_sha256'), model.get('engine'),
                                 model.get('precision'), model.get('flip'), model.get('color'), normalization)))
    return facts
