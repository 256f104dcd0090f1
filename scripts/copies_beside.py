"""Copies among LFW's images as fastdup finds them: the copies that `clean_lfw.py --parts copies` looks for.

    python -m pip install fastdup
    python scripts/copies_beside.py --people DIR --work outputs/copies

DIR holds the aligned faces, DIR/NAME/*.jpg. 200 of them are written anew into a folder beside, as clean_lfw.py does it,
and fastdup compares all with all. Rows for a few of its thresholds, among them its own, go to
resources/results/copies-beside.csv. A pair counts as false if it is no copy that was planted, as there.
"""
import argparse
import csv
import os
import shlex
import shutil
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [ROOT, os.path.join(ROOT, 'scripts')]

from clean_lfw import COPIES, write_copies  # noqa: E402
from gluonfr.data import open_dataset  # noqa: E402
from gluonfr.utils.rows import append_row  # noqa: E402

RESULTS = os.path.join(ROOT, 'resources', 'results', 'copies-beside.csv')
THRESHOLDS = 0.9, 0.95, 0.96, 0.97, 0.98, 0.99  # fastdup's own, and stricter ones
NEIGHBOURS = 5  # of each image that it looks at


def main(argv=None):
    """Write the copies, let fastdup look, and append a row for each threshold."""
    import fastdup
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--people', required=True, metavar='DIR')
    parser.add_argument('--work', default='outputs/copies', metavar='DIR')
    parser.add_argument('--csv', default=RESULTS, metavar='FILE')
    args = parser.parse_args(argv)
    command = 'python scripts/copies_beside.py ' + shlex.join(
        os.path.basename(word) if os.sep in word else word for word in (sys.argv[1:] if argv is None else argv))
    dataset = open_dataset(args.people, people=True)
    images, work = (os.path.abspath(os.path.join(args.work, name)) for name in ('images', 'fastdup'))
    if not os.path.isdir(images):
        shutil.copytree(args.people, os.path.join(images, 'people'))
    chosen = write_copies(dataset, os.path.join(images, 'copies'), 0)
    names = [os.path.join('people', os.path.relpath(name, args.people)) for name in dataset.names]
    planted = {frozenset((names[i], os.path.join('copies', '{:04}.jpg'.format(k)))) for k, i in enumerate(chosen)}
    if not os.path.isfile(os.path.join(work, 'similarity.csv')):
        fastdup.run(images, work, threshold=min(THRESHOLDS), nearest_neighbors_k=NEIGHBOURS)
    found = {}
    with open(os.path.join(work, 'similarity.csv'), encoding='utf-8', newline='') as file:
        for row in csv.DictReader(file):
            pair = frozenset(os.path.relpath(row[name], images) for name in ('from', 'to'))
            found[pair] = max(float(row['distance']), found.get(pair, 0))  # it calls the cosine a distance
    for threshold in THRESHOLDS:
        pairs = {pair for pair, cosine in found.items() if cosine >= threshold and len(pair) == 2}
        right = len(pairs & planted)
        row = {'tool': 'fastdup ' + fastdup.__version__, 'threshold': threshold, 'planted': COPIES,
               'images': len(dataset) + COPIES, 'recall': round(right / COPIES, 4),
               'precision': round(right / max(len(pairs), 1), 4),
               'false_share': round(len(pairs - planted) / len(dataset), 4)}
        append_row(args.csv, dict(row, command=command))
        print(', '.join('{} {}'.format(*item) for item in row.items()))


if __name__ == '__main__':
    main()
