"""What a report says beside its pictures: the summary, tables of all numbers, the hardest pairs, how to repeat it."""
import math
import os
import re

from .numbers import cell, column_words, headline_metrics, is_number, percent

__all__ = ['advice_table', 'cards', 'number_tables', 'pair_groups', 'plain_table', 'repeat_parts', 'row_cards',
           'said_of', 'side_by_side']

SCALES = 0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995  # where the bar of an interval may begin
MOST_PAIRS = 24    # of each kind
MOST_LEFT_OUT = 200
BASE64 = re.compile('[A-Za-z0-9+/]+=*')
WORDS = {'sha256': 'SHA-256', 'card_sha256': 'SHA-256 of the card', 'color': 'order of colours',
         'flip': 'mirror images', 'fmr': 'false match rate', 'cpu': 'processor'}
FIRST = 'name', 'kind', 'path', 'sha256'
HOW = {'protocol', 'version', 'data_sha256', 'net', 'net_sha256', 'card_sha256', 'engine', 'precision', 'flip', 'color',
       'normalization', 'command', 'pca'}  # of a row: the last part of the report says it


def cards(result):
    """The headline metrics of a result, each once: dicts for the template.

    They are those of the first row of each section, but of groups none, and of distractors those among the most.
    """
    found = []
    for section in result.sections:
        if section['rows'] and section['protocol'] != 'groups':
            row = section['rows'][-1 if section['protocol'] == 'distractors' else 0]
            others = ' among {:,} others'.format(row['distractors']) if is_number(row.get('distractors')) else ''
            found += row_cards(row, others)
    return list({said['words']: said for said in found[::-1]}.values())[::-1]


def row_cards(row, of=''):
    """The headline metrics of a row as dict: words, meaning, value, range, and the bar of the interval."""
    found = []
    for metric in headline_metrics(row):
        low, high = _ends(metric)
        found.append({'words': metric.words + of, 'meaning': metric.meaning, 'value': percent(metric.value),
                      'range': _range(metric, row), 'ends': (low, metric.value, high),
                      'bar': _bar(low, metric.value, high)})
    return found


def side_by_side(summaries):
    """The headline metrics of several results, for each metric a line of each result, all on one scale.

    Parameters
    ----------
    summaries : list of dict
        With label, look and metrics, as `cards` gives them.

    Returns
    -------
    list of dict
        words, meaning, left and right (ends of the scale), and lines: (label, look, metric with its bar).
    """
    groups = []
    for words in dict.fromkeys(metric['words'] for summary in summaries for metric in summary['metrics']):
        lines = [(summary['label'], summary['look'], metric) for summary in summaries for metric in summary['metrics']
                 if metric['words'] == words]
        lowest = min(metric['ends'][0] for _, _, metric in lines)
        lines = [(label, look, dict(metric, bar=_bar(*metric['ends'], lowest=lowest)))
                 for label, look, metric in lines]
        groups.append({'words': words, 'meaning': lines[0][2]['meaning'], 'lines': lines})
    return groups


def _range(metric, row):
    if is_number(metric.low) and metric.low == metric.high:
        return 'no interval: no pair is wrong that people drawn again could vary'
    if is_number(metric.low) and is_number(metric.high):
        return '95 % interval {} to {}'.format(percent(metric.low).replace(' %', ''), percent(metric.high))
    if is_number(metric.std):
        return '\u00b1 {} (deviation over {} folds)'.format(percent(metric.std), row.get('folds') or 'the')
    return 'no interval is known'


def _ends(metric):
    if is_number(metric.low) and is_number(metric.high):
        return metric.low, metric.high
    return (metric.value - metric.std, metric.value + metric.std) if is_number(metric.std) else (metric.value,) * 2


