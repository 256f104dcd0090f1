"""`gluonfr search`: whom in a gallery a face looks like most."""
import logging
import os

from ..deploy.advice import advice_of, say_advice
from ..deploy.gallery import check_one_net, gallery_of, is_gallery, read_gallery, search_gallery
from ..photos import Enrolled, is_enrolled
from ..utils.messages import counted
from ..utils.rows import write_rows
from .enrol import remembered
from .faces import open_faces
from .options import make_embedder
from .parsers.common import FACE_OPTIONS, NET_OPTIONS, chosen
from .parsers.search import INDEXES

__all__ = ['run']

COLUMNS = ('query', 'rank', 'cosine', 'name', 'path', 'error')


def run(args):
    """Print the best for each query; with --on-error skip, why one has none."""
    remembered(args)
    images = [path for path in [args.gallery] + args.queries if not is_file(path)]
    if images and not args.net:
        raise ValueError('{} must end in .npz or .npy, or --net must be given.'.format(images[0]))
    if args.engine in INDEXES:  # as earlier versions called it
        args.index, args.engine = args.engine, None
    embedder = make_embedder(**chosen(args, NET_OPTIONS)) if images else None
    how = dict(embedder=embedder, found_by=chosen(args, FACE_OPTIONS), on_error=args.on_error,
               progress=not args.no_progress)
    enrolled = is_enrolled(args.gallery)
    gallery = Enrolled(args.gallery, args.index) if enrolled else open_gallery(args.gallery, **how)
    advice = enrolled and embedder and advice_of(embedder) or gallery.advice
    threshold = args.threshold
    if threshold is None and advice:
        threshold = advice.threshold
        print('{}; --threshold -1 lists all'.format(say_advice(advice)))
        if enrolled:
            print(say_strangers(advice, len(gallery)))
    elif threshold is None and enrolled:
        print('the card of the network advises no threshold: the nearest people are listed, and nobody is called '
              'unknown; give --threshold, or measure one by `gluonfr evaluate --advise`')
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
        if enrolled:
            found = zip(queries.paths, gallery.search(queries.embeddings, args.top, threshold))
        else:
            found = search_gallery(gallery, queries, args.top, threshold, args.index)
        for query, matches in found:
            print(query if matches else '{}  {}'.format(query, 'unknown' if enrolled else 'nobody'))
            if enrolled and not matches:
                rows.append((query, '', '', '', '', 'unknown'))
            for rank, match in enumerate(matches, 1):
                print('  {:.4f}  {}  {}'.format(match.cosine, match.person or '-', match.path))
                rows.append((query, rank, '{:.6f}'.format(match.cosine), match.person, match.path, ''))
    if args.out:
        write_rows(args.out, COLUMNS, rows)
    if len(errors) == len(args.queries):
        raise ValueError('none of the queries can be read, the first: {}'.format(errors[0]))


def open_gallery(path, *, embedder, found_by, on_error, progress):
    """The `Gallery` of a file, or of images that the network embeds."""
    if is_gallery(path):
        return read_gallery(path)
    dataset = open_faces(path, embedder.spec.size, found_by, on_error=on_error, progress=progress)
    return gallery_of(embedder, dataset, os.path.basename(path) if progress else False)


def is_file(path):
    """Whether a path holds embeddings."""
    return is_gallery(path) or is_enrolled(path)


def say_strangers(advice, people):
    """How many strangers a gallery takes for somebody: with each person in it there is one more to be like."""
    return ('of strangers about {:.2g} % would be taken for one of {}, if they differ as the people measured do'.format(
        100 * (1 - (1 - advice.fmr) ** people), counted(people, 'person', 'people')))


def said(path, net):
    """What a gallery is called in a message."""
    return path if is_file(path) else '{} by --net {}'.format(path, net)
