"""What a run of `gluonfr train` leaves in its folder."""
import re

import pytest
from cli_cases import train
from helpers import rows

from gluonfr.compat import without_module
from gluonfr.deploy import read_card

pytestmark = pytest.mark.mxnet


def test_what_a_run_leaves(trained, data):
    for name in ('log.txt', 'steps.csv', 'metrics.csv', 'verify.csv', 'curves.png', 'card.json', 'recipe.json'):
        assert (trained / name).stat().st_size > 0, name
    assert list((trained / 'tensorboard').iterdir())
    assert [row['step'] for row in rows(trained / 'steps.csv')] == ['2', '4', '6', '8', '9']
    assert [row['step'] for row in rows(trained / 'verify.csv')] == ['3', '6', '9']
    assert [row['step'] for row in rows(trained / 'metrics.csv')] == ['4', '8']


def test_the_report_has_the_curves_and_the_card(trained):
    pytest.importorskip('bokeh')
    text = (trained / 'report.html').read_text(encoding='utf-8')
    assert 'picture-run-loss-0' in text and 'picture-run-accuracy-0' in text and 'accuracy on val' in text
    assert read_card(str(trained / 'card.json'))[0]['sha256'] in text  # the last one, written after the card


def test_the_report_is_refreshed_at_each_verification(data, tmp_path, monkeypatch):
    pytest.importorskip('bokeh')
    seen = []

    def look(sources, path):
        seen.append((len(rows(tmp_path / 'run' / 'verify.csv')), (tmp_path / 'run' / 'card.json').exists()))
    monkeypatch.setattr('gluonfr.report.callback.write_report', look)
    monkeypatch.setattr('gluonfr.cli.train.write_report', look)
    train(data, tmp_path / 'run', '--steps', 5, '--eval', data / 'val.bin', '--eval-folds', 2, '--eval-every', 2,
          report=True)
    assert seen == [(1, False), (2, False), (3, False), (3, True)]


def test_without_its_libraries_a_run_has_no_report_and_says_so(data, tmp_path, caplog):
    with without_module('bokeh'):
        train(data, tmp_path / 'run', '--steps', 1, report=True)
    assert [line for line in caplog.messages if line.startswith('no report.html: a report needs the packages bokeh')]
    train(data, tmp_path / 'other', '--steps', 1)
    assert not list(tmp_path.glob('*/report.html'))


def test_log_has_the_recipe_once_then_numbers(trained):
    lines = (trained / 'log.txt').read_text(encoding='utf-8').splitlines()
    assert lines[0].startswith('gluonfr train --dataset') and '48 images of 6 people, 9 steps' in lines[1]
    for word in ('batch_size=12', 'lr=0.01', 'wd=0.0005', 'momentum=0.9', 'lr_mode=cosine', 'seed=0', 'augment=mirror'):
        assert word in lines[2].split()
    steps = [line for line in lines if re.match(r'epoch \d+ step', line)]
    assert len(steps) == 5 and all(re.fullmatch(
        r'epoch \d step \d loss \S+ accuracy \S+ lr \S+ \d+ images/s \S+ s', line) for line in steps)
    assert [line for line in lines if re.fullmatch(r'step [369] val: 0\.\d{4}\+-0\.\d{4}', line)] == [
        line for line in lines if ' val:' in line] and sum(' val:' in line for line in lines) == 3
    assert lines.count('val: 12 impostor pairs cannot show FAR 0.001; the smallest is 0.0834') == 1
    assert lines[-1] == 'stopped at step 9: --steps 9 are done'


def test_the_card_is_of_the_best_step(trained, data):
    card, weights, spec = read_card(str(trained / 'card.json'))
    found = rows(trained / 'verify.csv')
    best = max(found, key=lambda row: float(row['acc']))
    assert card['step'] == int(best['step']) and card['metrics']['val']['acc'] == float(best['acc'])
    assert weights.endswith('best.params') and card['params'] == 'checkpoint/best.params'
    assert card['data']['images'] == 48 and card['data']['classes'] == 6 and len(card['data']['index_sha256']) == 64
    assert card['command'].startswith('gluonfr train --dataset ') and spec.embedding_size == 2
