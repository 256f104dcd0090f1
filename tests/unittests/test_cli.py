"""The gluonfr command in this process: its help, its options, its messages."""
import argparse
import csv
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import mxnet as mx
import numpy as np
import pytest

from gluonfr import cli
from gluonfr.cli.train_options import add_options
from gluonfr.data import SyntheticFaces, draw_pairs, pack_dataset, write_bin
from gluonfr.data.image import encode, resize
from gluonfr.deploy import Embedder, read_card
from gluonfr.loss import get_loss_list
from gluonfr.model_zoo import get_model, get_model_list

pytest.importorskip('tensorboardX', reason='pip install tensorboardX')

ROOT = Path(__file__).resolve().parents[2]
TINY = ['--network', 'lenetplus', '--loss', 'softmax', '--batch-size', '12', '--lr', '0.01', '--no-progress']


def commands(parser, words=()):
    """(words, parser) of every command and subcommand."""
    yield words, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, sub in action.choices.items():
                yield from commands(sub, words + (name,))


ALL = dict(commands(cli.make_parser()))


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """A folder with train.rec of 6 people, 28x28, val.bin of 24 pairs of them, and their images as files."""
    folder = tmp_path_factory.mktemp('data')
    faces = SyntheticFaces(6, 8, seed=1)
    pack_dataset(faces, str(folder), fmt='.png', resize=28, progress=False)
    small = [resize(faces.read(i)[0], (28, 28)) for i in range(48)]
    first, second, issame = draw_pairs(faces.labels, 24, 2)
    write_bin(str(folder / 'val.bin'), [encode(small[i], '.png') for p in zip(first, second) for i in p], issame)
    for i, image in enumerate(small):
        person = folder / 'people' / 'p{}'.format(faces.labels[i])
        person.mkdir(parents=True, exist_ok=True)
        (person / '{}.png'.format(i % 8)).write_bytes(encode(image, '.png'))
    return folder


def run(*words, code=0):
    assert cli.main([str(word) for word in words]) == code


def train(data, out, *words, code=0):
    run('train', '--dataset', data, '--out', out, *TINY, *words, code=code)


def rows(path):
    with open(str(path), newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def params(out, name='last'):
    return (out / 'checkpoint' / (name + '.params')).read_bytes()


def test_the_commands_there_are():
    assert {words[0] for words in ALL if words} == {'pack', 'train', 'verify', 'embed', 'compare', 'models', 'losses'}


@pytest.mark.parametrize('words', list(ALL), ids=' '.join)
def test_every_help_has_an_example_that_parses(words):
    text = ALL[words].format_help().replace('\\\n', ' ')
    examples = re.findall('^ *(gluonfr .*)', text.partition('example' if words else '\n\n')[2], re.M)
    assert any(example.startswith(' '.join(('gluonfr',) + words)) for example in examples)
    for example in examples:
        line = re.sub('  +(a folder|accuracy,).*', '', example)
        cli.make_parser().parse_args(line.split()[1:])


@pytest.mark.parametrize('words', list(ALL), ids=' '.join)
def test_every_option_is_explained_and_dashed(words):
    for action in ALL[words]._actions:
        for option in action.option_strings:
            assert re.fullmatch('-h|--[a-z-]+', option)
        assert action.nargs == 0 or action.metavar or action.choices is not None or action.type, action


def test_module_form_and_a_reader_that_leaves():
    environ = {**os.environ, 'PYTHONPATH': str(ROOT)}
    command = '"{}" -m gluonfr models | head -n 1'.format(sys.executable)
    done = subprocess.run(['bash', '-o', 'pipefail', '-c', command], env=environ, capture_output=True, text=True,
                          timeout=120)
    assert (done.returncode, done.stderr) == (0, '') and done.stdout.startswith(get_model_list()[0])


def test_entry_point():
    assert "'gluonfr = gluonfr.cli:main'" in (ROOT / 'setup.py').read_text(encoding='utf-8')


@pytest.mark.parametrize('command, names, alias', [('models', get_model_list(), 'l_se_resnet50v2'),
                                                   ('losses', get_loss_list(), 'cosface')])
def test_listings(command, names, alias, capsys):
    run(command)
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines()] == names and alias in said
    run(command, alias.upper())
    assert 'Parameters' in capsys.readouterr().out or command == 'models'
    run(command, names[0] + 'x', code=2)
    error = capsys.readouterr().err
    assert 'gluonfr {}: unknown'.format(command) in error and 'Did you mean {!r}'.format(names[0]) in error


