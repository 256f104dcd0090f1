"""Options and helpers that several commands share."""
import argparse
import os

from ..deploy import Embedder, load_net
from ..deploy.lower import PRECISIONS
from ..metrics.scores import FLIPS
from ..train import parse_gpus
from ..utils.arguments import parse_arguments
from .images import open_images

__all__ = ['add_command', 'add_net', 'make_embedder', 'natural', 'on_error', 'positive', 'user_path']


def add_command(commands, name, run, doc, example):
    """A subcommand whose help ends in an example; `run(args)` does the work."""
    parser = commands.add_parser(name, help=doc, description=doc[0].upper() + doc[1:] + '.', epilog=example,
                                 formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    parser.set_defaults(run=run)
    return parser


def add_net(parser):
    """What says which net embeds, and how."""
    parser.add_argument('net', type=user_path, metavar='NET',
                        help='folder or card.json of a training, an MXNet -symbol.json, the name of pretrained weights '
                             '(`gluonfr models`), or the name of a model with --params')
    parser.add_argument('--params', type=user_path, metavar='FILE', help='weights, where NET does not say them')
    parser.add_argument('--network-args', nargs='+', default=[], metavar='KEY=VALUE',
                        help='for the name of a model: embedding_size=256')
    parser.add_argument('--flip', choices=FLIPS, default='none',
                        help='sum: add the embedding of the mirror image; concat: put them side by side (default none)')
    parser.add_argument('--batch-size', type=positive, default=64, metavar='N', help='images a step (default 64)')
    parser.add_argument('--precision', choices=PRECISIONS, default='float32',
                        help='of the layers on a CPU; bfloat16 and int8 are faster and a little less exact')
    parser.add_argument('--calibrate', type=user_path, metavar='DATA',
                        help='for int8: a folder, list or rec of faces such as will come; 128 of them are used')
    parser.add_argument('--gpu', default='', metavar='N', help='run on this GPU (default: the CPU)')


def make_embedder(args):
    """The `Embedder` that the options of `add_net` ask for."""
    ctx = parse_gpus(args.gpu)[0]
    net = load_net(args.net, args.params, ctx=ctx, **parse_arguments(args.network_args, '--network-args'))
    if (args.precision == 'int8') != bool(args.calibrate):
        raise ValueError('--precision int8 and --calibrate DATA must be given together.')
    calibration = open_images(args.calibrate) if args.calibrate else None
    return Embedder(net, batch_size=args.batch_size, flip=args.flip, ctx=ctx, precision=args.precision,
                    calibration=calibration)


def on_error(parser):
    """What damaged images do."""
    parser.add_argument('--on-error', choices=('raise', 'skip'), default='raise',
                        help='what a damaged image does: end the command, or be left out and reported')


def user_path(text):
    """A path, for argparse: the shell leaves the ~ in --out=~/runs as it is."""
    return os.path.expanduser(text)


def positive(text, low=1):
    """An int >= 1, for argparse."""
    value = int(text)
    if value < low:
        raise argparse.ArgumentTypeError('must be >= {}, got {}'.format(low, value))
    return value


def natural(text):
    """An int >= 0, for argparse."""
    return positive(text, 0)
