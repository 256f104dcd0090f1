"""gluonfr train: defaults that fit the set and the run, and errors of the library in the command's words."""
import pytest
import train_cases as small
from cli_cases import make_data, run

from gluonfr.cli.parsers import make_parser
from gluonfr.train.defaults import choose_numbers, default_batch
from gluonfr.cli.words import in_words
from gluonfr.train import Checkpoint, CheckpointError
from gluonfr.utils.messages import counted


@pytest.mark.parametrize('images, batch', [(48, 8), (143, 32), (300, 64), (511, 64), (512, 128), (5, 5), (1, 1),
                                           (10 ** 6, 128)])
def test_the_default_batch_fits_the_set(images, batch, caplog):
    assert default_batch(images) == batch
    with caplog.at_level('INFO', 'gluonfr'):
        numbers = choose_numbers(images, batch, 4, batch_chosen=True)
    assert numbers.batch_size == batch and numbers.lr == pytest.approx(.1 * batch / 128)
    said = 'default for {}: --batch-size {} --lr {:g}'.format(counted(images, 'image'), batch, numbers.lr)
    assert caplog.messages == ([said] if batch < 128 else [])


@pytest.mark.parametrize('batch_chosen, lr, used, said', [
    (True, .3, .3, ['default for 48 images: --batch-size 8']), (False, None, .1, []), (False, .3, .3, [])])
def test_what_is_given_stays(batch_chosen, lr, used, said, caplog):
    with caplog.at_level('INFO', 'gluonfr'):
        assert choose_numbers(48, 8, 6, batch_chosen=batch_chosen, lr=lr).lr == used
    assert caplog.messages == said


@pytest.mark.parametrize('steps, epochs, run', [
    (None, None, (80, 20)), (None, 3, (12, 3)), (3, None, (3, 1)), (9, None, (9, 3)), (60, 1, (4, 1)), (4, 3, (4, 1))])
def test_steps_and_epochs_of_a_run(steps, epochs, run):
    numbers = choose_numbers(48, 12, 4, batch_chosen=False, steps=steps, epochs=epochs)
    assert (numbers.steps, numbers.epochs) == run


@pytest.mark.parametrize('given, steps, filled, said', [
    ((0, 0), 3, (0, 0), []), (('auto', 'auto'), 120, (12, 30), ['auto, for 120 steps: --warmup 12 --margin-warmup 30']),
    (('auto', 7), 9, (0, 7), ['auto, for 9 steps: --warmup 0']),
    (('auto', 'auto'), 10 ** 5, (100, 500), ['auto, for 100,000 steps: --warmup 100 --margin-warmup 500']),
    ((0, 500), 120, (0, 500),
     ['--margin-warmup 500 is longer than the run of 120 steps: the margin ends at 24 % of its value'])])
def test_warmups_that_fit_the_run(given, steps, filled, said, caplog):
    with caplog.at_level('INFO', 'gluonfr'):
        numbers = choose_numbers(48, 12, 4, batch_chosen=False, steps=steps, warmup=given[0], margin_warmup=given[1])
    assert (numbers.warmup, numbers.margin_warmup) == filled and caplog.messages == said


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
