"""Rows of csv files, and lines of logs, that runs add to and resumed runs go on with; names on lines of their own.

A name is whatever a file may be called. A cell that a spreadsheet would take for a formula gets an apostrophe in front,
which shows it as text there, and which reading takes away; a name with a line end in it is written as JSON.
"""
import csv
import io
import json
import math
import os
import re

from .files import append_whole, atomic_path

__all__ = ['RowLines', 'RowReader', 'UTF8', 'append_row', 'as_cell', 'as_line', 'keep_lines_until', 'keep_rows_until',
           'number_in', 'of_cell', 'of_line', 'read_name_lines', 'read_rows', 'write_rows']

UTF8 = {'newline': '', 'encoding': 'utf-8', 'errors': 'surrogateescape'}  # names of files may be other bytes
FORMULA = re.compile("'*[=+@\\t\\r\\n-]")
OF_A_STEP = re.compile(rb'(?:epoch \d+ (?:done: )?)?step (\d+) ')


def write_rows(path, columns, rows):
    """Write a csv file of rows, sequences of cells, whole or not at all."""
    with atomic_path(path) as temporary, open(temporary, 'w', **UTF8) as file:
        csv.writer(RowLines(file)).writerows(map(as_cell, row) for row in [columns, *rows])


class RowLines:
    """A file for a writer of the module csv, whose lines end in a line feed alone.

    Such a writer knows of line ends that its own are not only since Python 3.13, and else leaves them without quotes.
    """

    def __init__(self, file):
        self._file = file

    def write(self, line):
        """Write a line that ends in a carriage return and a line feed."""
        return self._file.write(line[:-2] + '\n')


def as_cell(value):
    """What a value is in a csv file: text that a spreadsheet would compute is marked as text."""
    value = str(value) if isinstance(value, Exception) else value
    if isinstance(value, str) and FORMULA.match(value) and not isinstance(number_in(value), (int, float)):
        return "'" + value
    return value


def of_cell(text):
    """What `as_cell` was given."""
    return text[1:] if isinstance(text, str) and text.startswith("'") and FORMULA.match(text) else text


class RowReader(csv.DictReader):
    """`csv.DictReader` of what `as_cell` has written."""

    def __next__(self):
        return {name: of_cell(cell) for name, cell in super().__next__().items()}


def append_row(path, row):
    """Add a row to a csv file, with a header to a new one; a ValueError if the file has columns that the row lacks.

    Columns that the file lacks, such as one written by an earlier version, are added to all of its rows. Where the row
    cannot be written, the file has no part of it.
    """
    _add_columns(path, row)
    with open(path, 'a+', newline='', encoding='utf-8') as file:
        file.seek(0)
        columns = next(csv.reader(file), None)
    if columns is not None and columns != list(row):
        raise ValueError('{} has the columns {}, and the new row {}. Give another file, or the settings of the '
                         'first row.'.format(path, ', '.join(columns), ', '.join(row)))
    text = io.StringIO()
    writer = csv.DictWriter(RowLines(text), list(row))
    if columns is None:
        writer.writeheader()
    writer.writerow({name: as_cell(cell) for name, cell in row.items()})
    append_whole(path, text.getvalue().encode('utf-8'))


def _add_columns(path, row):
    if not os.path.isfile(path):
        return
    with open(path, newline='', encoding='utf-8') as file:
        reader = RowReader(file)
        if not set(reader.fieldnames or row) < set(row):
            return
        rows = list(reader)
    write_rows(path, row, ([old.get(name) for name in row] for old in rows))


def read_rows(path):
    """The rows of a csv file as dictionaries of str; none where there is no file."""
    if not os.path.isfile(path):
        return []
    with open(path, newline='', encoding='utf-8') as file:
        return list(RowReader(file))


def number_in(text):
    """A cell as an int or a float if it is one, None if it is empty."""
    for kind in (int, float):
        try:
            return kind(text)
        except (TypeError, ValueError):
            continue
    return text or None


def keep_rows_until(path, step):
    """Drop the rows of a csv file whose step lies beyond `step`, or the file if none is left."""
    if not os.path.isfile(path):
        return
    with open(path, newline='', encoding='utf-8') as file:
        text = file.read()
    reader = RowReader(io.StringIO(text, newline=''))
    there = list(reader)
    # a row that a killed run left half-written is the last, and beyond the checkpoint
    rows = [row for row in there if None not in row.values() and int(row['step']) <= step]
    if not rows:
        os.remove(path)
    elif len(rows) < len(there) or not text.endswith('\n'):
        write_rows(path, reader.fieldnames, (row.values() for row in rows))


def as_line(name):
    """A name as one line of a file: as JSON where it would not be read again as it is."""
    return json.dumps(name) if name.startswith('"') or name != name.strip() or len(name.splitlines()) != 1 else name


def of_line(line):
    """What `as_line` was given; a line of earlier versions that is no JSON stays."""
    try:
        name = json.loads(line) if line.startswith('"') else line
    except ValueError:
        return line
    return name if isinstance(name, str) else line


def read_name_lines(path):
    """The lines of a file of names, for `of_line`."""
    with open(path, newline='', encoding='utf-8', errors='surrogateescape') as file:
        lines = file.read().split('\n')
    return [line.rstrip('\r') for line in (lines if lines[-1] else lines[:-1])]


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