def _bar(low, value, high, lowest=None):
    """Places in percent of the bar's length, from a round share below `lowest` to 100 %; None for what is no share."""
    if not 0 <= value <= 1:
        return None
    lowest = max(low if lowest is None else lowest, 0)
    left = max(scale for scale in SCALES if scale <= lowest - 0.1 * (1 - lowest) or scale == 0)
    place = {name: round(100 * (min(max(share, left), 1) - left) / (1 - left), 2)
             for name, share in (('low', low), ('value', value), ('high', high))}
    return dict(place, left=percent(left).replace('.00', ''), right='100 %')


def said_of(result):
    """A line below the name of a result: data, model, protocols."""
    data, model = result.data, result.model or {}
    counts = ['{:,} {}'.format(data[name], name) for name in ('images', 'people') if is_number(data.get(name))]
    words = ['{}{}'.format(data.get('name') or 'data', ' ({})'.format(', '.join(counts)) if counts else '')]
    words += [str(model[name]) for name in ('engine', 'precision') if model.get(name)]
    if model.get('flip') not in (None, 'none'):
        words.append('mirror images: {}'.format(model['flip']))
    protocols = dict.fromkeys('{} {}'.format(section['protocol'], section['version']) for section in result.sections)
    return ' \u00b7 '.join([*words, 'protocols: ' + ', '.join(protocols)] if protocols else words)


def plain_table(caption, columns, rows):
    """A table of words: `columns` are str, a cell that reads as a number sorts as one."""
    return {'caption': caption, 'columns': [{'words': words, 'meaning': '', 'number': False} for words in columns],
            'rows': [[_cell('', str(text)) for text in row] for row in rows]}


def number_tables(known):
    """A table for each protocol: all columns of all rows, a row for each result and set.

    Few rows stand side by side instead, a line for each column.
    """
    tables = []
    for protocol in dict.fromkeys(section['protocol'] for _, _, result in known for section in result.sections):
        rows = [(label, row) for label, _, result in known for section in result.sections
                if section['protocol'] == protocol for row in section['rows']]
        columns = [name for name in dict.fromkeys(name for _, row in rows for name in row) if name not in HOW]
        columns = [name for name in columns if not (name.endswith(('_low', '_high'))
                                                    and name.rpartition('_')[0] in columns)]
        if not rows:
            continue
        tables.append((_beside if len(rows) <= 4 else _below)(protocol, rows, columns))
    return tables


def _below(protocol, rows, columns):
    heads = [{'words': 'result', 'meaning': '', 'number': False}]
    for name in columns:
        words, meaning = column_words(name)
        heads.append({'words': words, 'meaning': meaning, 'number': any(is_number(row.get(name)) for _, row in rows)})
    return {'caption': 'protocol ' + protocol, 'columns': heads, 'rows': [
        [_cell('', label), *(_with_interval(name, row) for name in columns)] for label, row in rows]}


def _beside(protocol, rows, columns):
    titles = [label if len({label for label, _ in rows}) == len(rows) or not row.get('set')
              else '{}: {}'.format(label, row['set']) for label, row in rows]
    lines = []
    for name in columns:
        words, meaning = column_words(name)
        lines.append([dict(_cell('', words), meaning=meaning), *(_with_interval(name, row) for _, row in rows)])
    return {'caption': 'protocol ' + protocol, 'rows': lines, 'columns': [
        {'words': words, 'meaning': '', 'number': i > 0} for i, words in enumerate(['quantity', *titles])]}


def _cell(column, value, more=''):
    return {'text': cell(column, value) + more, 'value': value if is_number(value) else None, 'meaning': '',
            'number': not isinstance(value, str)}


def _with_interval(column, row):
    """A cell with its interval, where the row has one."""
    ends = [row.get(column + end) for end in ('_low', '_high')]
    more = ' ({} to {})'.format(cell(column, ends[0]).replace(' %', ''), cell(column, ends[1])) \
        if all(map(is_number, ends)) else ''
    return _cell(column, row.get(column), more)


