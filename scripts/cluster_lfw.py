"""How well `gluonfr cluster` groups LFW's faces by person, and how long it takes after they are embedded.

    python scripts/cluster_lfw.py --people DIR --net NET --cache outputs/clean-lfw

DIR holds the aligned faces, DIR/NAME/*.jpg, which NET embeds once (scripts/clean_lfw.py shares the embeddings).
Pairwise F, precision and recall over all pairs of images, of the people with five images or more, and of all; with
thresholds for false match rates of 1e-3 and 1e-4, measured without the names. Rows go to
resources/results/cluster-lfw.csv.
"""
import argparse
import os
import shlex
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

import numpy as np  # noqa: E402
from gluonfr.data import open_dataset  # noqa: E402
from gluonfr.deploy import Embedder  # noqa: E402
from gluonfr.photos import embed_cached, group_faces  # noqa: E402
from gluonfr.photos.mislabelled import impostor_threshold  # noqa: E402
from gluonfr.utils.rows import append_row  # noqa: E402
from gluonfr.utils.vectors import unit_rows  # noqa: E402

RESULTS = os.path.join(ROOT, 'resources', 'results', 'cluster-lfw.csv')


def pairwise(group, people):
    """(F, precision, recall) over the pairs of images that are in one group, or of one person."""
    both = np.unique(np.stack([group, people]), axis=1, return_counts=True)[1]
    right, grouped, same = ((counts * (counts - 1) / 2).sum() for counts in (
        both, np.bincount(group), np.bincount(people)))
    return 2 * right / (grouped + same), right / grouped, right / same


def main(argv=None):
    """Measure, and append the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--people', required=True, metavar='DIR')
    parser.add_argument('--net', required=True, metavar='NET')
    parser.add_argument('--cache', default='outputs/clean-lfw', metavar='DIR')
    parser.add_argument('--csv', default=RESULTS, metavar='FILE')
    args = parser.parse_args(argv)
    command = 'python scripts/cluster_lfw.py ' + shlex.join(
        os.path.basename(word) if os.sep in word else word for word in (sys.argv[1:] if argv is None else argv))
    dataset = open_dataset(args.people, people=True)
    embedded = embed_cached(dataset, Embedder(args.net, normalize=False), args.cache, progress=True)
    units, counts = unit_rows(embedded.embeddings), np.bincount(dataset.labels)
    for least in (5, 1):
        chosen = np.flatnonzero(counts[dataset.labels] >= least)
        people = np.unique(dataset.labels[chosen], return_inverse=True)[1]
        for fmr in (1e-3, 1e-4):
            begun = time.time()
            threshold = impostor_threshold(units[chosen], np.arange(len(chosen)), fmr)
            group = group_faces(units[chosen], threshold)
            seconds = time.time() - begun
            row = dict(zip(('f', 'precision', 'recall'), map('{:.4f}'.format, pairwise(group, people))))
            row = {'least': least, 'images': len(chosen), 'people': people.max() + 1, 'fmr': fmr,
                   'threshold': '{:.4f}'.format(threshold), 'groups': group.max() + 1, **row,
                   'seconds': '{:.1f}'.format(seconds), 'net': '/'.join(args.net.split('/')[-2:]), 'command': command}
            append_row(args.csv, row)
            print(', '.join('{} {}'.format(*pair) for pair in list(row.items())[:-2]))


if __name__ == '__main__':
    main()
