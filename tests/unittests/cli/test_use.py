"""A trained run, and the commands that take it: verify, embed, compare, train --finetune; pack."""
import json
import os
import re
import shutil

import mxnet as mx
import numpy as np
import pytest
from cli_cases import TINY, make_data, run, train
from helpers import rows

from gluonfr.cli import train_start
from gluonfr.data import read_bin, write_bin
from gluonfr.data.image import encode
from gluonfr.deploy import Embedder, read_card, write_card
from gluonfr.model_zoo import InputSpec, get_model
from gluonfr.utils.lock import sole_writer

pytest.importorskip('tensorboardX', reason='pip install tensorboardX')


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp('data'))


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
    assert [row['step'] for row in rows(trained / 'steps.csv')] == ['2', '4', '6', '8', '9']
    assert [row['step'] for row in rows(trained / 'verify.csv')] == ['3', '6', '9']
    assert [row['step'] for row in rows(trained / 'metrics.csv')] == ['4', '8']


def test_log_has_the_recipe_once_then_numbers(trained):
    lines = (trained / 'log.txt').read_text(encoding='utf-8').splitlines()
    assert lines[0].startswith('gluonfr train --dataset') and '48 images of 6 people, 9 steps' in lines[1]
    for word in ('batch_size=12', 'lr=0.01', 'wd=0.0005', 'momentum=0.9', 'lr_mode=cosine', 'seed=0', 'augment=mirror'):
        assert word in lines[2].split()
    steps = [line for line in lines if re.match(r'epoch \d+ step', line)]
    assert len(steps) == 5 and all(re.fullmatch(
        r'epoch \d step \d loss \S+ accuracy \S+ lr \S+ \d+ images/s \S+ s', line) for line in steps)
    assert [line for line in lines if re.fullmatch(r'step [369] val: 0\.\d{4}\+-0\.\d{4}', line)] == [
        line for line in lines if ' val:' in line] and sum(' val:' in line for line in lines) == 3
    assert lines.count('val: 12 impostor pairs cannot show FAR 0.001; the smallest is 0.0834') == 1
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
    assert 'val: accuracy' in said and '24 pairs in 2 folds, exact thresholds, flip sum' in said
    assert said.count('TAR') == 1
    assert 'val: 12 impostor pairs cannot show FAR 0.01; the smallest is 0.0834' in said
    (row,) = rows(tmp_path / 'v.csv')
    assert 'at FAR <= 0.1, threshold {:.4f} (exact, all pairs)'.format(float(row['threshold@0.1'])) in said
    assert row['tar@0.01'] == row['threshold@0.01'] == ''
    for end in ('roc', 'scores'):
        assert (tmp_path / 'plots' / 'val-{}.png'.format(end)).stat().st_size > 0
    run('verify', trained, '--data', 'val', '--root', data, '--folds', 2, '--fars', 0.1, 0.01, '--compat', '--csv',
        tmp_path / 'v.csv', '--no-progress')
    assert [row['thresholds'] for row in rows(tmp_path / 'v.csv')] == ['exact', 'classic grid']
    assert 'thresholds of the classic grid (compat)' in capsys.readouterr().out
    run('verify', trained, '--data', data / 'val.bin', '--folds', 2, '--fars', 0.5, '--csv', tmp_path / 'v.csv',
        '--no-progress', code=2)
    assert 'v.csv has the columns set, pairs' in capsys.readouterr().err and len(rows(tmp_path / 'v.csv')) == 2
    first, second = (data / 'people' / 'p0' / name for name in ('0.png', '1.png'))
    run('compare', trained, first, first, second, '--threshold', 0.9999)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and '  1.0000  same person' in lines[0] and str(second) in lines[1]
    run('compare', trained, first, code=2)
    assert 'at least two images must be given, got 1' in capsys.readouterr().err


