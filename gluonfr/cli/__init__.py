"""The `gluonfr` command: thin subcommands over library functions."""
import argparse
import logging
import sys

from ..version import __version__
from . import compare, embed, listing, pack, train, verify

__all__ = ['main']

DESCRIPTION = """gluonfr: train, verify and use face-recognition nets on MXNet Gluon.

  gluonfr pack folder people/ --out ~/.mxnet/datasets/face/mine    a folder of people -> train.rec
  gluonfr train --dataset mine --network mobilefacenet --loss arcface --out runs/mine
  gluonfr verify runs/mine --data lfw.bin                           accuracy, TAR@FAR, ROC
  gluonfr embed runs/mine photos/ --out photos.npz
  gluonfr compare runs/mine a.jpg b.jpg
"""


def make_parser():
    """The parser with all subcommands."""
    parser = argparse.ArgumentParser(prog='gluonfr', description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--version', action='version', version='gluonfr ' + __version__)
    commands = parser.add_subparsers(dest='command', metavar='COMMAND', required=True)
    for module in (pack, train, verify, embed, compare, listing):
        module.add_commands(commands)
    return parser


def main(argv=None):
    """Run one command; returns the exit status: 0, 2 for bad input, 130 after Ctrl-C."""
    argv = sys.argv[1:] if argv is None else list(argv)
    args = make_parser().parse_args(argv)
    args.argv = argv
    logging.basicConfig(level=logging.INFO, format='%(message)s', stream=sys.stdout)
    try:
        args.run(args)
    except (ValueError, TypeError, OSError, ImportError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and type(error) is RuntimeError:
            raise  # MXNet's own and anything unforeseen: the traceback is worth more than a sentence
        print('gluonfr {}: {}'.format(args.command, error), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('gluonfr {}: stopped. What was finished is kept; the same command goes on where it says so.'.format(
            args.command), file=sys.stderr)
        return 130
    return 0
