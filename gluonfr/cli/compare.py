"""`gluonfr compare`: how alike two or more faces are."""
from ..align import find_faces
from ..data.open_images import ImageFiles
from .options import add_command, add_faces, add_net, make_embedder, make_finder

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'compare', compare, 'print the cosine similarity of faces', """
example:
  gluonfr compare runs/mine a.jpg b.jpg --threshold 0.35
  gluonfr compare runs/mine photo.jpg another.jpg --detect yunet

Without --detect or --landmarks the images must be aligned to the size of the net, 112x112 for most.""")
    add_net(parser)
    add_faces(parser)
    parser.add_argument('images', nargs='+', metavar='IMAGE', help='two files or more; the first is compared with the '
                                                                   'others')
    parser.add_argument('--threshold', type=float, metavar='X',
                        help='cosine from which on two images count as one person; `gluonfr verify` prints one')


def compare(args):
    """Print a line for each image after the first."""
    if len(args.images) < 2:
        raise ValueError('at least two images must be given, got {}.'.format(len(args.images)))
    if args.several == 'all':
        raise ValueError("--several must be largest, center or refuse here: an image is compared by one face, got all.")
    finder = make_finder(args)
    embedder = make_embedder(args)
    embeddings = embedder(find_faces(args.images, finder, embedder.spec.size) if finder else ImageFiles(args.images))
    for path, cosine in zip(args.images[1:], embeddings[1:].dot(embeddings[0])):
        verdict = ''
        if args.threshold is not None:
            verdict = '  same person' if cosine >= args.threshold else '  different people'
        print('{}  {}  {:.4f}{}'.format(args.images[0], path, cosine, verdict))
