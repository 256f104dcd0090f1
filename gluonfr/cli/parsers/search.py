"""Options of `gluonfr search`."""
from .common import ENGINES, add_command, add_faces, add_net, on_error, positive, user_path

__all__ = ['add_commands']

INDEXES = ('numpy', 'faiss')


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'search', 'find the most similar faces of a gallery', """
examples:
  gluonfr search outputs/people.npz outputs/photos.npz --top 5 --threshold 0.35
  gluonfr search outputs/people.npz PHOTO.jpg --net outputs/mine-run --detect yunet
  gluonfr search outputs/gallery PHOTO.jpg

GALLERY and QUERY are files that `gluonfr embed` wrote (.npz, or .npy with its .txt), or with --net anything that
`gluonfr embed` takes: a folder, a list, a rec, or an image. The search is exact; faces with equal cosines are listed
in the order of the gallery. If the gallery is of people, their names are printed: the name of the folder, or for a rec
the line in classes.txt. Gallery and queries must be embedded by the same network with the same --flip and --precision,
which a .npz records.
GALLERY may also be a folder of `gluonfr enrol`, which remembers its network: then people are listed by their templates,
and a face below the threshold is called unknown.
With --on-error skip, a query that cannot be read gets a row in --out with the error.""", 'search:run')
    parser.add_argument('gallery', type=user_path, metavar='GALLERY', help='the faces that are searched')
    parser.add_argument('queries', nargs='+', type=user_path, metavar='QUERY', help='the faces to search for')
    parser.add_argument('--top', type=positive, default=5, metavar='N', help='how many for each query (default 5)')
    parser.add_argument('--threshold', type=float, metavar='X',
                        help='list only faces whose cosine reaches this (default: what the card of the network '
                             'advises, see `gluonfr evaluate --advise`; else all are listed)')
    parser.add_argument('--index', choices=INDEXES, default='numpy',
                        help='what searches: faiss comes with gluonfr[faiss] (--engine numpy and --engine faiss, as '
                             'earlier versions had it, say the same)')
    parser.add_argument('--out', type=user_path, metavar='FILE', help='also write the results to this csv file')
    add_net(parser, '--net', ENGINES + INDEXES)
    add_faces(parser)
    on_error(parser)
    parser.add_argument('--no-progress', action='store_true', help='no progress bar')