def test_a_model_with_its_size(capsys):
    run('models', 'mobilefacenet')
    assert capsys.readouterr().out.endswith(
        'embedding size 128, input 112 x 112 rgb, 1,003,136 parameters, 221.0 M multiply-adds\n')


@pytest.fixture(scope='module')
def trained(data, tmp_path_factory):
    """A run of 9 steps, 4 an epoch, with verification."""
    out = tmp_path_factory.mktemp('run') / 'out'
    train(data, out, '--steps', 9, '--eval', data / 'val.bin', '--eval-folds', 2, '--eval-every', 3, '--log-every', 2,
          '--save-every', 2)
    return out


def test_what_a_run_leaves(trained, data):
    for name in ('log.txt', 'steps.csv', 'metrics.csv', 'verify.csv', 'curves.png', 'card.json', 'recipe.json'):
        assert (trained / name).stat().st_size > 0, name
    assert list((trained / 'tensorboard').iterdir())
    assert [row['step'] for row in rows(trained / 'steps.csv')] == ['2', '4', '6', '8']
    assert [row['step'] for row in rows(trained / 'verify.csv')] == ['3', '6', '9']
    assert [row['step'] for row in rows(trained / 'metrics.csv')] == ['4', '8']


def test_log_has_the_recipe_once_then_numbers(trained):
    lines = (trained / 'log.txt').read_text(encoding='utf-8').splitlines()
    assert lines[0].startswith('gluonfr train --dataset') and '48 images of 6 people, 9 steps' in lines[1]
    for word in ('batch_size=12', 'lr=0.01', 'wd=0.0005', 'momentum=0.9', 'lr_mode=cosine', 'seed=0', 'augment=mirror'):
        assert word in lines[2].split()
    steps = [line for line in lines if re.match(r'epoch \d+ step', line)]
    assert len(steps) == 4 and all(re.fullmatch(
        r'epoch \d step \d loss \S+ accuracy \S+ lr \S+ \d+ images/s \S+ s', line) for line in steps)
    assert [line for line in lines if re.fullmatch(r'step [369] val: 0\.\d{4}\+-0\.\d{4}', line)] == [
        line for line in lines if 'val:' in line] and sum('val:' in line for line in lines) == 3
    assert lines[-1] == 'stopped at step 9: --steps 9 are done'


def test_the_card_is_of_the_best_step(trained, data):
    card, weights, spec = read_card(str(trained / 'card.json'))
    found = rows(trained / 'verify.csv')
    best = max(found, key=lambda row: float(row['acc']))
    assert card['step'] == int(best['step']) and card['metrics']['val']['acc'] == float(best['acc'])
    assert weights.endswith('best.params') and card['params'] == 'checkpoint/best.params'
    assert card['data']['images'] == 48 and card['data']['classes'] == 6 and len(card['data']['index_sha256']) == 64
    assert card['command'].startswith('gluonfr train --dataset ') and spec.embedding_size == 2


