"""README and docs: their links, their commands, and what they may not say."""
import importlib
import inspect
import re
from pathlib import Path

import gluonfr
import pytest
from helpers import ROOT
from page_cases import CHINESE, PAGES, READMES, blocks, command_lines, page_name

from gluonfr.cli.parsers import make_parser
from gluonfr.data.recognition import TRAINING, VERIFICATION
from gluonfr.model_zoo import get_model_list
from gluonfr.model_zoo.model_store import list_cards

RESULTS = ('out', 'csv', 'plots', 'plot', 'onnx', 'symbol', 'torch')  # what commands write
FILES = ('data', 'dataset', 'eval', 'folder', 'source', 'images', 'gallery', 'queries', 'net', 'params', 'calibrate')


@pytest.mark.parametrize('readme', READMES, ids=page_name)
def test_the_readme_is_short(readme):
    assert len(readme.read_text(encoding='utf-8').splitlines()) <= 150


@pytest.mark.parametrize('page', PAGES, ids=page_name)
def test_files_and_headings_that_a_page_points_to_are_there(page):
    text = page.read_text(encoding='utf-8')
    links = re.findall(r'\]\(([^)\s]+)\)', text) + re.findall(r'src="([^"]+)"', text)
    for link in links:
        if not re.match('https?:', link):
            path, _, heading = link.partition('#')
            target = page.parent / path if path else page
            assert target.exists(), link
            headings = re.findall('^#+ (.*)', target.read_text(encoding='utf-8'), re.M) if heading else []
            assert not heading or heading in [re.sub('[^a-z0-9 -]', '', h.lower()).replace(' ', '-') for h in headings]


def test_both_languages_have_the_same_commands_and_links():
    code = [[command_lines(block.code) for block in blocks(page) if block.language == 'sh'] for page in READMES]
    assert code[0] == code[1]
    first, second = (set(re.findall(r'\]\((docs/[^)]+)\)', page.read_text(encoding='utf-8'))) for page in READMES)
    chinese = {'docs/' + name for name in ('install.md', 'tutorial.md', 'architecture.svg')}
    assert first - chinese <= second


def test_every_public_part_has_a_page_in_the_reference():
    parts = [path.stem for path in (ROOT / 'docs' / 'api').glob('*.md')]
    assert set(gluonfr.__all__) - {'__version__'} <= set(parts)


@pytest.mark.parametrize('page', sorted((ROOT / 'docs' / 'api').glob('*.md')), ids=page_name)
def test_every_public_name_is_in_the_reference(page):
    """Sphinx takes classes and functions from their docstrings; a constant stands in the page itself."""
    text = page.read_text(encoding='utf-8')
    for part in re.findall(r'automodule:: (\S+)', text):
        module = importlib.import_module(part)
        missing = [name for name in module.__all__ if ':: {}.{}\n'.format(part, name) not in text and not (
            name in dir(module) and callable(getattr(module, name)) and inspect.getdoc(getattr(module, name)))]
        assert not missing, 'say in {} what {} is, after `.. py:data:: {}.{}`'.format(
            page_name(page), missing[0], part, missing[0])


@pytest.mark.parametrize('page', PAGES, ids=page_name)
def test_what_is_installed_is_this_checkout(page):
    """By its bare name pip takes gluonfr 1.0 of the index, which has no extras."""
    text = page.read_text(encoding='utf-8')
    assert not re.findall(r"install\s+'?gluonfr", text)
    extras = set(','.join(re.findall(r"pip install -e '\.\[([\w,]+)\]'", text)).split(',')) - {''}
    assert not extras - set(re.findall(r"^    '(\w+)': \[", (ROOT / 'setup.py').read_text(), re.M))


def parsed(words, monkeypatch):
    """What the command's own parser makes of a line: {option: value}; {} of what is not ours."""
    if words[0] == 'gluonfr':
        parser = make_parser()
    elif words[0] == 'python' and not words[1].startswith('scripts/'):
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
        assert words[0] in ('source', 'pip') or (ROOT / words[words[0] in ('python', 'pytest')]).is_file(), words
        return {}
    return {} if {'--help', '--version'} & set(words) else vars(parser.parse_args(words[1:]))


@pytest.mark.parametrize('page', [page for page in PAGES if blocks(page)], ids=page_name)
def test_blocks_parse_write_to_outputs_and_read_what_is_there(page, monkeypatch):
    """Every path is in outputs/ and was written by a line before, has a word in capitals, or is a name."""
    names = set(get_model_list()) | set(list_cards()) | set(TRAINING) | set(VERIFICATION)
    written = ['outputs/quickstart']
    for words in [words for block in blocks(page) if block.language == 'sh' for words in command_lines(block.code)]:
        options = parsed(words, monkeypatch)
        results = [options[name] for name in RESULTS if isinstance(options.get(name), str)]
        results += [options['gallery']] if words[:2] == ['gluonfr', 'enrol'] else []
        assert all(path.startswith('outputs/') for path in results), words
        written += results if words[:2] == ['gluonfr', 'enrol'] else []
        read = [path for name in FILES if options.get(name)
                for path in (options[name] if isinstance(options[name], list) else [options[name]])]
        if words[0] == 'python':  # --dataset and --model of main.py are names
            read = [options['folder']] if options.get('folder') else []
        for path in read:
            marked = any(re.fullmatch('[A-Z]{2,}', part.split('.')[0]) for part in path.split('/'))
            made = any(path == result or path.startswith(result + '/') for result in written)
            assert marked or made or set(path.split(',')) <= names, '{} in {}'.format(path, ' '.join(words))
        written += results


@pytest.mark.parametrize('page', PAGES, ids=page_name)
def test_no_page_names_a_folder_that_git_would_see(page):
    """runs/, data/, nets/ and the like are of earlier pages."""
    text = page.read_text(encoding='utf-8')
    assert not re.findall(r'[ `(](?:runs|data|nets|figures|aligned|people|photos)/[\w/.]*', text)
    assert 'outputs/' in (ROOT / '.gitignore').read_text().splitlines()


@pytest.mark.parametrize('page', CHINESE, ids=page_name)
def test_chinese_pages_do_not_say_times_faster(page):
    """"快 1.9 倍" means 2.9 times as fast."""
    assert not re.search(r'快\s*[\d.]', page.read_text(encoding='utf-8'))
