"""Random damage: whatever a file holds, each reader gives a result or a sentence, with little memory and time."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import ROOT, environ

FUZZ_CASES = str(ROOT / 'tests' / 'cases' / 'fuzz_cases.py')

SEEDS = {'arrays': 120, 'bins': 100, 'card': 50, 'checkpoint': 20, 'image': 120, 'onnx': 25, 'operators': 150,
         'params': 60, 'rec': 30, 'safetensors': 300, 'symbol': 80}


@pytest.fixture(scope='module')
def told():
    """{reader: what came of its seeds}: one process imports gluonfr, and forks a child for each reader."""
    jobs = ['{}:0:{}'.format(name, count) for name, count in SEEDS.items()]
    done = subprocess.run([sys.executable, FUZZ_CASES] + jobs, env=environ(),
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return {entry['reader']: entry for entry in map(json.loads, done.stdout.splitlines())}


@pytest.mark.mxnet
@pytest.mark.parametrize('name', sorted(SEEDS))
def test_damaged_files_give_a_result_or_a_sentence(told, name):
    if name == 'onnx':
        pytest.importorskip('onnxruntime')
    assert not told[name]['faults'], '\n'.join(told[name]['faults'])
    assert told[name]['read'] + told[name]['refused'] == SEEDS[name] and told[name]['refused'] > SEEDS[name] // 4
    assert told[name]['read'] > 0


def test_no_reader_is_forgotten():
    source = Path(FUZZ_CASES).with_name('fuzz_readers.py').read_text(encoding='utf-8')
    assert source.count('@reader\n') == len(SEEDS)
