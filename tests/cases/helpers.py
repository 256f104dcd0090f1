"""What tests share: the environment of a process of ours, the rows of a csv file, and a disk that is full."""
import csv
import os
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def environ():
    """Environment for a process that imports this checkout's gluonfr."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get('PYTHONPATH')]))
    return {**os.environ, 'OMP_NUM_THREADS': '1', 'MPLBACKEND': 'Agg', 'PYTHONPATH': path}


def rows(path):
    """Rows of a csv file, as dictionaries."""
    with open(str(path), newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


@contextmanager
def files_up_to(size):
    """As on a full disk, writing gives an error: no file of this process gets longer than ``size``."""
    import resource  # of Unix alone
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
