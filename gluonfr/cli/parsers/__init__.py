"""What the `gluonfr` command understands: a module for each subcommand, with its options and their help.

Nothing here imports MXNet, so that --help and the errors of a command line come at once. The work of a command is the
function that its parser names, 'verify:verify' for `verify` in gluonfr/cli/verify.py; it is imported when it runs.
"""
import argparse

from ...version import __version__
from . import (align, clean, cluster, compare, convert, embed, enrol, evaluate, export, finetune, launch, listing, pack,
               plan, report, search, train, tune, verify)
from .common import Parser

__all__ = ['make_parser']

DESCRIPTION = """gluonfr: train, verify and use face-recognition networks.

  gluonfr pack folder PEOPLE --out ~/.mxnet/datasets/face/mine     a folder of people -> train.rec
  gluonfr tune PEOPLE --from w600k_mbf --out outputs/tune          which loss suits my people
  gluonfr plan --classes 2000000 --network iresnet50 --batch-size 128    memory and time of many people
  gluonfr train --dataset mine --network mobilefacenet --loss arcface --out outputs/mine-run
  gluonfr launch -n 2 -- train --dataset mine --out outputs/mine-run   in two processes
  gluonfr verify outputs/mine-run --data lfw                       accuracy, TAR@FAR, ROC
  gluonfr evaluate outputs/mine-run --data PEOPLE --out results/people   the same, and more, on any data
  gluonfr report results/people.json --out results/people.html     as a page with pictures
  gluonfr embed outputs/mine-run PHOTOS --out outputs/photos.npz
  gluonfr compare outputs/mine-run A.jpg B.jpg
  gluonfr align PHOTOS --out outputs/aligned --detect yunet        a folder of photographs -> faces
  gluonfr clean PEOPLE --net w600k_mbf --out outputs/clean         wrong labels, copies, bad images
  gluonfr cluster PHOTOS --net w600k_mbf --detect yunet --out outputs/groups   groups of faces without names
  gluonfr finetune PEOPLE --from w600k_mbf --out outputs/mine      to your own people, if that is better
  gluonfr search outputs/people.npz outputs/photos.npz --top 5
  gluonfr enrol outputs/gallery --people PEOPLE --net outputs/mine-run   a gallery that grows
  gluonfr convert DOWNLOADED/w600k_mbf.onnx --out outputs/w600k_mbf  published weights -> a network
  gluonfr export outputs/mine-run --onnx outputs/mine.onnx
"""


def make_parser():
    """The parser with all subcommands."""
    parser = Parser(prog='gluonfr', description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter,
                    epilog='The options of a command: `gluonfr help COMMAND`.')
    parser.add_argument('--version', action='version', version='gluonfr ' + __version__,
                        help='show the version; with --verbose also what this machine has, and which engines')
    commands = parser.add_subparsers(dest='command', metavar='COMMAND', required=True)
    for module in (pack, align, clean, cluster, finetune, tune, plan, train, verify, evaluate, report, embed, compare,
                   search, enrol, convert, export, launch, listing):
        module.add_commands(commands)
    return parser
