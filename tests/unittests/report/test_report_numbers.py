"""gluonfr.report.numbers and content: columns in words, values as they are read, which metrics come first."""
import math

import pytest

from gluonfr.report.content import cards, number_tables, side_by_side
from gluonfr.report.labels import labelled, series_of
from gluonfr.report.numbers import cell, column_words, headline_metrics, percent, short

pytest.importorskip('bokeh')
from report_cases import make_result  # noqa: E402


@pytest.mark.parametrize('share, words', [
    (0.9942, '99.42 %'), (1, '100.00 %'), (0, '0.00 %'), (9.8e-5, '0.0098 %'), (1e-7, '1e-05 %'), (None, '\u2013'),
    (math.nan, '\u2013')])
def test_percent(share, words):
    assert percent(share) == words


@pytest.mark.parametrize('value, words', [(1000, '1,000'), (1e6, '1,000,000'), (0.31234567, '0.3123'), (2.0, '2')])
def test_short(value, words):
    assert short(value) == words


@pytest.mark.parametrize('column, words, part', [
    ('acc', 'accuracy', 'decided rightly'), ('tar@1e-3', 'TAR at FAR 1e-3', 'at most 1 in 1,000 of'),
    ('tar@0.001', 'TAR at FAR 1e-3', 'at most 1 in 1,000 of'), ('dir@0.01', 'DIR at FPIR 0.01', '1 in 100'),
    ('tar@0.03', 'TAR at FAR 0.03', '3.00 % of'), ('rank1', 'rank-1', 'comes first'), ('rank10', 'rank-10', 'first 10'),
    ('threshold@1e-4', 'threshold for FAR 1e-4', 'or more'), ('tar@x{}', 'TAR at FAR x{}', 'x{}'),
    ('tar@1e-3_low', 'TAR at FAR 1e-3, lower end', '95 %'), ('my_column', 'my column', ''),
    ('fnmr@0', 'FNMR with 0 % rejected', 'refused'), ('fnmr@0.05', 'FNMR with 5 % rejected', 'refused')])
def test_column_words(column, words, part):
    found = column_words(column)
    assert found[0] == words and part in found[1]


@pytest.mark.parametrize('column, value, words', [
    ('acc', 0.5, '50.00 %'), ('pairs', 6000, '6,000'), ('threshold', 0.25, '0.25'), ('tar@1e-6', None, '\u2013'),
    ('far_at_1e-3', 9e-4, '0.09 %'), ('set', 'lfw', 'lfw'),
    ('tar@1e-3_low', 0.05, '5.00 %'), ('dir_threshold@0.01', 0.5, '0.5'), ('error_ratio', 1.0, '1'),
    ('acc_gap', .01, '1.00 %')])
def test_cell(column, value, words):
    assert cell(column, value) == words


def test_headlines_are_the_smallest_rates_that_the_data_show():
    row = {'set': 'a', 'acc': .9, 'std': .01, 'tar@1e-2': .8, 'tar@1e-2_low': .7, 'tar@1e-2_high': .9, 'tar@1e-3': .6,
           'tar@1e-3_low': .5, 'tar@1e-3_high': .7, 'tar@1e-6': None, 'tar@1e-6_low': None, 'tar@1e-6_high': None,
           'compat_tar@1e-3': .65, 'rank1': .9, 'pairs': 10}
    assert [(metric.column, metric.low, metric.std) for metric in headline_metrics(row)] == [
        ('acc', None, .01), ('tar@1e-3', .5, None), ('rank1', None, None)]


def test_cards_say_what_is_known_of_the_uncertainty():
    said = {card['words']: card for card in cards(make_result())}
    assert set(said) == {'accuracy', 'TAR at FAR 1e-3', 'rank-1', 'DIR at FPIR 0.01'}
    assert said['rank-1']['range'] == '95 % interval 90.00 to 95.50 %' and said['rank-1']['value'] == '93.00 %'
    assert 'deviation over 10 folds' in said['accuracy']['range']
    bar = said['rank-1']['bar']
    assert (bar['left'], bar['right']) == ('80 %', '100 %')
    assert (bar['low'], bar['value'], bar['high']) == (50, 65, 77.5)


def test_the_card_of_distractors_is_of_the_most():
    result = make_result(pairs=40)
    result.sections = [dict(result.sections[1], protocol='distractors', rows=[
        {'set': 'a', 'distractors': size, 'rank1': rank1} for size, rank1 in ((10, .9), (1000, .5))])]
    card, = cards(result)
    assert (card['words'], card['value']) == ('rank-1 among 1,000 others', '50.00 %')


def test_models_side_by_side_have_one_scale():
    known = labelled([make_result(), make_result('other', gap=1.5)])
    groups = side_by_side([{'label': label, 'look': look, 'metrics': cards(result)} for label, look, result in known])
    for group in groups:
        assert [label for label, _, _ in group['lines']] == ['mobilefacenet', 'other']
        assert len({metric['bar']['left'] for _, _, metric in group['lines']}) == 1


@pytest.mark.parametrize('names, labels', [
    ([('a', 'x'), ('b', 'x')], ['a', 'b']), ([('a', 'x'), ('a', 'y')], ['x', 'y']),
    ([('a', 'x'), ('b', 'x'), ('a', 'y')], ['a on x', 'b on x', 'a on y']),
    ([('a', 'x'), ('a', 'x')], ['a on x (1)', 'a on x (2)'])])
def test_labels_tell_results_apart(names, labels):
    results = [make_result(model, data, pairs=40) for model, data in names]
    assert [label for label, _, _ in labelled(results)] == labels


def test_one_model_used_in_two_ways_is_named_with_what_differs():
    results = [make_result(pairs=40), make_result(pairs=40)]
    results[0].model['flip'] = 'none'
    assert [label for label, _, _ in labelled(results)] == ['mobilefacenet', 'mobilefacenet (flip sum)']


def test_of_several_sections_the_one_with_the_most_pairs_is_drawn():
    result = make_result(pairs=200)
    more = make_result(pairs=400).sections[0]
    result.sections.append(dict(more, protocol='pairs'))
    (label, _, curve), = series_of(labelled([result]), 'roc')
    assert label == 'mobilefacenet' and curve is more['curves']['roc']


def test_tables_hold_every_row_with_intervals_in_its_cells():
    tables = {table['caption']: table for table in number_tables(labelled([make_result()]))}
    kfold = {row[0]['text']: row[1] for row in tables['protocol kfold']['rows']}
    assert kfold['pairs']['text'] == '2,000' and kfold['TAR at FAR 1e-6']['text'] == '\u2013'
    assert ' to ' in kfold['TAR at FAR 1e-3']['text'] and 'TAR at FAR 1e-3, lower end' not in kfold
    groups = tables['protocol groups']
    assert len(groups['rows']) == 5 and [head['words'] for head in groups['columns']] == [
        'result', 'set', 'pairs', 'accuracy']
    assert groups['rows'][0][3] == {'text': '98.00 % (96.00 to 99.50 %)', 'value': .98, 'meaning': '', 'number': True}
