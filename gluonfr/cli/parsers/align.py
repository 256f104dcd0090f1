"""Options of `gluonfr align`."""
from .common import add_command, add_faces, user_path

__all__ = ['add_commands']

STATUSES = {
    'ok': 'a face was found',
    'no-face': 'no face was found',
    'too-small': 'its faces are too small',
    'several': 'it shows several faces',
    'no-landmarks': 'the landmarks do not name it',
    'bad-landmarks': 'its landmarks cannot be a face',
    'unreadable': 'it cannot be read',
    'failed': 'the detector failed',
}


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'align', 'cut the faces out of photographs, aligned as networks need them', """
example:
  gluonfr align PHOTOS --out outputs/aligned --detect yunet --min-face 40
  gluonfr align PHOTOS --out outputs/aligned --landmarks points.csv --size 112x96

PHOTOS/a/b.jpg becomes outputs/aligned/a/b.jpg. outputs/aligned/align.csv has a row for each photograph with the
landmarks and one of these results:
""" + '\n'.join('  {:14} {}'.format(status, text) for status, text in STATUSES.items()) + """
Photographs are turned upright as the camera recorded (EXIF).
If interrupted, the same command continues.""", 'align:align')
    parser.add_argument('folder', type=user_path, metavar='FOLDER',
                        help='folder of photographs, at any depth')
    parser.add_argument('--out', type=user_path, required=True, metavar='DIR',
                        help='folder for the faces and align.csv')
    parser.add_argument('--size', type=face_size, default=(112, 112), metavar='PIXELS',
                        help='size of the faces: 112, 128 or another square, or HEIGHTxWIDTH: 112x96 (default 112)')
    parser.add_argument('--overwrite', action='store_true', help='replace the results of an earlier run in --out')
    parser.add_argument('--no-progress', action='store_true', help='no progress bar')
    add_faces(parser)


def face_size(text):
    """(height, width) of '112' or '112x96', for argparse."""
    height, _, width = text.partition('x')
    return int(height), int(width or height)
