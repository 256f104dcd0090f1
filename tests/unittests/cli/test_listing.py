"""`gluonfr models` and `gluonfr losses`: what there is, by name."""
import re

import pytest
from cli_cases import run

from gluonfr.loss import get_loss_list
from gluonfr.model_zoo import get_model_list


@pytest.mark.parametrize('name', get_loss_list())
def test_no_mark_of_a_docstring_reaches_the_terminal(name, capsys):
    run('losses', name)
    said = capsys.readouterr().out
    assert not re.search(r'\\[a-zA-Z]|:\w+:`|``|math::', said)


@pytest.mark.parametrize('command, names, alias', [('models', get_model_list(), 'l_se_resnet50v2'),
                                                   ('losses', get_loss_list(), 'cosface')])
def test_listings(command, names, alias, capsys):
    run(command)
    said = capsys.readouterr().out.partition('\n\npretrained weights\n')[0]
    listed = [line.split()[0] for line in said.splitlines() if line and not line.startswith(' ')]
    assert listed == ['name'] * (command == 'models') + names and alias in said and ':math:' not in said
    run(command, alias.upper())
    assert 'Parameters' in capsys.readouterr().out or command == 'models'
    run(command, names[0] + 'x', code=2)
    error = capsys.readouterr().err
    assert 'gluonfr {}: unknown'.format(command) in error and 'Did you mean {!r}'.format(names[0]) in error


def test_a_model_with_its_size(capsys):
    run('models', 'mobilefacenet')
    assert capsys.readouterr().out.endswith(
        'embedding size 128, input 112 x 112 rgb, 1,003,136 parameters, 221.0 M multiply-adds\n')
