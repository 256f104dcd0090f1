"""What lists and tables say of each loss."""
import inspect

import pytest

from gluonfr.loss import LOSSES, get_loss_list, loss_facts


@pytest.mark.parametrize('name', get_loss_list())
def test_every_loss_says_what_it_is_and_when_to_use_it(name):
    facts = loss_facts(name)
    assert facts.name == name and facts.title.endswith('.')
    assert facts.use, "the docstring needs a paragraph 'When to use it: ...' before its parameters"
    assert facts.formula or ':math:' in facts.title, 'the docstring needs a formula before its parameters'
    assert facts.papers or name == 'softmax' or any(year in facts.title for year in ('2006', '2016', '2020', '2023'))
    assert facts.lfw is None or 90 < facts.lfw < 100
    parameters = inspect.signature(LOSSES.get(name)).parameters
    assert all(parameters[key].default is value for key, value in facts.defaults.items())
    assert {key for key in ('m', 's', 't', 'lamda') if key in parameters
            and parameters[key].default is not inspect.Parameter.empty} <= set(facts.defaults)


def test_a_figure_is_not_inherited():
    assert issubclass(LOSSES.get('subcenterarcface'), LOSSES.get('arcface'))
    assert loss_facts('arcface').lfw == 99.83 and loss_facts('subcenterarcface').lfw is None
