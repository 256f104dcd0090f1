"""Scores from anywhere: a .csv or .npz with a score for each pair and whether it is of one person."""
import csv
import os
from typing import Any, Dict

import numpy as np

from ..data.lists import TRUTH
from ..metrics import PairTruth
from ..utils.arrays_file import read_npy, read_npz
from ..utils.messages import counted
from .given import Given, Task, file_facts

__all__ = ['GivenScores', 'given_scores', 'is_score_csv', 'is_score_npz', 'read_score_list']

COLUMNS = {'score': ('score', 'scores', 'similarity', 'cosine'), 'same': ('same', 'issame', 'genuine', 'label'),
           'group': ('group', 'groups'), 'first': ('first', 'person1'), 'second': ('second', 'person2')}
FORMS = 'score (higher for more alike), same (1 or 0), and where they are known group, first and second (people)'


class GivenScores(Given):
    """Scores of pairs, without the images.

    Parameters
    ----------
    scores : float array (P,)
    same : bool array (P,)
    group : array (P,) of str, or None
        '' where a pair belongs to none.
    people0, people1 : array (P,) or None
        Who is on the first and second image of each pair.
    **given
        As for `Given`.
    """

    kind = 'scores'
    protocols = ('pairs', 'groups')

    def __init__(self, name: str, path: str, scores: Any, same: Any, group: Any = None, people0: Any = None,
                 people1: Any = None, **given: Any):
        super().__init__(name, path, **given)
        self.scores, self.same = np.asarray(scores, 'float64'), np.asarray(same, bool)
        self.group = None if group is None else np.asarray(group)
        self.people0, self.people1 = people0, people1

    def truth(self, task):
        """The pairs of a task, for what a protocol says of them beforehand: each of two images of its own."""
        same = self.same if task.rows is None else self.same[task.rows]
        first = np.arange(0, 2 * len(same), 2)
        return PairTruth(first, first + 1, same, task.truth.get('group'))

    def has(self, protocol):
        return protocol == 'pairs' or self.group is not None

    def task(self, protocol):
        if protocol == 'pairs':
            return Task({'people0': self.people0, 'people1': self.people1})
        if protocol == 'groups':
            if self.group is None:
                raise self.refuse('groups', 'it has no column group')
            kept = np.flatnonzero(self.group != '')
            if len(kept) < len(self.group):
                self.assumed.append('{}: groups: {} left out, as they have no group.'.format(
                    self.name, counted(len(self.group) - len(kept), 'pair')))
            return Task({'group': self.group[kept]}, kept)
        raise self.refuse(protocol, 'it needs embeddings')


def given_scores(path: str) -> GivenScores:
    """The scores in a .csv, whose first line names the columns, or in a .npz.

    Raises
    ------
    ValueError
        A column is missing, or a line is wrong: its number, or the row of an array.
    """
    columns = _of_npz(path) if path.endswith('.npz') else _of_csv(path)
    scores = columns['score']
    bad = ~np.isfinite(scores)
    if bad.any():
        raise ValueError('{}: scores must be finite, got {} in {} of {:,} rows, first in row {}.'.format(
            path, scores[bad.argmax()], int(bad.sum()), len(bad), int(bad.argmax())))
    if ('first' in columns) != ('second' in columns):
        raise ValueError('{} must name both people of a pair, first and second, or none.'.format(path))
    same = columns['same']
    if 'first' in columns:
        wrong = (columns['first'] == columns['second']) != same
        if wrong.any():
            raise ValueError('{}: same must be 1 exactly where first equals second, got another in row {}.'.format(
                path, int(wrong.argmax())))
    name, sha256 = file_facts(path)
    given = GivenScores(name, os.path.abspath(path), scores, same, columns.get('group'), columns.get('first'),
                        columns.get('second'), sha256=sha256)
    given.kind = 'a file of scores'
    if scores[same].size and scores[~same].size and scores[same].mean() < scores[~same].mean():
        given.assumed.append('{}: pairs of one person have lower scores than others on average ({:.3g} against {:.3g}):'
                             ' if these are distances, give them with a minus.'.format(
                                 name, scores[same].mean(), scores[~same].mean()))
    return given


def is_score_csv(path: str) -> bool:
    """Whether the first line of a table names scores or their truth, or is of numbers where these names should be."""
    head, _ = _head(path)
    return bool(set(head) & {*COLUMNS['score'], *COLUMNS['same'][:-1]}) or (
        len(head) > 1 and any('.' in name for name in head) and all(map(_is_number, head)))


def _head(path):
    """Names of the columns, and what stands between them."""
    with open(path, encoding='utf-8-sig', errors='surrogateescape') as file:
        line = file.readline().replace('\0', '')  # which csv of some Pythons refuses
    delimiter = max(',;\t', key=line.count)
    return [name.strip().lower() for name in next(csv.reader([line], delimiter=delimiter), [])], delimiter


