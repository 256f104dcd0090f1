"""Galleries: embeddings, whose they are, and of which network; their files, and the search in them."""
import json
import logging
import os
import re
from collections import namedtuple
from typing import Any, Dict, List, Optional, Tuple, Union

import numpy as np

from ..data.dataset import StoredDataset
from ..data.image_files import ImageFiles
from ..utils.arrays_file import read_npy, read_npz
from ..utils.files import atomic_path, save_npz, write_text
from ..utils.rows import as_line, of_line, read_name_lines
from .advice import Advice, advice_of
from .search import search

__all__ = ['Gallery', 'Match', 'check_gallery_path', 'check_one_net', 'gallery_of', 'is_gallery', 'made_by',
           'read_gallery', 'search_gallery', 'write_gallery']

Gallery = namedtuple('Gallery', 'embeddings people paths net skipped advice', defaults=(None,))
Gallery.__doc__ = """Embeddings of faces.

Parameters
----------
embeddings : array (N, D)
people : list of str
    Name of each one's person, '' where nothing tells it.
paths : list of str
    Of the images, or keys of a rec.
net : dict or None
    What `made_by` says; None where the file does not say it.
skipped : list of (str, str)
    Path and reason of each image that was left out.
advice : Advice or None
    The threshold that the card of the network advises.
"""

Match = namedtuple('Match', 'cosine person path')


def is_gallery(path: str) -> bool:
    """Whether a path is that of a file of embeddings, by its end."""
    return path.endswith(('.npz', '.npy'))


def check_gallery_path(owner: str, out: str) -> None:
    """Raise a ValueError unless `out` is a path that a gallery can be written to."""
    if not is_gallery(out):
        raise ValueError('{}: out must end in .npz or .npy, got {}.'.format(owner, out))


def made_by(embedder: Any) -> Dict[str, Any]:
    """What embeddings must have in common to be compared, as JSON values; the engine only where it is not float32."""
    return {'net': '{:08x}'.format(embedder.fingerprint()), 'precision': embedder.precision, 'flip': embedder.flip,
            'input': json.loads(json.dumps(embedder.spec[:4])), 'engine': embedder.engine}


def check_one_net(first: str, net: Optional[Dict[str, Any]], second: str, other: Optional[Dict[str, Any]]) -> None:
    """Raise a ValueError if two galleries are of different networks; one that does not say its network is told of.

    Parameters
    ----------
    first, second : str
        What the galleries are called in the message.
    net, other : dict or None
        What `made_by` said.
    """
    unknown = [name for name, made in ((first, net), (second, other)) if made is None]
    if unknown:
        logging.getLogger('gluonfr').warning(
            '%s: nothing in it says of which network it is, as .npz files of gluonfr 2.0 do: see that it is the same.',
            ' and '.join(unknown))
        return
    net, other = ({'engine': 'mxnet', **made} for made in (net, other))  # as earlier versions do not say
    if net.get('precision') != other.get('precision') or net.get('precision') == 'float32':  # which all engines have
        net['engine'] = other['engine']
    if net != other:
        differing = [name for name in net if name in other and net[name] != other[name]]
        said = (' and '.join('{} {}'.format(name, made[name]) for name in differing) for made in (net, other))
        raise ValueError('{} and {} must be embedded by one network in one way, got {} against {}. Embed one again.'
                         .format(first, second, *said))


def search_gallery(gallery: Gallery, queries: Gallery, top: int = 5, threshold: Optional[float] = None,
                   engine: str = 'numpy') -> List[Tuple[str, List[Match]]]:
    """The faces of a gallery that are most like each query.

    Parameters
    ----------
    gallery, queries : Gallery
        Of one network: see `check_one_net`.
    top, threshold, engine
        As for `gluonfr.deploy.search.search`.

    Returns
    -------
    list of (str, list of Match)
        Path of each query, and the best of the gallery, highest cosine first: at most ``top``, none below the
        threshold. Equal cosines stand in the order of the gallery.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.deploy import Gallery, search_gallery
    >>> gallery = Gallery(np.eye(3), ['ann', 'bob', 'eve'], ['ann/1.jpg', 'bob/1.jpg', 'eve/1.jpg'], None, [])
    >>> query = Gallery(np.array([[0.6, 0.8, 0.0]]), [''], ['who.jpg'], None, [])
    >>> for path, matches in search_gallery(gallery, query, top=2):
    ...     print(path, ['{} {:.2f}'.format(match.person, match.cosine) for match in matches])
    who.jpg ['bob 0.80', 'ann 0.60']
    """
    indices, cosines = search(gallery.embeddings, queries.embeddings, top, threshold, engine)
    return [(query, [Match(float(cosine), gallery.people[i], gallery.paths[i])
                     for i, cosine in zip(found, scores) if i >= 0])
            for query, found, scores in zip(queries.paths, indices, cosines)]


def gallery_of(embedder: Any, dataset: StoredDataset, progress: Union[bool, str] = False) -> Gallery:
    """The `Gallery` of a dataset's images."""
    paths = dataset.names
    people = _people(dataset.labels, paths, dataset.classes)
    return Gallery(embedder(dataset, progress=progress), people, paths, made_by(embedder),
                   [(str(path), why) for path, why in dataset.skipped], advice_of(embedder))


