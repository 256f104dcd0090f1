"""Compare losses on LFW: the same small network and schedule, three seeds each, on people that no network has seen.

    python scripts/leaderboard.py --data DIR                    # about an hour on two cores; goes on where it stopped
    python scripts/leaderboard.py --data DIR --seeds 0 &        # seeds side by side, one core each
    python scripts/leaderboard.py --data DIR --only softmax arcface --epochs 1

DIR holds `aligned/` (LFW, 112x112) and `pairs.txt`. Everybody who is in a pair of fold 1 is left out of the training
set. MobileFaceNet on 48x48 pixels is trained once per seed with softmax; each loss then starts from that network and
trains for the same number of epochs, softmax too. It is measured on all pairs of all images of the people of fold 1,
with thresholds that were chosen on other people. Rows go to resources/results/leaderboard.csv (runs) and
leaderboard-losses.csv (losses, once all their seeds are there), the picture to resources/leaderboard.png;
scripts/tables.py writes the table into docs/results.md.
"""
import argparse
import os
import resource
import shlex
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

import numpy as np  # noqa: E402
from gluonfr.data import RecordDataset, pack_folder, read_pairs  # noqa: E402
from gluonfr.deploy import Embedder, load_net  # noqa: E402
from gluonfr.metrics import PeopleTruth, get_protocol  # noqa: E402
from gluonfr.metrics.people import pairs_of_people  # noqa: E402
from gluonfr.utils.lock import file_lock  # noqa: E402
from gluonfr.utils.rows import write_rows  # noqa: E402
from gluonfr.viz.figure import new_figure, save_png  # noqa: E402

RUNS, SUMMARY, PICTURE = (os.path.join(ROOT, 'resources', *place) for place in (
    ('results', 'leaderboard.csv'), ('results', 'leaderboard-losses.csv'), ('leaderboard.png',)))
MEASURES = {'acc': 'accuracy', 'tar@0.01': 'TAR at FAR 0.01'}
FAR, DRAWS = 0.01, 2000
BASE = 'softmax'  # what every loss is compared with
PAIRS, SIDE, SEEDS = 600, 48, (0, 1, 2)
COMMON = ['--network', 'mobilefacenet', '--network-args', f'input_size={SIDE}', '--optimizer', 'adam', '--wd', '0',
          '--batch-size', '64', '--augment', 'mirror,crop,photometric', '--no-progress', '--resume']
START = ['--loss', 'softmax', '--lr', '0.002', '--warmup', '50']
WARM = ['--margin-warmup', '130']  # about an epoch
# loss -> options of `gluonfr train`; cosines are scaled by s = 20, enough for some thousand people
LOSSES = {
    'softmax': [],
    'centerloss': ['--loss-args', 'lamda=0.003'],
    'ringloss': ['--loss-args', 'lamda=0.1', 'r_init=auto'],
    'l2softmax': ['--loss-args', 'alpha=20'],
    'normsoftmax': ['--loss-args', 's=20'],
    'asoftmax': ['--loss-args', 'm=2', 's=20'],
    'cosloss': ['--loss-args', 'm=0.2', 's=20', *WARM],
    'arcface': ['--loss-args', 'm=0.3', 's=20', 'easy_margin=False', *WARM],
    'combined': ['--loss-args', 'm1=1.0', 'm2=0.2', 'm3=0.1', 's=20', *WARM],
    'liarcface': ['--loss-args', 'm=0.3', 's=20', *WARM],
    'svxsoftmax': ['--loss-args', 'm=0.2', 's=20', 't=1.1', *WARM],
    'magface': ['--loss-args', 's=20', 'l_a=5', 'u_a=40', 'l_m=0.2', 'u_m=0.4', 'lamda_g=5', *WARM],
}


