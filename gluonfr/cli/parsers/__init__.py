"""What the `gluonfr` command understands: a module for each subcommand, with its options and their help.

Nothing here imports MXNet, so that --help and the errors of a command line come at once. The work of a command is the
function that its parser names, 'verify:verify' for `verify` in gluonfr/cli/verify.py; it is imported when it runs.
"""
import argparse

from ...version import __version__
from . import align, compare, convert, embed, export, listing, pack, search, train, verify
from .common import Parser

__all__ = ['make_parser']

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


def make_parser():
    """The parser with all subcommands."""
    parser = Parser(prog='gluonfr', description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter,
                    epilog='The options of a command: `gluonfr help COMMAND`.')
    parser.add_argument('--version', action='version', version='gluonfr ' + __version__)
    commands = parser.add_subparsers(dest='command', metavar='COMMAND', required=True)
    for module in (pack, align, train, verify, embed, compare, search, convert, export, listing):
        module.add_commands(commands)
    return parser