def write_gallery(out: str, embedder: Any, dataset: StoredDataset, embeddings: np.ndarray) -> None:
    """Write the embeddings of a dataset's images as .npz, or alone as .npy with the paths in a .txt beside it."""
    paths = dataset.names
    if out.endswith('.npz'):
        facts = {'classes': np.array(dataset.classes, dtype=str), 'net': np.array(json.dumps(made_by(embedder)))}
        if hasattr(dataset, 'landmarks'):
            facts['landmarks'] = dataset.landmarks
        advice = advice_of(embedder)
        if advice:
            facts['advice'] = np.array(json.dumps(advice))
        save_npz(out, {'embeddings': embeddings, 'labels': dataset.labels, 'names': np.array(paths), **facts})
        return
    with atomic_path(out) as temporary, open(temporary, 'wb') as file:
        np.save(file, embeddings)
    if not isinstance(dataset, ImageFiles):  # of a rec: a key alone tells nobody who it is
        people = _people(dataset.labels, paths, dataset.classes)
        paths = ['{}\t{}'.format(key, as_line(name)) for key, name in zip(paths, people)] if any(people) else paths
    else:
        paths = map(as_line, paths)
    write_text(out[:-4] + '.txt', ''.join(path + '\n' for path in paths))


def read_gallery(path: str) -> Gallery:
    """The `Gallery` in a file; those of earlier versions do not say their network.

    Raises
    ------
    FileNotFoundError, ValueError
        It is not there, or is not as `gluonfr embed` writes it.
    """
    classes, net, advice = (), None, None
    if path.endswith('.npy'):
        embeddings = read_npy(path)
        paths, people = _listed(read_name_lines(path[:-4] + '.txt'))
        labels = np.full(len(paths), -1)
    else:
        saved = read_npz(path)
        missing = {'embeddings', 'labels', 'names'} - set(saved)
        if missing:
            raise ValueError('{} must hold embeddings, labels and names, as `gluonfr embed` writes them, but lacks {}.'
                             .format(path, ', '.join(sorted(missing))))
        embeddings, labels, paths = saved['embeddings'], saved['labels'], saved['names']
        if {'classes', 'net'} <= set(saved):
            classes, net = saved['classes'], _net_in(path, saved['net'])
        if 'advice' in saved:
            advice = _advice_in(path, saved['advice'])
        for name, array, kinds in (('labels', labels, 'iuf'), ('names', paths, 'U'), ('classes', classes, 'U')):
            if np.size(array) and (array.ndim != 1 or array.dtype.kind not in kinds):
                raise ValueError('{} must have {} in one dimension, got {} of shape {}.'.format(
                    path, name, array.dtype, array.shape))
        paths, classes = paths.tolist(), list(classes)
        people = _people(labels, paths, classes)
    if embeddings.ndim != 2 or embeddings.dtype.kind != 'f':
        raise ValueError('{} must hold embeddings (N, D), got {} of shape {}.'.format(
            path, embeddings.dtype, embeddings.shape))
    if not len(embeddings) == len(paths) == len(labels):
        raise ValueError('{} must hold a name and a label for each embedding, got {} and {} for {}.'.format(
            path, len(paths), len(labels), len(embeddings)))
    return Gallery(embeddings, people, paths, net, [], advice)


def _advice_in(path, text):
    """The threshold that a file says."""
    try:
        *numbers, data = json.loads(str(text))
        return Advice(*map(float, numbers), str(data))
    except (RecursionError, TypeError, ValueError) as error:
        raise ValueError('{} must say its threshold as JSON: {}.'.format(path, error)) from error


def _net_in(path, text):
    """What a file says of its network."""
    try:
        net = json.loads(str(text))
    except (RecursionError, ValueError) as error:
        raise ValueError('{} must say its network as JSON: {}.'.format(path, error)) from error
    if not isinstance(net, dict):
        raise ValueError('{} must say its network by names, got a {}.'.format(path, type(net).__name__))
    return net


def _listed(lines):
    """Paths and people in the .txt beside a .npy: of a rec keys and names with a tab between."""
    if lines and all(re.match(r'\d+\t', line) for line in lines):
        keys, people = zip(*(line.split('\t', 1) for line in lines))
        return list(keys), list(map(of_line, people))
    paths = list(map(of_line, lines))
    return paths, _people_of_folders(paths)


def _people_of_folders(paths):
    """The name of each image's person where there are paths alone: its folder in the one that all have in common."""
    folders = [os.path.dirname(path) for path in paths]
    try:
        common = os.path.commonpath(folders)
    except ValueError:  # there are none, or they begin in different places
        return [''] * len(paths)
    return ['' if folder == common else os.path.relpath(folder, common).split(os.sep)[0] for folder in folders]


def _people(labels, paths, classes):
    """The name of each image's person: of its label, else of its folder; '' where it has no label."""
    return ['' if label < 0 else classes[int(label)] if label < len(classes) else
            os.path.basename(os.path.dirname(path)) for label, path in zip(labels, paths)]
