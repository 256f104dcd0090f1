"""The recipes in scripts/ give options that the command takes, and say what they need."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# stands for the command: checks the words as it would, and writes them down instead of training
STAND_IN = """#!{python}
import os, sys
sys.path.insert(0, {root!r})
from gluonfr.cli import make_parser
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