def advice_table(known):
    """Thresholds that are advised, for all results; None without any."""
    rows = [[_cell('', label), _cell('fmr', entry.get('fmr')),
             _with_interval('threshold', {'threshold' + end: entry.get(name) for end, name in (
                 ('', 'threshold'), ('_low', 'low'), ('_high', 'high'))}),
             _cell('people', entry.get('people')), _cell('tar@', entry.get('tar')),
             _cell('fmr', entry.get('held_out_fmr'))] for label, _, result in known for entry in result.advice]
    names = ('result', 'false match rate', 'threshold', 'people it was chosen on', 'pairs of one person accepted',
             'false match rate on people left out')
    return {'caption': 'Thresholds at chosen false match rates, with 95 % intervals over people', 'rows': rows,
            'columns': [{'words': words, 'meaning': '', 'number': i > 0} for i, words in enumerate(names)]} \
        if rows else None


def pair_groups(known, faces):
    """The hardest pairs of each result: false accepts, then false rejects."""
    groups, most = [], max(MOST_PAIRS // max(len(known), 1), 6)
    for label, _, result in known:
        for kind, title, said in (
                ('false_accepts', 'Different people, taken for one', 'The pairs of different people with the highest '
                                                                     'scores.'),
                ('false_rejects', 'One person, taken for two', 'The pairs of one person with the lowest scores.')):
            pairs = ((result.hardest or {}).get(kind) or [])[:most]
            shared = _shared_folder([pair[side + '_name'] for pair in pairs for side in ('first', 'second')])
            if pairs:
                groups.append({'title': title + (': ' + label if len(known) > 1 else ''), 'said': said,
                               'pairs': [_pair(pair, faces, shared) for pair in pairs]})
    return groups


def _shared_folder(names):
    """How many letters of all names are those of one folder, which need not be said again and again."""
    return os.path.commonprefix(names).rfind('/') + 1


def _pair(pair, faces, shared):
    thumbs = [(pair['{}_thumb'.format(side)], pair['{}_name'.format(side)]) for side in ('first', 'second')]
    shown = faces and all(isinstance(thumb, str) and BASE64.fullmatch(thumb) for thumb, _ in thumbs)
    return {'score': 'score {:.4f}'.format(pair['score']) if is_number(pair['score']) else 'no score',
            'first': pair['first_name'][shared:],
            'second': pair['second_name'][shared:], 'faces': thumbs if shown else []}


def repeat_parts(known, runs):
    """All that one needs to repeat each result and each run."""
    parts = []
    for label, _, result in known:
        protocols = [(section['protocol'], 'version {}{}'.format(section['version'], ''.join(
            ', {} = {}'.format(*pair) for pair in section['parameters'].items()))) for section in result.sections]
        made = {name: value for name, value in result.made.items() if name != 'command'}
        left_out = result.data.get('left_out') or []
        parts.append({
            'title': label, 'command': result.made.get('command') or '', 'left_out_count': len(left_out),
            'left_out': ['{}: {}'.format(entry.get('what'), entry.get('why')) for entry in left_out[:MOST_LEFT_OUT]],
            'groups': [('Model', _facts(result.model or {})), ('Data', _facts(result.data)), ('Protocols', protocols),
                       ('How it was made', _facts(made))]})
    for run in runs:
        card = {name: run.card[name] for name in ('model', 'params', 'sha256', 'step', 'gluonfr') if name in run.card}
        parts.append({'title': 'training ' + run.name, 'command': run.card.get('command') or '', 'left_out': [],
                      'left_out_count': 0, 'groups': [('Network', _facts(card)), ('Recipe', _facts(run.recipe))]})
    return parts


def _facts(about):
    names = sorted(about, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST)))
    return [(WORDS.get(name, name.replace('_', ' ')), _text(about[name]))
            for name in names if name != 'left_out' and about[name] not in (None, '', [], {})]


def _text(value):
    if isinstance(value, dict):
        return ', '.join('{} {}'.format(str(name).replace('_', ' '), _text(entry)) for name, entry in value.items())
    if isinstance(value, list):
        return ', '.join(map(_text, value))
    if isinstance(value, float):
        return '{:.6g}'.format(value) if math.isfinite(value) else '\u2013'
    return '{:,}'.format(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)
