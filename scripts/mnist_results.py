"""Make the result tables of the MNIST example: one row for each named setting and each registered loss.

    python scripts/mnist_results.py                      # full MNIST -> resources/results/mnist.csv and pictures
    python scripts/mnist_results.py --table demo --epochs 3   # losses, 5,000 digits, 3 seeds -> .../mnist-demo.csv
    python scripts/mnist_results.py --only ringloss ArcFace_v1 loss:softmax
    python scripts/mnist_results.py --list
    python scripts/tables.py                             # write the tables into docs/results.md

Rows that are there already are skipped, so the script can be killed at any time and started again: a training that was
under way goes on from its last checkpoint. To make a row anew, after a change of its recipe say, delete it from the csv
file and give --fresh.
"""
import argparse
import csv
import os
import shutil
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXAMPLE = os.path.join(ROOT, 'examples', 'mnist')
sys.path[:0] = [ROOT, EXAMPLE, os.path.join(ROOT, 'scripts')]

import report  # noqa: E402
from gluonfr.loss import get_loss_list  # noqa: E402
from gluonfr.nn import ANGLE_SETTINGS  # noqa: E402
from recipe import load_config  # noqa: E402

RESULTS = os.path.join(ROOT, 'resources', 'results')
FULL, SEEDS, DEMO = (os.path.join(RESULTS, n) for n in ('mnist.csv', 'mnist-demo-seeds.csv', 'mnist-demo.csv'))
DEMO_COLUMNS = ['kind', 'name', 'seeds', 'epochs', 'test_accuracy_mean', 'test_accuracy_std', 'train_accuracy_mean',
                'train_accuracy_std', 'command']
# train and test accuracy in % after 20 epochs, from the document that the named settings come from; None: it failed
DOCUMENT = {'softmax': (93.34, 94.65), 'L-softmax_v1': (93.79, 92.92), 'A-softmax_v1': (94.12, 94.07),
            'norm-softmax': (91.65, 92.37), 'CosFace_v1': (95.52, 96.32), 'ArcFace_v1': None, 'ArcFace_v2': None,
            'ArcFace_v3': None}


def main():
    """Run what is missing, or list or print what is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--table', choices=('full', 'demo'), default='full')
    parser.add_argument('--only', nargs='+', metavar='NAME', help='these rows; setting:softmax and loss:softmax differ')
    parser.add_argument('--jobs', type=int, default=1, metavar='N', help='trainings at a time; each gets cores / N')
    parser.add_argument('--epochs', type=int, metavar='N', help='epochs of each row, instead of what its recipe says')
    parser.add_argument('--data-root', metavar='DIR', help='folder of the MNIST files')
    parser.add_argument('--outputs', metavar='DIR', default=os.path.join('outputs', 'mnist-table'))
    parser.add_argument('--fresh', action='store_true', help='do not go on from checkpoints of missing rows')
    parser.add_argument('--list', action='store_true', help='show which rows are there')
    args = parser.parse_args()
    for name in ('jobs', 'epochs'):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            parser.error(f'--{name} must be >= 1, got {getattr(args, name)}.')
    wanted = [row for row in all_rows() if args.table == 'full' or row[0] == 'loss']
    if args.only:
        unknown = [n for n in args.only if not any(matches(row, n) for row in wanted)]
        if unknown:
            parser.error(f'--only: unknown {", ".join(unknown)}. Rows: {", ".join(map(":".join, wanted))}.')
        wanted = [row for row in wanted if any(matches(row, n) for n in args.only)]
    path, seeds = (FULL, [0]) if args.table == 'full' else (SEEDS, [0, 1, 2])
    tasks = [(kind, name, seed) for seed in seeds for kind, name in wanted]
    if args.list:
        there = done(path)
        for task in tasks:
            print('{:8} {:8} {:16} seed {}'.format('done' if task in there else 'missing', *task))
        return 0
    failed = run_all(tasks, path, args)
    if failed:
        print('failed: ' + ', '.join(f'{kind}:{name} seed {seed}' for kind, name, seed in failed))
    return 1 if failed else 0


def all_rows():
    """(kind, name) of every row, in the order of the tables."""
    return [('setting', name) for name in ANGLE_SETTINGS] + [('loss', name) for name in get_loss_list()]


def matches(row, text):
    """Whether 'name' or 'kind:name' means this row."""
    return text.lower() in (row[1].lower(), ':'.join(row).lower())


def done(path):
    """(kind, name, seed) of the rows of a csv file."""
    return {(row['kind'], row['name'], int(row['seed'])) for row in report.read_rows(path)}


def run_all(tasks, path, args):
    """Train what is missing, ``args.jobs`` at a time; returns the tasks that failed."""
    os.makedirs(RESULTS, exist_ok=True)
    waiting = [task for task in tasks if task not in done(path)]
    print(f'{len(tasks) - len(waiting)} rows are there, {len(waiting)} to make')
    running, failed = {}, []
    try:
        while waiting or running:
            while waiting and len(running) < args.jobs:
                task = waiting.pop(0)
                running[start(task, args)] = task
            for process in [p for p in running if p.poll() is not None]:
                task = running.pop(process)
                if process.returncode == 0:
                    finish(task, path, args)
                else:
                    failed.append(task)
                    print(f'{task[1]}: ended with {process.returncode}, see {folder(task, args)}/output.txt')
            time.sleep(0.2)
    finally:
        for process in running:
            process.terminate()
    return failed


def folder(task, args):
    """Where the run of a task lives."""
    return os.path.join(args.outputs, args.table, '-'.join(map(str, task)))


def start(task, args):
    """Begin or go on with one training in a process of its own; it refuses a folder that another one writes."""
    kind, name, seed = task
    out = folder(task, args)
    os.makedirs(out, exist_ok=True)
    command = [sys.executable, os.path.join(EXAMPLE, 'main.py'), '--lossname' if kind == 'setting' else '--loss', name,
               '--seed', str(seed), '--dataset', args.table, '--out', out, '--no-progress']
    command.append('--overwrite' if args.fresh else '--resume')
    if args.table == 'demo':
        command.append('--no-plots')
    elif kind == 'setting':
        command += ['--plot-every', '0.25']
    if args.epochs:
        command += ['--epochs', str(args.epochs)]
    if args.data_root:
        command += ['--data-root', os.path.abspath(args.data_root)]
    threads = max(1, len(os.sched_getaffinity(0)) // args.jobs)
    environ = {**os.environ, 'OMP_NUM_THREADS': str(threads),
               'PYTHONPATH': os.pathsep.join([ROOT, os.environ.get('PYTHONPATH', '')]).rstrip(os.pathsep)}
    print(f'{time.strftime("%H:%M:%S")} {kind} {name}, seed {seed}', flush=True)
    with open(os.path.join(out, 'output.txt'), 'a', encoding='utf-8') as log:
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environ)


def finish(task, path, args):
    """Append the row of a finished training and keep its last pictures."""
    kind, name, _ = task
    out = folder(task, args)
    row = report.read_rows(os.path.join(out, 'result.csv'))[0]
    if args.table == 'full':
        keep_pictures(kind, name, out)
    append(path, {'kind': kind, **row})
    if args.table == 'demo':
        summarize()
    print(f'{time.strftime("%H:%M:%S")} {kind} {name}: train {row["train_accuracy"]}, test {row["test_accuracy"]}, '
          f'{row["seconds"]} s', flush=True)


def append(path, row):
    """Add one row to a csv file in a single write, so that a kill leaves the row whole or absent."""
    columns = ['kind', *report.RESULT_COLUMNS]

    class Line(list):
        write = list.append

    lines = Line()
    writer = csv.DictWriter(lines, columns, lineterminator='\n')
    if not os.path.isfile(path):
        writer.writeheader()
    writer.writerow(row)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(handle, ''.join(lines).encode('utf-8'))
    finally:
        os.close(handle)


def keep_pictures(kind, name, out):
    """Copy the last pictures of a run, and the GIFs of a named setting, to the resources."""
    from gluonfr.viz import make_gif
    target = os.path.join(ROOT, 'resources', picture_folder(kind, name))
    os.makedirs(target, exist_ok=True)
    for picture in ('train', 'test', 'train-circle', 'test-circle'):
        paths = report.picture_paths(out, picture)
        if paths:
            shutil.copyfile(paths[-1], os.path.join(target, f'{name}-{picture}.png'))
            if kind == 'setting' and picture in ('train', 'test'):
                make_gif(paths, os.path.join(target, f'{name}-{picture}.gif'))


def picture_folder(kind, name):
    """The folder in resources of a row's pictures."""
    recipe = load_config()['settings' if kind == 'setting' else 'losses'].get(name, {})
    return 'mnist-' + recipe.get('view', 'euclidean')


