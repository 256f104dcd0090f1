"""Options of `gluonfr verify`."""
from .common import add_command, add_net, on_error, positive, user_path

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'verify', 'measure accuracy and TAR@FAR on sets of pairs', """
example:
  gluonfr verify runs/mine --data lfw.bin cfp_fp --flip sum --plots figures/
  gluonfr verify models/y1/model-symbol.json --data lfw.bin

A set is a .bin file, or a name that `--root` has: lfw is <root>/lfw.bin or <root>/<folder>/lfw.bin.
The threshold of each fold is the best on the others; cosines from it on are of one person. Each FAR has its threshold,
too, of all pairs. A FAR below 1 / impostor pairs cannot be shown, and is not.""", 'verify:verify')
    add_net(parser)
    parser.add_argument('--data', nargs='+', type=user_path, required=True, metavar='SET',
                        help='sets of pairs: .bin files, or names of sets in --root')
    parser.add_argument('--root', type=user_path, metavar='DIR',
                        help='where named sets lie (default ~/.mxnet/datasets/face)')
    parser.add_argument('--folds', type=positive, metavar='N',
                        help='of the cross-validation (default 10, or fewer where the pairs do not give as many)')
    parser.add_argument('--fars', type=float, nargs='+', default=[1e-3], metavar='X',
                        help='FARs of the TAR on all pairs (default 1e-3)')
    parser.add_argument('--compat', action='store_true',
                        help='thresholds of the folds from the classic grid, 0 to 4 by 0.01 on squared distances, as '
                             'published figures have it, instead of all scores (exact)')
    on_error(parser)
    parser.add_argument('--pca', type=positive, metavar='N', help='compare this many principal components')
    parser.add_argument('--csv', type=user_path, metavar='FILE', help='append the rows to this csv file')
    parser.add_argument('--plots', type=user_path, metavar='DIR',
                        help='draw the ROC and the histogram of scores of each set')
    parser.add_argument('--no-progress', action='store_true', help='no progress bar')
