"""Time gluonfr.metrics against the classic loops and scikit-learn, on scores drawn from a seed.

    python scripts/benchmark/verification.py --quick     # 6,000 and 1,000,000 pairs, 3 rounds
    python scripts/benchmark/verification.py             # and 15,658,489 pairs, as many as IJB-C has; needs 4 GB
    python scripts/benchmark/verification.py --save      # and write resources/results/benchmark-verification.csv

Every round runs each method once, in turn, so that a busy machine slows all of them; medians count. The results of the
methods are compared, too: where they should be equal and are not, the script stops.
"""
import argparse
import os
import platform
import statistics
import sys
import time

import numpy as np
import scipy
import sklearn
from bench import ROOT, add_pass, machine_facts, save  # its import puts gluonfr on the path
from gluonfr import metrics
from sklearn.metrics import roc_curve
from sklearn.model_selection import KFold

CSV = os.path.join(ROOT, 'resources', 'results', 'benchmark-verification.csv')
FARS = np.array([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1])
GRID = np.arange(0, 4, 0.01)
IJBC = 15658489, 19557


def draw(genuine, impostors, folds):
    """Squared distances of embeddings of length 1, genuine and impostor pairs in turn in each fold."""
    rng = np.random.RandomState(0)
    issame = np.tile(np.repeat([True, False], [genuine // folds, impostors // folds]), folds)
    cosines = np.clip(np.where(issame, 0.6 + 0.15 * rng.randn(len(issame)), 0.1 * rng.randn(len(issame))), -1, 1)
    return 2 - 2 * cosines, issame


def classic_folds(distances, issame):
    """The loops in common use: for each fold and each of 400 thresholds, count over all pairs."""
    accuracies = []
    for train, test in KFold(10, shuffle=False).split(distances):
        right = [np.mean((distances[train] < t) == issame[train]) for t in GRID]
        accuracies.append(np.mean((distances[test] < GRID[np.argmax(right)]) == issame[test]))
    return float(np.mean(accuracies))


def grid_folds(distances, issame):
    """The same grid by gluonfr."""
    return metrics.kfold_accuracy(-distances, issame, 10, np.nextafter(-GRID, np.inf)).mean


def exact_folds(distances, issame):
    """Every distinct distance as a candidate."""
    return metrics.kfold_accuracy(-distances, issame).mean


def exact_metric(distances, issame):
    """Everything that FaceVerification.get gives: accuracy, VAL@FAR and ROC."""
    acc = metrics.kfold_accuracy(-distances, issame)
    metrics.kfold_tar_at_far(-distances, issame)
    metrics.roc_curve(-distances, issame)
    return acc.mean


def sklearn_tar(distances, issame):
    """The whole ROC of scikit-learn, then the largest TAR at each FAR."""
    fpr, tpr, _ = roc_curve(issame, -distances, drop_intermediate=False)
    return tpr[np.searchsorted(fpr, FARS, side='right') - 1].tolist()


def roc_tar(distances, issame):
    """The same by way of gluonfr's whole ROC."""
    roc = metrics.roc_curve(-distances, issame)
    return roc.tpr[np.searchsorted(roc.fpr, FARS, side='right') - 1].tolist()


def direct_tar(distances, issame):
    """TAR at each FAR without sorting."""
    return metrics.tar_at_far(-distances, issame, FARS).tar.tolist()


# task: (genuine, impostors, folds), {method: function}, methods whose results must be equal
TASKS = {
    '10 folds, 6,000 pairs': ((3000, 3000, 10), {
        'classic loops, 400 thresholds': classic_folds, 'gluonfr, the same 400': grid_folds,
        'gluonfr, exact': exact_folds, 'gluonfr, exact, with VAL and ROC': exact_metric}, 2),
    '10 folds, 1,000,000 pairs': ((500000, 500000, 10), {
        'gluonfr, exact': exact_folds, 'gluonfr, exact, with VAL and ROC': exact_metric}, 2),
    'TAR@FAR, 1,000,000 pairs': ((500000, 500000, 1), {
        'scikit-learn roc_curve': sklearn_tar, 'gluonfr roc_curve': roc_tar, 'gluonfr tar_at_far': direct_tar}, 3),
    'TAR@FAR, 15,658,489 pairs': ((IJBC[1], IJBC[0] - IJBC[1], 1), {
        'scikit-learn roc_curve': sklearn_tar, 'gluonfr roc_curve': roc_tar, 'gluonfr tar_at_far': direct_tar}, 3),
}


def main():
    """Run the tasks and print, and perhaps save, one row for each method."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true', help='no 15,658,489 pairs, 3 rounds')
    parser.add_argument('--rounds', type=int, help='default 5, 3 with --quick')
    parser.add_argument('--save', action='store_true', help='write ' + os.path.relpath(CSV, ROOT))
    add_pass(parser)
    args = parser.parse_args()
    rounds = args.rounds or (3 if args.quick else 5)
    if rounds < 1:
        parser.error(f'--rounds must be >= 1, got {rounds}.')
    versions = {**machine_facts(), 'python': platform.python_version(),
                'numpy': np.__version__, 'scipy': scipy.__version__, 'scikit-learn': sklearn.__version__}
    print(', '.join(f'{name} {value}' for name, value in versions.items()))
    rows = []
    for task, (sizes, methods, equal) in TASKS.items():
        if args.quick and sizes[0] == IJBC[1]:
            continue
        data = draw(*sizes)
        seconds, results = time_in_turn(methods, data, rounds)
        first = list(results.values())[:equal]
        if any(result != first[0] for result in first):
            sys.exit(f'{task}: the results differ: {results}')
        base = statistics.median(next(iter(seconds.values())))
        print(f'\n{task}, {rounds} rounds')
        for name, times in seconds.items():
            median = statistics.median(times)
            print(f'  {name:34} median {1000 * median:10.1f} ms   fastest {1000 * min(times):10.1f} ms   '
                  f'x {base / median:.1f}')
            rows.append({'task': task, 'pass': args.number, 'method': name, 'rounds': rounds,
                         'median_ms': round(1000 * median, 2), 'fastest_ms': round(1000 * min(times), 2),
                         'times_as_fast': round(base / median, 2),
                         'result': f'{results[name]:.6f}' if isinstance(results[name], float) else
                         ' '.join(f'{tar:.5f}' for tar in results[name]),
                         'command': ' '.join(['python scripts/benchmark/verification.py', *sys.argv[1:]]), **versions})
    if args.save:
        save(CSV, rows)


def time_in_turn(methods, data, rounds):
    """{method: seconds of each round}, {method: result}; one round before them does not count."""
    seconds, results = {name: [] for name in methods}, {}
    for turn in range(rounds + 1):
        for name, method in methods.items():
            start = time.perf_counter()
            results[name] = method(*data)
            if turn:
                seconds[name].append(time.perf_counter() - start)
    return seconds, results


if __name__ == '__main__':
    main()
