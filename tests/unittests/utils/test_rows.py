"""Rows that runs add to csv files."""
import pytest
from helpers import rows

from gluonfr.utils.rows import append_row, number_in, write_rows


def test_a_file_of_an_earlier_version_gets_the_new_columns(tmp_path):
    path = str(tmp_path / 'a.csv')
    for value in (1, 2):
        append_row(path, {'step': value, 'acc': 0.5})
    append_row(path, {'step': 3, 'folds': None, 'acc': 0.25})
    assert rows(path) == [{'step': '1', 'folds': '', 'acc': '0.5'}, {'step': '2', 'folds': '', 'acc': '0.5'},
                          {'step': '3', 'folds': '', 'acc': '0.25'}]
    append_row(path, {'step': 4, 'folds': 7, 'acc': 1})
    assert rows(path)[-1]['folds'] == '7'


@pytest.mark.parametrize('row', [{'step': 3}, {'step': 3, 'auc': 1}, {'acc': 1, 'step': 3}])
def test_other_columns_are_refused(tmp_path, row):
    path = str(tmp_path / 'a.csv')
    append_row(path, {'step': 1, 'acc': 0.5})
    with pytest.raises(ValueError, match='a.csv has the columns step, acc, and the new row'):
        append_row(path, row)
    assert len(rows(path)) == 1


def test_rows_of_cells_are_written_with_names_that_are_no_utf8(tmp_path):
    path, name = tmp_path / 'a' / 'b.csv', b'\xff.jpg'.decode('utf-8', 'surrogateescape')
    write_rows(str(path), ['name', 'score'], [('one, two', 0.5), (name, None)])
    assert path.read_bytes() == b'name,score\n"one, two",0.5\n\xff.jpg,\n'


def test_cells_are_numbers_where_they_can_be():
    assert [number_in(text) for text in ('3', '0.5', 'lfw', '', None)] == [3, 0.5, 'lfw', None, None]
