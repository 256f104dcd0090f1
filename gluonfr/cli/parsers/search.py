"""Options of `gluonfr search`."""
from .common import ENGINES, add_command, add_faces, add_net, on_error, positive, user_path

__all__ = ['add_commands']

INDEXES = ('numpy', 'faiss')


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'search', 'find the faces of a gallery that are most like others', """
examples:
  gluonfr search people.npz photos.npz --top 5 --threshold 0.35
  gluonfr search people.npz photo.jpg --net runs/mine --detect yunet

GALLERY and QUERY are files that `gluonfr embed` wrote (.npz, or .npy with its .txt), or with --net what it takes: a
folder, a list, a rec, or an image. The best are exact; equal cosines stand in the order of the gallery. A name is the
folder of a person, or of a rec its line in classes.txt, where the gallery is of people. Gallery and queries must be
embedded by one net with one --flip and --precision, which a .npz says. With --on-error skip a query that cannot be read
has a row in --out with the error.""", 'search:run')
    parser.add_argument('gallery', type=user_path, metavar='GALLERY', help='the faces that are searched')
    parser.add_argument('queries', nargs='+', type=user_path, metavar='QUERY', help='the faces to search for')
    parser.add_argument('--top', type=positive, default=5, metavar='N', help='how many for each query (default 5)')
    parser.add_argument('--threshold', type=float, metavar='X',
                        help='cosine from which on two faces count as one person; `gluonfr verify` prints one')
    parser.add_argument('--index', choices=INDEXES, default='numpy',
                        help='what searches: faiss comes with gluonfr[faiss] (--engine numpy and --engine faiss, as '
                             'earlier versions had it, say the same)')
    parser.add_argument('--out', type=user_path, metavar='FILE', help='write what is found to this csv file, too')
    add_net(parser, '--net', ENGINES + INDEXES)
    add_faces(parser)
    on_error(parser)
    parser.add_argument('--no-progress', action='store_true', help='no progress bar')