def test_verify_embed_and_compare_take_the_run(trained, data, tmp_path, capsys):
    run('verify', trained, '--data', data / 'val.bin', '--folds', 2, '--fars', 0.1, 0.01, '--csv', tmp_path / 'v.csv',
        '--plots', tmp_path / 'plots', '--no-progress', '--flip', 'sum', '--pca', 2)
    said = capsys.readouterr().out
    assert 'val: accuracy' in said and 'flip sum' in said and said.count('TAR') == 2
    for end in ('roc', 'scores'):
        assert (tmp_path / 'plots' / 'val-{}.png'.format(end)).stat().st_size > 0
    run('verify', trained, '--data', 'val', '--root', data, '--folds', 2, '--fars', 0.1, 0.01, '--compat', '--csv',
        tmp_path / 'v.csv', '--no-progress')
    assert [row['thresholds'] for row in rows(tmp_path / 'v.csv')] == ['exact', 'classic grid']
    capsys.readouterr()
    run('verify', trained, '--data', data / 'val.bin', '--folds', 2, '--fars', 0.5, '--csv', tmp_path / 'v.csv',
        '--no-progress', code=2)
    assert 'v.csv has the columns set, pairs' in capsys.readouterr().err and len(rows(tmp_path / 'v.csv')) == 2
    first, second = (data / 'people' / 'p0' / name for name in ('0.png', '1.png'))
    run('compare', trained, first, first, second, '--threshold', 0.9999)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and '  1.0000  same person' in lines[0] and str(second) in lines[1]
    run('compare', trained, first, code=2)
    assert 'at least two images must be given, got 1' in capsys.readouterr().err


def embeddings(path):
    with np.load(str(path), allow_pickle=False) as saved:
        return {name: saved[name] for name in saved.files}


def test_embed_kinds_of_data(trained, data, tmp_path, capsys):
    listed = tmp_path / 'list.txt'
    listed.write_text(''.join('{}\t{}\n'.format(data / 'people' / 'p1' / '{}.png'.format(i), 1) for i in range(3)))
    folder, flat = data / 'people', data / 'people' / 'p1'
    found = {}
    for kind, place in (('folder', folder), ('flat', flat), ('list', listed), ('rec', data / 'train.rec')):
        run('embed', trained, place, '--out', tmp_path / 'new' / (kind + '.npz'), '--no-progress', '--batch-size', 5)
        found[kind] = embeddings(tmp_path / 'new' / (kind + '.npz'))
    assert [len(found[kind]['embeddings']) for kind in ('folder', 'flat', 'list', 'rec')] == [48, 8, 3, 48]
    np.testing.assert_allclose(np.linalg.norm(found['rec']['embeddings'], axis=1), 1, atol=1e-5)
    for kind in ('folder', 'rec'):
        assert (found[kind]['labels'] == np.repeat(np.arange(6), 8)).all()
    assert set(found['flat']['labels']) == {-1} and list(found['list']['labels']) == [1, 1, 1]
    assert list(found['flat']['names']) == [str(flat / '{}.png'.format(i)) for i in range(8)]
    assert list(found['rec']['names'][:2]) == ['1', '2']
    np.testing.assert_allclose(found['flat']['embeddings'], found['folder']['embeddings'][8:16], atol=1e-5)
    np.testing.assert_allclose(found['folder']['embeddings'], found['rec']['embeddings'], atol=1e-5)
    picture = tmp_path / 'pictures' / 'people.png'
    run('embed', trained, data / 'train.rec', '--out', tmp_path / 'new' / 'rec.npz', '--plot', picture)
    assert picture.read_bytes()[:4] == b'\x89PNG' and 'picture: {}'.format(picture) in capsys.readouterr().out
    run('embed', trained, flat, '--out', tmp_path / 'e.npy', '--flip', 'concat')
    assert np.load(str(tmp_path / 'e.npy')).shape == (8, 4) and 'embed: 100%' in capsys.readouterr().err
    assert (tmp_path / 'e.txt').read_text().splitlines() == list(found['flat']['names'])
    assert not [name for name in os.listdir(str(tmp_path)) if 'partial' in name or name.endswith('.tmp')]


