"""Lists of verification pairs, as text files."""
import os
from typing import List, Tuple

from ...utils.check import check_choice
from ...utils.messages import counted
from ...utils.types import PathLike
from ..lists import TRUTH, read_lines

__all__ = ['read_pairs']


def read_pairs(path: PathLike, format: str = 'auto',
               names: str = '{name}/{name}_{number:04d}.jpg') -> List[Tuple[str, str, bool]]:
    """Read a list of verification pairs.

    Parameters
    ----------
    path : str or Path
    format : {'auto', 'lfw', 'list'}
        'lfw': as pairs.txt and pairsDev*.txt of LFW (Huang et al., "Labeled Faces in the Wild", 2007): folds and pairs
        of each kind a fold ('10 300'; '1100' is one fold), then for each fold the lines 'name 1 4' of one person and
        the lines 'name 1 other 2' of two. Without that first line pairs may come in any order and number. 'list': path,
        path and 1 or True (one person) or 0 or False, with tabulators, commas or blanks between. In both, empty lines
        and those that begin with # are comments. 'auto': lfw if the first line is one or two numbers or a pair of LFW.
    names : str
        Path of a person's n-th image in an lfw list, by str.format with `name` and `number`.

    Returns
    -------
    list of (path1, path2, same)
        In the order of the lines; same is a bool.

    Raises
    ------
    FileNotFoundError
        There is no such list.
    ValueError
        A line is wrong (its number), there is none, or an lfw list has not as many as the numbers in its first line
        say.

    Examples
    --------
    >>> import os, tempfile
    >>> from gluonfr.data import read_pairs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, 'pairs.txt')
    ...     with open(path, 'w') as file:
    ...         print('1 1', 'ann 1 2', 'ann 1 bob 3', sep=chr(10), file=file)
    ...     print(read_pairs(path))
    [('ann/ann_0001.jpg', 'ann/ann_0002.jpg', True), ('ann/ann_0001.jpg', 'bob/bob_0003.jpg', False)]
    """
    check_choice('read_pairs', 'format', format, ('auto', 'lfw', 'list'))
    path = os.path.expanduser(os.fspath(path))
    lines = list(read_lines(path))
    if not lines:
        raise ValueError('read_pairs: {} must list at least one pair, got no line but comments.'.format(path))
    head = lines[0][1].replace(',', ' ').split()
    says_how_many = format != 'list' and len(head) <= 2 and all(field.isdecimal() for field in head)
    if format == 'list' or format == 'auto' and not says_how_many and _lfw_fields(lines[0][1]) is None:
        return _list_pairs(path, lines)
    if not says_how_many:
        return [_lfw_pair(path, names, *line) for line in lines]
    pairs = [_lfw_pair(path, names, *line) for line in lines[1:]]
    folds, each = ([1] + [int(field) for field in head])[-2:]
    # as many of one person as of two, fold by fold: whoever splits them by position relies on it
    same = [pair[2] for pair in pairs]
    if len(same) != 2 * each * folds or same != ([True] * each + [False] * each) * folds:
        raise ValueError('read_pairs: {}: must hold {} of {} of one person and then {:,} of two, as its first line '
                         'says, got {}, {:,} of them of one person. If they are right, remove that line.'.format(
                             path, counted(folds, 'fold'), counted(each, 'pair'), each, counted(len(same), 'pair'),
                             sum(same)))
    return pairs


def _list_pairs(path, lines):
    """The pairs of a plain list, all of whose lines have one separator."""
    wrong = 0
    for separator in ('\t', ',', None):
        pairs = [_list_pair(line.split(separator)) for _, line in lines]
        if None not in pairs:
            return pairs
        wrong = max(wrong, pairs.index(None))
    raise ValueError('read_pairs: {}, line {}: must be a path, a path and 0 or 1, with tabulators, commas or blanks '
                     'between, got {!r:.200}.'.format(path, *lines[wrong]))


def _list_pair(fields):
    fields = [field.strip() for field in fields]
    if len(fields) != 3 or not all(fields) or fields[2].lower() not in TRUTH:
        return None
    return fields[0], fields[1], TRUTH[fields[2].lower()]


def _lfw_fields(line):
    """[name, number, name, number] of a line, None if it is no pair of LFW."""
    fields = line.replace(',', ' ').split()
    if len(fields) == 3:
        fields.insert(2, fields[0])
    return fields if len(fields) == 4 and fields[1].isdecimal() and fields[3].isdecimal() else None


def _lfw_pair(path, names, number, line):
    fields = _lfw_fields(line)
    if fields is None:
        raise ValueError("read_pairs: {}, line {}: must be 'name 1 4' or 'name 1 other 2', got {!r:.200}.".format(
            path, number, line))
    first, second = (names.format(name=fields[i], number=int(fields[i + 1])) for i in (0, 2))
    return first, second, fields[0] == fields[2]
