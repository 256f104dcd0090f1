"""`gluonfr verify`: a net on verification sets."""
import os

from ..data.bins import read_bin
from ..data.recognition import FRValDataset
from ..deploy.verify import verify_pairs
from ..utils.rows import append_row
from .options import add_command, add_net, make_embedder, positive, user_path

__all__ = ['add_commands', 'open_pairs']


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'verify', verify, 'measure accuracy and TAR@FAR on sets of pairs', """
example:
  gluonfr verify runs/mine --data lfw.bin cfp_fp --flip sum --plots figures/
  gluonfr verify models/y1/model-symbol.json --data lfw.bin

A set is a .bin file, or a name that `--root` has: lfw is <root>/lfw.bin or <root>/<folder>/lfw.bin.
The threshold of each of the --folds folds is the best on the others.""")
    add_net(parser)
    parser.add_argument('--data', nargs='+', type=user_path, required=True, metavar='SET')
    parser.add_argument('--root', type=user_path, metavar='DIR',
                        help='where named sets lie (default ~/.mxnet/datasets/face)')
    parser.add_argument('--folds', type=positive, default=10, metavar='N')
    parser.add_argument('--fars', type=float, nargs='+', default=[1e-3], metavar='X',
                        help='FARs of the TAR on all pairs (default 1e-3)')
    parser.add_argument('--compat', action='store_true', help='thresholds from the classic grid instead of all scores')
    parser.add_argument('--pca', type=positive, metavar='N', help='compare this many principal components')
    parser.add_argument('--csv', type=user_path, metavar='FILE', help='append the rows to this csv file')
    parser.add_argument('--plots', type=user_path, metavar='DIR',
                        help='draw the ROC and the histogram of scores of each set')
    parser.add_argument('--no-progress', action='store_true')


def open_pairs(place, root=None):
    """(name, BinFile) of a .bin file or of the name of a set."""
    if place.endswith('.bin'):
        if not os.path.isfile(place):
            raise FileNotFoundError('there is no {}.'.format(place))
        return os.path.basename(place)[:-4], read_bin(place)
    return place, FRValDataset(place, **({'root': root} if root else {})).bin


def verify(args):
    """Print a block for each set; csv and pictures if asked for."""
    sets = [open_pairs(place, args.root) for place in args.data]
    embedder = make_embedder(args)
    for name, pairs in sets:
        result = verify_pairs(embedder, pairs, name, nfolds=args.folds, fars=args.fars, compat=args.compat,
                              pca=args.pca, progress=not args.no_progress)
        row = result.row
        print('{set}: accuracy {acc:.4f}+-{std:.4f} ({pairs} pairs, {thresholds} thresholds, flip {flip}), '
              'threshold {threshold:.4f}, AUC {auc:.5f}, EER {eer:.4f}'.format(**row))
        for far in args.fars:
            key = 'tar@{:g}'.format(far)
            print('{}: TAR {:.4f} [{:.4f}, {:.4f}] at FAR <= {:g}'.format(
                name, row[key], row[key + '_low'], row[key + '_high'], far))
        if args.csv:
            append_row(args.csv, row)
        if args.plots:
            draw(name, result, args.plots)


def draw(name, result, folder):
    """The ROC and the score histogram of one set."""
    from ..metrics import roc_curve
    from ..viz import plot_roc, plot_scores
    os.makedirs(folder, exist_ok=True)
    roc = roc_curve(result.scores, result.issame)
    paths = [os.path.join(folder, name.replace('/', '-') + end) for end in ('-roc.png', '-scores.png')]
    plot_roc(roc.tpr, roc.fpr, path=paths[0], title=name)
    plot_scores(result.scores, result.issame, path=paths[1], threshold=result.row['threshold'], title=name)
    print('{}: pictures {}'.format(name, ' and '.join(paths)))