def test_embed_goes_on_where_it_was_killed(trained, data, tmp_path, monkeypatch, capsys):
    whole, broken = tmp_path / 'whole.npz', tmp_path / 'broken.npz'
    words = ['embed', trained, data / 'train.rec', '--no-progress', '--batch-size', 7]
    run(*words, '--out', whole)
    starts = record_starts(monkeypatch, batches=3)
    run(*words, '--out', broken, code=130)
    assert 'stopped; the same command goes on from there' in capsys.readouterr().err
    partial = tmp_path / 'broken.npz.partial'
    partial.write_bytes(partial.read_bytes()[:-5])  # the third batch is half there
    record_starts(monkeypatch, starts)
    run(*words, '--out', broken)
    assert starts == [0, 14] and not partial.exists()
    assert embeddings(whole)['embeddings'].tobytes() == embeddings(broken)['embeddings'].tobytes()
    partial.write_bytes(b'of something else')
    run(*words, '--out', broken)
    assert starts == [0, 14, 0] and not partial.exists()


def record_starts(monkeypatch, starts=None, batches=None, real=Embedder.batches):
    """The list of where each embedding begins; with `batches` it is interrupted after so many."""
    starts = [] if starts is None else starts

    def recorded(self, dataset, start, progress):
        starts.append(start)
        for number, batch in enumerate(real(self, dataset, start, progress)):
            if number == batches:
                raise KeyboardInterrupt
            yield batch

    monkeypatch.setattr(Embedder, 'batches', recorded)
    return starts


@pytest.mark.parametrize('change', ['net', 'flip', 'data'])
def test_embed_begins_anew_where_net_flip_or_data_differ(data, tmp_path, monkeypatch, change):
    for name in ('a', 'b'):
        net = get_model('lenetplus')
        net.initialize(mx.init.Normal())
        net(mx.nd.zeros((1, 1, 28, 28)))
        net.save_parameters(str(tmp_path / name))
    starts = record_starts(monkeypatch, batches=1)
    words = ['embed', 'lenetplus', '--no-progress', '--batch-size', 20, '--out', tmp_path / 'e.npz']
    run(*words, data / 'train.rec', '--params', tmp_path / 'a', code=130)
    record_starts(monkeypatch, starts)
    run(*words, data / ('people' if change == 'data' else 'train.rec'),
        '--params', tmp_path / ('b' if change == 'net' else 'a'), '--flip', 'sum' if change == 'flip' else 'none')
    assert starts == [0, 0]


@pytest.mark.parametrize('words', [
    ['--loss', 'triplet', '--loss-args', 'mining=semi-hard', 'margin=0.3', '--sampler', 'pk:3x4'],
    ['--loss', 'rangeloss', '--loss-args', 'alpha=1', 'beta=1', 'top_k=2', 'margin=1', '--sampler', 'pk:3x4'],
    ['--loss', 'lsoftmax', '--sampler', 'balanced', '--augment', 'mirror,crop,photometric,erase'],
    ['--loss', 'cocoloss', '--loss-args', 'alpha=1.0', '--augment', 'none', '--workers', '0'],
    ['--loss', 'arcface', '--loss-args', 'm=0.3', 's=8', '--margin-warmup', '3', '--warmup', '2'],
    ['--loss', 'ringloss', '--loss-args', 'lamda=0.1', 'r_init=5.0', '--lr-steps', '2', '--lr-factor', '0.5'],
    ['--loss', 'centerloss', '--loss-args', 'lamda=0.1', '--optimizer', 'adam', '--clip', '1', '--wd', '0'],
    ['--embedding-size', '5', '--network-args', 'prelu_last=True', '--lr-mode', 'poly', '--momentum', '0'],
], ids=lambda words: words[1])
def test_losses_samplers_and_schedules(data, tmp_path, words, capsys):
    train(data, tmp_path, *words, '--epochs', 1, '--log-every', 1)
    said = (tmp_path / 'log.txt').read_text(encoding='utf-8')
    steps = rows(tmp_path / 'steps.csv')
    assert steps and np.isfinite([float(row['loss']) for row in steps]).all()
    assert ('accuracy' in said.split('step 1')[1]) == bool(steps[0]['accuracy']) and 'None' not in said
    assert (tmp_path / 'curves.png').stat().st_size > 0
    if 'ringloss' in words:
        radius = [float(row['Radius']) for row in steps]
        assert 4 < radius[0] < 6 and said.count(' Radius ') == len(steps) + 1  # and the line of the epoch
        assert [row['lr'] for row in steps] == ['0.01', '0.005', '0.005', '0.005']
    if 'triplet' in words:
        assert steps[0]['accuracy'] == ''
    card = read_card(str(tmp_path / 'card.json'))[0]
    assert card['params'] == 'checkpoint/last.params' and card['step'] == len(steps) and card['metrics'] == {}


