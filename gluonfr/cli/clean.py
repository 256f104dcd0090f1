"""`gluonfr clean`: what is wrong with a folder of people, or a rec."""
import os

from ..photos import clean as look
from ..photos.findings import KINDS
from ..utils.messages import counted
from .options import make_embedder
from .parsers.common import NET_OPTIONS, chosen

__all__ = ['clean']

LOOK_OPTIONS = ('against', 'stretch', 'root', 'threshold', 'near', 'min_images', 'min_size', 'min_norm',
                'min_sharpness')


def clean(args):
    """Look, and say what was found and where it stands."""
    embedder = make_embedder(**chosen(args, NET_OPTIONS), normalize=False)
    report = look(args.data, embedder, args.out, progress=not args.no_progress, **chosen(args, LOOK_OPTIONS))
    print('{} of {}, {:,} embedded now'.format(
        counted(report.images, 'image'), counted(report.people, 'person', 'people'), report.new))
    for kind, title in KINDS.items():
        if report.counts.get(kind):
            print('{:16} {:8,}  {}'.format(kind, report.counts[kind], title))
    for sentence in report.facts['sentences']:
        print(sentence)
    if report.facts['threshold'] is not None:
        print('threshold {:.4f}'.format(report.facts['threshold']))
    for name, what in (('exclude.txt', counted(report.excluded, 'image') + ' to leave out'),
                       ('relabel.csv', counted(report.relabelled, 'image') + ' to give to others'),
                       ('clean.csv', 'all that was found'), ('clean.html', 'the same with pictures')):
        print('{}: {}'.format(os.path.join(args.out, name), what))
