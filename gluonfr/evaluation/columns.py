"""What a file says of images or people: the group that each belongs to, or the quality of each image."""
import os
from typing import Dict, Sequence

import numpy as np

from ..data.lists import read_lines
from ..utils.messages import counted, names
from .given import Given

__all__ = ['add_groups', 'add_quality', 'listed_images', 'read_column']


def read_column(path: str) -> Dict[str, str]:
    """{image or person: value} of a file of two columns, with tabulators, commas or blanks between.

    Raises
    ------
    ValueError
        A line has not two fields, or names something a second time with another value; with its number.
    """
    found: Dict[str, str] = {}
    lines = list(read_lines(path))
    if not lines:
        raise ValueError('{} must have lines of image or person, and value; got none.'.format(path))
    separator = next((mark for mark in ('\t', ',') if all(mark in line for _, line in lines)), None)
    for number, line in lines:
        fields = [field.strip() for field in line.rsplit(separator, 1)]
        if len(fields) != 2 or not all(fields):
            raise ValueError('{}, line {}: must be an image or person and a value, with a tabulator, comma or blank '
                             'between, got {!r:.100}.'.format(path, number, line))
        key = os.path.normpath(fields[0])
        if found.setdefault(key, fields[1]) != fields[1]:
            raise ValueError('{}, line {}: {} has the value {} in a line before, and {} here.'.format(
                path, number, fields[0], found[key], fields[1]))
    return found


def add_groups(given: Given, path: str) -> None:
    """Note the group of each image: of the image, or of its person.

    Raises
    ------
    ValueError
        The file names none of them.
    """
    column = read_column(path)
    values = _values(given, path, column)
    given.groups = np.array([value or '' for value in values])
    without = int((given.groups == '').sum())
    if without:
        given.assumed.append('{}: {} belong to no group in {}, and are part of no pair of a group.'.format(
            given.name, counted(without, 'image'), path))
    empty = sorted(set(column.values()) - set(given.groups.tolist()) - {'group'})
    if empty:
        given.leave_out('groups {}'.format(names(empty)), 'they have no image of the set')


def add_quality(given: Given, source: str) -> None:
    """Note the quality of each image: a column of the file of embeddings, or a file of image and number.

    Raises
    ------
    ValueError
        There is no such column or file, or an image has no finite number.
    """
    if source in given.columns:
        quality = given.columns[source].astype('float64')
    elif os.path.isfile(source):
        column = read_column(source)
        quality = np.array([_number(source, name, value) for name, value in zip(
            given.names, _values(given, source, column))])
    else:
        raise ValueError('add_quality: quality must be norm, a file of image and number, or a column of the .npz ({}), '
                         'got {}.'.format(', '.join(sorted(given.columns)) or 'it has none', source))
    if not np.isfinite(quality).all():
        raise ValueError('{}: quality must be finite numbers, got {} for {}.'.format(
            source, quality[~np.isfinite(quality)][0], given.names[int((~np.isfinite(quality)).argmax())]))
    given.quality = quality


def listed_images(names: Sequence[str], paths: Sequence[str]) -> np.ndarray:
    """Which of some images text files list, one name a line, such as the lists of noise of MegaFace.

    Returns
    -------
    int64 array
    """
    listed = {os.path.normpath(line.strip()) for path in paths for _, line in read_lines(path)}
    return np.array([i for i, name in enumerate(names) if not listed.isdisjoint(_called(name, None))], np.int64)


def _values(given, path, column):
    """The value of each image, None where the file names neither it nor its person."""
    people = [None] * given.count if given.people is None else given.people.tolist()[:given.count]
    values = [next((column[key] for key in _called(name, person) if key in column), None)
              for name, person in zip(given.names, people)]
    if not any(value is not None for value in values):
        raise ValueError('{} names none of the images or people of {}: it has {}, and the set {}.'.format(
            path, given.name, names(sorted(column), 2), names(given.names, 2)))
    return values


def _called(name, person):
    """What a file may call an image: its path, the last parts of it, with or without its suffix; or its person."""
    parts = os.path.normpath(name).split(os.sep)
    ends = [os.sep.join(parts[-n:]) for n in (len(parts), 3, 2, 1) if n <= len(parts)]
    return ends + [os.path.splitext(end)[0] for end in ends] + ([] if person is None else [str(person)])


def _number(path, name, value):
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError('{}: {} must have a number, got {}.'.format(
            path, name, 'no line' if value is None else repr(value))) from None