def test_folders_and_lists_train_too(data, tmp_path):
    listed = tmp_path / 'list.txt'
    listed.write_text(''.join('{}\t{}\n'.format(data / 'people' / 'p{}'.format(label) / '{}.png'.format(i), label)
                              for label in range(6) for i in range(8)))
    for place, out in ((data / 'people', tmp_path / 'a'), (listed, tmp_path / 'b'), ('data', tmp_path / 'c')):
        words = ['--root', data.parent] if place == 'data' else []
        if place == 'data':
            place = data.name
        train(place, out, '--steps', 2, *words)
    assert params(tmp_path / 'a') == params(tmp_path / 'b') == params(tmp_path / 'c')
    facts = [read_card(str(tmp_path / name / 'card.json'))[0]['data'] for name in 'ab']
    assert facts[0] == facts[1] and len(facts[0]['files_sha256']) == 64


def test_finetune(trained, data, tmp_path, capsys):
    for name, source in (('run', trained), ('params', trained / 'checkpoint' / 'best.params'),
                         ('npz', trained / 'checkpoint' / 'best.npz')):
        train(data, tmp_path / name, '--steps', 1, '--lr', 0, '--momentum', 0, '--finetune', source)
    before = mx.nd.load(str(trained / 'checkpoint' / 'best.params'))
    for name in ('run', 'params', 'npz'):  # at the rate 0 a run ends with what it was given
        after = mx.nd.load(str(tmp_path / name / 'checkpoint' / 'last.params'))
        assert before.keys() == after.keys()
        assert all((before[key].asnumpy() == after[key].asnumpy()).all() for key in before)
    train(data, tmp_path / 'x', '--finetune', trained, '--embedding-size', 3, code=2)
    assert 'does not hold the weights of LeNetPlus' in capsys.readouterr().err and not (tmp_path / 'x').exists()


def test_a_folder_with_a_run(data, tmp_path, capsys):
    out = tmp_path / 'out'
    (tmp_path / 'out').mkdir()
    (out / 'mine.txt').write_text('not of a run')
    train(data, out, '--steps', 2, '--eval', data / 'val.bin', '--eval-folds', 2)
    before = params(out)
    train(data, out, '--steps', 2, code=2)
    assert 'holds a run already. Give --resume to go on with it, --overwrite' in capsys.readouterr().err
    train(data, out, '--steps', 2, '--overwrite', '--lr', -1, code=2)
    assert params(out) == before, 'what is refused replaces nothing'
    train(data, out, '--steps', 3, '--overwrite', '--seed', 5)
    assert params(out) != before and not (out / 'checkpoint' / 'best.params').exists()
    assert not (out / 'verify.csv').exists() and (out / 'mine.txt').exists()
    with pytest.raises(SystemExit):
        train(data, out, '--overwrite', '--resume')


def test_resume_wants_the_same_recipe(data, tmp_path, capsys):
    words = ['--steps', 3, '--lr-steps', 2]
    train(data, tmp_path / 'a', *words, '--resume')  # there is none yet: it begins
    capsys.readouterr()
    for changed, said in ((['--lr', 0.02], 'lr (0.01 then, 0.02 now)'),
                          (['--loss', 'normsoftmax'], "loss ('softmax' then, 'normsoftmax' now)"),
                          (['--lr-steps', 1], 'lr_steps ([2] then, [1] now)'), (['--batch-size', 6], 'batch_size (12'),
                          (['--lr-mode', 'cosine'], "lr_mode ('step' then, 'cosine' now)"),
                          (['--dataset', data / 'people'], 'files_sha256')):
        train(data, tmp_path / 'a', *words, '--resume', *changed, code=0 if said == 'files_sha256' else 2)
        assert said in capsys.readouterr().err or said == 'files_sha256'
    train(data, tmp_path / 'a', '--steps', 6, '--lr-steps', 2, '--resume', '--log-every', 1)  # longer, in steps
    train(data, tmp_path / 'b', '--steps', 6, '--lr-steps', 2)
    assert params(tmp_path / 'a') == params(tmp_path / 'b')
    train(data, tmp_path / 'c', '--steps', 3)
    train(data, tmp_path / 'c', '--steps', 6, '--resume', code=2)  # the cosine would have been another
    assert 'steps (3 then, 6 now)' in capsys.readouterr().err


