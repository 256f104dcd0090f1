"""Landmarks that the user has already: a csv or JSON file of ten numbers for each photograph."""
import csv
import os
from typing import Dict, Optional

import numpy as np

from ..utils.files import read_json
from ..utils.rows import of_cell

__all__ = ['LANDMARK_COLUMNS', 'read_landmarks']

LANDMARK_COLUMNS = ['x1', 'y1', 'x2', 'y2', 'x3', 'y3', 'x4', 'y4', 'x5', 'y5']


def read_landmarks(file: str, root: Optional[str] = None) -> Dict[str, np.ndarray]:
    """Read the five points of faces in photographs.

    Parameters
    ----------
    file : str
        A .json of {path: ten numbers, or five pairs of them}, or else a csv: lines of a path and ten numbers, or with a
        header that has the columns path, x1, y1, ... x5, y5 and any others, such as the report of `align_folder`; a row
        without numbers, of a photograph without a face, is left out. x and y in pixels of the upright photograph, of
        left eye, right eye, nose, left and right corner of the mouth, as seen in the picture.
    root : str or None
        What the paths are relative to; None: the folder of the file.

    Returns
    -------
    dict of str to numpy.ndarray, float64, (5, 2)
        By absolute path.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        An entry is wrong, or there are two for one photograph.

    Examples
    --------
    >>> import json, os, tempfile
    >>> from gluonfr.align import read_landmarks
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, 'points.json')
    ...     with open(path, 'w') as file:
    ...         json.dump({'anna.jpg': [38, 52, 74, 52, 56, 72, 42, 92, 71, 92]}, file)
    ...     (photo, points), = read_landmarks(path).items()
    >>> print(os.path.basename(photo), points.shape, points[0])
    anna.jpg (5, 2) [38. 52.]
    """
    root = os.path.dirname(os.path.abspath(file)) if root is None else root
    landmarks = {}
    for where, path, values in (_json if file.lower().endswith('.json') else _csv)(file):
        path = os.path.abspath(os.path.join(root, path))
        try:
            points = np.array(values, np.float64).reshape(5, 2)
        except (TypeError, ValueError) as error:
            raise ValueError('read_landmarks: {}, {}: must be a path and ten numbers, got {!r:.200}.'.format(
                file, where, values)) from error
        if path in landmarks:
            raise ValueError('read_landmarks: {}, {}: each photograph must have one face, got a second for {}.'.format(
                file, where, path))
        landmarks[path] = points
    return landmarks


def _json(file):
    """Yield (where, path, values) of a JSON file."""
    for path, values in read_json(file, 'JSON of paths and landmarks', 1 << 30).items():
        yield repr(path), path, values


def _csv(file):
    """Yield (where, path, values) of a csv file."""
    columns = None
    with open(file, newline='', encoding='utf-8-sig', errors='surrogateescape') as stream:  # file names, too
        reader = csv.reader(stream)
        for row in reader:
            where = 'line {}'.format(reader.line_num)
            if columns is None:
                header = {name: i for i, name in enumerate(row)}
                if not {'path', *LANDMARK_COLUMNS} - set(header):
                    columns = [header[name] for name in ['path'] + LANDMARK_COLUMNS]
                    continue
                columns = range(11)
            if not row:
                continue
            if len(row) <= max(columns) or isinstance(columns, range) and len(row) != 11:
                raise ValueError('read_landmarks: {}, {}: must be a path and ten numbers, got {!r:.200}.'.format(
                    file, where, row))
            path, *values = (row[i] for i in columns)
            if any(values):
                yield where, of_cell(path), values
