"""Options and helpers that several commands share."""
import argparse

from ..deploy import Embedder, load_net
from ..deploy.embedder import FLIPS
from ..train import parse_gpus
from ..utils.arguments import parse_arguments

__all__ = ['add_command', 'add_net', 'make_embedder', 'positive']


def add_command(commands, name, run, doc, example):
    """A subcommand whose help ends in an example; `run(args)` does the work."""
    parser = commands.add_parser(name, help=doc, description=doc[0].upper() + doc[1:] + '.', epilog=example,
                                 formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    parser.set_defaults(run=run)
    return parser


def add_net(parser):
    """What says which net embeds, and how."""
    parser.add_argument('net', metavar='NET', help='folder or card.json of a training, an MXNet -symbol.json, or the '
                                                   'name of a model (`gluonfr models`) with --params')
    parser.add_argument('--params', metavar='FILE', help='weights, where NET does not say them')
    parser.add_argument('--network-args', nargs='+', default=[], metavar='KEY=VALUE',
                        help='for the name of a model: embedding_size=256')
    parser.add_argument('--flip', choices=FLIPS, default='none',
                        help='sum: add the embedding of the mirror image; concat: put them side by side (default none)')
    parser.add_argument('--batch-size', type=positive, default=64, metavar='N', help='images a step (default 64)')
    parser.add_argument('--gpu', default='', metavar='N', help='run on this GPU (default: the CPU)')


def make_embedder(args):
    """The `Embedder` that the options of `add_net` ask for."""
    ctx = parse_gpus(args.gpu)[0]
    net = load_net(args.net, args.params, ctx=ctx, **parse_arguments(args.network_args, '--network-args'))
    return Embedder(net, batch_size=args.batch_size, flip=args.flip, ctx=ctx)


def positive(text):
    """An int >= 1, for argparse."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError('must be >= 1, got {}'.format(value))
    return value
