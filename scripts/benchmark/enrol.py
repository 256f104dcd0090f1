"""A gallery of a million people on the disk, 512 numbers in float16 each: searching it and adding to it.

    python scripts/benchmark/enrol.py --quick                 # 5,000 people, to try it
    python scripts/benchmark/enrol.py --save                  # and write resources/results/benchmark-enrol.csv
    python scripts/benchmark/enrol.py --work outputs/million  # keeps the gallery (2.2 GB) for the next time

People are directions drawn from a seed, queries are some of them with noise. A step is a query, or 32 of them together,
or the enrolment of one photo, which reaches the disk. What opening the gallery takes, reading its journal, counts only
in the memory.
"""
import os

import bench  # noqa: F401  (its import puts gluonfr on the path)
import numpy as np
from bench import Contestant, Task, main

from gluonfr.photos import Enrolled
from gluonfr.utils.vectors import unit_rows

D = 512
PART = 5000


def make(path, people):
    """The gallery, or what of it is not there."""
    gallery = Enrolled.create(path, {'net': '00000000'}, D)
    for begin in range(len(gallery) // PART * PART, people, PART):
        x = directions(begin, min(PART, people - begin))
        gallery.enrol_all(('person {}'.format(begin + i), x[i:i + 1], [('photos/{}.jpg'.format(begin + i), '')])
                          for i in range(len(x)))


def directions(begin, count):
    """People from `begin` on, whose number is that of a part."""
    return np.random.default_rng(begin).standard_normal((count, D), dtype='float32')


def search(link, path, engine, queries, steps):
    """Who somebody is, above a threshold; wrong answers are an error."""
    gallery = Enrolled(path, engine)
    random = np.random.default_rng(1)
    x = unit_rows(directions(0, PART)[:queries] + 0.5 * random.standard_normal((queries, D), dtype='float32'))

    def find():
        found = gallery.search(x, 1, 0.5)
        if [match.person for matches in found for match in matches] != ['person {}'.format(i) for i in range(queries)]:
            raise bench.BenchError('the search finds somebody else')

    find()  # the file is in memory, as in a service that runs
    link.rounds(find, steps, (np,))


def enrol(link, path, steps):
    """One photo of a person who is not there yet; they are removed at the end."""
    gallery, added = Enrolled(path), []
    random = np.random.default_rng(2)

    def add():
        added.append('new {}'.format(len(added)))
        gallery.enrol(added[-1], random.standard_normal((1, D)), [('new.jpg', '')])

    try:
        link.rounds(add, steps, (np,))
    finally:
        for name in added:
            gallery.remove(name)


def tasks(args):
    """Three tables; with --quick of a small gallery, for which the goals are no goals."""
    people = 5000 if args.quick else 1000000
    path = os.path.join(args.work, 'gallery-{}'.format(people))
    steps = args.steps or (2 if args.quick else 10)

    def goal(value):
        return None if args.quick else value

    def contestants(queries, steps, most):
        return [Contestant(name, 'search', {'path': path, 'engine': engine, 'queries': queries, 'steps': steps},
                           'seconds', goal(most), needs=needs)
                for name, engine, needs in (('blocks of the file', 'numpy', ()), ('faiss', 'faiss', ('faiss',)))]

    def prepare():
        make(path, people)

    one, many = 'one query among {:,} people'.format(people), '32 queries among {:,} people'.format(people)
    return {'one': Task(one, 1, contestants(1, steps, 0.1), prepare=prepare),
            'many': Task(many, 32, contestants(32, max(1, steps // 5), 3.2), prepare=prepare),
            'enrol': Task('enrolment among {:,} people'.format(people), 1, [
                Contestant('enrolment', 'enrol', {'path': path, 'steps': steps}, 'seconds', goal(0.1))],
                prepare=prepare)}


WORKERS = {'search': search, 'enrol': enrol}

if __name__ == '__main__':
    main(__file__, __doc__, tasks, WORKERS, rounds=5, quick_rounds=1, neighbour=False)