@pytest.mark.parametrize('save', [1, 100])
def test_a_finished_run_resumed_stays_as_it_is(data, tmp_path, save, capsys):
    words = ['--steps', 5, '--eval', data / 'val.bin', '--eval-folds', 2, '--eval-every', 2, '--save-every', save]
    train(data, tmp_path, *words)
    names = ('verify.csv', 'steps.csv', 'metrics.csv', 'checkpoint/last.params', 'checkpoint/best.params')
    before = {name: (tmp_path / name).read_bytes() for name in names if (tmp_path / name).exists()}
    card = read_card(str(tmp_path / 'card.json'))[0]
    train(data, tmp_path, *words, '--resume')
    assert before == {name: (tmp_path / name).read_bytes() for name in before}
    again = read_card(str(tmp_path / 'card.json'))[0]
    assert {**again, 'command': ''} == {**card, 'command': ''}


def test_steps_and_epochs(data, tmp_path, capsys):
    for words, steps in ((['--steps', 3], 3), (['--steps', 4, '--epochs', 3], 4), (['--steps', 60, '--epochs', 1], 4)):
        train(data, tmp_path / 'x', *words, '--overwrite')
        assert read_card(str(tmp_path / 'x' / 'card.json'))[0]['step'] == steps, words
        assert len(rows(tmp_path / 'x' / 'metrics.csv')) == steps // 4


BAD = [
    (['--dataset', 'nope'], 'no train.rec in'), (['--dataset', 'no/pe'], 'there is no file or folder no/pe'),
    (['--network', 'mobilfacenet'], "Did you mean 'mobilefacenet'?"), (['--loss', 'arcfac'], "Did you mean 'arcface'?"),
    (['--augment', 'miror'], "Did you mean 'mirror'?"), (['--optimizer', 'sdg'], 'optimizer must be one of'),
    (['--eval', 'nope'], 'no nope.bin in'), (['--eval', 'no/pe.bin'], 'there is no no/pe.bin'),
    (['--batch-size', '49'], '--batch-size must be at most 48'), (['--lr', '-1'], 'baselr must be >= 0, got -1.0'),
    (['--lr', 'nan'], 'got nan'), (['--wd', '-1'], 'weight decay must be >= 0'), (['--momentum', '1'], 'in [0, 1)'),
    (['--clip', '0'], '--clip: norm must be > 0'), (['--lr-factor', '0'], 'step_factor must be > 0'),
    (['--warmup', '100'], 'warmup_iters must be in [0, 3], got 100'), (['--lr-steps', '-5'], 'step must be >= 0'),
    (['--gpus', '77'], '--gpus must name GPUs that MXNet sees'), (['--gpus', 'x'], '--gpus must be different GPU'),
    (['--dtype', 'float16'], '--dtype float16 needs --gpus'), (['--finetune', 'nope'], '--finetune: there is no nope'),
    (['--sampler', 'pk:2'], '--sampler must be shuffle, balanced or pk:PxK'), (['--sampler', 'pk:9x2'], 'p must be in'),
    (['--network-args', 'a=1'], "unknown argument 'a'. Signature: LeNetPlus"), (['--loss-args', 'm'], 'takes key='),
    (['--network', 'mobilefacenet'], 'takes images of 112 x 112 pixels, got 28 x 28. Bring them'),
    (['--margin-warmup', '3'], 'no margin that could warm up'), (['--loss', 'rangeloss'], 'give --sampler pk:PxK'),
    (['--loss', 'triplet'], 'give --loss-args mining=...'), (['--seed', str(2 ** 32)], 'seed must be in'),
]


