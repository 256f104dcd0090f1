"""`gluonfr enrol` and `gluonfr gallery`: a gallery of people that grows."""
import os
from collections import Counter

from ..deploy.gallery import is_gallery
from ..photos import ENROLMENTS, Enrolled, enrol_embeddings, enrol_people, is_enrolled, people_in
from ..utils.messages import counted
from ..utils.rows import write_rows
from .faces import make_finder
from .options import make_embedder
from .parsers.common import FACE_OPTIONS, NET_OPTIONS, chosen

__all__ = ['enrol', 'remembered', 'run_list', 'run_remove']

KEPT_NET = ('net', 'params', 'network_args', 'flip', 'precision', 'engine')
KEPT_FACES = ('detect', 'detector_model', 'detect_size')
COLUMNS = ('name', 'path', 'status', 'detail')


def enrol(args):
    """Enrol, and say what came of the photos that are not enrolled now."""
    if bool(args.people) == bool(args.photos) or args.people and args.name:
        raise ValueError('either NAME and PHOTOS or --people DATA must be given.')
    if args.people and (is_gallery(args.people) or is_enrolled(args.people)):
        enrolled, unnamed = enrol_embeddings(args.gallery, args.people)
        print('{} enrolled{}'.format(counted(enrolled, 'photo'),
                                     ', {} of nobody left out'.format(unnamed) if unnamed else ''))
        say_size(Enrolled(args.gallery))
        return
    people, rows = people_in(args.people) if args.people else ([(args.name, args.photos)], [])
    remembered(args)
    if not args.net:
        raise ValueError('--net must be given: {} is a new gallery.'.format(args.gallery))
    if args.several is None:
        args.several = 'refuse' if args.detect or args.landmarks else 'largest'
    finder = make_finder(root=args.people, **chosen(args, FACE_OPTIONS))
    options = chosen(args, KEPT_NET + KEPT_FACES)
    for name in ('net', 'params', 'detector_model'):
        if options[name] and os.path.exists(options[name]):
            options[name] = os.path.abspath(options[name])
    rows += enrol_people(args.gallery, people, make_embedder(**chosen(args, NET_OPTIONS)), finder, options,
                         bool(args.people) and not args.no_progress)
    if args.out:
        write_rows(args.out, COLUMNS, rows)
    for row in rows:
        if row.detail or row.status not in ('enrolled', 'known'):
            print('{:10} {}  {}{}'.format(row.status, row.name or '-', row.path, row.detail and ': ' + row.detail))
    counts = Counter(row.status for row in rows)
    for status in ENROLMENTS:
        if counts[status]:
            print('{:14} {:8,}  {}'.format(status, counts[status], ENROLMENTS[status]))
    if not counts['enrolled'] + counts['known']:
        raise ValueError('{}: none of {} could be enrolled.'.format(args.gallery, counted(len(rows), 'photo')))
    say_size(Enrolled(args.gallery))


def remembered(args):
    """Take from the gallery which network it is of and how faces are found, where the command does not say it."""
    if not is_enrolled(args.gallery):
        return
    options = Enrolled(args.gallery).options
    if not args.net:
        vars(args).update((name, options[name]) for name in KEPT_NET if name in options)
    if not (args.detect or args.landmarks or args.detector_model or args.detect_size):
        vars(args).update((name, options[name]) for name in KEPT_FACES if name in options)


def run_list(args):
    """Print the people, or the photos of some."""
    gallery = Enrolled(args.gallery)
    for name in args.names or gallery.people():
        photos = gallery.photos(name)
        print('{}  {}'.format(name, counted(len(photos), 'photo')))
        for path, _, cosine in photos if args.names else ():
            print('  {:.4f}  {}'.format(cosine, path))
    if not args.names:
        say_size(gallery)


def run_remove(args):
    """Remove people; nobody is removed if one of the names is not there."""
    gallery = Enrolled(args.gallery)
    missing = [name for name in args.names if name not in gallery]
    if missing:
        raise ValueError('{} has nobody of the name {}: `gluonfr gallery list` names all.'.format(
            args.gallery, ', '.join(missing)))
    for name in args.names:
        print('removed {} with {}'.format(name, counted(gallery.remove(name), 'photo')))


def say_size(gallery):
    """How many people there are now."""
    print('{}: {}'.format(gallery.path, counted(len(gallery), 'person', 'people')))
