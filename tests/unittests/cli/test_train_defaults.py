"""gluonfr train: defaults that fit the set and the run, and errors of the library in the command's words."""
import pytest
import train_cases as small
from cli_cases import make_data, run

from gluonfr.cli.parsers import make_parser
from gluonfr.cli.train_defaults import default_batch, default_warmups, duration
from gluonfr.cli.words import in_words
from gluonfr.train import Checkpoint, CheckpointError


@pytest.mark.parametrize('images, given, batch, lr', [
    (48, {}, 8, .00625), (143, {}, 32, .025), (300, {}, 64, .05), (511, {}, 64, .05), (512, {}, 128, .1),
    (5, {}, 5, None), (1, {}, 1, None), (10 ** 6, {}, 128, .1), (48, {'lr': .3}, 8, .3),
    (48, {'batch_size': 20}, 20, .1), (48, {'grouped': True}, 128, .1)])
def test_the_default_batch_fits_the_set(images, given, batch, lr, caplog):
    with caplog.at_level('INFO', 'gluonfr'):
        batch_size, rate = default_batch(images, **given)
    assert batch_size == batch and rate == pytest.approx(.1 * batch / 128 if lr is None else lr)
    said = 'default for {} images: --batch-size {}{}'.format(images, batch, '' if given else ' --lr {:g}'.format(rate))
    assert caplog.messages == ([said] if batch < 128 and 'batch_size' not in given else [])


@pytest.mark.parametrize('steps, epochs, run', [
    (None, None, (80, 20)), (None, 3, (12, 3)), (3, None, (3, 1)), (9, None, (9, 3)), (60, 1, (4, 1)), (4, 3, (4, 1))])
def test_steps_and_epochs_of_a_run(steps, epochs, run):
    assert duration(4, steps, epochs) == run


@pytest.mark.parametrize('given, steps, filled, said', [
    ((0, 0), 3, (0, 0), []), (('auto', 'auto'), 120, (12, 30), ['auto, for 120 steps: --warmup 12 --margin-warmup 30']),
    (('auto', 7), 9, (0, 7), ['auto, for 9 steps: --warmup 0']),
    (('auto', 'auto'), 10 ** 5, (100, 500), ['auto, for 100000 steps: --warmup 100 --margin-warmup 500']),
    ((0, 500), 120, (0, 500),
     ['--margin-warmup 500 is longer than the run of 120 steps: the margin ends at 24 % of its value'])])
def test_warmups_that_fit_the_run(given, steps, filled, said, caplog):
    with caplog.at_level('INFO', 'gluonfr'):
        assert default_warmups(steps, *given) == filled
    assert caplog.messages == said


def test_defaults_on_a_small_set(tmp_path, caplog):
    data = make_data(tmp_path)
    with caplog.at_level('INFO', 'gluonfr'):
        run('train', '--dataset', data, '--out', tmp_path / 'run', '--network', 'lenetplus', '--epochs', 2, '--warmup',
            'auto', '--margin-warmup', 'auto', '--no-progress')
    assert caplog.messages[:2] == ['default for 48 images: --batch-size 8 --lr 0.00625',
                                   'auto, for 12 steps: --warmup 1 --margin-warmup 3']
    assert 'batch_size=8' in (tmp_path / 'run' / 'log.txt').read_text(encoding='utf-8')


def test_errors_of_the_library_in_the_words_of_the_command(tmp_path):
    """Those that a command seldom meets; the sentences of the library as it says them."""
    parser = make_parser().parse_args(['train', '--dataset', 'x', '--out', 'x']).parser
    saved = Checkpoint(str(tmp_path))
    small.train(epochs=1, callbacks=[saved])
    said = []
    for wrong in ({'seed': 4}, {'optimizer': 'adam', 'optimizer_params': {}}):
        with pytest.raises(CheckpointError) as caught:
            small.train(epochs=2, resume='auto', callbacks=[saved], **wrong)
        said.append(in_words('train', str(caught.value), parser))
    for path in tmp_path.glob('*.npz'):
        path.write_bytes(b'no')
    with pytest.raises(CheckpointError) as caught, pytest.warns(UserWarning):
        small.train(epochs=2, resume='auto', callbacks=[saved])
    said.append(in_words('train', str(caught.value), parser))
    assert 'whose seed was 3, got 4. --resume needs the same one; --finetune with another --out begins' in said[0]
    assert 'whose optimizer was SGD, got Adam. --resume needs the same one' in said[1]
    assert said[2].endswith('Begin again with --overwrite, or with another --out.')
