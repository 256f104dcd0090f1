"""Results come back as they were written, and what is no whole result is refused by its name."""
import copy
import json
import os

import numpy as np
import pytest

from gluonfr.evaluation import Result, ResultError

SECTION = {'protocol': 'kfold', 'version': 1, 'parameters': {'fars': (1e-3,)}, 'notes': ['a note'], 'lines': ['a line'],
           'rows': [{'set': 'mine', 'acc': np.float64(0.5), 'tar@1e-3': None}],
           'curves': {'roc': {'far': np.array([0.0, 1.0]), 'tar': [0.5, float('nan')]},
                      'histogram': {'edges': [0, 1, 2], 'genuine': [3, 4], 'impostor': [5, 6]}}}
PAIR = {'score': 0.5, 'first': 0, 'second': 1, 'first_name': 'a', 'second_name': 'b', 'first_thumb': None,
        'second_thumb': 'abcd'}


def some_result(**parts):
    return Result({'command': 'gluonfr evaluate', 'seconds': np.float32(0.5)}, {'name': 'a net'}, {'name': 'mine'},
                  [copy.deepcopy(SECTION)], **{'arrays': {'scores': np.array([0.25, np.nan]), 'same': [True, False],
                                                          'group': np.array(['a', 'é'])}, **parts})


def test_what_is_written_is_read(tmp_path):
    out = str(tmp_path / 'new' / 'mine')
    some_result(hardest={'false_accepts': [PAIR], 'false_rejects': []}, assumed=['aligned'],
                map={'x': [0.5], 'y': [np.inf], 'person': [0], 'names': ['ann']}).save(out)
    assert sorted(os.listdir(tmp_path / 'new')) == ['mine.json', 'mine.npz']
    for path in (out, out + '.json', out + '.npz'):
        result = Result.load(path)
        assert result.rows == [{'set': 'mine', 'acc': 0.5, 'tar@1e-3': None}]
        assert result.sections[0]['curves']['roc'] == {'far': [0.0, 1.0], 'tar': [0.5, None]}
        assert result.sections[0]['parameters'] == {'fars': [0.001]}
        assert result.map['y'] == [None] and result.hardest['false_accepts'] == [PAIR]
        assert result.assumed == ['aligned'] and result.advice == [] and result.overlap is None
        np.testing.assert_array_equal(result.arrays['scores'], [0.25, np.nan])
        assert result.arrays['same'].tolist() == [True, False] and result.arrays['group'].tolist() == ['a', 'é']


def test_a_result_in_memory_has_what_its_file_has(tmp_path):
    result = some_result(map={'x': [0.5], 'y': [np.inf], 'person': [0], 'names': ['ann']})
    result.save(tmp_path / 'mine')
    again = Result.load(tmp_path / 'mine')
    assert (again.sections, again.map, again.made) == (result.sections, result.map, result.made)


def test_the_json_is_strict(tmp_path):
    some_result().save(tmp_path / 'mine')

    def refuse(constant):
        raise AssertionError(constant)
    json.loads((tmp_path / 'mine.json').read_text(encoding='utf-8'), parse_constant=refuse)


def test_a_loaded_result_can_be_saved_elsewhere(tmp_path):
    some_result().save(tmp_path / 'one')
    Result.load(tmp_path / 'one').save(tmp_path / 'two')
    assert Result.load(tmp_path / 'two').arrays['scores'][0] == 0.25


@pytest.mark.parametrize('change, message', [
    (lambda content: content.pop('data'), 'lacks data'),
    (lambda content: content.update(sections={}), 'sections must be a list'),
    (lambda content: content['sections'].append('text'), 'section 1 must be an object'),
    (lambda content: content['sections'][0].pop('rows'), 'section 0 lacks rows'),
    (lambda content: content['sections'][0].update(version=True), 'version must be a whole number'),
    (lambda content: content['sections'][0]['rows'].append(3), 'section 0, rows: each must be an object, got 3'),
    (lambda content: content['sections'][0]['notes'].append(3), 'notes: each must be text'),
    (lambda content: content['sections'][0]['curves']['roc']['far'].append(1), 'curve roc: lists must be of one '
     'length, got far 3, tar 2'),
    (lambda content: content['hardest'].pop('false_rejects'), 'hardest lacks false_rejects'),
    (lambda content: content['hardest']['false_accepts'][0].update(first_thumb=3), 'first_thumb must be text or null'),
    (lambda content: content['map'].update(x=[]), 'map: x, y and person must be of one length'),
    (lambda content: content['assumed'].append(None), 'assumed: each must be text'),
    (lambda content: content.update(format='other'), 'is no result of `gluonfr evaluate`'),
    (lambda content: content.update(version=2), 'was written by a later gluonfr'),
    (lambda content: content.update(arrays=None), 'arrays must say the sha256 of mine.npz')])
def test_what_is_no_result_is_refused(tmp_path, change, message):
    some_result(hardest={'false_accepts': [PAIR], 'false_rejects': []},
                map={'x': [0], 'y': [0], 'person': [0], 'names': ['ann']}).save(tmp_path / 'mine')
    path = tmp_path / 'mine.json'
    content = json.loads(path.read_text(encoding='utf-8'))
    change(content)
    path.write_text(json.dumps(content), encoding='utf-8')
    with pytest.raises(ResultError, match='mine.json.*' + message):
        Result.load(path)


def test_bytes_that_are_no_json_are_refused(tmp_path):
    path = tmp_path / 'mine.json'
    for text in ('', '{', '[1]', '\0'):
        path.write_text(text, encoding='utf-8')
        with pytest.raises(ResultError, match='mine.json is no result'):
            Result.load(path)
    with pytest.raises(FileNotFoundError, match='there is no result .*other.json: `gluonfr evaluate'):
        Result.load(tmp_path / 'other')


def test_scores_of_another_result_are_refused(tmp_path):
    some_result().save(tmp_path / 'mine')
    path = tmp_path / 'mine.npz'
    path.write_bytes(path.read_bytes()[:-1] + b'x')
    result = Result.load(tmp_path / 'mine')
    with pytest.raises(ResultError, match='mine.npz is not the file'):
        _ = result.arrays
    path.unlink()
    with pytest.raises(ResultError, match='mine.npz is missing'):
        _ = result.arrays


def test_a_part_of_another_form_is_refused_before_it_is_written():
    with pytest.raises(ResultError, match='Result: it: made must be an object, got 3'):
        Result(3, None, {}, [])
