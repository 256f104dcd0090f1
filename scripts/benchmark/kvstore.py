"""Measure what several local workers take: the constants of `gluonfr.scale.predict_scaling`, and what it predicts.

    python scripts/benchmark/kvstore.py --quick          # a look: small arrays, few steps
    python scripts/benchmark/kvstore.py --save           # and write resources/results/kvstore.csv

Each row is one number of workers and one class layer. `exchange` is the seconds of a step less those of as many workers
at the same time that exchange nothing (one training each, with a dense or a sampled layer of all classes); `predicted`
is the formula, with the constants measured in this run: `latency` of an exchange of one number, `worker_gbytes` of one
worker alone, `server_gbytes` of all of them. Workers share the cores, the memory and the one server of this machine, so
this says how far the formula holds, not how fast a cluster is.
"""
import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from gluonfr.scale import Links, dense_traffic, sharded_traffic  # noqa: E402
from gluonfr.scale.traffic import WAITS  # noqa: E402
from gluonfr.utils.rows import write_rows  # noqa: E402

RATE = 0.1  # of the classes that a sampled layer scores
RESULT = os.path.join(ROOT, 'resources', 'results', 'kvstore.csv')


def work(path, settings):
    """What a worker does; the first one leaves its times."""
    import numpy as np
    from mxnet import gluon, nd

    from gluonfr.distributed import ShardedDense, ShardedPartialFC, join_workers
    from gluonfr.loss import get_loss
    from gluonfr.nn import NormDense, PartialFC
    from gluonfr.train import Callback, fit

    workers, found = join_workers(), {}
    classes, width, images, steps = (settings[name] for name in ('classes', 'width', 'images', 'steps'))

    def seconds(function, times):
        function()
        begin = time.perf_counter()
        for _ in range(times):
            function()
        return (time.perf_counter() - begin) / times

    found['latency'] = seconds(lambda: workers.any(False), 20 * steps)
    array = nd.ones((settings['values'],))

    def exchange():
        workers.sum('array', [array])
        array.wait_to_read()

    found['array'] = seconds(exchange, steps)

    class Clock(Callback):
        every_worker = True

        def __init__(self):
            self.at = []

        def on_step_end(self, state):
            nd.waitall()
            self.at.append(time.perf_counter())

    def make_head(kind, batch_size):
        if kind == 'sampled' and workers.count > 1:
            return ShardedPartialFC(classes, width, workers, batch_size, sample_rate=RATE, s=64)
        if kind == 'sampled':
            return PartialFC(classes, width, sample_rate=RATE)
        if kind == 'sharded' and workers.count > 1:
            return ShardedDense(classes, width, workers, batch_size, s=64)
        return NormDense(classes, True, True, in_units=width)

    for kind in WAITS:
        net, loss = gluon.nn.HybridSequential(), get_loss('cosface', classes=classes)
        net.add(gluon.nn.Dense(width, in_units=256, activation='relu'), gluon.nn.Dense(width, in_units=width))
        whole = images * workers.count
        head = make_head(kind, whole)
        random, clock = np.random.RandomState(0), Clock()
        batch = nd.array(random.rand(whole, 256)), nd.array(random.randint(0, classes, whole), dtype='int32')
        fit(net, loss, [batch] * (steps + 3), head=head, callbacks=[clock])
        found[kind] = float(np.median(np.diff(clock.at[2:])))
    if workers.first:
        with open(path, 'w', encoding='utf-8') as file:
            json.dump(found, file)


def measure(count, together, settings, folder):
    """Times of `count` workers of one training, or of as many trainings at the same time."""
    paths, running = [], []
    threads = str(max(1, (os.cpu_count() or 1) // count))
    for number in range(1 if together else count):
        paths.append(os.path.join(folder, '{}-{}-{}.json'.format(count, together, number)))
        running.append(subprocess.Popen(
            [sys.executable, '-m', 'gluonfr', 'launch', '-n', str(count if together else 1), '--',
             os.path.abspath(__file__), '--work', paths[-1], json.dumps(settings)],
            env={**os.environ, 'OMP_NUM_THREADS': threads, 'PYTHONPATH': ROOT}))
    if any([process.wait() for process in running]):
        raise SystemExit('a worker has failed')
    found = []
    for path in paths:
        with open(path, encoding='utf-8') as file:
            found.append(json.load(file))
    return {name: max(one[name] for one in found) for name in found[0]}


def main(words=None):
    """Measure, and print or save the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true', help='small arrays, few steps')
    parser.add_argument('--workers', type=int, nargs='+', default=[1, 2, 3], help='default 1 2 3; the first must be 1')
    parser.add_argument('--save', action='store_true', help='write {}'.format(os.path.relpath(RESULT, ROOT)))
    parser.add_argument('--work', nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args(words)
    if args.work:
        return work(args.work[0], json.loads(args.work[1]))
    settings = dict(classes=2000, width=64, images=16, steps=5, values=1 << 16) if args.quick else \
        dict(classes=100000, width=128, images=32, steps=30, values=1 << 24)
    with tempfile.TemporaryDirectory() as folder:
        together = {count: measure(count, True, settings, folder) for count in args.workers}
        apart = {count: measure(count, False, settings, folder) for count in args.workers if count > 1}
    size = 4 * settings['values']
    most = max(args.workers)
    links = Links(size / together[min(2, most)]['array'] / 1e9, most * size / together[most]['array'] / 1e9,
                  together[most]['latency'])
    learned = 256 * settings['width'] + settings['width'] ** 2 + 2 * settings['width']
    rows = []
    for count in apart:
        for kind in WAITS:
            traffic = dense_traffic(settings['classes'], settings['width'], learned) if kind == 'dense' else \
                sharded_traffic(settings['width'], learned, settings['images'] * count, count)
            predicted = max(traffic / links.worker_gbytes, count * traffic / links.server_gbytes) / 1e9
            rows.append(dict(workers=count, head=kind, classes=settings['classes'], megabytes=round(traffic / 1e6, 2),
                             step=round(together[count][kind], 4), alone=round(apart[count][kind], 4),
                             exchange=round(together[count][kind] - apart[count][kind], 4),
                             predicted=round(predicted + WAITS[kind] * links.latency, 4),
                             **{name: round(value, 5) for name, value in links._asdict().items()},
                             command=shlex.join(['python', 'scripts/benchmark/kvstore.py', '--workers',
                                                 *map(str, args.workers), *(['--quick'] if args.quick else [])])))
    for row in rows:
        print(*('{} {}'.format(name, value) for name, value in row.items()), sep='  ')
    if args.save:
        write_rows(RESULT, list(rows[0]), [list(row.values()) for row in rows])


if __name__ == '__main__':
    sys.exit(main())
