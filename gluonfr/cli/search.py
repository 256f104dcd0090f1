"""`gluonfr search`: whom in a gallery a face looks like most."""
import csv
import os

import numpy as np

from ..deploy.search import ENGINES, search
from ..utils.files import atomic_path
from .options import add_command, add_faces, add_net, make_embedder, on_error, positive, user_path
from .photos import open_faces

__all__ = ['add_commands']

COLUMNS = ('query', 'rank', 'cosine', 'name', 'path')


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'search', run, 'find the faces of a gallery that are most like others', """
examples:
  gluonfr search people.npz photos.npz --top 5 --threshold 0.35
  gluonfr search people.npz photo.jpg --net runs/mine --detect yunet

GALLERY and QUERY are files that `gluonfr embed` wrote (.npz, or .npy with its .txt), or with --net what it takes: a
folder, a list, a rec, or an image. The best are exact; equal cosines stand in the order of the gallery. A name is the
folder of a person, where the gallery is of people.""")
    parser.add_argument('gallery', type=user_path, metavar='GALLERY')
    parser.add_argument('queries', nargs='+', type=user_path, metavar='QUERY')
    parser.add_argument('--top', type=positive, default=5, metavar='N', help='how many for each query (default 5)')
    parser.add_argument('--threshold', type=float, metavar='X',
                        help='cosine from which on two faces count as one person; `gluonfr verify` prints one')
    parser.add_argument('--engine', choices=ENGINES, default='numpy', help='faiss comes with gluonfr[faiss]')
    parser.add_argument('--out', type=user_path, metavar='FILE', help='write what is found to this csv file, too')
    add_net(parser, '--net')
    add_faces(parser)
    on_error(parser)
    parser.add_argument('--no-progress', action='store_true')


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
