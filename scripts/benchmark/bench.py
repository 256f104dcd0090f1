"""What train.py, embed.py, data.py and memory.py share: contestants side by side, and the table of what they took.

Each contestant is a process of its own (workers.py) and only one computes at a time. The rounds go through all of them
in turn, so that a busy machine slows all of them, and medians count.

A script says its tasks and its workers, and calls `main`:

    def worker(link, size):                                 # in a process of its own
        images = make(size)
        link.rounds(lambda: work(images), steps=10)         # ready; then 10 calls a round

    def tasks(args):
        return {'small': Task('work on small images', images=8, contestants=[
            Contestant('ours', 'worker', {'size': 8}),
            Contestant('theirs', 'other', {'size': 8}, goal=2.0, needs=('torch',))])}
"""
import argparse
import csv
import importlib.util
import json
import os
import shlex
import statistics
import sys
import tempfile
import time
from collections import namedtuple

from workers import BenchError, Contestant, Link, Worker, busy_neighbour, once

__all__ = ['BenchError', 'Contestant', 'ROOT', 'Task', 'add_pass', 'cores', 'logical_processors', 'machine_facts',
           'main', 'missing', 'once', 'save']

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT)
from gluonfr.compat import usable_cores  # noqa: E402  (from this checkout)
from gluonfr.compat.machine import instruction_sets, processor  # noqa: E402

PACKAGES = {'nvidia.dali': 'nvidia-dali-cuda110==1.34.0'}  # where the name differs from the module's

Task = namedtuple('Task', 'title images contestants fresh prepare check', defaults=(False, None, None))
Task.__doc__ = """What one table compares, the first contestant with the others. `images` are those of a step; with
`fresh` every round is a new process; `prepare()` makes what the workers need; `check(infos)`, of what each said when it
was ready, raises a BenchError where they did not do the same."""

# name -> (text, '>=' or '<=', value from the first contestant's row, this row and the row of this one alone)
MEASURES = {
    'speed': ('{:.2f}x as fast', '>=', lambda first, row, alone: row['seconds'] / first['seconds']),
    'time': ('{:.2f}x the time', '<=', lambda first, row, alone: first['seconds'] / row['seconds']),
    'memory': ('{:.2f}x the memory', '<=', lambda first, row, alone: first['peak_rss_mib'] / row['peak_rss_mib']),
    'rate': ('{:,.0f} images/s', '>=', lambda first, row, alone: row['images_per_second']),
    'itself': ('this one is {:.2f}x as fast', '>=', lambda first, row, alone: first['seconds'] / row['seconds']),
    'seconds': ('{:.2f} s', '<=', lambda first, row, alone: row['seconds']),
    'peak': ('{:,.0f} MiB', '<=', lambda first, row, alone: row['peak_rss_mib']),
    'share': ('{:.2f} of its rate', '>=',
              lambda first, row, alone: first['gflop'] / first['seconds'] / (row['gflop'] / row['seconds'])),
    'gflops': ('{:,.0f} GFLOP/s', '>=', lambda first, row, alone: row['gflop'] / row['seconds']),
    'alone': ('{:.2f}x as fast as alone', '>=', lambda first, row, alone: alone['seconds'] / row['seconds']),
}
NEIGHBOUR = ', busy neighbour'
KEEPS = 0.4  # of its speed, with a neighbour that wants one of the cores


def missing(contestant):
    """`pip install ...` of what a contestant needs and is not installed, or None."""
    absent = []
    for name in contestant.needs:
        parts = name.split('.')
        if any(importlib.util.find_spec('.'.join(parts[:n + 1])) is None for n in range(len(parts))):
            absent.append(shlex.quote(PACKAGES.get(name, name)))
    return 'pip install ' + ' '.join(absent) if absent else None


def measure(script, task, rounds, neighbour=False):
    """The rows of one task: dicts with contestant, seconds (a step), fastest, slowest, peak_rss_mib, value, ..."""
    rivals = [contestant for contestant in task.contestants if not missing(contestant)]
    if task.prepare:
        task.prepare()
    taken, infos, workers = {}, {}, []
    try:
        if not task.fresh:
            for contestant in rivals:
                workers.append(Worker(script, contestant))
        for _ in range(rounds):
            if task.fresh:
                for contestant in rivals:
                    workers.append(Worker(script, contestant))
                    _round(workers, '', taken, infos)
                    workers.pop().close()
                continue
            _round(workers, '', taken, infos)
            if neighbour:
                with busy_neighbour():
                    _round(workers, NEIGHBOUR, taken, infos)
    finally:
        for worker in workers:
            worker.close()
    if task.check:
        task.check({name: info for name, info in infos.items() if not name.endswith(NEIGHBOUR)})
    return _rows(task, taken, infos, neighbour)


