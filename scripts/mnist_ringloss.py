"""Train the ring-loss document's recipes on full MNIST, beside softmax, and make their rows and their 2x2 picture.

    python scripts/mnist_ringloss.py                  # trains what is missing: 100 epochs each, as the document does
    python scripts/mnist_ringloss.py --epochs 20      # the same, cut to 20; the rate falls after 40 % and 70 % of them
    python scripts/mnist_ringloss.py --draw           # only rows and picture, of the trainings that have ended

Rows go to resources/results/mnist-ringloss.csv and the picture to resources/mnist-euclidean/ringloss-2x2.png;
scripts/tables.py writes the table into docs/results.md. Started again, it goes on with the training under way.
"""
import argparse
import os
import subprocess
import sys

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXAMPLE = os.path.join(ROOT, 'examples', 'mnist')
sys.path[:0] = [ROOT, EXAMPLE]

import report  # noqa: E402

CSV = os.path.join(ROOT, 'resources', 'results', 'mnist-ringloss.csv')
PICTURE = os.path.join(ROOT, 'resources', 'mnist-euclidean', 'ringloss-2x2.png')
COLUMNS = ['run', *report.RESULT_COLUMNS, 'best_test_accuracy', 'best_epoch', 'radius']
# run -> words for main.py; all but the pretraining take 100 epochs and can be cut
RUNS = {'softmax-scratch': ['--preset', 'ringloss-scratch', '--loss-args', 'lamda=0'],
        'ringloss-scratch': ['--preset', 'ringloss-scratch'],
        'ringloss-pretrain': ['--preset', 'ringloss-pretrain'],
        'ringloss-finetune': ['--preset', 'ringloss-finetune']}
EPOCHS, STEPS = 100, (0.4, 0.7)
# the picture is of the first pair that has ended: softmax, then with ring loss
PAIRS = ('softmax-scratch', 'ringloss-scratch'), ('ringloss-pretrain', 'ringloss-scratch')
TITLES = 'softmax', 'softmax + ring loss'
NAMES = {'softmax-scratch': 'softmax: from scratch with lamda 0', 'ringloss-scratch': 'ring loss from scratch',
         'ringloss-pretrain': 'phase 1: softmax', 'ringloss-finetune': 'phase 2: ring loss'}


def main():
    """Train, then write rows and picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--epochs', type=int, default=EPOCHS, metavar='N', help='1 to 100 (default 100)')
    parser.add_argument('--outputs', metavar='DIR', default=os.path.join('outputs', 'mnist-ringloss'))
    parser.add_argument('--data-root', metavar='DIR', help='folder of the MNIST files')
    parser.add_argument('--draw', action='store_true', help='train nothing')
    args = parser.parse_args()
    if not 1 <= args.epochs <= EPOCHS:
        parser.error(f'--epochs must be in [1, {EPOCHS}], got {args.epochs}.')
    for name, words in RUNS.items():
        if not args.draw and not os.path.isfile(os.path.join(args.outputs, name, 'result.csv')):
            subprocess.run([sys.executable, os.path.join(EXAMPLE, 'main.py'), *words, *more_words(name, args),
                            '--dataset', 'full', '--seed', '0', '--out', os.path.join(args.outputs, name), '--resume'],
                           check=True)
    made = [row for row in (result(name, os.path.join(args.outputs, name)) for name in RUNS) if row]
    kept = {row['run']: row for row in [*report.read_rows(CSV), *made]}
    report.write_rows(CSV, COLUMNS, [kept[name] for name in RUNS if name in kept])
    ended = [pair for pair in PAIRS if {row['run'] for row in made} >= set(pair)]
    if ended:
        draw([os.path.join(args.outputs, name) for name in ended[0]])


def more_words(name, args):
    """What the options of this script add to the words of a run."""
    words = ['--data-root', args.data_root] if args.data_root else []
    if name == 'ringloss-finetune':
        words += ['--finetune', os.path.abspath(os.path.join(args.outputs, 'ringloss-pretrain'))]
    if name != 'ringloss-pretrain' and args.epochs != EPOCHS:
        words += ['--epochs', str(args.epochs), '--lr-steps', *(f'{args.epochs * share:g}' for share in STEPS)]
    return words


def result(name, folder):
    """The row of a run that has ended, else None."""
    rows = report.read_rows(os.path.join(folder, 'result.csv'))
    if not rows:
        return None
    epochs = report.read_rows(os.path.join(folder, 'metrics.csv'))
    best = max(epochs, key=lambda row: float(row['test_accuracy']))
    radius = epochs[-1].get('Radius') if name != 'softmax-scratch' else None     # where lamda is 0 nothing moves it
    return {'run': name, **rows[0], 'best_test_accuracy': best['test_accuracy'], 'best_epoch': best['epoch'],
            'radius': round(float(radius), 2) if radius else ''}


def draw(folders):
    """The embeddings of training and test images of two runs, softmax and softmax with ring loss, in one picture."""
    from gluonfr.viz import plot_embeddings
    from gluonfr.viz.colours import drawn_palette
    from gluonfr.viz.figure import PNG_COLOURS, with_palette
    from PIL import Image
    rows = []
    for folder, title in zip(folders, TITLES):
        with np.load(report.snapshots(folder)[-1]) as data:
            snapshot = dict(data)
        tiles = []
        for key in ('train', 'test'):
            tile = os.path.join(folder, f'tile-{key}.png')
            accuracy = 100 * float(snapshot[key + '_accuracy'])
            plot_embeddings(snapshot[key + '_embeddings'], snapshot[key + '_labels'], tile,
                            title=f'{title}, {key}, epoch {float(snapshot["epoch"]):g}: {accuracy:.2f} %')
            tiles.append(np.asarray(Image.open(tile).convert('RGB')))
            os.remove(tile)
        rows.append(np.concatenate(tiles, axis=1))
    pixels = np.concatenate(rows)
    with_palette(pixels, drawn_palette(pixels, PNG_COLOURS)).save(PICTURE, optimize=True)


def table():
    """The rows as a table."""
    lines = ['| recipe | epochs | radius at the end | train % | test % | best test %, epoch |',
             '|---|---|---|---|---|---|']
    for row in report.read_rows(CSV):
        epochs = row['epochs']
        if row['run'] != 'ringloss-pretrain' and int(epochs) < EPOCHS:
            epochs = f'{epochs} of {EPOCHS}'
        lines.append('| {} | {} | {} | {:.2f} | {:.2f} | {:.2f}, {} |'.format(
            NAMES[row['run']], epochs, row['radius'],
            100 * float(row['train_accuracy']), 100 * float(row['test_accuracy']),
            100 * float(row['best_test_accuracy']), row['best_epoch']))
    return '\n'.join(lines)


if __name__ == '__main__':
    sys.exit(main())
