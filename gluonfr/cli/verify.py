"""`gluonfr verify`: a net on verification sets."""
import os
from functools import partial

import numpy as np

from ..data.pairs import read_bin
from ..data.recognition import FRValDataset
from ..data.sizes import other_sizes, size_of
from ..data.walk import is_image
from ..deploy.verify import readable_pairs, verify_pairs
from ..metrics import get_protocol, roc_curve
from ..utils.check import check_number
from ..utils.rows import append_row
from .options import make_embedder

__all__ = ['check_size', 'open_pairs', 'verify']


def open_pairs(place, root=None):
    """(name, BinFile) of a .bin file or of the name of a set."""
    if os.path.isdir(place):
        found = sorted(name for name in os.listdir(place) if name.endswith('.bin'))
        raise ValueError('{} is a folder, and a set of pairs is a .bin file: {}.'.format(
            place, 'give {}'.format(' or '.join(os.path.join(place, name) for name in found)) if found else
            'make one with `gluonfr pack pairs`, or draw pairs of people with examples/face/prepare.py'))
    if os.path.isfile(place) and not place.endswith('.bin'):
        raise ValueError(_no_pairs(place))
    if place.endswith('.bin'):
        if not os.path.isfile(place):
            raise FileNotFoundError('there is no {}.'.format(place))
        return os.path.basename(place)[:-4], read_bin(place)
    return place, FRValDataset(place, **({'root': root} if root else {})).bin


def check_size(option, pairs, net, size, progress):
    """Raise a ValueError if images of a set of pairs have not the size that a net takes, by their headers."""
    other = other_sizes(partial(size_of, pairs), np.arange(len(pairs.images)), size, progress)
    if other:
        raise ValueError('{} {}: {} takes images of {} x {} pixels, and {:,} of {:,} have another size, the first, '
                         'image {}, {} x {}. `gluonfr pack pairs ... --resize {}` stretches them.'.format(
                             option, pairs.path, net, *size, other.count, other.looked, other.index, *other.size,
                             size[0]))


def _no_pairs(place):
    """What a file is instead of pairs, and what to do."""
    if is_image(place, foreign=True):
        return '{} is one image, and a set of pairs (.bin) is needed: `gluonfr compare` compares images.'.format(place)
    if place.endswith('.rec'):
        return ('{} holds people, and a set of pairs (.bin) is needed. examples/face/prepare.py draws pairs of people; '
                '`gluonfr pack pairs LIST --root DIR --out FILE.bin` packs those of a list.'.format(place))
    return ('{} must be a .bin, or the name of a set in --root. If it is a list of pairs: gluonfr pack pairs {} --root '
            'DIR --out FILE.bin'.format(place, place))


def verify(args):
    """Print a block for each set; csv and pictures if asked for."""
    for far in args.fars:
        check_number('--fars', 'FAR', far, 0, 1)
    sets = [open_pairs(place, args.root) for place in args.data]
    if args.on_error == 'skip':
        sets = [(name, readable_pairs(name, pairs)) for name, pairs in sets]
    protocol = get_protocol('kfold', nfolds=args.folds, fars=args.fars, compat=args.compat, pca=args.pca)
    notes = [protocol.notes(pairs.issame, name) for name, pairs in sets]
    embedder = make_embedder(args)
    for _, pairs in sets:
        check_size('--data', pairs, args.net, embedder.spec.size, not args.no_progress)
    for (name, pairs), said in zip(sets, notes):
        print(*said, sep='\n', end='\n' * bool(said))
        result = verify_pairs(embedder, pairs, name, protocol=protocol, progress=not args.no_progress)
        print(*protocol.lines(result.row), sep='\n')
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