def _round(workers, suffix, taken, infos):
    for worker in workers:
        taken.setdefault(worker.name + suffix, []).append(worker.round())
        infos[worker.name + suffix] = worker.info


def _rows(task, taken, infos, neighbour):
    rows = {}
    listed = [(contestant, contestant.name) for contestant in task.contestants]
    if neighbour and not task.fresh:
        listed += [(contestant._replace(measure='alone', goal=None if i else KEEPS), contestant.name + NEIGHBOUR)
                   for i, contestant in enumerate(task.contestants)]
    for contestant, name in listed:
        row = rows[name] = {'contestant': name, 'skipped': missing(contestant) or ''}
        if row['skipped']:
            continue
        seconds = [one['seconds'] / contestant.settings['steps'] for one in taken[name]]
        row.update(rounds=len(seconds), seconds=statistics.median(seconds), fastest=min(seconds), slowest=max(seconds),
                   images_per_second=task.images / statistics.median(seconds),
                   peak_rss_mib=statistics.median([one['peak_rss_mib'] for one in taken[name]]),
                   gflop=contestant.gflop,
                   threads=infos[name].get('threads', ''),
                   versions=', '.join(map(' '.join, infos[name]['versions'].items())))
        first = rows[task.contestants[0].name]
        if row is not first or contestant.measure in ('rate', 'gflops', 'seconds'):
            text, sign, value = MEASURES[contestant.measure]
            row['value'] = value(first, row, rows[contestant.name])
            row['measure'] = contestant.measure
            row['shown'] = text.format(row['value'])
            if contestant.goal is not None:
                row['goal'] = '{} {:g}'.format(sign, contestant.goal)
                met = row['value'] >= contestant.goal if sign == '>=' else row['value'] <= contestant.goal
                row['met'] = 'yes' if met else 'no'
    return list(rows.values())


def show(rows):
    """Print the rows of a task."""
    first = rows[0]['contestant']
    print('  {:38} {:>10} {:>19} {:>10} {:>9}  {}'.format('', 'ms a step', 'fastest - slowest', 'images/s', 'peak MiB',
                                                         first + ' is'))
    for row in rows:
        if row['skipped']:
            print('  {:38} skipped: {}'.format(row['contestant'], row['skipped']))
            continue
        goal = '   goal {}: {}'.format(row['goal'], 'met' if row['met'] == 'yes' else 'MISSED') if 'goal' in row else ''
        print('  {:38} {:>10.2f} {:>9.2f} -{:>8.2f} {:>10,.1f} {:>9,.0f}  {}{}'.format(
            row['contestant'], 1000 * row['seconds'], 1000 * row['fastest'], 1000 * row['slowest'],
            row['images_per_second'], row['peak_rss_mib'], row.get('shown', ''), goal))


COLUMNS = {'task': None, 'pass': None, 'contestant': None, 'rounds': None, 'seconds': '{:.6f}', 'fastest': '{:.6f}',
           'slowest': '{:.6f}', 'images_per_second': '{:.1f}', 'measure': None, 'value': '{:.3f}', 'goal': None,
           'met': None, 'peak_rss_mib': '{:.0f}', 'threads': None, 'machine': None, 'instructions': None, 'cores': None,
           'load': None, 'versions': None, 'skipped': None, 'command': None}


def save(path, rows):
    """Write a csv of the rows; those of other tasks and passes that it holds stay."""
    kept = []
    if os.path.exists(path):
        fresh = {(row['task'], str(row['pass'])) for row in rows}
        with open(path, newline='', encoding='utf-8') as file:
            kept = [row for row in csv.DictReader(file) if (row['task'], row['pass']) not in fresh]
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, 'w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(kept)
        writer.writerows(rows)
    print('wrote ' + os.path.relpath(path))


def logical_processors():
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()


def cores():
    """Physical cores that this process may use, as gluonfr counts them."""
    return usable_cores()


