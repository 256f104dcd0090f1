"""What tests of commands and logs share: the environment of a process of ours, and the rows of a csv file."""
import csv
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def environ():
    """Environment for a process that imports this checkout's gluonfr."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get('PYTHONPATH')]))
    return {**os.environ, 'OMP_NUM_THREADS': '1', 'MPLBACKEND': 'Agg', 'PYTHONPATH': path}


def rows(path):
    """Rows of a csv file, as dictionaries."""
    with open(str(path), newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))
