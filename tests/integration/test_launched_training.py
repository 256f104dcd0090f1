"""`gluonfr launch -- train`: what one process trains, in two; a stop and what goes on from it."""
import signal

import numpy as np
import pytest
from launched_cases import Launched

from gluonfr import cli
from gluonfr.data import SyntheticFaces, draw_pairs, pack_dataset, write_bin
from gluonfr.data.image import encode, resize
from gluonfr.train.checkpoint import list_checkpoints, read_checkpoint

pytest.importorskip('tensorboardX', reason='pip install tensorboardX')


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """A folder with train.rec and val.bin, 6 people x 8 images of 28x28 pixels."""
    folder, faces = tmp_path_factory.mktemp('made') / 'data', SyntheticFaces(6, 8, seed=1)
    pack_dataset(faces, str(folder), fmt='.png', resize=28, progress=False)
    small = [encode(resize(faces.read(i)[0], (28, 28)), '.png') for i in range(48)]
    first, second, issame = draw_pairs(faces.labels, 24, 2)
    write_bin(str(folder / 'val.bin'), [small[i] for pair in zip(first, second) for i in pair], issame)
    return folder


def words(data, out, *more):
    return ['train', '--dataset', str(data), '--eval', str(data / 'val.bin'), '--out', str(out), '--network',
            'lenetplus', '--loss', 'cosface', '--loss-args', 's=8', '--batch-size', '10', '--lr', '1e-4',
            '--eval-folds', '2', '--log-every', '4', '--no-progress', '--no-report', *map(str, more)]


def test_two_workers_train_what_one_does_and_go_on_after_a_stop(data, tmp_path, no_curves):
    assert cli.main(words(data, tmp_path / 'one', '--epochs', 3, '--class-shards')) == 0
    out = tmp_path / 'two'
    launched = Launched(tmp_path, *words(data, out, '--epochs', 3, '--class-shards', '--save-every', 1))
    launched.wait(lambda: list_checkpoints(str(out / 'checkpoint')))
    launched.process.send_signal(signal.SIGTERM)
    status, said = launched.end()
    assert status == 130, said
    assert 'is saved: --resume continues from there' in said and 'stopped by SIGTERM' in said
    assert not (out / 'card.json').exists()
    launched = Launched(tmp_path, *words(data, out, '--epochs', 3, '--class-shards', '--resume'))
    status, said = launched.end()
    assert status == 0, said
    assert launched.out.count('card: ') == 1
    one, two = (read_checkpoint(list_checkpoints(str(tmp_path / name / 'checkpoint'))[-1]) for name in ('one', 'two'))
    assert one.header['step'] == two.header['step'] == 12 and one.header['best'] is not None
    assert sorted(one.arrays) == sorted(two.arrays)
    for name, array in one.arrays.items():
        np.testing.assert_allclose(array, two.arrays[name], rtol=1e-4, atol=1e-5, err_msg=name)
    for name in ('log.txt', 'steps.csv', 'verify.csv', 'card.json', 'curves.png'):
        assert (out / name).exists(), name


def test_a_wrong_option_is_said_once(data, tmp_path):
    status, said = Launched(tmp_path, *words(data, tmp_path / 'run', '--lr', 'fast')).end()
    assert status == 2 and said.count('invalid float') == 1


def test_a_refused_training_is_not_run_again(data, tmp_path):
    launched = Launched(tmp_path, *words(data, tmp_path / 'run', '--loss', 'circle', '--loss-args', 'm=0.25',
                                         '--class-shards'), options=['--restarts', 3])
    status, said = launched.end()
    assert status == 2 and 'the loss must take its negatives as s * cosine' in said and 'starting again' not in said
