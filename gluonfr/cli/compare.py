"""`gluonfr compare`: how alike two or more aligned faces are."""
from .images import ImageFiles
from .options import add_command, add_net, make_embedder

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'compare', compare, 'print the cosine similarity of aligned face images', """
example:
  gluonfr compare runs/mine a.jpg b.jpg --threshold 0.35

The images must be aligned to the size of the net, 112x112 for most.""")
    add_net(parser)
    parser.add_argument('images', nargs='+', metavar='IMAGE', help='two files or more; the first is compared with the '
                                                                   'others')
    parser.add_argument('--threshold', type=float, metavar='X',
                        help='cosine from which on two images count as one person; `gluonfr verify` prints one')


def compare(args):
    """Print a line for each image after the first."""
    if len(args.images) < 2:
        raise ValueError('at least two images must be given, got {}.'.format(len(args.images)))
    embeddings = make_embedder(args)(ImageFiles(args.images))
    for path, cosine in zip(args.images[1:], embeddings[1:].dot(embeddings[0])):
        verdict = ''
        if args.threshold is not None:
            verdict = '  same person' if cosine >= args.threshold else '  different people'
        print('{}  {}  {:.4f}{}'.format(args.images[0], path, cosine, verdict))
