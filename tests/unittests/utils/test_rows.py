"""Rows that runs add to csv files."""
import csv

import pytest
from helpers import files_up_to, rows

from gluonfr.utils.rows import (append_row, as_line, keep_rows_until, number_in, of_line, read_name_lines, read_rows,
                                write_rows)


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


def test_rows_beyond_a_step_go_and_what_stays_is_whole(tmp_path):
    path = tmp_path / 'a.csv'
    for text, left in (('step,acc\n1,2\n3,4\n', 'step,acc\n1,2\n3,4\n'), ('step,acc\n1,2\n9,4\n', 'step,acc\n1,2\n'),
                       ('step,acc\n1,2\n3,4', 'step,acc\n1,2\n3,4\n'), ('step,acc\n1,2\n3', 'step,acc\n1,2\n')):
        path.write_text(text)
        keep_rows_until(str(path), 3)
        assert path.read_text() == left
    before = path.stat()
    with files_up_to(0):  # nothing is written where nothing goes
        keep_rows_until(str(path), 3)
    assert path.stat().st_ino == before.st_ino
    keep_rows_until(str(path), 0)
    assert not path.exists()


def test_cells_are_numbers_where_they_can_be():
    assert [number_in(text) for text in ('3', '0.5', 'lfw', '', None)] == [3, 0.5, 'lfw', None, None]


NAMES = ['=HYPERLINK("http://x")', '+1+cmd', '-2+3', '@SUM(A1)', '\t=1', '\r=1', "'=1", "''-x", "'quoted'", 'anna', '-']


def test_names_that_a_spreadsheet_would_compute_are_text(tmp_path):
    path = str(tmp_path / 'a.csv')
    write_rows(path, ['name', 'cosine'], [(name, -0.25) for name in NAMES])
    for name in NAMES:
        append_row(path, {'name': name, 'cosine': '-2.5e-3'})
    with open(path, newline='', encoding='utf-8') as file:
        cells = [row[0] for row in csv.reader(file)][1:]
    assert not [cell for cell in cells if cell[0] in '=+-@\t\r'] and cells[0] == "'" + NAMES[0] and cells[9] == 'anna'
    assert [row['name'] for row in read_rows(path)] == NAMES * 2
    assert [row['cosine'] for row in read_rows(path)] == ['-0.25'] * len(NAMES) + ['-2.5e-3'] * len(NAMES)
    append_row(path, {'name': '=2', 'cosine': 1, 'folds': 3})  # the file is written anew
    assert [row['name'] for row in read_rows(path)] == NAMES * 2 + ['=2']


@pytest.mark.parametrize('name', ['anna', 'a\nb', 'a\rb', ' a ', '"a"', '"', 'a\u2028b', 'a\x85b', '\udcff\n', ''])
def test_names_on_lines(tmp_path, name):
    path = tmp_path / 'names.txt'
    path.write_bytes((as_line(name) + '\n' + as_line('next') + '\n').encode('utf-8', 'surrogateescape'))
    assert list(map(of_line, read_name_lines(str(path)))) == [name, 'next']


def test_lines_of_others():
    assert of_line('"anna" of earlier versions') == '"anna" of earlier versions' and of_line('"a') == '"a'
