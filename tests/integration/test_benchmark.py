"""The scripts in scripts/benchmark measure, compare and say what is missing."""
import csv
import importlib
import os
import runpy
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import engine_cases
import pytest

from gluonfr.model_zoo import InputSpec

FOLDER = Path(__file__).resolve().parents[2] / 'scripts' / 'benchmark'

# a benchmark of sleeping, with one contestant that is not installed and one that dies
SLEEP = """
import os, sys, time
sys.path.insert(0, {folder!r})
import bench
from bench import BenchError, Contestant, Task, main

bench.others = lambda: 0.25  # it would watch the machine for two seconds

def sleep(link, seconds, steps):
    print('a library says hello')
    link.rounds(lambda: time.sleep(seconds), steps, (sys.modules['csv'],), threads=os.environ.get('OMP_NUM_THREADS'))

def die(link, steps):
    link.ready()
    link.go()
    raise RuntimeError('out of paper')

def contestant(name, seconds, *more, **options):
    return Contestant(name, 'sleep', dict(seconds=seconds, steps=args.steps or 2), *more, **options)

def tasks(given):
    global args
    args = given
    return {{
        'naps': Task('short naps', 10, [
            contestant('cat', 0.01, environ={{'OMP_NUM_THREADS': '7'}}),
            contestant('dog', 0.04, goal=2.0),
            contestant('owl', 0.04, 'time', 0.001),
            contestant('yeti', 0.04, needs=('os', 'no_such_module.inside'))]),
        'again': Task('each in a new process', 1, [
            contestant('cat', 0.01, 'rate', 5), contestant('dog', 0.01, 'memory', 2)], fresh=True),
        'other': Task('not the same', 1, [contestant('cat', 0), contestant('dog', 0)], check=differ),
        'end': Task('one dies', 1, [contestant('cat', 0), Contestant('moth', 'die', {{'steps': 1}})])}}

def differ(infos):
    raise BenchError('they differ: ' + ' '.join(infos))

main(__file__, 'Naps.', tasks, {{'sleep': sleep, 'die': die}})
"""


def run(script, *arguments):
    done = subprocess.run([sys.executable, str(script), *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


@pytest.fixture
def one_processor():
    """For what is run in this test: threads that wait for each other in circles cost more than the work here."""
    if not hasattr(os, 'sched_setaffinity'):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    yield
    os.sched_setaffinity(0, before)


@pytest.fixture
def beside(monkeypatch):
    """The modules in scripts/benchmark can be imported; they are forgotten afterwards: their names are common."""
    monkeypatch.syspath_prepend(str(FOLDER))
    before, path = set(sys.modules), list(sys.path)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], '__file__', '')).startswith(str(FOLDER)):
            del sys.modules[name]


@pytest.fixture
def naps(tmp_path):
    script = tmp_path / 'naps.py'
    script.write_text(SLEEP.format(folder=str(FOLDER)))
    return script


def table(path, number='1'):
    with open(str(path), newline='', encoding='utf-8') as file:
        return {(row['task'], row['contestant']): row for row in csv.DictReader(file) if row['pass'] == number}


def test_rounds_ratios_goals_and_csv(naps, tmp_path):
    path = tmp_path / 'naps.csv'
    code, said = run(naps, '--only', 'naps', '--rounds', 2, '--neighbour', '--save', path)
    assert code == 0, said
    rows = table(path)
    cat, dog, owl, yeti = (rows['naps', name] for name in ('cat', 'dog', 'owl', 'yeti'))
    assert cat['rounds'] == '2' and 0.01 <= float(cat['seconds']) < 1
    assert float(cat['images_per_second']) == pytest.approx(10 / float(cat['seconds']), rel=1e-2)
    assert float(dog['value']) == pytest.approx(float(dog['seconds']) / float(cat['seconds']), rel=1e-2)
    assert (dog['goal'], dog['met']) == ('>= 2', 'yes')
    assert float(owl['value']) == pytest.approx(float(cat['seconds']) / float(owl['seconds']), rel=1e-2)
    assert (owl['goal'], owl['met']) == ('<= 0.001', 'no') and 'MISSED' in said
    assert yeti['skipped'] == 'pip install no_such_module.inside' and not yeti['seconds']
    crowded = rows['naps', 'cat, busy neighbour']
    assert crowded['measure'] == 'alone' and crowded['goal'] == '>= 0.4' and float(crowded['value']) > 0
    assert cat['threads'] == '7' and not dog['threads']  # the variable of the tests' own environment is taken out
    assert cat['load'] == dog['load'] == '0.25'
    assert 'csv 1.0' in cat['versions'] and float(cat['peak_rss_mib']) > 1
    assert cat['command'].startswith('python scripts/benchmark/naps.py --only naps') and cat['cores'] >= '1'

    code, said = run(naps, '--only', 'again', '--rounds', 1, '--steps', 1, '--save', path)
    assert code == 0, said
    rows = table(path)
    code, said = run(naps, '--only', 'again', '--rounds', 1, '--steps', 1, '--save', path, '--pass', 2)
    assert code == 0, said
    assert table(path) == rows  # those of the first pass stay
    assert table(path, '2')['again', 'cat']['command'].endswith('--pass 2')
    assert rows['naps', 'cat'] == cat  # the other task's rows stay
    assert rows['again', 'cat']['measure'] == 'rate' and rows['again', 'cat']['met'] == 'yes'
    assert rows['again', 'dog']['measure'] == 'memory' and rows['again', 'dog']['met'] == 'yes'


@pytest.mark.parametrize('task, words', [
    ('end', ["end: the worker of 'moth' ended with status 1", 'RuntimeError: out of paper']),
    ('other', ['other: they differ: cat dog'])])
