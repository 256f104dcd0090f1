"""`gluonfr search`: whom in a gallery a face looks like most."""
import csv
import logging
import os

from ..deploy.gallery import check_one_net, gallery_of, is_gallery, read_gallery
from ..deploy.search import search
from ..utils.files import atomic_path
from .options import make_embedder, open_faces

__all__ = ['run']

COLUMNS = ('query', 'rank', 'cosine', 'name', 'path', 'error')


def run(args):
    """Print the best for each query; with --on-error skip, why one has none."""
    places = [args.gallery] + args.queries
    without = [place for place in places if not is_gallery(place)]
    if without and not args.net:
        raise ValueError('{} must end in .npz or .npy, or --net must be given.'.format(without[0]))
    embedder = make_embedder(args) if without else None
    gallery = _open(args, embedder, args.gallery)
    found, errors = [], []
    for place in args.queries:
        try:
            queries = _open(args, embedder, place)
        except (ValueError, OSError) as error:
            if args.on_error == 'raise':
                raise
            errors.append((place, error))
            logging.getLogger('gluonfr').warning('skipped %s: %s', place, error)
            found.append((place, '', '', '', '', error))
            continue
        check_one_net(_said(args, args.gallery), gallery.net, _said(args, place), queries.net)
        found += [(path, '', '', '', '', why) for path, why in queries.skipped]
        found += _answers(args, gallery, queries)
    if args.out:
        with atomic_path(args.out) as temporary, open(temporary, 'w', newline='', encoding='utf-8',
                                                      errors='surrogateescape') as file:
            csv.writer(file, lineterminator='\n').writerows([COLUMNS] + found)
    if len(errors) == len(args.queries):
        raise ValueError('none of the queries can be read, the first: {}'.format(errors[0][1]))


def _answers(args, gallery, queries):
    """Print the best for each embedding of a query; returns their rows."""
    rows = []
    indices, cosines = search(gallery.embeddings, queries.embeddings, args.top, args.threshold, args.engine)
    for query, places, scores in zip(queries.paths, indices, cosines):
        best = [(rank + 1, i, cosine) for rank, (i, cosine) in enumerate(zip(places, scores)) if i >= 0]
        print(query if best else '{}  nobody'.format(query))
        for rank, i, cosine in best:
            print('  {:.4f}  {}  {}'.format(cosine, gallery.people[i] or '-', gallery.paths[i]))
            rows.append((query, rank, '{:.6f}'.format(cosine), gallery.people[i], gallery.paths[i], ''))
    return rows


def _open(args, embedder, place):
    """The `Gallery` of a file, or of images that the net embeds."""
    if is_gallery(place):
        return read_gallery(place)
    dataset = open_faces(args, place, embedder.spec.size)
    return gallery_of(embedder, dataset, False if args.no_progress else os.path.basename(place))


def _said(args, place):
    return place if is_gallery(place) else '{} by --net {}'.format(place, args.net)
