"""`gluonfr search`: whom in a gallery a face looks like most."""
import csv
import logging
import os

from ..deploy.advice import say_advice
from ..deploy.gallery import check_one_net, gallery_of, is_gallery, read_gallery, search_gallery
from ..utils.files import atomic_path
from .faces import open_faces
from .options import make_embedder
from .parsers.common import FACE_OPTIONS, NET_OPTIONS, chosen
from .parsers.search import INDEXES

__all__ = ['run']

COLUMNS = ('query', 'rank', 'cosine', 'name', 'path', 'error')


def run(args):
    """Print the best for each query; with --on-error skip, why one has none."""
    images = [path for path in [args.gallery] + args.queries if not is_gallery(path)]
    if images and not args.net:
        raise ValueError('{} must end in .npz or .npy, or --net must be given.'.format(images[0]))
    if args.engine in INDEXES:  # as earlier versions called it
        args.index, args.engine = args.engine, None
    embedder = make_embedder(**chosen(args, NET_OPTIONS)) if images else None
    how = dict(embedder=embedder, found_by=chosen(args, FACE_OPTIONS), on_error=args.on_error,
               progress=not args.no_progress)
    gallery = open_gallery(args.gallery, **how)
    threshold = args.threshold
    if threshold is None and gallery.advice:
        threshold = gallery.advice.threshold
        print('{}; --threshold -1 lists all'.format(say_advice(gallery.advice)))
    rows, errors = [], []
    for path in args.queries:
        try:
            queries = open_gallery(path, **how)
        except (ValueError, OSError) as error:
            if args.on_error == 'raise':
                raise
            errors.append(error)
            logging.getLogger('gluonfr').warning('skipped %s: %s', path, error)
            rows.append((path, '', '', '', '', error))
            continue
        check_one_net(said(args.gallery, args.net), gallery.net, said(path, args.net), queries.net)
        rows += [(skipped, '', '', '', '', why) for skipped, why in queries.skipped]
        for query, matches in search_gallery(gallery, queries, args.top, threshold, args.index):
            print(query if matches else '{}  nobody'.format(query))
            for rank, match in enumerate(matches, 1):
                print('  {:.4f}  {}  {}'.format(match.cosine, match.person or '-', match.path))
                rows.append((query, rank, '{:.6f}'.format(match.cosine), match.person, match.path, ''))
    if args.out:
        with atomic_path(args.out) as temporary, open(temporary, 'w', newline='', encoding='utf-8',
                                                      errors='surrogateescape') as file:
            csv.writer(file, lineterminator='\n').writerows([COLUMNS] + rows)
    if len(errors) == len(args.queries):
        raise ValueError('none of the queries can be read, the first: {}'.format(errors[0]))


def open_gallery(path, *, embedder, found_by, on_error, progress):
    """The `Gallery` of a file, or of images that the network embeds."""
    if is_gallery(path):
        return read_gallery(path)
    dataset = open_faces(path, embedder.spec.size, found_by, on_error=on_error, progress=progress)
    return gallery_of(embedder, dataset, os.path.basename(path) if progress else False)


def said(path, net):
    """What a gallery is called in a message."""
    return path if is_gallery(path) else '{} by --net {}'.format(path, net)
