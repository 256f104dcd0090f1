"""`gluonfr search`: whom in a gallery a face looks like most."""
import csv
import os

import numpy as np

from ..deploy.search import search
from ..utils.files import atomic_path
from .options import make_embedder
from .photos import open_faces

__all__ = ['run']

COLUMNS = ('query', 'rank', 'cosine', 'name', 'path')


def run(args):
    """Print the best for each query."""
    places = [args.gallery] + args.queries
    needs_net = not all(place.endswith(('.npz', '.npy')) for place in places)
    if needs_net and not args.net:
        raise ValueError('{} must end in .npz or .npy, or --net must be given.'.format(
            next(place for place in places if not place.endswith(('.npz', '.npy')))))
    embedder = make_embedder(args) if needs_net else None
    gallery, names, paths = _open(args, embedder, args.gallery)
    found = []
    for place in args.queries:
        queries, _, query_paths = _open(args, embedder, place)
        indices, cosines = search(gallery, queries, args.top, args.threshold, args.engine)
        for query, row, scores in zip(query_paths, indices, cosines):
            best = [(rank + 1, i, cosine) for rank, (i, cosine) in enumerate(zip(row, scores)) if i >= 0]
            print(query if best else '{}  nobody'.format(query))
            for rank, i, cosine in best:
                print('  {:.4f}  {}  {}'.format(cosine, names[i] or '-', paths[i]))
                found.append((query, rank, '{:.6f}'.format(cosine), names[i], paths[i]))
    if args.out:
        with atomic_path(args.out) as temporary, open(temporary, 'w', newline='', encoding='utf-8',
                                                      errors='surrogateescape') as file:
            csv.writer(file, lineterminator='\n').writerows([COLUMNS] + found)


def _open(args, embedder, place):
    """Embeddings (N, D) of a place, and the name and path of each."""
    if place.endswith(('.npz', '.npy')):
        embeddings, labels, paths = _read(place)
    else:
        dataset = open_faces(args, place, embedder.spec.size)
        embeddings = embedder(dataset, progress=False if args.no_progress else os.path.basename(place))
        labels = dataset.labels
        paths = [str(path) for path in getattr(dataset, 'paths', None) or dataset.keys]
    names = [os.path.basename(os.path.dirname(path)) if label >= 0 else '' for path, label in zip(paths, labels)]
    return embeddings, names, paths


def _read(place):
    """Embeddings, labels and paths of a file that `gluonfr embed` wrote."""
    if place.endswith('.npy'):
        embeddings = np.load(place, mmap_mode='r')
        with open(place[:-4] + '.txt', encoding='utf-8', errors='surrogateescape') as file:
            paths = file.read().splitlines()
        labels = np.full(len(paths), -1)
    else:
        with np.load(place, allow_pickle=False) as saved:
            missing = {'embeddings', 'labels', 'names'} - set(saved.files)
            if missing:
                raise ValueError('{} must hold embeddings, labels and names, as `gluonfr embed` writes them, but lacks '
                                 '{}.'.format(place, ', '.join(sorted(missing))))
            embeddings, labels, paths = saved['embeddings'], saved['labels'], saved['names'].tolist()
    if not len(embeddings) == len(paths) == len(labels):
        raise ValueError('{} must hold a name and a label for each embedding, got {} and {} for {}.'.format(
            place, len(paths), len(labels), len(embeddings)))
    return embeddings, labels, paths
