"""The `gluonfr` command: thin subcommands over library functions."""
import argparse
import logging
import os
import sys

from ..train import NonFiniteLoss
from ..version import __version__
from . import align, compare, convert, embed, export, listing, pack, search, train, verify

__all__ = ['main']

DESCRIPTION = """gluonfr: train, verify and use face-recognition nets on MXNet Gluon.

  gluonfr pack folder people/ --out ~/.mxnet/datasets/face/mine    a folder of people -> train.rec
  gluonfr train --dataset mine --network mobilefacenet --loss arcface --out runs/mine
  gluonfr verify runs/mine --data lfw.bin                           accuracy, TAR@FAR, ROC
  gluonfr embed runs/mine photos/ --out photos.npz
  gluonfr compare runs/mine a.jpg b.jpg
  gluonfr align photos/ --out aligned/ --detect yunet               a folder of photographs -> faces
  gluonfr search people.npz photos.npz --top 5
  gluonfr convert w600k_mbf.onnx --out nets/w600k_mbf               published weights -> a net that trains on
  gluonfr export runs/mine --onnx mine.onnx
"""


STOPPED = {**dict.fromkeys(('align', 'embed', 'pack'), 'the same command goes on from there'),
           'train': '--resume goes on from the newest checkpoint, if there is one'}


def make_parser():
    """The parser with all subcommands."""
    parser = argparse.ArgumentParser(prog='gluonfr', description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--version', action='version', version='gluonfr ' + __version__)
    commands = parser.add_subparsers(dest='command', metavar='COMMAND', required=True)
    for module in (pack, align, train, verify, embed, compare, search, convert, export, listing):
        module.add_commands(commands)
    return parser


def main(argv=None):
    """Run one command; returns the exit status: 0, 2 for bad input, 130 after Ctrl-C."""
    argv = sys.argv[1:] if argv is None else list(argv)
    args = make_parser().parse_args(argv)
    args.argv = argv
    logging.basicConfig(level=logging.INFO, format='%(message)s', stream=sys.stdout)
    logging.getLogger('gluonfr').setLevel(logging.INFO)
    try:
        args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:  # `gluonfr models | head`: nothing to say, and nobody to say it to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ValueError, TypeError, OSError, ImportError, NonFiniteLoss) as error:
        print('gluonfr {}: {}'.format(args.command, error), file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print('gluonfr {}: stopped; {}.'.format(args.command, str(stop) or STOPPED.get(
            args.command, 'what is written is whole')), file=sys.stderr)
        return 130
    return 0
