"""The gluonfr command: its subcommands, their help and options, what it lists."""
import argparse
import re
import subprocess
import sys

import pytest
from helpers import ROOT, environ

from gluonfr import align, cli
from gluonfr.align import find
from gluonfr.cli.parsers import common
from gluonfr.cli.parsers.align import STATUSES
from gluonfr.cli.parsers.search import INDEXES
from gluonfr.cli.parsers.train import add_options
from gluonfr.cli.plain import plain_formula
from gluonfr.deploy import engines, search
from gluonfr.metrics import scores


def commands(parser, words=()):
    """(words, parser) of every command and subcommand."""
    yield words, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, sub in action.choices.items():
                yield from commands(sub, words + (name,))


ALL = dict(commands(cli.make_parser()))


def test_the_commands_there_are():
    assert {words[0] for words in ALL if words} == {
        'pack', 'align', 'clean', 'cluster', 'finetune', 'tune', 'plan', 'train', 'verify', 'evaluate', 'report',
        'embed', 'compare', 'search', 'enrol', 'gallery', 'launch', 'convert', 'export', 'models', 'losses'}


@pytest.mark.parametrize('words', list(ALL), ids=' '.join)
def test_every_help_has_an_example_that_parses(words):
    text = ALL[words].format_help().replace('\\\n', ' ')
    examples = re.findall('^ *(gluonfr .*)', text.partition('example' if words else '\n\n')[2], re.M)
    assert any(example.startswith(' '.join(('gluonfr',) + words)) for example in examples)
    for example in examples:
        line = re.sub('  +(a folder|memory and|accuracy,|wrong labels|groups of|the same|as a page|published|a gallery|'
                      'to your|which|in two processes).*', '', example)
        cli.make_parser().parse_args(line.split()[1:])


@pytest.mark.parametrize('words', list(ALL), ids=' '.join)
def test_every_option_is_explained_and_dashed(words):
    for action in ALL[words]._actions:
        assert action.help or isinstance(action, argparse._SubParsersAction), action
        for option in action.option_strings:
            assert re.fullmatch('-[hns]|--[a-z0-9-]+', option)
        assert action.nargs == 0 or action.metavar or action.choices is not None or action.type, action


def test_options_are_in_the_help():
    parser = argparse.ArgumentParser()
    add_options(parser)
    text = parser.format_help()
    for name in ('dataset', 'network', 'loss', 'loss-args', 'data-iter', 'lr', 'lr-steps', 'warmup', 'wd', 'batch-size',
                 'gpus', 'dtype', 'eval', 'eval-every', 'resume', 'finetune', 'profile'):
        assert re.search(r'^ +--{}\b'.format(name), text, re.MULTILINE), name


@pytest.mark.parametrize('words', [
    ['nothing'], ['train'], ['train', '--dataset', 'x'], ['train', '--dat', 'x', '--out', 'y'],
    ['train', '--dataset', 'x', '--out', 'y', '--epochs', '0'], ['verify', 'x'], ['embed', 'x', 'y'],
    ['train', '--dataset', 'x', '--out', 'y', '--margin-warmup', '-1'],
    ['train', '--dataset', 'x', '--out', 'y', '--steps', 'many'], ['compare', 'x'],
    ['verify', 'x', '--data', 'y', '--flip', 'up']], ids=' '.join)
def test_wrong_command_lines(words, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2 and 'usage: gluonfr' in capsys.readouterr().err


@pytest.mark.parametrize('words, meant', [
    ('trian --out x', 'unknown command \'trian\'. Did you mean train? Known: pack, align, '),
    ('train --datset x --out y', 'unknown option --datset. Did you mean --dataset?'),
    ('pack foldr x', 'unknown command \'foldr\'. Did you mean folder?'),
    ('--verison', 'unknown option --verison. Did you mean --version?'),
    ('verify x --data y --flip summ', "argument --flip: unknown value 'summ'. Did you mean sum? Known: none, "),
    ('verify --data x.rec', 'are required: NET\n  NET: folder or card.json of a training'),
    ('embed x --out y', 'are required: DATA\n  DATA: a folder of people'),
    ('embed x y --out z --zzz=3', 'unknown option --zzz.\n')])
def test_what_was_meant(words, meant, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(words.split())
    assert ended.value.code == 2 and meant in capsys.readouterr().err


@pytest.mark.parametrize('words', [[], ['pack']])
def test_a_command_without_words_shows_its_help(words, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2 and ALL[tuple(words)].format_help() == capsys.readouterr().out


@pytest.mark.parametrize('words', [(), ('train',), ('pack',), ('pack', 'folder')], ids=' '.join)
def test_help_is_a_command_too(words, capsys):
    for line in {('help', *words), (*words[:-1], 'help', *words[-1:])}:
        with pytest.raises(SystemExit) as ended:
            cli.main(line)
        assert ended.value.code == 0 and ALL[words].format_help() == capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli.main(['help', 'trian'])
    assert "unknown command 'trian'. Did you mean train?" in capsys.readouterr().err


def test_values_the_parser_knows_are_those_of_the_library():
    """They stand in gluonfr.cli.parsers too, so that --help needs no MXNet."""
    assert common.FLIPS == scores.FLIPS and common.PRECISIONS == engines.PRECISIONS
    assert common.ENGINES == ('auto', *engines.ENGINES.names()) and INDEXES == search.ENGINES
    assert common.DETECTORS == tuple(align.DETECTORS.names()) and common.SEVERAL == find.SEVERAL
    assert STATUSES == align.STATUSES


def test_help_needs_no_mxnet():
    code = ('import sys; from gluonfr.cli import main\ntry: main(["train", "--help"])\n'
            'except SystemExit: print(sorted({"mxnet", "cv2", "matplotlib"} & set(sys.modules)))')
    done = subprocess.run([sys.executable, '-c', code], env=environ(), capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == '[]' and 'default mobilefacenet' in done.stdout


@pytest.mark.parametrize('latex, plain', [
    (r'z_y = s\cos(\theta_y + m)', 'z_y = s cos(theta_y + m)'),
    (r'\alpha > \log\frac{p(C-2)}{1-p}', 'alpha > log((p(C-2))/(1-p))'),
    (r'L = CE(pred) + \frac{\lambda}{2}\lVert x - c_y\rVert^2', 'L = CE(pred) + lambda/2|x - c_y|^2'),
    (r'a, \quad b_{j \ne i}^{-p}', 'a,  b_(j != i)^(-p)')])
def test_formulas_without_latex(latex, plain):
    assert plain_formula(latex) == plain


def test_module_form_and_a_reader_that_leaves():
    command = '"{}" -m gluonfr models | head -n 1'.format(sys.executable)
    done = subprocess.run(['bash', '-o', 'pipefail', '-c', command], env=environ(), capture_output=True, text=True,
                          timeout=120)
    assert (done.returncode, done.stderr) == (0, '') and done.stdout.startswith('name ')


def test_entry_point():
    assert "'gluonfr = gluonfr.cli:main'" in (ROOT / 'setup.py').read_text(encoding='utf-8')
