"""The tables of both READMEs are the rows of the csv files, and every loss is named there."""
import csv
import importlib
import importlib.util
import re
from pathlib import Path

import pytest
from gluonfr.loss import LOSSES, get_loss_list
from gluonfr.model_zoo import get_model_list

ROOT = Path(__file__).resolve().parents[2]
READMES = [ROOT / name for name in ('README.md', 'README_zh.md')]


def results_script():
    spec = importlib.util.spec_from_file_location('mnist_results', ROOT / 'scripts' / 'mnist_results.py')
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


@pytest.mark.parametrize('readme,language', list(zip(READMES, ('en', 'zh'))), ids=['en', 'zh'])
def test_the_tables_are_those_of_the_result_files(readme, language):
    script = results_script()
    table = '\n\n'.join((script.MARKS[0], script.markdown(language), script.MARKS[1]))
    assert table in readme.read_text(encoding='utf-8'), 'run: python scripts/mnist_results.py --readme'


@pytest.mark.parametrize('readme,language', list(zip(READMES, ('en', 'zh'))), ids=['en', 'zh'])
def test_the_table_of_speed_is_that_of_the_result_files(readme, language, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / 'scripts' / 'benchmark'))
    script = importlib.import_module('readme')
    table = '\n\n'.join((script.MARKS[0], script.markdown(language), script.MARKS[1]))
    assert table in readme.read_text(encoding='utf-8'), 'run: python scripts/benchmark/readme.py'


@pytest.mark.parametrize('values, verdict', [((1.5, 2.25), ', missed once'), ((1.5, 1.25), ', missed'), ((3.0,), '')])
def test_the_table_of_speed_shows_every_pass(tmp_path, monkeypatch, values, verdict):
    monkeypatch.syspath_prepend(str(ROOT / 'scripts' / 'benchmark'))
    script = importlib.import_module('readme')
    monkeypatch.setattr(script, 'RESULTS', str(tmp_path))
    lines = ['task,pass,contestant,measure,value,goal,met'] + [
        'mobilefacenet,{},PyTorch,speed,{},>= 2,{}'.format(number, value, 'yes' if value >= 2 else 'no')
        for number, value in enumerate(values, 1)]
    (tmp_path / 'benchmark-train.csv').write_text('\n'.join(lines + ['mobilefacenet,1,other,speed,3,,']))
    shown = ' and '.join('{:.2f}'.format(value) for value in values)
    assert script.markdown('en').splitlines()[2:] == [
        '| {} | PyTorch | {}x as fast | >= 2{} |'.format(script.TASKS['train', 'mobilefacenet'], shown, verdict)]


@pytest.mark.parametrize('kept', [0, 1])
def test_a_readme_that_lost_a_mark_loses_nothing_more(tmp_path, kept):
    script = results_script()
    readme = tmp_path / 'README.md'
    readme.write_text('before\n' + script.MARKS[kept] + '\nafter\n')
    with pytest.raises(ValueError, match='README.md must hold the marks'):
        script.write_tables(str(readme), 'en')
    assert readme.read_text() == 'before\n' + script.MARKS[kept] + '\nafter\n'


@pytest.mark.parametrize('readme', READMES, ids=lambda path: path.name)
def test_every_loss_stands_in_the_readme_with_its_class_and_names(readme):
    lines = readme.read_text(encoding='utf-8').splitlines()
    for name in get_loss_list():
        row = next(line for line in lines if line.startswith('| {} | {} |'.format(name, LOSSES.get(name).__name__)))
        assert set(LOSSES.aliases(name)) <= set(row.split(' | ')[2].split(', ')) | {''}, name


@pytest.mark.parametrize('readme', READMES, ids=lambda path: path.name)
def test_files_that_the_readme_points_to_are_there(readme):
    text = readme.read_text(encoding='utf-8')
    links = [part.split(')')[0] for part in text.split('](')[1:]]
    missing = [link for link in links if not link.startswith('http') and not (ROOT / link).exists()]
    assert not missing


@pytest.mark.parametrize('readme', READMES, ids=lambda path: path.name)
def test_every_net_stands_in_the_readme(readme):
    words = set(readme.read_text(encoding='utf-8').replace(',', ' ').split())
    assert not set(get_model_list()) - words


def face_lines():
    """The table lines that the result files of faces make."""
    with open(str(ROOT / 'resources' / 'results' / 'lfw-fold1.csv'), newline='', encoding='utf-8') as file:
        for row in csv.DictReader(file):
            yield '| {} | {} | {:.2f} ± {:.2f} | {:.4f} | {:.2f} |'.format(
                row['name'], row['epochs'], 100 * float(row['acc']), 100 * float(row['std']), float(row['auc']),
                100 * float(row['eer']))
    with open(str(ROOT / 'resources' / 'results' / 'lfw-y1.csv'), newline='', encoding='utf-8') as file:
        for row in csv.DictReader(file):
            yield '| {reader} | {precision} | {flip} | {thresholds} | {:.2f} ± {:.2f} |'.format(
                100 * float(row['acc']), 100 * float(row['std']), **row)


@pytest.mark.parametrize('readme', READMES, ids=lambda path: path.name)
def test_the_face_tables_are_those_of_the_result_files(readme):
    lines = readme.read_text(encoding='utf-8').splitlines()
    assert not [line for line in face_lines() if line not in lines]


@pytest.mark.parametrize('readme', READMES, ids=lambda path: path.name)
def test_what_is_installed_is_this_checkout(readme):
    """By its bare name pip takes gluonfr 1.0 of the index, which has no extras."""
    text = readme.read_text(encoding='utf-8')
    assert not re.findall(r"install\s+'?gluonfr", text)
    extras = set(','.join(re.findall(r"pip install -e '\.\[([\w,]+)\]'", text)).split(','))
    assert extras and not extras - set(re.findall(r"^    '(\w+)': \[", (ROOT / 'setup.py').read_text(), re.M))
