"""The recipes in scripts/ give options that the command takes, and say what they need."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# stands for the command: checks the words as it would, and writes them down instead of training
STAND_IN = """#!{python}
import os, sys
sys.path.insert(0, {root!r})
from gluonfr.cli.parsers import make_parser
make_parser().parse_args(sys.argv[1:])
with open(os.environ['WORDS'], 'a') as file:
    file.write(' '.join(sys.argv[1:]) + chr(10))
"""


@pytest.fixture
def run(tmp_path):
    command = tmp_path / 'bin' / 'gluonfr'
    command.parent.mkdir()
    command.write_text(STAND_IN.format(python=sys.executable, root=str(ROOT)))
    command.chmod(0o755)
    words = tmp_path / 'words.txt'

    def start(script, *arguments):
        done = subprocess.run([str(ROOT / 'scripts' / script), *map(str, arguments)], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, cwd=str(tmp_path),
                              env={**os.environ, 'WORDS': str(words), 'OMP_NUM_THREADS': '1',
                                   'PATH': os.pathsep.join([str(command.parent), os.environ['PATH']])})
        return done.returncode, done.stdout, words.read_text().splitlines() if words.exists() else []

    return start


@pytest.mark.parametrize('script, wanted', [
    ('mobilefacenet-arcface.sh', ['--loss arcface', 'easy_margin=False', '--batch-size 512', '--gpus 0,1']),
    ('mobilefacenet-ringloss.sh', ['--network mobilefacenet_ring', 'r_init=20.0', '--gpus 0,1'])])
def test_recipes_for_large_sets(run, script, wanted):
    code, said, lines = run(script, '--gpus', '0,1')
    assert code == 0, said
    assert len(lines) == 1 and all(words in lines[0] for words in wanted)


def test_recipe_for_a_folder_of_people(run, tmp_path):
    (tmp_path / 'people').mkdir()
    code, said, lines = run('people-arcface.sh', tmp_path / 'people', tmp_path / 'out', '--seed', '3')
    assert code == 0, said
    first, second = lines
    assert '--loss softmax' in first and '--loss arcface' in second and 's=10' in second
    assert '--batch-size' not in said and all('--warmup auto' in line for line in lines)  # a small set will do
    assert '--finetune {}'.format(tmp_path / 'out' / 'softmax') in second and second.endswith('--seed 3')


@pytest.mark.parametrize('arguments', [[], ['nowhere', 'out']])
def test_recipe_without_a_folder_says_what_it_needs(run, arguments):
    code, said, lines = run('people-arcface.sh', *arguments)
    assert code == 1 and 'give the folder of people' in said and not lines


# stands for Python in quickstart.sh: runs what is no training, and writes what a training would leave
STAND_IN_PYTHON = """#!{python}
import os, subprocess, sys
words = sys.argv[1:]
if words[0] in ('-c', 'scripts/quickstart_summary.py'):
    os.execv({python!r}, [{python!r}] + words)
with open('words.txt', 'a') as file:
    file.write(' '.join(words) + chr(10))
if os.environ.get('FAIL', 'never') in words:
    sys.exit(1)
option = dict(zip(words, words[1:]))
if words[0].endswith('main.py'):
    os.makedirs(option['--out'], exist_ok=True)
    with open(option['--out'] + '/result.csv', 'w') as file:
        file.write('name,embedding_size,epochs,train_images,test_images,test_accuracy' + chr(10))
        file.write(option['--lossname'] + ',2,3,4000,1000,0.9375' + chr(10))
elif words[0].endswith('prepare.py'):
    print('made' + chr(10) + 'next: another')
elif '--csv' in option:
    os.makedirs(os.path.dirname(option['--csv']), exist_ok=True)
    with open(option['--csv'], 'w') as file:
        file.write('pairs,impostors,acc,std,threshold' + chr(10) + '400,200,0.91,0.025,0.4321' + chr(10))
