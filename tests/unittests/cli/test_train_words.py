"""gluonfr train: what it says of its defaults, and errors of the library in the command's words."""
import pytest
import train_cases as small
from cli_cases import make_data, run

from gluonfr.cli.parsers import make_parser
from gluonfr.cli.train_hints import say_chosen
from gluonfr.cli.words import in_words
from gluonfr.data.loading.training_loader import default_batch
from gluonfr.train import Checkpoint, CheckpointError
from gluonfr.train.defaults import choose_numbers


@pytest.mark.parametrize('images, given, said', [
    (48, {}, ['default for 48 images: --batch-size 8 --lr 0.00625']),
    (48, {'lr': .3}, ['default for 48 images: --batch-size 8']),
    (48, {'batch_size': 8}, []), (48, {'batch_size': 8, 'lr': .3}, []), (512, {}, [])])
def test_numbers_that_follow_from_the_set_are_said(images, given, said, caplog):
    assert say(caplog, images, given) == said


@pytest.mark.parametrize('warmups, steps, said', [
    ((0, 0), 3, []), (('auto', 'auto'), 120, ['auto, for 120 steps: --warmup 12 --margin-warmup 30']),
    (('auto', 7), 9, ['auto, for 9 steps: --warmup 0']),
    (('auto', 'auto'), 10 ** 5, ['auto, for 100,000 steps: --warmup 100 --margin-warmup 500']),
    ((0, 500), 120, ['--margin-warmup 500 is longer than the run of 120 steps: the margin ends at 24 % of its value'])])
def test_numbers_that_follow_from_the_length_are_said(warmups, steps, said, caplog):
    given = {'batch_size': 12, 'warmup': warmups[0], 'margin_warmup': warmups[1]}
    assert say(caplog, 48, given, steps=steps) == said


def say(caplog, images, given, **length):
    given = {'batch_size': None, 'lr': None, 'warmup': 0, 'margin_warmup': 0, **given}
    with caplog.at_level('INFO', 'gluonfr'):
        say_chosen(choose_numbers(4, default=default_batch(images), **given, **length), images, **given)
    return caplog.messages


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


@pytest.mark.parametrize('said, expected', [
    ("dataset='my faces': there is no a.png.", '--dataset my faces: there is no a.png.'),
    ('open_training_set: out must not lie among the photographs of x, got out.',
     '--out must not lie among the photographs of x, got out.'),
    ("pairs='lfw.bin': mbf takes images of 112 x 112 pixels.", '--eval lfw.bin: mbf takes images of 112 x 112 pixels.'),
    ("finetune='run': these are weights of mbf, and network is r50. Give network='mbf' embedding_size=5 network_args "
     "a=1.", '--finetune run: these are weights of mbf, and --network is r50. Give --network mbf --embedding-size 5 '
             '--network-args a=1.'),
    ("dataset='x' gives no full batch: make batch_size or sampler='pk:PxK' smaller.",
     '--dataset x gives no full batch: make --batch-size or --sampler pk:PxK smaller.'),
    ('Give no network_args and no embedding_size.', 'Give no --network-args and no --embedding-size.')])
def test_what_a_training_refuses_in_the_words_of_the_command(said, expected):
    parser = make_parser().parse_args(['train', '--dataset', 'x', '--out', 'out']).parser
    assert in_words('train', said, parser, ['train', '--dataset', 'x', '--out', 'out', 'dataset']) == expected