def main():
    """Train and embed what is missing, then measure what is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data', required=True, metavar='DIR')
    parser.add_argument('--outputs', default=os.path.join('outputs', 'leaderboard'), metavar='DIR')
    parser.add_argument('--only', nargs='+', choices=LOSSES, default=list(LOSSES), metavar='LOSS')
    parser.add_argument('--seeds', nargs='+', type=int, default=SEEDS, metavar='N')
    parser.add_argument('--epochs', type=int, default=3, metavar='N',
                        help='of each loss; the start takes twice as many (default 3)')
    args = parser.parse_args()
    train, test = prepare(args.data, args.outputs)
    for seed in args.seeds:
        start = run('start', seed, train, [*START, '--epochs', str(2 * args.epochs)], args)
        for loss in args.only:
            out = run(loss, seed, train, ['--loss', loss, *LOSSES[loss], '--lr', '0.0005', '--epochs', str(args.epochs),
                                          '--finetune', start], args)
            embed(out, test)
    measure(args)


def prepare(data, outputs):
    """(rec of the people to train on, rec of the people of fold 1), made if they are missing."""
    fold = sorted({os.path.dirname(path) for pair in read_pairs(os.path.join(data, 'pairs.txt'))[:PAIRS]
                   for path in pair[:2]})
    aligned = os.path.join(data, 'aligned')
    os.makedirs(outputs, exist_ok=True)
    with file_lock(os.path.join(outputs, '.sets.lock'), 'another process makes the sets; waiting for it.'):
        train = pack_folder(aligned, os.path.join(outputs, 'train'), resize=SIDE, fmt='.png', exclude=fold,
                            min_images=2)
        test = pack_folder(aligned, os.path.join(outputs, 'test'), resize=SIDE, fmt='.png', people=fold)
    for what, rec in (('train', train), ('measure', test)):
        print(f'{rec.images} images of {rec.people} people to {what} on', flush=True)
    return train.path, test.path


def run(name, seed, train, options, args, common=COMMON):
    """Train one network, unless it is there; its folder."""
    out = os.path.join(args.outputs, f'{name}-{seed}')
    done = os.path.join(out, 'seconds.txt')
    if not os.path.isfile(done):
        command = ['train', '--dataset', os.path.dirname(train), '--out', out, '--seed', str(seed), *options, *common]
        began, before = time.time(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, '-m', 'gluonfr', *command], check=True,
                       env={**os.environ, 'PYTHONPATH': os.pathsep.join([ROOT, os.environ.get('PYTHONPATH', '')])})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        with open(done, 'w', encoding='utf-8') as file:
            print(round(time.time() - began), round(cpu), 'gluonfr ' + shlex.join(command), file=file)
    return out


def embed(out, test):
    """Embeddings of all images of the people of fold 1, unless they are there."""
    path = os.path.join(out, 'embeddings.npz')
    if not os.path.isfile(path):
        dataset = RecordDataset(test)
        np.savez(path, embeddings=Embedder(load_net(out))(dataset), people=np.asarray(dataset.labels))


def measure(args):
    """Rows of the runs whose embeddings are there, of the losses that have all seeds, and the picture."""
    rows, drawn = [], {}
    for loss in LOSSES:
        for seed in SEEDS:
            out = os.path.join(args.outputs, f'{loss}-{seed}')
            if os.path.isfile(os.path.join(out, 'embeddings.npz')):
                row, drawn[loss, seed] = measured(out)
                rows.append({'loss': loss, 'seed': seed, 'epochs': args.epochs, **row})
    write_table(RUNS, rows)
    whole = [loss for loss in LOSSES if all((loss, seed) in drawn for seed in SEEDS)]
    if BASE in whole:
        losses = [summary(loss, rows, drawn, len(LOSSES) - 1) for loss in whole]
        write_table(SUMMARY, losses)
        draw(losses)
        for row in losses:
            print('{loss}: accuracy {acc:.4f} [{acc_low:.4f}, {acc_high:.4f}], {acc_shown}'.format(**row))


def measured(out):
    """The row of a run, and its measures in each draw of people, (draws,) each."""
    with np.load(os.path.join(out, 'embeddings.npz')) as file:
        embeddings, people = file['embeddings'], file['people']
    found = get_protocol('pairs', fars=[FAR]).measure(embeddings, PeopleTruth(people), 'people of LFW fold 1')
    with open(os.path.join(out, 'seconds.txt'), encoding='utf-8') as file:
        seconds, cpu, command = file.read().strip().split(' ', 2)
    row = {key: round(value, 5) if isinstance(value, float) else value for key, value in found.rows[0].items()}
    first, second = np.triu_indices(len(people), 1)
    pairs = pairs_of_people('leaderboard', found.genuine, people[first], people[second])
    held = pairs.held_out(found.scores)
    times = np.concatenate(list(pairs.draws(DRAWS, 0)))
    genuine = pairs.subset(pairs.issame)
    weights = times[:, genuine.first]
    accepted = found.scores[pairs.issame] >= pairs.drawn_thresholds(found.scores, FAR, times)[:, None]
    return ({**row, 'seconds': int(seconds), 'cpu_seconds': int(cpu), 'command': command},
            {'acc': pairs.subset(held.judged).bootstrap_means('leaderboard', held.correct[None].astype('float64'), 0.5,
                                                              DRAWS, 0)[:, 0],
             'tar@0.01': (weights * accepted).sum(axis=1) / weights.sum(axis=1)})


def summary(loss, rows, drawn, comparisons, measures=tuple(MEASURES), base=BASE,
            command='python scripts/leaderboard.py --data DIR'):
    """The row of a loss: means over its seeds, and intervals over people and seeds, both drawn with replacement.

    Whether it differs from the base is asked for every loss: the interval of each difference is that of Bonferroni, so
    that all of them hold together with 95 %.
    """
    random = np.random.RandomState(1)
    row = {'loss': loss, 'seeds': len(SEEDS)}
    for name in measures:
        values = {which: [run[name] for run in rows if run['loss'] == which] for which in (loss, base)}
        row[name] = round(float(np.mean(values[loss])), 5)
        drawn_means = {}
        for which in (loss, base):
            runs = np.stack([drawn[which, seed][name] for seed in SEEDS], axis=1)
            chosen = random.randint(len(SEEDS), size=runs.shape)
            drawn_means[which] = np.take_along_axis(runs, chosen, axis=1).mean(axis=1)
        row[name + '_low'], row[name + '_high'] = ends(drawn_means[loss], 0.05)
        difference = low = high = shown = ''
        if loss != base:
            difference = round(row[name] - float(np.mean(values[base])), 5)
            low, high = ends(drawn_means[loss] - drawn_means[base], 0.05 / comparisons)
            shown = 'better' if low > 0 else 'worse' if high < 0 else 'no difference shown'
        row.update({name + '_difference': difference, name + '_difference_low': low, name + '_difference_high': high,
                    name + '_shown': shown})
    runs = [run for run in rows if run['loss'] == loss]
    row['cpu_seconds'] = round(float(np.mean([run['cpu_seconds'] for run in runs])))
    row['command'] = command
    return row


def ends(values, alpha):
    """The quantiles alpha / 2 and 1 - alpha / 2."""
    return tuple(round(float(value), 5) for value in np.quantile(values, [alpha / 2, 1 - alpha / 2]))


def write_table(path, rows):
    """A csv file of rows with the same columns, if there are any."""
    if rows:
        write_rows(path, rows[0], [row.values() for row in rows])


def draw(losses):
    """Both measures of each loss with their intervals; losses from bad to good."""
    losses = sorted(losses, key=lambda row: row['tar@0.01'])
    with new_figure(9, 1.2 + 0.32 * len(losses)) as figure:
        for place, (name, title) in enumerate(MEASURES.items()):
            axes = figure.add_subplot(1, 2, place + 1)
            values = np.array([[row[name], row[name + '_low'], row[name + '_high']] for row in losses]) * 100
            axes.errorbar(values[:, 0], range(len(losses)), xerr=np.abs(values[:, 1:] - values[:, :1]).T, fmt='o',
                          color='.25', capsize=3)
            base = [row['loss'] for row in losses].index(BASE)
            axes.axvline(values[base, 0], color='.6', linestyle='--', linewidth=1)
            axes.set_yticks(range(len(losses)))
            axes.set_yticklabels([row['loss'] for row in losses] if place == 0 else [])
            axes.set_xlabel(title + ', %')
        figure.suptitle('Mean of three seeds, 95 % interval over people and seeds; dashed: softmax')
        figure.tight_layout()
        save_png(figure, PICTURE)


if __name__ == '__main__':
    main()
