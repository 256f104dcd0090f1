"""Is the winner of `gluonfr tune` as good as that of the full grid, and what share of the grid's time does it take?

    python scripts/tune_lfw.py --people DIR --net NET --losses arcface cosloss softmax --minutes 30

DIR holds aligned faces, DIR/NAME/*.jpg. First the search as the command makes it; then each of the candidates there
are is trained to the full length on embeddings and fine-tuned, in the same folds. Both are compared by the TAR on the
same pairs of people whom no training saw. Seconds are those of the trainings and of measuring them, without embedding
the images once, which both need. Run it alone on the machine. Killed, the same command goes on where it stopped; the
row of resources/results/tune-lfw.csv is written at its end, and the scores of all candidates lie beside the search in
grid.csv.
"""
import argparse
import os
import shlex
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

from gluonfr.metrics import compare_models  # noqa: E402
from gluonfr.tune import tune  # noqa: E402
from gluonfr.tune.search import FINETUNED  # noqa: E402
from gluonfr.utils.rows import append_row, write_rows  # noqa: E402
from tqdm import tqdm  # noqa: E402

RESULTS = os.path.join(ROOT, 'resources', 'results', 'tune-lfw.csv')


def main(argv=None):
    """Search, go through the grid, and append the row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--people', required=True, metavar='DIR')
    parser.add_argument('--net', required=True, metavar='NET')
    parser.add_argument('--out', default='outputs/tune-lfw', metavar='DIR')
    parser.add_argument('--losses', nargs='+', metavar='NAME')
    parser.add_argument('--minutes', type=float, default=30, metavar='N')
    parser.add_argument('--candidates', type=int, metavar='N', help='of the search, in place of --minutes')
    parser.add_argument('--grid', type=int, metavar='N', help='the first so many candidates of the grid (default: all)')
    parser.add_argument('--rungs', type=int, default=3, metavar='N')
    parser.add_argument('--epochs', type=int, default=8, metavar='N')
    parser.add_argument('--finetune-steps', type=int, metavar='N')
    parser.add_argument('--folds', type=int, default=3, metavar='N')
    parser.add_argument('--seed', type=int, default=0, metavar='N')
    parser.add_argument('--csv', default=RESULTS, metavar='FILE')
    args = parser.parse_args(argv)
    command = 'python scripts/tune_lfw.py ' + shlex.join(
        os.path.basename(word) if os.sep in word else word for word in (sys.argv[1:] if argv is None else argv))
    report = tune(args.people, args.out, net=args.net, losses=args.losses, minutes=args.minutes,
                  candidates=args.candidates, rungs=args.rungs, epochs=args.epochs, finetune_steps=args.finetune_steps,
                  folds=args.folds, seed=args.seed, progress=True)
    tried, seconds = grid(report, max(args.grid or len(report.known), report.plan.candidates))
    write_rows(os.path.join(args.out, 'grid.csv'), ['candidate', 'tar'], [
        [each.candidate, '' if each.score is None else '{:.6f}'.format(each.score.tar)] for each in tried])
    search = report.search
    best, winner = tried[0], next(each for each in tried if each.candidate == report.winner)
    people = search.labels[search.pairs.first], search.labels[search.pairs.second]
    found = compare_models(best.scores, winner.scores, search.pairs.same, *people, far=search.far,
                           names=(str(best.candidate), str(winner.candidate)))
    append_row(args.csv, {
        'net': '/'.join(args.net.split('/')[-2:]), 'images': len(search.labels), 'folds': search.folds,
        'seed': args.seed, 'tune_candidates': report.plan.candidates, 'grid_candidates': len(tried),
        'tune_seconds': round(report.seconds), 'grid_seconds': round(seconds),
        'share': '{:.4f}'.format(report.seconds / seconds), 'measure': found.measure, 'winner': winner.candidate,
        'winner_tar': '{:.5f}'.format(winner.score.tar), 'best': best.candidate,
        'best_tar': '{:.5f}'.format(best.score.tar), 'points': '{:.3f}'.format(100 * found.difference),
        'low': '{:.3f}'.format(100 * found.low), 'high': '{:.3f}'.format(100 * found.high), 'command': command})
    print(found.sentence)
    print('{:.0f} s of {:.0f} s: {:.1%} of the time'.format(report.seconds, seconds, report.seconds / seconds))


def grid(report, count):
    """(all candidates after the same last stage, the best first; the seconds that all their trainings took)."""
    search, plan = report.search, report.plan
    stages = [('grid', plan.rungs[-1][1])] + ([(FINETUNED, plan.finetune_steps)] if plan.finetune_steps else [])
    before = search.seconds
    for stage, steps in stages:
        with tqdm(total=count * search.folds, unit='training', desc=stage) as bar:
            tried = search.grid(report.known[:count], stage, steps, bar)
    return tried, search.seconds - before


if __name__ == '__main__':
    main()
