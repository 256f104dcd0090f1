"""The tables of both READMEs are the rows of the csv files, and every loss is named there."""
import importlib.util
from pathlib import Path

import pytest
from gluonfr.loss import LOSSES, get_loss_list

ROOT = Path(__file__).resolve().parents[2]
READMES = [ROOT / name for name in ('README.md', 'README_zh.md')]


@pytest.fixture(scope='module')
def tables():
    spec = importlib.util.spec_from_file_location('mnist_results', ROOT / 'scripts' / 'mnist_results.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.markdown()


@pytest.mark.parametrize('readme', READMES, ids=lambda path: path.name)
def test_every_row_of_the_result_files_stands_in_the_readme(readme, tables):
    lines = set(readme.read_text(encoding='utf-8').splitlines())
    rows = [line for line in tables.splitlines() if line.startswith('| ') and not line.startswith('| setting or loss')]
    assert rows
    assert not [row for row in rows if row not in lines]  # only the headings are translated


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