def test_finetune(trained, data, tmp_path, capsys):
    for name, source in (('run', trained), ('params', trained / 'checkpoint' / 'best.params'),
                         ('npz', trained / 'checkpoint' / 'best.npz')):
        train(data, tmp_path / name, '--steps', 1, '--lr', 0, '--momentum', 0, '--finetune', source)
    before = mx.nd.load(str(trained / 'checkpoint' / 'best.params'))
    for name in ('run', 'params', 'npz'):  # at the rate 0 a run ends with what it was given
        after = mx.nd.load(str(tmp_path / name / 'checkpoint' / 'last.params'))
        assert before.keys() == after.keys()
        assert all((before[key].asnumpy() == after[key].asnumpy()).all() for key in before)


@pytest.mark.parametrize('words, said', [
    (['RUN', '--embedding-size', '3'],
     '--finetune RUN: these are weights of lenetplus with --embedding-size 2, and --network has --embedding-size 3. '
     'Give no --network-args and no --embedding-size.'),
    (['RUN', '--network-args', 'prelu_last=True'], 'with prelu_last=False, and --network has prelu_last=True'),
    (['RUN', '--network', 'miniresnet18'], 'these are weights of lenetplus, and --network is miniresnet18. Give '
                                           '--network lenetplus.'),
    (['begun', '--network', 'miniresnet18'], "weights of lenetplus, and --network is miniresnet18. Give --network "
                                             "lenetplus --embedding-size 5 --network-args prelu_last=True."),
    (['begun'], "weights of lenetplus with --embedding-size 5 prelu_last=True, and --network has --embedding-size 2 "
                "prelu_last=False. Give --embedding-size 5 --network-args prelu_last=True."),
    (['wide', '--network', 'miniresnet18'], 'Give --network lenetplus --embedding-size 3.'),
    (['W600K_MBF'], 'weights of mbf, and --network is lenetplus. Give --network mbf.'),
    (['RUN/checkpoint/best.params', '--network-args', 'prelu_last=True'], 'missing features.'),
    (['RUN/checkpoint/best.npz', '--network-args', 'prelu_last=True'], 'is missing'),
    (['graph'], 'weights of a graph that was taken as it is (symbol)'),
    (['LeNet++'], '--finetune LeNet++: it is a model, and weights must be given: a run, a file, or the name of '
                  'pretrained weights: lenetplus_arcface (not for photographs), lenetplus_softmax'),
    (['x-symbol.json'], '`gluonfr convert` makes such a folder'),
    (['w600k_mfb'], 'there is no w600k_mfb. Give the --out of a run, ')],
    ids=lambda value: ' '.join(value) if isinstance(value, list) else '')
def test_finetune_of_another_net_is_refused(trained, data, tmp_path, monkeypatch, words, said, capsys):
    for name in ('begun', 'graph', 'w600k_mbf', 'wide'):
        (tmp_path / name).mkdir()
    (tmp_path / 'begun' / 'checkpoint').mkdir()
    (tmp_path / 'begun' / 'checkpoint' / 'last.params').write_bytes(b'not looked at')
    (tmp_path / 'begun' / 'recipe.json').write_text(
        '{"network": "LeNet++", "network_args": ["prelu_last=True"], "embedding_size": 5}')
    for name, model, arguments in (('graph', 'symbol', {}), ('w600k_mbf', 'mbf', {}),
                                   ('wide', 'lenetplus', {'embedding_size': 3})):
        (tmp_path / name / 'w').write_bytes(b'not looked at')
        write_card(str(tmp_path / name / 'card.json'), str(tmp_path / name / 'w'), model, arguments, InputSpec())
    monkeypatch.setattr(train_start, 'get_model_file', lambda name: 'w600k_mbf/card.json')  # as after a download
    monkeypatch.chdir(tmp_path)
    train(data, 'x', '--finetune', *(word.replace('RUN', str(trained)) for word in words), code=2)
    assert said.replace('RUN', str(trained)) in capsys.readouterr().err and not (tmp_path / 'x').exists()


