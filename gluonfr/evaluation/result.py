"""What an evaluation found, as two files: OUT.json with all that is said, OUT.npz with the scores it was said of."""
import json
import math
import os
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from ..utils.arrays_file import read_npz
from ..utils.files import file_sha256, read_json, save_npz, write_text
from ..utils.types import PathLike

__all__ = ['Result', 'ResultError', 'result_paths']

FORMAT, VERSION = 'gluonfr-result', 1
MOST_BYTES = 1 << 27  # of OUT.json, which has thumbnails

# what stands in a result -> types that it may have
PARTS = {'made': dict, 'model': (dict, type(None)), 'data': dict, 'sections': list, 'hardest': (dict, type(None)),
         'map': (dict, type(None)), 'advice': list, 'overlap': (dict, type(None)), 'compared': list, 'assumed': list}
SECTION = {'protocol': str, 'version': int, 'parameters': dict, 'rows': list, 'notes': list, 'lines': list,
           'curves': dict}
PAIR = {'score': (int, float, type(None)), 'first_name': str, 'second_name': str, 'first_thumb': (str, type(None)),
        'second_thumb': (str, type(None))}
MAP = {'x': list, 'y': list, 'person': list, 'names': list}
CALLED = {dict: 'an object', list: 'a list', str: 'text', int: 'a whole number', float: 'a number', type(None): 'null'}


class ResultError(ValueError):
    """Files that are no result of an evaluation, or are damaged."""


class Result:
    """What an evaluation found.

    Parameters
    ----------
    made : dict
        How it came about: command, gluonfr, date, seconds, machine.
    model : dict or None
        The network and how it was used: name, sha256, card_sha256, engine, precision, flip, color, normalization, ...;
        None where embeddings or scores were given.
    data : dict
        What it was measured on: name, kind, path, sha256, images, people, and left_out, a list of {'what', 'why'}.
    sections : list of dict
        One for each protocol: protocol, version, parameters, rows, notes, lines, curves.
    hardest : dict or None
        'false_accepts' and 'false_rejects', lists of dict: score, first, second, first_name, second_name, first_thumb
        and second_thumb (JPEG in base64, or None).
    map : dict or None
        Embeddings in the plane: lists x, y and person (index into names).
    advice : list of dict
        Thresholds: fmr, threshold, low, high, people.
    overlap : dict or None
        Of the people with those of a training set.
    compared : list of dict
        This model against others on the same data.
    assumed : list of str
        What was taken for granted.
    arrays : dict of str to array, or None
        scores (P,) and same (P,) of all comparisons, and where they are known first and second (P,), indices of images,
        people (N,), who is on each image, and group (P,).

    Raises
    ------
    ResultError
        A part has another form.

    Examples
    --------
    >>> import os, tempfile
    >>> from gluonfr.evaluation import Result
    >>> section = {'protocol': 'kfold', 'version': 1, 'parameters': {}, 'rows': [{'set': 'mine', 'acc': 0.9}],
    ...            'notes': [], 'lines': [], 'curves': {}}
    >>> result = Result({'command': ''}, None, {'name': 'mine'}, [section], arrays={'scores': [0.5, 0.1]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     out = os.path.join(folder, 'mine')
    ...     result.save(out)
    ...     print(sorted(os.listdir(folder)), Result.load(out).rows, Result.load(out).arrays['scores'].tolist())
    ['mine.json', 'mine.npz'] [{'set': 'mine', 'acc': 0.9}] [0.5, 0.1]
    """

    def __init__(self, made: Dict[str, Any], model: Optional[Dict[str, Any]], data: Dict[str, Any],
                 sections: List[Dict[str, Any]], *, hardest: Optional[Dict[str, Any]] = None,
                 map: Optional[Dict[str, Any]] = None, advice: Optional[List[Dict[str, Any]]] = None,
                 overlap: Optional[Dict[str, Any]] = None, compared: Optional[List[Dict[str, Any]]] = None,
                 assumed: Optional[List[str]] = None, arrays: Optional[Dict[str, Any]] = None):
        self.made, self.model, self.data, self.sections = _plain(made), _plain(model), _plain(data), _plain(sections)
        self.hardest, self.map, self.overlap = _plain(hardest), _plain(map), _plain(overlap)
        self.advice, self.compared, self.assumed = _plain(advice or []), _plain(compared or []), _plain(assumed or [])
        self._arrays = {name: np.asarray(array) for name, array in (arrays or {}).items()}
        self._arrays_file = None
        _check('Result', self._content())

    @property
    def rows(self) -> List[Dict[str, Any]]:
        """The rows of all sections."""
        return [row for section in self.sections for row in section['rows']]

    @property
    def arrays(self) -> Dict[str, np.ndarray]:
        """The scores and whose they are; of a loaded result read when they are first asked for.

        Raises
        ------
        ResultError
            OUT.npz is missing, damaged, or not the one that was written with OUT.json.
        """
        if self._arrays is None:
            path, sha256 = self._arrays_file
            if not os.path.isfile(path):
                raise ResultError('{} is missing: it holds the scores that were written with the .json beside it.'
                                  .format(path))
            if file_sha256(path) != sha256:
                raise ResultError('{} is not the file that was written with the .json beside it: it was changed or '
                                  'damaged.'.format(path))
            try:
                self._arrays = read_npz(path)
            except ValueError as error:
                raise ResultError(str(error)) from error
        return self._arrays

    def save(self, out: PathLike) -> None:
        """Write OUT.json and OUT.npz, each whole or not at all; NaN and infinity become null."""
        path, arrays_path = result_paths(out)
        content = self._content()
        _check(path, content)
        save_npz(arrays_path, self.arrays)
        content.update(arrays={'file': os.path.basename(arrays_path), 'sha256': file_sha256(arrays_path)})
        content = {'format': FORMAT, 'version': VERSION, **content}
        write_text(path, json.dumps(content, indent=1, allow_nan=False) + '\n')

    @classmethod
    def load(cls, path: PathLike) -> 'Result':
        """Read a result by its OUT or OUT.json.

        Raises
        ------
        ResultError
            It is none, is damaged, or was written by a later version; with its path.
        FileNotFoundError
            It is not there.
        """
        path, arrays_path = result_paths(path)
        if not os.path.isfile(path):
            raise FileNotFoundError('there is no result {}: `gluonfr evaluate ... --out {}` writes one.'.format(
                path, path[:-5]))
        try:
            content = read_json(path, 'result of `gluonfr evaluate`', MOST_BYTES)
        except ValueError as error:
            raise ResultError(str(error)) from error
        if content.pop('format', None) != FORMAT:
            raise ResultError('{} is no result of `gluonfr evaluate`.'.format(path))
        if content.pop('version', None) != VERSION:
            raise ResultError('{} was written by a later gluonfr: update this one.'.format(path))
        arrays = content.pop('arrays', None)
        if not isinstance(arrays, dict) or not isinstance(arrays.get('sha256'), str):
            raise ResultError('{}: arrays must say the sha256 of {}.'.format(path, os.path.basename(arrays_path)))
        _check(path, content)
        result = cls(**{name: content[name] for name in PARTS})
        result._arrays, result._arrays_file = None, (arrays_path, arrays['sha256'])
        return result

    def _content(self):
        return {name: _plain(getattr(self, name)) for name in PARTS}