def is_score_npz(path: str) -> bool:
    """Whether a .npz holds scores, and no embeddings."""
    found = set(read_npz(path))
    return 'embeddings' not in found and bool(found & set(COLUMNS['score']))


def read_score_list(path: str, count: int) -> np.ndarray:
    """A score for each of `count` pairs, in their order: a .npy, a .npz with one array, or lines of numbers.

    Raises
    ------
    ValueError
        There are more or fewer, or one is not finite, with its row.
    """
    if path.endswith('.npz'):
        arrays = read_npz(path)
        found = next((arrays[name] for name in COLUMNS['score'] if name in arrays), None)
        if found is None:
            raise ValueError('{} must hold scores, got {}.'.format(path, ', '.join(arrays) or 'nothing'))
    elif path.endswith('.npy'):
        found = read_npy(path)
    else:
        with open(path, encoding='utf-8') as file:
            found = np.array([_number(path, number, line.split()[-1:] or ['']) for number, line in enumerate(file, 1)])
    found = np.asarray(found, 'float64').reshape(-1)
    if len(found) != count:
        raise ValueError('{} must have a score for each of {:,} pairs, got {:,}.'.format(path, count, len(found)))
    if not np.isfinite(found).all():
        raise ValueError('{}: scores must be finite, got {} in row {}.'.format(
            path, found[~np.isfinite(found)][0], int((~np.isfinite(found)).argmax())))
    return found


def _of_npz(path):
    arrays = read_npz(path)
    columns = {}
    for column, known in COLUMNS.items():
        found = next((name for name in known if name in arrays), None)
        if found:
            columns[column] = arrays[found]
    _need(path, columns, arrays)
    if 'people' in arrays and 'first' in columns and columns['first'].dtype.kind in 'iu':  # of a result: places in it
        for side in ('first', 'second'):
            if side not in columns or columns[side].size and columns[side].max() >= len(arrays['people']):
                raise ValueError('{}: first and second must be places in people.'.format(path))
            columns[side] = arrays['people'][columns[side]]
    shapes = {array.shape for array in columns.values()}
    if len(shapes) > 1 or len(next(iter(shapes))) != 1:
        raise ValueError('{}: its columns must be of one length (P,), got {}.'.format(path, ', '.join(
            '{} {}'.format(name, array.shape) for name, array in columns.items())))
    wrong = ~np.isin(columns['same'], (0, 1))
    if wrong.any():
        raise ValueError('{}: same must be 1 or 0, got {} in row {}.'.format(
            path, columns['same'][wrong.argmax()], int(wrong.argmax())))
    return {**{name: array.astype(str) for name, array in columns.items()}, 'same': columns['same'] == 1,
            'score': columns['score'].astype('float64')}


def _of_csv(path) -> Dict[str, np.ndarray]:
    head, delimiter = _head(path)
    with open(path, encoding='utf-8-sig', newline='', errors='surrogateescape') as file:
        lines = csv.reader(file, delimiter=delimiter)
        next(lines, None)
        if any(head.count(name) > 1 for name in head if name):
            raise ValueError('{}, line 1: each column must have another name, got {}.'.format(path, ', '.join(head)))
        place = {column: next((head.index(name) for name in known if name in head), None)
                 for column, known in COLUMNS.items()}
        place = {column: i for column, i in place.items() if i is not None}
        _need('{}, line 1'.format(path), place, head)
        rows = {column: [] for column in place}
        for fields in lines:
            if not any(field.strip() for field in fields):
                continue
            if len(fields) != len(head):
                raise ValueError('{}, line {}: must have {}, as the first line, got {}.'.format(
                    path, lines.line_num, counted(len(head), 'column'), len(fields)))
            if any('\udc80' <= character <= '\udcff' for character in ''.join(fields)):
                raise ValueError('{}, line {}: must be text in UTF-8, got {!r:.100}.'.format(
                    path, lines.line_num, ','.join(fields)))
            for column, i in place.items():
                rows[column].append(fields[i].strip())
            if rows['same'][-1].lower() not in TRUTH:
                raise ValueError('{}, line {}: same must be 1 or 0, got {!r}.'.format(
                    path, lines.line_num, rows['same'][-1]))
            rows['same'][-1] = TRUTH[rows['same'][-1].lower()]
            rows['score'][-1] = _number(path, lines.line_num, [rows['score'][-1]])
    if not rows['score']:
        raise ValueError('{} must have at least a line of scores below its first.'.format(path))
    return {column: np.array(values) for column, values in rows.items()}


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(path, line, fields):
    """The number in a line; NaN and infinity are none."""
    try:
        value = float(fields[0])
    except ValueError:
        value = float('nan')
    if not np.isfinite(value):
        raise ValueError('{}, line {}: the score must be a finite number, got {!r:.60}.'.format(path, line, fields[0]))
    return value


def _need(where, columns, there):
    missing = [name for name in ('score', 'same') if name not in columns]
    if missing:
        raise ValueError('{} must have the columns {}; got {}, without {}.'.format(
            where, FORMS, ', '.join(there) or 'none', ' and '.join(missing)))