def test_finetune_takes_the_name_and_the_input_of_pretrained_weights(data, tmp_path):
    train(data, tmp_path / 'a', '--steps', 1, '--lr', 0, '--momentum', 0, '--finetune', 'LeNetPlus_SoftMax')
    wanted = get_model('lenetplus', pretrained='lenetplus_softmax')
    assert read_card(str(tmp_path / 'a' / 'card.json'))[2] == wanted.input_spec
    for name, array in mx.nd.load(str(tmp_path / 'a' / 'checkpoint' / 'last.params')).items():
        np.testing.assert_array_equal(array.asnumpy(), wanted._collect_params_with_prefix()[name].data().asnumpy())
    net = get_model('lenetplus')
    write_card(str(tmp_path / 'a' / 'other.json'), str(tmp_path / 'a' / 'checkpoint' / 'last.params'), 'lenetplus', {},
               net.input_spec._replace(mean=(10.0,), std=(20.0,)))
    train(data, tmp_path / 'b', '--steps', 1, '--finetune', tmp_path / 'a' / 'other.json')
    assert read_card(str(tmp_path / 'b' / 'card.json'))[2].mean == (10.0,)


def embeddings(path):
    with np.load(str(path), allow_pickle=False) as saved:
        return {name: saved[name] for name in saved.files}


@pytest.mark.parametrize('words, out, lock', [
    ('train --dataset DATA', '--out', 'x/.lock'), ('embed RUN DATA/people', '--out', 'x.npz.lock'),
    ('export RUN', '--symbol', 'x.lock'), ('convert RUN/checkpoint/best.params --model lenetplus', '--out', 'x.lock')])
def test_two_processes_with_one_place(trained, data, tmp_path, words, out, lock, capsys):
    place = tmp_path / (lock[:-len('.lock')].rstrip('/'))
    words = [word.replace('RUN', str(trained)).replace('DATA', str(data)) for word in words.split()]
    with sole_writer(str(tmp_path / lock), 'x'):
        run(*words, out, place, *(TINY if words[0] == 'train' else []), code=2)
    assert '{} {} is in use: process {} on'.format(out, place, os.getpid()) in capsys.readouterr().err
    assert [name for _, _, names in os.walk(str(tmp_path)) for name in names] == []


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


def test_embed_again_what_was_replaced_meanwhile(trained, data, tmp_path, monkeypatch, caplog):
    people, again = tmp_path / 'people', tmp_path / 'again.npz'
    shutil.copytree(str(data / 'people'), str(people))
    paths = sorted(people.glob('*/*.png'))
    for path in paths:  # of one length, as those of a camera without compression
        path.write_bytes(path.read_bytes().ljust(4000, b'\0'))
    starts = record_starts(monkeypatch, batches=3)
    words = ['embed', trained, people, '--no-progress', '--batch-size', 7, '--out']
    run(*words, tmp_path / 'e.npz', code=130)
    before = paths[10].stat()
    paths[10].write_bytes(paths[40].read_bytes())
    os.utime(str(paths[10]), ns=(before.st_atime_ns, before.st_mtime_ns))
    record_starts(monkeypatch, starts)
    run(*words, tmp_path / 'e.npz')
    run(*words, again)
    assert starts == [0, 7, 0] and 'image 11 of 48 is not what it was' in caplog.text
    assert embeddings(tmp_path / 'e.npz')['embeddings'].tobytes() == embeddings(again)['embeddings'].tobytes()


@pytest.mark.parametrize('words', [['bfloat16'], ['int8', '--calibrate', 'PEOPLE']], ids=lambda words: words[0])
def test_precisions(trained, data, tmp_path, words):
    words = [str(data / 'people') if word == 'PEOPLE' else word for word in words]
    both = []
    for name, options in (('a', []), ('b', ['--precision', *words])):
        run('embed', trained, data / 'train.rec', '--no-progress', '--out', tmp_path / (name + '.npz'), *options)
        both.append(embeddings(tmp_path / (name + '.npz'))['embeddings'])
    assert 0.9 < (both[0] * both[1]).sum(axis=1).min() < 1 - 1e-9


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


@pytest.mark.parametrize('change', ['net', 'flip', 'data', 'precision'])
def test_embed_begins_anew_where_net_options_or_data_differ(data, tmp_path, monkeypatch, change):
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
        '--params', tmp_path / ('b' if change == 'net' else 'a'), '--flip', 'sum' if change == 'flip' else 'none',
        '--precision', 'bfloat16' if change == 'precision' else 'float32')
    assert starts == [0, 0]