"""


@pytest.fixture
def quickstart(tmp_path):
    """quickstart.sh in a checkout whose environment is ready: run(arguments) -> exit status, output, new commands."""
    for name in ('scripts/quickstart.sh', 'scripts/_env.sh', 'scripts/quickstart_summary.py', 'setup.py',
                 'gluonfr/version.py'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(str(ROOT / name), str(tmp_path / name))
    python = tmp_path / '.venv' / 'bin' / 'python'
    python.parent.mkdir(parents=True)
    python.write_text(STAND_IN_PYTHON.format(python=sys.executable))
    python.chmod(0o755)
    stamp = subprocess.run(['bash', '-c', 'ROOT={}; . scripts/_env.sh; fingerprint'.format(tmp_path)], check=True,
                           stdout=subprocess.PIPE, cwd=str(tmp_path)).stdout
    (tmp_path / '.venv' / 'gluonfr-cpu,demo.stamp').write_bytes(stamp)
    words = tmp_path / 'words.txt'

    def start(*arguments, **variables):
        words.write_text('')
        environ = {name: value for name, value in os.environ.items() if name != 'GLUONFR_VENV'}
        done = subprocess.run([str(tmp_path / 'scripts' / 'quickstart.sh'), *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, cwd=str(tmp_path.parent),
                              env={**environ, **variables})
        return done.returncode, done.stdout, [line.split()[:3] for line in words.read_text().splitlines()]

    return start


DIGITS = [['examples/mnist/main.py', '--lossname', name] for name in ('softmax', 'ArcFace_v1')]
FACES = [['examples/face/prepare.py', '--synthetic', '150']] + [
    ['-m', 'gluonfr', name] for name in ('train', 'verify', 'embed')]


def test_quickstart_makes_nothing_twice(quickstart):
    code, said, lines = quickstart()
    assert code == 0 and lines == DIGITS + FACES, said
    assert 'softmax      93.75 % right' in said and '91.00 % +- 2.50' in said and 'threshold    0.4321' in said
    assert 'next: another' not in said and '  source .venv/bin/activate' in said and 'continuing' not in said
    code, said, lines = quickstart()
    assert code == 0 and not lines and said.count('is there already') == 3 and '  source .venv' in said
    code, said, lines = quickstart('--epochs', '1')
    assert code == 0 and lines == DIGITS and said.count('is there already') == 1
    code, said, lines = quickstart('--epochs', '1', '--again')
    assert code == 0 and lines == DIGITS + FACES and 'is there already' not in said


def test_quickstart_goes_on_where_it_was_stopped(quickstart, tmp_path):
    assert quickstart(FAIL='train')[0] == 1
    step = tmp_path / 'outputs' / 'quickstart' / 'faces' / 'run' / 'checkpoint'
    step.mkdir(parents=True)
    code, said, lines = quickstart()
    assert code == 0 and lines == FACES and said.count('is there already') == 2 and step.is_dir()
    resumed = [line for line in (tmp_path / 'words.txt').read_text().splitlines() if '--resume' in line]
    assert len(resumed) == 1 and resumed[0].startswith('-m gluonfr train ')
    assert quickstart(FAIL='ArcFace_v1')[0] == 0 and quickstart('--epochs', '1', FAIL='ArcFace_v1')[0] == 1
    code, said, lines = quickstart('--epochs', '1')
    assert code == 0 and lines == DIGITS[1:] and 'continuing outputs/quickstart/ArcFace_v1' in said
    assert '--resume' in (tmp_path / 'words.txt').read_text()


@pytest.mark.parametrize('argument', ['--out', '--loss=arcface', '--preset', '--resume'])
def test_quickstart_says_what_it_does_not_take(quickstart, argument):
    code, said, lines = quickstart('--epochs', '1', argument, 'x')
    assert code == 1 and not lines and '{} cannot be given here'.format(argument.split('=')[0]) in said
    code, said, lines = quickstart('--help')
    assert code == 0 and not lines and 'Usage: scripts/quickstart.sh [--again]' in said and '#' not in said


# stands for Python in test.sh: two cores, and a pytest that says its arguments
STAND_IN_PYTEST = """#!/bin/sh
[ "$1" = -c ] && { echo 2; exit; }
echo "$@" >>words.txt
"""


@pytest.mark.parametrize('arguments, extras, words', [
    ([], 'cpu,demo,dev', '-m pytest -q -o testpaths=tests -n 2 --dist worksteal'),
    (['tests/unittests/a.py', '-k', 'b'], 'cpu,demo,dev', '-m pytest -q -o testpaths=tests tests/unittests/a.py -k b'),
    (['--without-mxnet'], 'demo,dev', '-m pytest -q -o testpaths=tests/unittests -n 2 --dist worksteal'),
    (['--without-mxnet', '-x'], 'demo,dev', '-m pytest -q -o testpaths=tests/unittests -x')])
def test_all_tests_run_on_all_cores_and_some_in_one_process(tmp_path, arguments, extras, words):
    for name in ('scripts/test.sh', 'scripts/_env.sh', 'setup.py', 'gluonfr/version.py'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(str(ROOT / name), str(tmp_path / name))
    venv = tmp_path / ('.venv' if extras.startswith('cpu') else '.venv-without-mxnet')
    (venv / 'bin').mkdir(parents=True)
    (venv / 'bin' / 'python').write_text(STAND_IN_PYTEST)
    (venv / 'bin' / 'python').chmod(0o755)
    ready = 'ROOT={0}; . scripts/_env.sh; fingerprint >"{1}/gluonfr-{2}.stamp"'.format(tmp_path, venv, extras)
    subprocess.run(['bash', '-c', ready], check=True, cwd=str(tmp_path))
    environ = {name: value for name, value in os.environ.items() if name != 'GLUONFR_VENV'}
    subprocess.run(['bash', str(tmp_path / 'scripts' / 'test.sh'), *arguments], check=True, env=environ)
    assert (tmp_path / 'words.txt').read_text() == words + '\n'
