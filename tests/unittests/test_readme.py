"""The tables of both READMEs are the rows of the csv files, and every loss is named there."""
import csv
import importlib
import importlib.util
import re
import shlex
from pathlib import Path

import pytest
from gluonfr.cli.parsers import make_parser
from gluonfr.data.recognition import TRAINING, VERIFICATION
from gluonfr.loss import LOSSES, get_loss_list
from gluonfr.model_zoo import get_model_list
from gluonfr.model_zoo.model_store import list_cards

ROOT = Path(__file__).resolve().parents[2]
READMES = [ROOT / name for name in ('README.md', 'README_zh.md')]


def results_script(name='mnist_results'):
    spec = importlib.util.spec_from_file_location(name, ROOT / 'scripts' / (name + '.py'))
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


@pytest.mark.parametrize('readme,language', list(zip(READMES, ('en', 'zh'))), ids=['en', 'zh'])
def test_the_tables_are_those_of_the_result_files(readme, language):
    script = results_script()
    table = '\n\n'.join((script.MARKS[0], script.markdown(language), script.MARKS[1]))
    assert table in readme.read_text(encoding='utf-8'), 'run: python scripts/mnist_results.py --readme'


@pytest.mark.parametrize('readme,language', list(zip(READMES, ('en', 'zh'))), ids=['en', 'zh'])
def test_the_table_of_ring_loss_is_that_of_the_result_file(readme, language):
    script = results_script('mnist_ringloss')
    table = '\n\n'.join((script.MARKS[0], script.markdown(language), script.MARKS[1]))
    assert table in readme.read_text(encoding='utf-8'), 'run: python scripts/mnist_ringloss.py --draw'


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


PAGES = READMES + [ROOT / 'examples' / name / 'README.md' for name in ('face', 'mnist')]
RESULTS = ('out', 'csv', 'plots', 'plot', 'onnx', 'symbol', 'torch')  # what commands write
FILES = ('data', 'dataset', 'eval', 'folder', 'source', 'images', 'gallery', 'queries', 'net', 'params', 'calibrate')


def lines_of_blocks(page):
    """The command lines of a page's sh blocks, without comments, as lists of words."""
    for block in re.findall('^```sh\n(.*?)^```', page.read_text(encoding='utf-8'), re.M | re.S):
        for line in block.replace('\\\n', ' ').splitlines():
            words = shlex.split(line, comments=True)
            if words:
                yield words


def parsed(words, monkeypatch):
    """What the command's own parser makes of a line: {option: value}; {} of what is not ours."""
    if words[0] == 'gluonfr':
        parser = make_parser()
    elif words[0] == 'python':
        folder = ROOT / Path(words[1]).parent
        monkeypatch.syspath_prepend(str(folder))
        module = importlib.import_module(Path(words[1]).stem)
        assert Path(module.__file__) == ROOT / words[1]
        if words[1].endswith('make_gif.py'):
            return {}
        if words[1].endswith('main.py'):
            return {} if '--help' in words else vars(module.parse_args(words[2:])[1])
        parser, words = module.make_parser(), words[1:]
    else:
        assert words[0] in ('source', 'pip') or (ROOT / words[0]).is_file(), words
        return {}
    return {} if '--help' in words else vars(parser.parse_args(words[1:]))


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_parse_write_to_outputs_and_read_what_is_there(page, monkeypatch):
    """Every path is in outputs/ and was written by a line before, has a word in capitals, or is a name."""
    names = set(get_model_list()) | set(list_cards()) | set(TRAINING) | set(VERIFICATION)
    written, count = ['outputs/quickstart'], 0
    for words in lines_of_blocks(page):
        options, count = parsed(words, monkeypatch), count + 1
        results = [options[name] for name in RESULTS if isinstance(options.get(name), str)]
        assert all(path.startswith('outputs/') for path in results), words
        read = [path for name in FILES if options.get(name)
                for path in (options[name] if isinstance(options[name], list) else [options[name]])]
        if words[0] == 'python':  # --dataset and --model of main.py are names
            read = [options['folder']] if options.get('folder') else []
        for path in read:
            marked = any(re.fullmatch('[A-Z]{2,}', part.split('.')[0]) for part in path.split('/'))
            made = any(path == result or path.startswith(result + '/') for result in written)
            assert marked or made or set(path.split(',')) <= names, '{} in {}'.format(path, ' '.join(words))
        written += results
    assert count >= 7


def test_the_pages_of_both_languages_give_the_same_commands():
    assert list(lines_of_blocks(READMES[0])) == list(lines_of_blocks(READMES[1]))


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_names_a_folder_that_git_would_see(page):
    """runs/, data/, nets/ and the like are of earlier pages."""
    text = page.read_text(encoding='utf-8')
    found = re.findall(r'[ `(](?:runs|data|nets|figures|aligned|people|photos)/[\w/.]*', text)
    assert not found
    assert 'outputs/' in (ROOT / '.gitignore').read_text().splitlines()
