"""Rows of numbers in csv files, and lines of logs, that runs add to and resumed runs go on with."""
import csv
import math
import os
import re

from .files import atomic_path

__all__ = ['append_row', 'keep_lines_until', 'keep_rows_until', 'read_rows']

OF_A_STEP = re.compile(rb'(?:epoch \d+ (?:done: )?)?step (\d+) ')


def append_row(path, row):
    """Add a row to a csv file, with a header to a new one; a ValueError if the file has columns that the row lacks.

    Columns that the file lacks, such as one written by an earlier version, are added to all of its rows.
    """
    _add_columns(path, row)
    with open(path, 'a+', newline='', encoding='utf-8') as file:
        file.seek(0)
        columns = next(csv.reader(file), None)
        if columns is not None and columns != list(row):
            raise ValueError('{} has the columns {}, and the new row {}. Give another file, or the settings of the '
                             'first row.'.format(path, ', '.join(columns), ', '.join(row)))
        writer = csv.DictWriter(file, list(row), lineterminator='\n')
        if columns is None:
            writer.writeheader()
        writer.writerow(row)


def _add_columns(path, row):
    if not os.path.isfile(path):
        return
    with open(path, newline='', encoding='utf-8') as file:
        reader = csv.DictReader(file)
        if not set(reader.fieldnames or row) < set(row):
            return
        rows = list(reader)
    with atomic_path(path) as temporary, open(temporary, 'w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, list(row), lineterminator='\n')
        writer.writeheader()
        writer.writerows(rows)


def read_rows(path):
    """The rows of a csv file as dictionaries of str; none where there is no file."""
    if not os.path.isfile(path):
        return []
    with open(path, newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def keep_rows_until(path, step):
    """Drop the rows of a csv file whose step lies beyond `step`, or the file if none is left."""
    if not os.path.isfile(path):
        return
    with open(path, newline='', encoding='utf-8') as file:
        reader = csv.DictReader(file)
        # a row that a killed run left half-written is the last, and beyond the checkpoint
        rows = [row for row in reader if None not in row.values() and int(row['step']) <= step]
    if not rows:
        os.remove(path)
        return
    with atomic_path(path) as temporary, open(temporary, 'w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, reader.fieldnames, lineterminator='\n')
        writer.writeheader()
        writer.writerows(rows)


def keep_lines_until(path, step):
    """Cut a log before its last lines, from the first on that is of a step beyond `step`, and half a line at its end.

    The steps climb within a run, so lines of a run that the log held before stay.
    """
    with open(path, 'r+b') as file:
        lines = file.read().splitlines(keepends=True)
        kept = len(lines) - (bool(lines) and not lines[-1].endswith(b'\n'))
        following = math.inf
        for i in range(kept - 1, -1, -1):
            match = OF_A_STEP.match(lines[i])
            if match:
                if not step < int(match.group(1)) <= following:
                    break
                kept, following = i, int(match.group(1))
        file.truncate(sum(map(len, lines[:kept])))
