"""Options of `gluonfr verify`."""
from .common import add_command, add_net, on_error, positive, user_path

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'verify', 'measure accuracy and TAR@FAR on sets of pairs', """
example:
  gluonfr verify outputs/mine-run --data lfw cfp_fp --flip sum --plots outputs/figures
  gluonfr verify DOWNLOADED/model-symbol.json --data lfw

A set is a .bin file, or the name of one in `--root`: lfw is <root>/lfw.bin or <root>/<folder>/lfw.bin.
Two faces whose cosine reaches the threshold count as the same person. Each fold is measured with the threshold that is
best on the other folds. Each FAR has a threshold of its own, from all pairs. A FAR below 1 / (number of impostor pairs)
cannot be measured and is left out.""", 'verify:verify')
    add_net(parser)
    parser.add_argument('--data', nargs='+', type=user_path, required=True, metavar='SET',
                        help='sets of pairs: .bin files, or names of sets in --root')
    parser.add_argument('--root', type=user_path, metavar='DIR',
                        help='folder of the named sets (default ~/.mxnet/datasets/face)')
    parser.add_argument('--folds', type=positive, metavar='N',
                        help='folds of the cross-validation (default 10, or fewer if there are not enough pairs)')
    parser.add_argument('--fars', type=float, nargs='+', default=[1e-3], metavar='X',
                        help='false accept rates at which to measure TAR (default 1e-3)')
    parser.add_argument('--compat', action='store_true',
                        help='try the classic grid of thresholds that published figures use, 0 to 4 by 0.01 on squared '
                             'distances (for VAL by 0.001), instead of all scores (exact)')
    parser.add_argument('--distance', choices=('l2', 'arccos'), default='l2',
                        help="with --compat or --subtract-mean: facenet's distance_metric 0 (l2, the default) or 1")
    parser.add_argument('--subtract-mean', action='store_true',
                        help="take away the mean of the other folds' embeddings first, as facenet's option does")
    on_error(parser)
    parser.add_argument('--pca', type=positive, metavar='N',
                        help='compare this many principal components of the embeddings')
    parser.add_argument('--csv', type=user_path, metavar='FILE', help='append the rows to this csv file')
    parser.add_argument('--plots', type=user_path, metavar='DIR',
                        help='draw the ROC and the histogram of scores of each set')
    parser.add_argument('--no-progress', action='store_true', help='no progress bar')