def others(seconds=2.0):
    """How many processors are busy while this process sleeps; the load average where that is not told.

    The load average itself would count what ran before, such as the benchmark before this one.
    """
    def ticks():
        with open('/proc/stat', encoding='ascii') as file:
            user, nice, system, _, _, interrupts, soft, steal = map(int, file.readline().split()[1:9])
        return user + nice + system + interrupts + soft + steal

    if not os.path.exists('/proc/stat'):
        return os.getloadavg()[0]
    begin = ticks()
    time.sleep(seconds)
    return (ticks() - begin) / os.sysconf('SC_CLK_TCK') / seconds


def machine_facts():
    """What stands in every row: the processor, those of its instruction sets that count, and how many cores."""
    return {'machine': processor(), 'instructions': ' '.join(instruction_sets()), 'cores': cores()}


def add_pass(parser):
    """The option that tells passes of a benchmark apart."""
    parser.add_argument('--pass', type=whole, default=1, metavar='N', dest='number',
                        help='number of this pass in the table; rows of others stay (default 1)')


def whole(text):
    """A number >= 1 of the command line."""
    value = int(text) if text.isdigit() else 0
    if value < 1:
        raise argparse.ArgumentTypeError('must be a whole number >= 1, got {!r}'.format(text))
    return value


def main(script, description, tasks, workers, rounds=5, quick_rounds=2, neighbour=True):
    """Run a benchmark script, or one of its workers.

    Parameters
    ----------
    script : str
        Its path; the name decides that of the csv.
    description : str
        For --help.
    tasks : callable
        args -> {name: Task}; `args` has quick, batch, steps and work (a folder).
    workers : dict of str to callable
        worker(link, **settings).
    rounds, quick_rounds : int
        Rounds of each contestant where the user does not say.
    neighbour : bool
        Whether --neighbour makes sense.
    """
    if sys.argv[1:2] == ['--worker']:
        workers[sys.argv[2]](Link(), **json.loads(sys.argv[3]))
        return
    name = os.path.splitext(os.path.basename(script))[0]
    default = os.path.join(ROOT, 'resources', 'results', 'benchmark-{}.csv'.format(name))
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true', help='fewer and shorter rounds')
    parser.add_argument('--rounds', type=whole, metavar='N', help='rounds of each contestant (default {}, with --quick '
                        '{})'.format(rounds, quick_rounds))
    parser.add_argument('--only', metavar='TASK', help='this task only')
    parser.set_defaults(neighbour=False)
    if neighbour:
        parser.add_argument('--neighbour', action='store_true',
                            help='run every round once more beside a process that keeps one core busy')
    parser.add_argument('--batch', type=whole, metavar='N', help="images a step, instead of the goals' own number")
    parser.add_argument('--steps', type=whole, metavar='N', help='steps a round')
    parser.add_argument('--work', metavar='DIR', help='where to keep what the contestants read, for the next time '
                        '(default: a temporary folder)')
    parser.add_argument('--save', nargs='?', const=default, metavar='CSV',
                        help='write the table (default {})'.format(os.path.relpath(default, ROOT)))
    add_pass(parser)
    args = parser.parse_args()
    command = 'python scripts/benchmark/{}.py {}'.format(name, ' '.join(map(shlex.quote, sys.argv[1:]))).rstrip()
    with tempfile.TemporaryDirectory() as folder:
        args.work = os.path.abspath(args.work or folder)
        known = tasks(args)
        if args.only and args.only not in known:
            parser.error('--only must be one of {}, got {!r}'.format(', '.join(known), args.only))
        os.makedirs(args.work, exist_ok=True)
        facts = {**machine_facts(), 'load': round(others(), 2), 'command': command}
        print('{machine} ({instructions}), {cores} cores, of which others keep {load} busy'.format(**facts))
        if facts['load'] > 0.2:
            print('the machine is busy: these figures will mean little')
        rows = []
        for title, task in known.items():
            if args.only in (None, title):
                print('\n{}: {}'.format(title, task.title), flush=True)
                try:
                    found = measure(script, task, args.rounds or (quick_rounds if args.quick else rounds),
                                    args.neighbour)
                except BenchError as error:
                    sys.exit('{}: {}'.format(title, error))
                show(found)
                rows += [{'task': title, 'pass': args.number, **row, **facts} for row in found]
        print('\n' + '\n'.join(sorted({row['contestant'] + ': ' + row['versions'] for row in rows
                                       if row.get('versions') and not row['contestant'].endswith(NEIGHBOUR)})))
    if args.save:
        save(args.save, [{name: form.format(row[name]) if form and name in row else row.get(name, '')
                          for name, form in COLUMNS.items()} for row in rows])
