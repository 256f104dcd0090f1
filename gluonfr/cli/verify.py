"""`gluonfr verify`: a network on verification sets."""
import os

from ..data import open_pairs
from ..data.pairs.bins import readable_pairs
from ..data.sizes import check_pairs_size
from ..deploy.verify import verify_pairs
from ..metrics import get_protocol, roc_curve
from ..utils.check import check_number
from ..utils.rows import append_row
from .options import make_embedder
from .parsers.common import NET_OPTIONS, chosen

__all__ = ['verify']


def verify(args):
    """Print a block for each set; csv and pictures if asked for."""
    for far in args.fars:
        check_number('--fars', 'FAR', far, 0, 1)
    sets = [open_pairs(path, args.root) for path in args.data]
    if args.on_error == 'skip':
        sets = [(name, readable_pairs(name, pairs)) for name, pairs in sets]
    protocol = get_protocol('kfold', nfolds=args.folds, fars=args.fars, compat=args.compat, pca=args.pca,
                            distance=args.distance, subtract_mean=args.subtract_mean)
    notes = [protocol.notes(pairs.issame, name) for name, pairs in sets]
    embedder = make_embedder(**chosen(args, NET_OPTIONS))
    for _, pairs in sets:
        check_pairs_size(pairs, args.net, embedder.spec.size, not args.no_progress)
    for (name, pairs), said in zip(sets, notes):
        for note in said:
            print(note)
        result = verify_pairs(embedder, pairs, name, protocol=protocol, progress=not args.no_progress)
        for line in protocol.lines(result.row):
            print(line)
        if args.csv:
            append_row(args.csv, result.row)
        if args.plots:
            draw(name, result, args.plots)


def draw(name, result, folder):
    """The ROC and the score histogram of one set."""
    from ..viz import plot_roc, plot_scores
    os.makedirs(folder, exist_ok=True)
    roc = roc_curve(result.scores, result.issame)
    paths = [os.path.join(folder, name.replace('/', '-') + end) for end in ('-roc.png', '-scores.png')]
    plot_roc(roc.tpr, roc.fpr, 'FAR: impostor pairs accepted', 'TAR: genuine pairs accepted', path=paths[0], title=name)
    plot_scores(result.scores, result.issame, path=paths[1], threshold=result.row['threshold'], title=name)
    print('{}: pictures {}'.format(name, ' and '.join(paths)))