@pytest.mark.parametrize('words, expected', BAD, ids=lambda value: ' '.join(value) if isinstance(value, list) else '')
def test_bad_values_are_one_sentence_before_anything_is_written(data, tmp_path, words, expected, capsys):
    train(data, tmp_path / 'out', '--steps', 3, *words, code=2)
    error = capsys.readouterr().err
    assert error.startswith('gluonfr train: ') and expected in error and error.count('\n') == 1, error
    assert not (tmp_path / 'out').exists()


@pytest.mark.skipif(importlib.util.find_spec('nvidia') is not None, reason='NVIDIA DALI may be there')
def test_without_dali(data, tmp_path, capsys):
    train(data, tmp_path / 'out', '--data-iter', 'dali', code=2)
    assert "pip install 'gluonfr[dali]'" in capsys.readouterr().err and not (tmp_path / 'out').exists()


def test_dali_wants_a_rec(data, tmp_path, capsys):
    train(data / 'people', tmp_path / 'out', '--data-iter', 'dali', code=2)
    assert '--data-iter dali needs a .rec' in capsys.readouterr().err


@pytest.mark.parametrize('words, expected', [
    (['--eval', 'VAL', '--eval-folds', '100'], 'nfolds must be at most the number of pairs, 24, got 100'),
    (['--eval', 'VAL', 'data/val', '--root', 'ROOT'], 'sets must have different names'),
    (['--eval', 'BIG'], '--eval'), (['--eval', 'VAL,nope'], 'no nope.bin'), (['--finetune', 'VAL'], 'is damaged')])
def test_bad_sets_are_told_at_once(data, tmp_path, words, expected, capsys):
    write_bin(str(tmp_path / 'big.bin'), [encode(np.zeros((40, 40, 3), 'uint8'), '.png')] * 8, [1, 0] * 2)
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data' / 'val').mkdir()
    for place in ('val.bin', 'data/val.bin'):
        (tmp_path / place).write_bytes((data / 'val.bin').read_bytes())
    words = [word.replace('VAL', str(tmp_path / 'val.bin')).replace('BIG', str(tmp_path / 'big.bin')).replace(
        'ROOT', str(tmp_path)).replace('data/val', str(tmp_path / 'data' / 'val.bin')) for word in words]
    train(data, tmp_path / 'out', '--steps', 3, *words, code=2)
    error = capsys.readouterr().err
    assert expected in error and error.count('\n') == 1 and not (tmp_path / 'out').exists()


@pytest.mark.parametrize('words', [
    [], ['nothing'], ['train'], ['train', '--dataset', 'x'], ['train', '--dat', 'x', '--out', 'y'],
    ['train', '--dataset', 'x', '--out', 'y', '--epochs', '0'], ['verify', 'x'], ['embed', 'x', 'y'],
    ['train', '--dataset', 'x', '--out', 'y', '--margin-warmup', '-1'],
    ['train', '--dataset', 'x', '--out', 'y', '--steps', 'many'], ['pack'], ['compare', 'x'],
    ['verify', 'x', '--data', 'y', '--flip', 'up']], ids=' '.join)