def test_what_goes_wrong_is_said(naps, task, words):
    code, said = run(naps, '--only', task, '--rounds', 1)
    assert code == 1 and all(word in said for word in words), said


@pytest.mark.parametrize('name, task', [('train', 'iresnet50'), ('embed', 'latency'), ('engines', 'files'),
                                        ('data', 'loop'), ('memory', 'mobilefacenet-64'), ('evaluate', 'templates'),
                                        ('enrol', 'many'), ('partial_fc', 'growth-512')])
def test_help_and_bad_arguments(name, task, beside, capsys, monkeypatch):
    def said(*words):
        monkeypatch.setattr(sys, 'argv', [name + '.py', *words])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(FOLDER / (name + '.py')), run_name='__main__')
        return ended.value.code, ''.join(capsys.readouterr())

    code, text = said('--help')
    assert code == 0 and 'python scripts/benchmark/{}.py --quick'.format(name) in text
    code, text = said('--only', 'nothing')
    assert code == 2 and '--only must be one of' in text and task in text
    code, text = said('--rounds', '0')
    assert code == 2 and "must be a whole number >= 1, got '0'" in text


def test_embedding_of_one_image(tmp_path, one_processor):
    code, said = run(FOLDER / 'embed.py', '--only', 'latency', '--rounds', 1, '--steps', 1, '--work', tmp_path)
    assert code == 0, said
    assert "'gluonfr' and 'gluonfr, 1 thread' are the same" in said
    for modules, name in ((['torch'], 'PyTorch, channels_last'),
                          (['torch', 'onnx', 'onnxscript', 'onnxruntime'], 'ONNX Runtime, fastest threads')):
        same = "'gluonfr' and {!r} are the same".format(name)
        assert (same if all(map(find_spec, modules)) else 'skipped: pip install') in said


class Steps:
    """A worker's end of the conversation, in the process of the test: one round."""

    def rounds(self, step, steps, modules=(), **info):
        for _ in range(steps):
            step()
        self.info = info


def test_from_jpeg_files_to_a_file(beside, tmp_path, monkeypatch):
    """All ways give the same, with a small net; how the whole script starts them is as in the tests above."""
    for module in ('onnx', 'onnxruntime'):
        pytest.importorskip(module, reason="pip install 'gluonfr[onnx]'")
    engines = importlib.import_module('engines')
    monkeypatch.setenv('MXNET_HOME', str(tmp_path))
    monkeypatch.setattr(engine_cases, 'SPEC', InputSpec(embedding_size=6))
    monkeypatch.setattr(engine_cases, 'KERNEL', 28)
    net = engine_cases.write_onnx(tmp_path / 'net.onnx')
    folder, decoded = str(tmp_path / 'jpegs'), str(tmp_path / 'decoded.npy')
    engines.write_jpegs(Steps(), 4, 3, folder, decoded)
    assert sum(len(names) for _, _, names in os.walk(folder)) == 12
    links, outputs = [Steps() for _ in range(3)], [str(tmp_path / '{}.npy'.format(i)) for i in range(3)]
    engines.command(links[0], net, folder, 4, 3, outputs[0])
    engines.gluonfr_embed(links[1], 4, 3, decoded, outputs[1], source=net, whole=True, engine='auto')
    engines.onnx_files(links[2], net, folder, 4, 3, 1, outputs[2])
    engines.same_embeddings({str(i): link.info for i, link in enumerate(links)})
    engines.decode(Steps(), folder, 4, 3)


def test_training_steps(one_processor):
    code, said = run(FOLDER / 'train.py', '--only', 'mobilefacenet', '--rounds', 1, '--steps', 1, '--batch', 2)
    assert code == 0, said
    assert "Gluon's PReLU, MXNet's threads" in said and 'goal >= 5' in said
    assert ('torch ' if find_spec('torch') else 'skipped: pip install torch') in said


def test_protocols_in_small(tmp_path):
    path = tmp_path / 'evaluate.csv'
    code, said = run(FOLDER / 'evaluate.py', '--quick', '--save', path)
    assert code == 0 and 'MISSED' not in said, said
    rows = table(path)
    assert set(rows) == {('pairs', 'time'), ('templates', 'time'), ('templates', 'memory'), ('distractors', 'gluonfr'),
                         ('distractors', 'matrix product')}
    assert rows['templates', 'memory']['measure'] == 'peak' and float(rows['templates', 'memory']['value']) > 30
    share = rows['distractors', 'matrix product']
    assert share['measure'] == 'share' and 0 < float(share['value']) < 3
    assert float(rows['pairs', 'time']['value']) == pytest.approx(float(rows['pairs', 'time']['seconds']), abs=0.01)


def test_a_gallery_in_small(tmp_path):
    path = tmp_path / 'enrol.csv'
    code, said = run(FOLDER / 'enrol.py', '--quick', '--save', path, '--work', tmp_path)
    assert code == 0, said
    rows = table(path)
    assert set(rows) == {(task, name) for task in ('one', 'many') for name in ('blocks of the file', 'faiss')} | {
        ('enrol', 'enrolment')}
    assert rows['one', 'blocks of the file']['measure'] == 'seconds'
    assert (tmp_path / 'gallery-5000' / 'journal.txt').exists()


def test_a_sampled_class_layer_in_small(tmp_path, one_processor):
    """Both contestants compute the same loss, or the script stops."""
    pytest.importorskip('torch', reason='pip install torch')
    path = tmp_path / 'partial_fc.csv'
    code, said = run(FOLDER / 'partial_fc.py', '--quick', '--steps', 1, '--only', 'torch-128', '--save', path)
    assert code == 0, said
    rows = table(path)
    assert set(rows) == {('torch-128', '10,000 x 128'), ('torch-128', 'PyTorch')}
    assert '--only torch-128' in rows['torch-128', 'PyTorch']['command']
