"""The report on photographs: a csv that says what came of each, and that a killed run goes on with."""
import csv
import json
import os
import zlib
from collections import defaultdict
from functools import partial

import numpy as np

from ..utils.files import open_regular, read_json, write_text
from ..utils.progress import Bar
from ..utils.rows import UTF8, RowLines, RowReader, as_cell, write_rows
from ..utils.threads import ahead
from .landmarks import LANDMARK_COLUMNS

__all__ = ['landmarks_of', 'read_report', 'report_rows', 'report_settings', 'run_report']

COLUMNS = ['path', 'status', 'faces', 'out', 'score'] + LANDMARK_COLUMNS + ['detail', 'stamp']
WORKERS = 2  # one photograph at a time is in the detector; reading and writing go on beside it


def report_rows(found, path, outs=None):
    """The rows of a report for one `Found`: one for each face, or one that says why there is none.

    Parameters
    ----------
    found : Found
    path : str
        What the photograph is called in the report.
    outs : sequence of str or None
        Where its faces were written.

    Returns
    -------
    list of dict
    """
    row = dict.fromkeys(COLUMNS, '')
    row.update(path=path, status=found.status, faces=str(found.count), detail=found.detail)
    if not found.faces:
        return [row]
    return [dict(row, out=out, score='{:.4f}'.format(face.score),
                 **{name: '{:.3f}'.format(v) for name, v in zip(LANDMARK_COLUMNS, face.landmarks.ravel())})
            for face, out in zip(found.faces, outs or [''] * len(found.faces))]


def landmarks_of(row):
    """The five points in a row, float64 (5, 2)."""
    return np.array([float(row[name]) for name in LANDMARK_COLUMNS]).reshape(5, 2)


def report_settings(path):
    """What the report in `path` was made with, {} if nothing tells it."""
    if not os.path.isfile(_settings_path(path)):
        return {}
    return read_json(_settings_path(path), 'settings of a report')


def run_report(path, settings, tasks, is_whole, fresh, progress='align', root=''):
    """Do what is not done yet, and write the report.

    Parameters
    ----------
    path : str
        The report, a .csv; the settings go beside it.
    settings : dict
        What decides the result, JSON values.
    tasks : dict of str to function
        Photograph -> () -> its rows, called from threads.
    is_whole : function
        Rows of a photograph from an earlier run, all with the status 'ok' -> whether they can stay.
    fresh : bool
        Do not go on with an earlier run.
    progress : str or bool
        Text of the progress bar; False for none.
    root : str
        Folder that the photographs' names are relative to. A photograph whose size or time is not what it was is tried
        again.

    Returns
    -------
    list of dict
        The rows, in the order of the tasks, with a 'stamp' of the photograph: size, time and CRC-32.
    """
    rows = {} if fresh else {photo: kept for photo, kept in read_report(path).items()
                             if photo in tasks and all(row['status'] == 'ok' for row in kept) and is_whole(kept)
                             and _is_as_then(os.path.join(root, photo), kept[0].get('stamp'))}
    write_text(_settings_path(path), json.dumps(settings, indent=1))
    _write(path, [row for kept in rows.values() for row in kept])
    todo = [photo for photo in tasks if photo not in rows]
    with open(path, 'a', **UTF8) as file, Bar(total=len(tasks), initial=len(tasks) - len(todo), unit='image',
                                               desc=progress or None, disable=not progress) as bar:
        writer = csv.DictWriter(RowLines(file), COLUMNS)
        stamped = [partial(_stamped, tasks[photo], os.path.join(root, photo)) for photo in todo]
        for photo, new in zip(todo, ahead(stamped, WORKERS, WORKERS)):
            writer.writerows({name: as_cell(cell) for name, cell in row.items()} for row in new)
            file.flush()
            rows[photo] = new
            bar.update()
    ordered = [row for photo in tasks for row in rows[photo]]
    _write(path, ordered)
    return ordered


def _stamped(task, path):
    """The rows of a task with the stamp that its photograph had before."""
    try:
        with open_regular(path) as file:
            status = os.fstat(file.fileno())
            stamp = '{} {} {:08x}'.format(status.st_size, status.st_mtime_ns, zlib.crc32(file.read()))
    except OSError:
        stamp = ''  # the rows say what is wrong
    return [dict(row, stamp=stamp) for row in task()]


def _is_as_then(path, stamp):
    """Whether a photograph has the size and time of its stamp; reports of earlier versions have none."""
    if not stamp:
        return True
    try:
        status = os.stat(path)
    except OSError:
        return False
    return stamp.split()[:2] == [str(status.st_size), str(status.st_mtime_ns)]


def read_report(path):
    """{photograph: its rows} of a report, {} where there is none; half a row that a killed run left does not count."""
    rows = defaultdict(list)
    if os.path.isfile(path):
        with open(path, **UTF8) as file:
            for row in RowReader(file):
                if None not in row.values() and None not in row:
                    rows[row['path']].append(row)
    return rows


def _write(path, rows):
    write_rows(path, COLUMNS, ([row.get(name) for name in COLUMNS] for row in rows))


def _settings_path(path):
    return os.path.splitext(path)[0] + '.json'
