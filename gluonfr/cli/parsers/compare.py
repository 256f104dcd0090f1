"""Options of `gluonfr compare`."""
from .common import add_command, add_faces, add_net

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'compare', 'print the cosine similarity of faces', """
example:
  gluonfr compare runs/mine a.jpg b.jpg --threshold 0.35
  gluonfr compare runs/mine photo.jpg another.jpg --detect yunet

Without --detect or --landmarks the images must be aligned to the size of the net, 112x112 for
most.""", 'compare:compare')
    add_net(parser)
    add_faces(parser)
    parser.add_argument('images', nargs='+', metavar='IMAGE', help='two files or more; the first is compared with the '
                                                                   'others')
    parser.add_argument('--threshold', type=float, metavar='X',
                        help='cosine from which on two images count as one person; `gluonfr verify` prints one')