@pytest.mark.parametrize('words, expected', [
    (['verify', 'runs/nowhere', '--data', 'VAL'], 'there is no folder runs/nowhere'),
    (['verify', 'nonet', '--data', 'VAL'], "unknown model 'nonet'"), (['verify', 'DATA', '--data', 'VAL'], 'card.json'),
    (['verify', 'RUN', '--data', 'VAL', '--folds', '30'],
     '--folds must be at most the number of pairs, 24 in val, got 30'),
    (['verify', 'RUN', '--data', 'VAL', '--folds', '2', '--fars', '3'], '--fars: FAR must be in [0, 1], got 3'),
    (['verify', 'RUN', '--data', 'VAL', '--folds', '2', '--pca', '9'], '--pca must be in'),
    (['verify', 'RUN', '--data', 'DATA'], 'a set of pairs is a .bin file: give DATA/val.bin'),
    (['verify', 'RUN', '--data', 'DATA/people'], 'make one with `gluonfr pack pairs`'),
    (['verify', 'RUN', '--data', 'DATA/train.rec'], 'train.rec holds people, and a set of pairs (.bin) is needed.'),
    (['verify', 'RUN', '--data', 'DATA/people/p0/0.png'], '0.png is one image, and a set of pairs (.bin) is needed'),
    (['verify', 'RUN', '--data', 'DATA/property'], 'property must be a .bin, or the name of a set in --root. If it is'),
    (['verify', 'RUN', '--params', 'x', '--data', 'VAL'], 'a card names its weights'),
    (['embed', 'RUN', 'nowhere', '--out', 'OUT.npz'], 'there is no file or folder nowhere'),
    (['embed', 'RUN', 'DATA/people', '--out', 'OUT.csv'], '--out must end in .npz or .npy'),
    (['embed', 'RUN', 'EMPTY', '--out', 'OUT.npz'], 'must hold images'),
    (['embed', 'miniresnet18', 'DATA/people', '--out', 'OUT.npz'], 'miniresnet18 is a model, and its weights must be '
     'given: --params FILE, the folder of a training of it, or the name of pretrained weights in its place: there are '
     'none.'),
    (['verify', 'MobileFaceNet', '--data', 'VAL'], 'in its place: mobilefacenet_drawn (not for photographs).'),
    (['embed', 'arcface_mbf', 'DATA/people', '--out', 'OUT.npz'], "unknown model 'arcface_mbf'"),
    (['compare', 'mbf', 'a.png', 'b.png'], 'in its place: w600k_mbf.'),
    (['compare', 'a.png', 'b.png', 'c.png'], 'a.png is an image, and the net must be given first'),
    (['embed', 'RUN', 'DATA/people', '--gpu', '9', '--out', 'OUT.npz'], '--gpus must name GPUs'),
    (['embed', 'RUN', 'DATA/people', '--precision', 'int8', '--out', 'OUT.npz'], 'must be given together'),
    (['embed', 'RUN', 'DATA/people', '--calibrate', 'DATA/people', '--out', 'OUT.npz'], 'must be given together'),
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
        expected = expected.replace(mark, str(place))
    run(*words, *([] if words[0] == 'compare' else ['--no-progress']), code=2)
    error = capsys.readouterr().err
    assert error.startswith('gluonfr {}: '.format(words[0])) and expected in error and error.count('\n') == 1, error
    assert not (tmp_path / 'out.npz').exists()


def test_verify_leaves_out_what_cannot_be_read(trained, data, tmp_path, capsys, caplog):
    pairs = read_bin(str(data / 'val.bin'))
    write_bin(str(tmp_path / 'bad.bin'), [b'x' if i == 9 else image for i, image in enumerate(pairs.images)],
              pairs.issame)
    words = ['verify', trained, '--data', tmp_path / 'bad.bin', '--csv', tmp_path / 'v.csv', '--no-progress']
    run(*words, code=2)
    assert 'image 9 (of pair 4)' in capsys.readouterr().err
    run(*words, '--on-error', 'skip')
    (row,) = rows(tmp_path / 'v.csv')
    assert (row['pairs'], row['skipped'], row['folds']) == ('23', '1', '10')
    assert 'bad: left out pair 4' in caplog.text and '1 of 24 pairs left out' in caplog.text
    assert 'bad: accuracy' in capsys.readouterr().out


@pytest.mark.parametrize('words', [['verify', 'RUN', '--data', 'SET', '--folds', 2],
                                   ['train', '--dataset', 'DATA', '--out', 'OUT', '--eval', 'SET', *TINY]],
                         ids=lambda words: words[0])
def test_pairs_of_several_sizes_are_found_before_anything_is_done(trained, data, tmp_path, words, capsys):
    pairs = read_bin(data / 'val.bin')
    pairs.images[9] = encode(np.zeros((20, 30, 3), np.uint8), '.png')
    write_bin(tmp_path / 'few.bin', pairs.images, pairs.issame)
    places = {'RUN': trained, 'SET': tmp_path / 'few.bin', 'DATA': data, 'OUT': tmp_path / 'out'}
    run(*(places.get(word, word) for word in words), *(['--no-progress'] if words[0] == 'verify' else []), code=2)
    error = capsys.readouterr().err
    assert 'takes images of 28 x 28 pixels, and 1 of 48 have another size, the first, image 9, 20 x 30.' in error
    assert not (tmp_path / 'out').exists()


def test_pack_lists_what_it_left_out(data, tmp_path, capsys):
    people = tmp_path / 'people'
    shutil.copytree(str(data / 'people'), str(people))
    (people / 'p1' / 'bad.jpg').write_bytes(b'')
    for i in range(22):
        (people / 'p0' / '{:02}.txt'.format(i)).write_text('')
    run('pack', 'folder', people, '--out', tmp_path / 'out', '--on-error', 'skip', '--no-progress')
    lines = capsys.readouterr().out.splitlines()
    assert 'skipped {}/p1/bad.jpg: the image is empty (0 bytes).'.format(people) in lines
    assert 'left out p0/00.txt: no image by the suffix' in lines and len(lines) == 23
    assert lines[-1] == 'left out 2 more: {} lists all'.format(tmp_path / 'out' / 'pack.json')
    card = json.loads((tmp_path / 'out' / 'pack.json').read_text())
    assert ['p0/21.txt', 'no image by the suffix'] in card['ignored']


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


@pytest.mark.parametrize('error, said', [
    (mx.MXNetError('Traceback ...\nMXNetError: cudaMalloc retry failed: out of memory'),
     'gluonfr verify: the memory is not enough (MXNetError: cudaMalloc retry failed: out of memory). Give a smaller '
     '--batch-size.'),
    (mx.MXNetError('MXNetError: Failed to allocate CPU Memory'), 'Failed to allocate CPU Memory). Give a smaller'),
    (MemoryError(), 'the memory is not enough (Python has none left). Give a smaller --batch-size.')])
def test_too_little_memory_is_a_sentence(monkeypatch, capsys, error, said):
    def fails(args):
        raise error

    monkeypatch.setattr('gluonfr.cli.verify.verify', fails)
    run('verify', 'net', '--data', 'pairs.bin', code=2)
    assert said in capsys.readouterr().err


def test_other_errors_of_mxnet_stay_as_they_are(monkeypatch):
    def fails(args):
        raise mx.MXNetError('shapes differ')

    monkeypatch.setattr('gluonfr.cli.verify.verify', fails)
    with pytest.raises(mx.MXNetError, match='shapes differ'):
        run('verify', 'net', '--data', 'pairs.bin')


def test_too_few_threads_are_told_before_the_work(monkeypatch, capsys):
    asked = []
    monkeypatch.setattr('gluonfr.cli.room_problem', lambda **more: asked.append(more) or 'MXNet starts 9 threads.')
    run('train', '--dataset', 'none', '--out', 'none', '--workers', 3, code=2)
    assert capsys.readouterr().err == 'gluonfr train: MXNet starts 9 threads.\n'
    assert asked == [{'more_threads': 5, 'more_mib': 500}]