def result_paths(out: PathLike) -> Tuple[str, str]:
    """The two files of a result: OUT.json and OUT.npz, of OUT or one of them."""
    out = os.path.expanduser(os.fspath(out))
    stem = out[:-5] if out.endswith('.json') else out[:-4] if out.endswith('.npz') else out
    return stem + '.json', stem + '.npz'


def _plain(value):
    """A value as JSON has it: lists for arrays, Python's numbers, None for NaN and infinity."""
    if isinstance(value, dict):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _check(owner, content):
    """Raise a ResultError unless the parts have the form that readers count on."""
    _fields(owner, 'it', content, PARTS)
    for i, section in enumerate(content['sections']):
        where = 'section {}'.format(i)
        _fields(owner, where, section, SECTION)
        _all(owner, where + ', rows', section['rows'], dict)
        for name in ('notes', 'lines'):
            _all(owner, '{}, {}'.format(where, name), section[name], str)
        for name, curve in section['curves'].items():
            _check_curve(owner, '{}, curve {}'.format(where, name), curve)
    for kind in ('false_accepts', 'false_rejects') if content['hardest'] else ():
        for pair in _fields(owner, 'hardest', content['hardest'], {kind: list})[kind]:
            _fields(owner, kind, pair, PAIR)
    if content['map']:
        _fields(owner, 'map', content['map'], MAP)
        if len({len(content['map'][name]) for name in ('x', 'y', 'person')}) > 1:
            raise ResultError('{}: map: x, y and person must be of one length.'.format(owner))
    for name, kind in (('advice', dict), ('compared', dict), ('assumed', str)):
        _all(owner, name, content[name], kind)


def _check_curve(owner, where, curve):
    """A curve is lists of one length; a histogram has an edge more."""
    _fields(owner, where, curve, {})
    lengths = {len(values) - (name == 'edges') for name, values in curve.items() if isinstance(values, list)}
    if len(lengths) > 1:
        raise ResultError('{}: {}: lists must be of one length, got {}.'.format(
            owner, where, ', '.join('{} {}'.format(name, len(values)) for name, values in curve.items()
                                    if isinstance(values, list))))


def _fields(owner, where, value, kinds):
    """The object `value`, which must have fields of these types."""
    if not isinstance(value, dict):
        raise ResultError('{}: {} must be an object, got {!r:.60}.'.format(owner, where, value))
    for name, allowed in kinds.items():
        if name not in value:
            raise ResultError('{}: {} lacks {}.'.format(owner, where, name))
        if not isinstance(value[name], allowed) or isinstance(value[name], bool):
            allowed = allowed if isinstance(allowed, tuple) else (allowed,)
            raise ResultError('{}: {}: {} must be {}, got {!r:.60}.'.format(
                owner, where, name, ' or '.join(CALLED[kind] for kind in allowed), value[name]))
    return value


def _all(owner, where, values, kind):
    for value in values:
        if not isinstance(value, kind):
            raise ResultError('{}: {}: each must be {}, got {!r:.60}.'.format(owner, where, CALLED[kind], value))
