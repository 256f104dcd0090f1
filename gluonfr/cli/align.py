"""`gluonfr align`: a folder of photographs -> the same tree of aligned faces."""
import os

from ..align import STATUSES, align_folder
from ..utils.files import advice_on_full_disk
from .options import add_command, add_faces, face_settings, make_finder, user_path

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'align', align, 'cut the faces out of photographs, aligned as nets need them', """
example:
  gluonfr align photos/ --out aligned/ --detect yunet --min-face 40
  gluonfr align photos/ --out aligned/ --landmarks points.csv --size 112x96

photos/a/b.jpg becomes aligned/a/b.jpg; aligned/align.csv says what came of each photograph, with the landmarks:
""" + '\n'.join('  {:14} {}'.format(status, text) for status, text in STATUSES.items()) + """
Photographs are turned upright as the camera noted in them. Killed, the same command goes on.""")
    parser.add_argument('folder', type=user_path, metavar='FOLDER')
    parser.add_argument('--out', type=user_path, required=True, metavar='DIR')
    parser.add_argument('--size', type=face_size, default=(112, 112), metavar='PIXELS',
                        help='of the faces: 112, 128 or another square, or HEIGHTxWIDTH: 112x96 (default 112)')
    parser.add_argument('--overwrite', action='store_true', help='replace what an earlier run left in --out')
    parser.add_argument('--no-progress', action='store_true')
    add_faces(parser)


def face_size(text):
    """(height, width) of '112' or '112x96', for argparse."""
    height, _, width = text.partition('x')
    return int(height), int(width or height)


def align(args):
    """Align and say how many photographs came to what."""
    finder = make_finder(args, args.folder)
    if finder is None:
        raise ValueError('--detect NAME or --landmarks FILE must be given.')
    with advice_on_full_disk(args.out, 'What is aligned so far is kept: make room and give the same command again'):
        counts = align_folder(args.folder, args.out, finder, args.size, face_settings(args), args.overwrite,
                              not args.no_progress)
    for status in STATUSES:
        if counts[status]:
            print('{:14} {:8,}  {}'.format(status, counts[status], STATUSES[status]))
    print('report: {}'.format(os.path.join(args.out, 'align.csv')))
