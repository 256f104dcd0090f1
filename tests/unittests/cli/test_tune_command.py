"""`gluonfr tune`: what it prints, and what it refuses in the words of the command."""
import re
import shlex

import pytest
from cli_cases import run
from tune_cases import make_net, make_people

from gluonfr.cli import make_parser

SHORT = ['--losses', 'softmax', 'triplet', 'cosloss', '--candidates', '2', '--epochs', '1', '--finetune-steps', '1',
         '--folds', '2', '--no-progress']


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp('tune')
    make_people(folder / 'people')
    make_people(folder / 'large', side=30)
    make_people(folder / 'one', people=1)
    make_people(folder / 'alone', images=1)
    make_net(folder / 'net')
    return folder


def test_it_prints_the_leaderboard_what_was_left_out_and_a_command(place, tmp_path, capsys):
    run('tune', place / 'people', '--from', place / 'net', '--out', tmp_path / 'out', *SHORT)
    said = capsys.readouterr().out
    assert re.search(r'^  1  fine-tuned .* winner ', said, re.M) and re.search(r'^  3  as it is ', said, re.M)
    assert 'not tried: triplet: it takes pairs or triplets, no labels' in said
    assert '32 images of 8 people in 2 folds of people: nobody is measured by a training that saw them.' in said
    assert str(tmp_path / 'out' / 'leaderboard.csv') in said
    command = shlex.split(said.splitlines()[-1])
    assert command[:2] == ['gluonfr', 'train'] and make_parser().parse_args(command[1:]).loss in ('softmax', 'cosloss')


@pytest.mark.parametrize('words, message', [
    (['people', '--losses', 'arcfase'], "unknown loss 'arcfase'. Did you mean 'arcface'?"),
    (['people', '--losses', 'triplet'], '--losses must hold one that class labels are enough for, got triplet'),
    (['people', '--minutes', '0'], '--minutes must be in (0, 100000], got 0'),
    (['people', '--minutes', '1e-4'], '--minutes must be at least '),
    (['people', '--folds', '1'], '--folds must be in [2, '),
    (['one'], 'data must show at least four people, got 1 in '),
    (['alone'], 'data must hold people with two images or more, got one image of each of 8 people in '),
    (['large'], 'images must be RGB of shape (28, 28, 3), got (30, 30, 3) for image '),
    (['nothing'], 'there is no file or folder'),
    (['people', '--out', 'people/out'], '--out must not lie among the photographs of')])
def test_what_does_not_go_is_said_in_the_words_of_the_command(place, tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(place)
    out = [] if '--out' in words else ['--out', tmp_path / 'out']
    run('tune', *words, '--from', 'net', *out, '--no-progress', code=2)
    error = capsys.readouterr().err
    assert error.startswith('gluonfr tune: ') and message in error, error
    assert not (tmp_path / 'out' / 'tune.json').exists()
