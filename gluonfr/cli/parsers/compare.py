"""Options of `gluonfr compare`."""
from .common import add_command, add_faces, add_net

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'compare', 'print the cosine similarity of faces', """
example:
  gluonfr compare outputs/mine-run A.jpg B.jpg --threshold 0.35
  gluonfr compare outputs/mine-run PHOTO.jpg OTHER.jpg --detect yunet

Without --detect or --landmarks the images must be aligned faces of the size that the network
takes, 112x112 for most.""", 'compare:compare')
    add_net(parser)
    add_faces(parser)
    parser.add_argument('images', nargs='+', metavar='IMAGE', help='two files or more; the first is compared with the '
                                                                   'others')
    parser.add_argument('--threshold', type=float, metavar='X',
                        help='say whether two images show the same person: their cosine reaches this (default: what '
                             'the card of the network advises, see `gluonfr evaluate --advise`)')
