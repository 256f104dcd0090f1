"""Scores from anywhere, in .csv and .npz."""
import numpy as np
import pytest
from evaluation_cases import people_and_embeddings

from gluonfr.evaluation import GivenPeople, GivenScores, evaluate, open_given
from gluonfr.evaluation.score_file import read_score_list

CSV = 'Same, Score,group,first,second\n1,0.9,x,ann,ann\n0,0.1,x,ann,bob\ntrue,0.4,y,bob,bob\nFalse,0.6,y,bob,eve\n'


def write(path, text):
    path.write_text(text, encoding='utf-8')
    return path


def test_columns_go_by_their_names(tmp_path):
    mine = open_given(write(tmp_path / 'mine.csv', CSV))
    assert isinstance(mine, GivenScores) and mine.scores.tolist() == [0.9, 0.1, 0.4, 0.6]
    assert mine.same.tolist() == [True, False, True, False] and mine.group.tolist() == list('xxyy')
    assert mine.people1.tolist() == ['ann', 'bob', 'bob', 'eve'] and mine.has('groups') and mine.sha256
    found = evaluate(mine, protocols=['pairs'], fars=[0.5, 0.1], hardest=2).result
    assert found.sections[0]['notes'] == ['mine: 2 impostor pairs cannot show FAR 0.1; the smallest is 0.5']
    assert found.rows[0]['pairs'] == 4 and found.model is None and found.hardest is None
    assert found.arrays['people'][found.arrays['first_person']].tolist() == ['ann', 'ann', 'bob', 'bob']


def test_an_npz_has_the_same(tmp_path):
    np.savez(tmp_path / 'mine.npz', scores=[0.9, 0.1, 0.4], same=[1, 0, 1], group=['a', 'b', 'c'])
    mine = open_given(tmp_path / 'mine.npz')
    assert mine.scores.tolist() == [0.9, 0.1, 0.4] and mine.same.tolist() == [True, False, True]
    assert mine.group.tolist() == ['a', 'b', 'c'] and mine.people0 is None


@pytest.mark.parametrize('text, message', [
    ('score,other\n1,2\n', 'line 1 must have the columns score .*, without same'),
    ('score,same\n0.5,1\n0.5\n', 'line 3: must have 2 columns, as the first line, got 1'),
    ('score,same\n0.5,1\nnan,0\n', "line 3: the score must be a finite number, got 'nan'"),
    ('score,same\n0.5,2\n', "line 2: same must be 1 or 0, got '2'"),
    ('score,same\n', 'must have at least a line of scores'),
    ('0.5,1\n0.25,0\n', 'line 1 must have the columns score .* got 0.5, 1, without score and same'),
    ('scor,same\n0.5,1\n', 'line 1 must have the columns score .* got scor, same, without score'),
    ('score;same\n0,5;1\n', "line 2: the score must be a finite number, got '0,5'"),
    ('score,same,score\n0.5,1,1\n', 'line 1: each column must have another name'),
    ('score,same,first\n0.5,1,ann\n', 'must name both people of a pair'),
    ('score,same,first,second\n0.5,0,ann,ann\n', 'same must be 1 exactly where first equals second.*row 0')])
def test_a_wrong_line_is_named(tmp_path, text, message):
    with pytest.raises(ValueError, match='mine.csv.*' + message):
        open_given(write(tmp_path / 'mine.csv', text))


@pytest.mark.parametrize('arrays, message', [
    ({'scores': [0.5, np.nan], 'same': [1, 0]}, 'scores must be finite, got nan in 1 of 2 rows, first in row 1'),
    ({'scores': [0.5], 'same': [3]}, 'same must be 1 or 0, got 3 in row 0'),
    ({'scores': [0.5], 'same': [1, 0]}, 'its columns must be of one length'),
    ({'scores': [0.5]}, 'without same')])
def test_a_wrong_row_is_named(tmp_path, arrays, message):
    np.savez(tmp_path / 'mine.npz', **arrays)
    with pytest.raises(ValueError, match='mine.npz.*' + message):
        open_given(tmp_path / 'mine.npz')


@pytest.mark.parametrize('mark', ';\t')
def test_other_marks_between_the_columns(tmp_path, mark):
    mine = open_given(write(tmp_path / 'mine.csv', CSV.replace(',', mark)))
    assert mine.scores.tolist() == [0.9, 0.1, 0.4, 0.6] and mine.people1.tolist() == ['ann', 'bob', 'bob', 'eve']


