"""What each registered loss has beside its code; a sentence says what is missing and where it goes."""
import csv
import inspect
import json
import re

import pytest
from helpers import ROOT

import loss_cases as lc
from gluonfr.loss import LOSSES, get_loss_list

RESOURCES = ROOT / 'resources'
CONFIG = json.loads((ROOT / 'examples' / 'mnist' / 'config.json').read_text(encoding='utf-8'))['losses']
PICTURES = 'train', 'test'


def rows():
    """{loss: its row on full MNIST}."""
    with open(RESOURCES / 'results' / 'mnist.csv', newline='', encoding='utf-8') as file:
        return {row['name']: row for row in csv.DictReader(file) if row['kind'] == 'loss'}


def pictures(name):
    """The pictures of a loss that are there, by folder and name."""
    view = CONFIG.get(name, {}).get('view', 'euclidean')
    wanted = [name + '-' + which + ending for which in PICTURES
              for ending in ['.png'] + ['-circle.png'] * (view == 'angular')]
    return [path for path in wanted if (RESOURCES / ('mnist-' + view) / path).is_file()], wanted


def missing(name, made):
    """A sentence for each thing that a loss lacks."""
    text = inspect.getdoc(LOSSES.get(name))
    first, use = text.partition('\n\n')[0], ' '.join(text.partition('When to use it: ')[2].split())
    if not any(case.name == name for case in lc.CASES):
        yield 'a case with its reference in NumPy, which its values and gradients are compared with: {}'.format(
            'tests/cases/loss_cases.py')
    if not re.search(r'\d{4}\.\d{5}|ECCV|ICCV|Hadsell|Gluon', first):
        yield 'its paper, title and number of arXiv, in the first paragraph of its docstring'
    if ':math:' not in text and '.. math::' not in text:
        yield 'its formula in its docstring'
    if 'First change' not in use:
        yield '"When to use it: ... First change ..." in its docstring, a paragraph that the documentation shows'
    if name not in CONFIG:
        yield 'a recipe that trains digits in 2-d: "losses" in examples/mnist/config.json'
    there, wanted = pictures(name)
    again = 'python scripts/mnist_results.py --only loss:{} makes both'.format(name)
    if name in made and there != wanted:
        yield 'the pictures {} to its row in resources/results/mnist.csv; {}'.format(
            ', '.join(sorted(set(wanted) - set(there))), again)
    if there and name not in made:
        yield 'the row in resources/results/mnist.csv to its pictures; {}'.format(again)


@pytest.mark.parametrize('name', get_loss_list())
def test_every_loss_has_all_that_belongs_to_one(name):
    lacking = ['{} lacks {}.'.format(name, thing) for thing in missing(name, rows())]
    assert not lacking, '\n'.join(lacking)


def test_what_is_missing_is_said(monkeypatch):
    """The sentences, for a loss that has nothing."""
    class Bare:
        """A loss."""

    monkeypatch.setattr(LOSSES, 'get', lambda name: Bare)
    assert len(list(missing('bare', {}))) == 5
    assert any('bare-train.png' in sentence and 'mnist_results.py --only loss:bare' in sentence
               for sentence in missing('bare', {'bare': {}}))
