"""`gluonfr cluster`: faces without names -> groups, one for each person."""
import os

from ..data.opening import check_apart
from ..photos import cluster as group
from ..utils.messages import counted
from .faces import open_faces
from .options import make_embedder
from .parsers.common import FACE_OPTIONS, NET_OPTIONS, chosen

__all__ = ['cluster']


def cluster(args):
    """Group, and say what came of it."""
    check_apart('--out', args.out, args.data)
    embedder = make_embedder(**chosen(args, NET_OPTIONS), normalize=False)
    images = open_faces(args.data, embedder.spec.size, chosen(args, FACE_OPTIONS), on_error='skip',
                        progress=not args.no_progress, report=os.path.join(args.out, 'faces.csv'))
    report = group(images, embedder, args.out, root=args.data, threshold=args.threshold,
                   min_images=args.min_images, progress=not args.no_progress)
    print(report.said)
    print('{}, {:,} embedded now: {} of {}, {:,} with a name; {:,} alone, {:,} left out'.format(
        counted(report.images, 'face'), report.new, counted(len(report.groups), 'group'),
        counted(sum(map(len, report.groups)), 'face'), report.named, report.alone, report.left_out))
    for name, what in (('groups.html', 'look at the groups'), ('names.csv', 'write their names here, and give the same '
                                                               'command again'),
                       ('groups.csv', 'the group of each image'), ('people', 'a folder for each group')):
        print('{}: {}'.format(os.path.join(args.out, name), what))