def test_wrong_command_lines(words, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2 and 'usage: gluonfr' in capsys.readouterr().err


@pytest.mark.parametrize('words, expected', [
    (['verify', 'runs/nowhere', '--data', 'VAL'], 'there is no folder runs/nowhere'),
    (['verify', 'nonet', '--data', 'VAL'], "unknown model 'nonet'"), (['verify', 'DATA', '--data', 'VAL'], 'card.json'),
    (['verify', 'RUN', '--data', 'VAL', '--folds', '30'], 'nfolds must be at most'),
    (['verify', 'RUN', '--data', 'VAL', '--folds', '2', '--fars', '3'], 'far'),
    (['verify', 'RUN', '--data', 'VAL', '--folds', '2', '--pca', '9'], 'components must be in'),
    (['verify', 'RUN', '--data', 'DATA/train.rec'], 'no '),
    (['verify', 'RUN', '--params', 'x', '--data', 'VAL'], 'a card names its weights'),
    (['embed', 'RUN', 'nowhere', '--out', 'OUT.npz'], 'there is no file or folder nowhere'),
    (['embed', 'RUN', 'DATA/people', '--out', 'OUT.csv'], '--out must end in .npz or .npy'),
    (['embed', 'RUN', 'EMPTY', '--out', 'OUT.npz'], 'must hold images'),
    (['embed', 'lenetplus', 'DATA/people', '--out', 'OUT.npz'], 'needs params'),
    (['embed', 'RUN', 'DATA/people', '--gpu', '9', '--out', 'OUT.npz'], '--gpus must name GPUs'),
    (['compare', 'RUN', 'DATA/property', 'DATA/property'], 'property'),
    (['compare', 'RUN', 'DATA/none.png', 'DATA/none.png'], 'none.png'),
    (['pack', 'folder', 'nowhere', '--out', 'OUT'], 'nowhere'),
    (['pack', 'pairs', 'nowhere', '--out', 'OUT'], 'nowhere'),
], ids=lambda value: ' '.join(value[:3]) if isinstance(value, list) else '')
def test_errors_of_the_other_commands(trained, data, tmp_path, words, expected, capsys):
    (tmp_path / 'empty').mkdir()
    for mark, place in (('VAL', data / 'val.bin'), ('DATA', data), ('RUN', trained), ('EMPTY', tmp_path / 'empty'),
                        ('OUT', tmp_path / 'out')):
        words = [word.replace(mark, str(place)) for word in words]
    run(*words, *([] if words[0] == 'compare' else ['--no-progress']), code=2)
    error = capsys.readouterr().err
    assert error.startswith('gluonfr {}: '.format(words[0])) and expected in error and error.count('\n') == 1, error
    assert not (tmp_path / 'out.npz').exists()


def test_a_loss_that_explodes_is_a_sentence(data, tmp_path, capsys):
    train(data, tmp_path, '--lr', 1e9, '--steps', 30, code=2)
    assert 'gluonfr train: fit: the loss is' in capsys.readouterr().err


def test_pack_and_train_and_verify_by_name(data, tmp_path, capsys):
    run('pack', 'folder', data / 'people', '--out', tmp_path / 'mine', '--split', 0.34, '--no-progress')
    assert '32 images of 4 people, 32 copied byte for byte' in capsys.readouterr().out
    pairs = tmp_path / 'pairs.txt'
    pairs.write_text(''.join('p{}/0.png\tp{}/{}.png\t{}\n'.format(a, b, c, int(a == b))
                             for a, b, c in [(0, 0, 1), (0, 1, 0), (2, 2, 3), (2, 3, 0)] * 2))
    run('pack', 'pairs', pairs, '--root', data / 'people', '--out', tmp_path / 'mine' / 'few.bin', '--no-progress')
    train('mine', tmp_path / 'run', '--root', tmp_path, '--steps', 2, '--eval', 'few', '--eval-folds', 2)
    run('verify', tmp_path / 'run', '--root', tmp_path, '--data', 'mine/few', '--folds', 2, '--no-progress')
    assert 'mine/few: accuracy' in capsys.readouterr().out


def test_out_with_a_tilde(data, tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    run('train', '--dataset', data, '--out=~/run', *TINY, '--steps', 1)
    assert (tmp_path / 'run' / 'card.json').is_file()


def test_options_have_their_help():
    parser = argparse.ArgumentParser()
    add_options(parser)
    for name in ('dataset', 'network', 'loss', 'loss-args', 'data-iter', 'lr', 'lr-steps', 'warmup', 'wd', 'batch-size',
                 'gpus', 'dtype', 'eval', 'eval-every', 'resume', 'finetune'):
        assert '--' + name in parser._option_string_actions