def test_a_line_that_is_not_utf8_is_named(tmp_path):
    (tmp_path / 'mine.csv').write_bytes(b'score,same,group\n0.5,1,a\n0.5,0,J\xf6rg\n')
    with pytest.raises(ValueError, match='mine.csv, line 3: must be text in UTF-8'):
        open_given(tmp_path / 'mine.csv')


def test_pairs_of_no_group_are_part_of_none(tmp_path):
    lines = ['score,same,group'] + ['0.{},{},{}'.format(i, int(i in (2, 5, 6)), group)
                                    for group in 'ab' for i in range(1, 7)]
    mine = open_given(write(tmp_path / 'mine.csv', '\n'.join(lines + ['0.15,0,', '0.9,0,'])))
    found = evaluate(mine, protocols=['pairs', 'groups'], fars=[0.5]).result
    without = open_given(write(tmp_path / 'without.csv', '\n'.join(lines)))
    same = evaluate(without, protocols=['groups'], fars=[0.5]).result
    assert [row['group'] for row in found.sections[1]['rows']] == ['a', 'b', None]
    assert [row['acc'] for row in found.sections[1]['rows']] == [row['acc'] for row in same.rows]
    assert found.rows[0]['pairs'] == 14 and found.sections[1]['curves'] == same.sections[0]['curves']
    assert found.assumed == ['mine: groups: 2 pairs left out, as they have no group.']


def test_distances_are_told(tmp_path):
    mine = open_given(write(tmp_path / 'mine.csv', 'score,same\n0.1,1\n0.9,0\n'))
    assert 'if these are distances, give them with a minus' in mine.assumed[0]


def test_scores_of_a_list_in_three_forms(tmp_path):
    np.save(tmp_path / 'a.npy', np.array([0.5, 0.25]))
    np.savez(tmp_path / 'b.npz', scores=np.array([0.5, 0.25]))
    write(tmp_path / 'c.txt', '1 2 0.5\n3 4 0.25\n')
    for name in ('a.npy', 'b.npz', 'c.txt'):
        assert read_score_list(str(tmp_path / name), 2).tolist() == [0.5, 0.25]
    with pytest.raises(ValueError, match='a.npy must have a score for each of 3 pairs, got 2'):
        read_score_list(str(tmp_path / 'a.npy'), 3)
    with pytest.raises(ValueError, match="d.txt, line 2: the score must be a finite number, got 'x'"):
        read_score_list(str(write(tmp_path / 'd.txt', '0.5\nx\n')), 2)


def test_protocols_that_need_embeddings_are_refused(tmp_path):
    mine = open_given(write(tmp_path / 'mine.csv', CSV))
    with pytest.raises(ValueError, match='kfold cannot be measured on a file of scores: it needs embeddings'):
        evaluate(mine, protocols=['kfold'])


def test_the_scores_of_a_result_can_be_measured_again(tmp_path):
    mine = open_given(write(tmp_path / 'mine.csv', CSV))
    names, embeddings = people_and_embeddings(4, 3)
    people = GivenPeople('people', '', names, embeddings=embeddings, names=list(range(12)))
    for name, given in (('a', mine), ('b', people)):
        result = evaluate(given, protocols=['pairs'], fars=[0.5]).result
        result.save(tmp_path / name)
        again = evaluate(open_given(tmp_path / (name + '.npz')), protocols=['pairs'], fars=[0.5]).result
        assert again.rows[0]['tar@0.5'] == result.rows[0]['tar@0.5']
    assert again.rows[0]['acc_low'] == result.rows[0]['acc_low'] and again.rows[0]['people'] == 4


def test_groups_of_scores(tmp_path):
    text = 'score,same,group\n' + ''.join('{},{},{}\n'.format(score, same, group) for group in 'xy'
                                          for score, same in ((0.9, 1), (0.2, 0), (0.7, 1), (0.1, 0)))
    result = evaluate(open_given(write(tmp_path / 'mine.csv', text)), fars=[0.5]).result
    assert [section['protocol'] for section in result.sections] == ['pairs', 'groups']
    rows = result.sections[1]['rows']
    assert [row['group'] for row in rows][:2] == ['x', 'y'] and rows[0]['acc'] == rows[1]['acc'] == 1
    assert result.arrays['group'].tolist() == list('xxxxyyyy')