def summarize():
    """Mean and standard deviation over the seeds of the demo runs."""
    rows = report.read_rows(SEEDS)
    table = []
    for kind, name in all_rows():
        mine = [row for row in rows if (row['kind'], row['name']) == (kind, name)]
        if not mine:
            continue
        mine.sort(key=lambda row: int(row['seed']))
        line = {'kind': kind, 'name': name, 'seeds': len(mine), 'epochs': mine[0]['epochs'],
                'command': mine[0]['command']}
        for which in ('test_accuracy', 'train_accuracy'):
            values = [float(row[which]) for row in mine]
            line[which + '_mean'] = round(statistics.mean(values), 4)
            line[which + '_std'] = round(statistics.stdev(values), 4) if len(values) > 1 else ''
        table.append(line)
    report.write_rows(DEMO, DEMO_COLUMNS, table)


def full_table():
    """The rows on full MNIST as a table."""
    lines = ['| setting or loss | epochs | train % | test % | document, train / test % (20 epochs) |',
             '|---|---|---|---|---|']
    order = all_rows()
    for row in sorted(report.read_rows(FULL), key=lambda row: order.index((row['kind'], row['name']))):
        theirs = DOCUMENT.get(row['name'], ()) if row['kind'] == 'setting' else ()
        shown = '' if theirs == () else 'failed' if theirs is None else '{:.2f} / {:.2f}'.format(*theirs)
        lines.append('| {} | {} | {:.2f} | {:.2f} | {} |'.format(
            label(row), row['epochs'], 100 * float(row['train_accuracy']), 100 * float(row['test_accuracy']), shown))
    return '\n'.join(lines)


def demo_table():
    """The rows on 5,000 digits as a table."""
    lines = ['| setting or loss | epochs | seeds | test %, 5,000 digits |', '|---|---|---|---|']
    for row in report.read_rows(DEMO):
        spread = f' ± {100 * float(row["test_accuracy_std"]):.2f}' if row['test_accuracy_std'] else ''
        lines.append('| {} | {} | {} | {:.2f}{} |'.format(
            label(row), row['epochs'], row['seeds'], 100 * float(row['test_accuracy_mean']), spread))
    return '\n'.join(lines)


def label(row):
    """How a row is called in a table."""
    return f'{row["name"]} (AngleLinear)' if row['kind'] == 'setting' else row['name']


if __name__ == '__main__':
    sys.exit(main())
