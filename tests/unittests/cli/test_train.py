"""gluonfr train: data, lengths, folders with a run, what it goes on with."""
import json
import os
import re
import signal

import pytest
import train_cases as small
from cli_cases import TINY, params, run, train
from helpers import rows

from gluonfr.deploy import read_card
from gluonfr.train import Callback, SaveOnSignal

pytest.importorskip('tensorboardX', reason='pip install tensorboardX')


pytestmark = pytest.mark.usefixtures('no_curves')


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


def test_a_folder_with_a_run(data, tmp_path, capsys):
    out = tmp_path / 'out'
    (tmp_path / 'out').mkdir()
    (out / 'mine.txt').write_text('not of a run')
    train(data, out, '--steps', 2, '--eval', data / 'val.bin', '--eval-folds', 2)
    before = params(out)
    train(data, out, '--steps', 2, code=2)
    assert 'holds a run already. Give --resume to continue it, --overwrite' in capsys.readouterr().err
    train(data, out, '--steps', 2, '--overwrite', '--lr', -1, code=2)
    assert params(out) == before, 'what is refused replaces nothing'
    capsys.readouterr()
    train(data, out, '--steps', 2, '--loss', 'arcface', code=2)
    assert 'hint' not in capsys.readouterr().out, 'no advice on what is refused'
    train(data, out, '--steps', 3, '--overwrite', '--seed', 5)
    assert params(out) != before and not (out / 'checkpoint' / 'best.params').exists()
    assert not (out / 'verify.csv').exists() and (out / 'mine.txt').exists()
    with pytest.raises(SystemExit):
        train(data, out, '--overwrite', '--resume')


@pytest.mark.parametrize('flag', ['--overwrite', '--resume', '--no-progress'])
def test_a_folder_that_is_no_run_is_left_alone(data, tmp_path, flag, capsys):
    """Photographs, and what another tool calls as we do: a checkpoint of its own, for example."""
    for name, contents in (('people', ['p0/1.jpg', 'p1/1.jpg', 'log.txt']), ('other', ['checkpoint/a.params']),
                           ('cakes', ['recipe.json', 'log.txt', 'tensorboard/a'])):
        for file in contents:
            (tmp_path / name / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / file).write_text('{"lr": 0.1, "cake": "mine"}')
        train(data, tmp_path / name, '--steps', 1, flag, code=2)
        assert '--out must be a new or empty folder, or that of a run, got {}'.format(tmp_path / name) in \
            capsys.readouterr().err
        left = {str(path.relative_to(tmp_path / name)) for path in (tmp_path / name).rglob('*') if path.is_file()}
        assert left == set(contents)


@pytest.mark.parametrize('inside', ['run', 'p0/run'])
def test_no_run_is_written_among_the_photographs(data, tmp_path, inside, capsys):
    out = data / 'people' / inside
    train(data / 'people', out, '--steps', 1, code=2)
    assert '--out must not lie among the photographs of {}'.format(data / 'people') in capsys.readouterr().err
    assert not out.exists()


def test_resume_without_a_run_says_so(data, tmp_path, caplog):
    (tmp_path / 'nohup.out').write_text('')
    with caplog.at_level('INFO', 'gluonfr'):
        train(data, tmp_path, '--steps', 1, '--resume')
    said = '--resume: {} holds no checkpoint, so the run starts from the beginning'.format(tmp_path)
    assert caplog.messages.count(said) == 1 and (tmp_path / 'card.json').is_file()


def test_resume_wants_the_same_recipe(data, tmp_path, capsys):
    words = ['--steps', 3, '--lr-steps', 2]
    train(data, tmp_path / 'a', *words, '--resume')  # there is none yet: it begins
    capsys.readouterr()
    for changed, said in ((['--lr', 0.02], 'another --lr (0.01 then, 0.02 now)'),
                          (['--loss', 'normsoftmax'], "another --loss ('softmax' then, 'normsoftmax' now)"),
                          (['--lr-steps', 1], '--lr-steps ([2] then, [1] now)'),
                          (['--batch-size', 6], 'another --batch-size (12 then, 6 now)'),
                          (['--lr-mode', 'cosine'], "--lr-mode ('step' then, 'cosine' now)"),
                          (['--dataset', data / 'people'], 'index_sha256')):
        train(data, tmp_path / 'a', *words, '--resume', *changed, code=2)
        assert said in capsys.readouterr().err
    train(data, tmp_path / 'a', '--steps', 6, '--lr-steps', 2, '--resume', '--log-every', 1)  # longer, in steps
    train(data, tmp_path / 'b', '--steps', 6, '--lr-steps', 2)
    assert params(tmp_path / 'a') == params(tmp_path / 'b')
    train(data, tmp_path / 'c', '--steps', 3)
    train(data, tmp_path / 'c', '--steps', 6, '--resume', code=2)  # the cosine would have been another
    err = capsys.readouterr().err
    assert '--steps (3 then, 6 now)' in err and 'A cosine schedule has its last rate at the last step' in err
    assert 'runs with --lr-mode step go on for as long as you like' in err


def test_a_sum_of_losses_is_saved_and_goes_on(data, tmp_path):
    """State and parameters of its parts: the counter of the warm-up, the centres, the radius."""
    words = ['--loss', 'arcface:m=0.3,s=8+0.1*centerloss:lamda=0.1+ringloss:lamda=0.01,r_init=5', '--margin-warmup', 6,
             '--lr-steps', 4, '--lr', 0.001, '--clip', 1]
    for out, steps in (('a', 3), ('a', 6), ('b', 6)):
        train(data, tmp_path / out, *words, '--steps', steps, '--resume')
    assert params(tmp_path / 'a') == params(tmp_path / 'b')
    ends = [rows(tmp_path / out / 'steps.csv')[-1] for out in 'ab']
    assert ends[0]['step'] == '6' and ends[0]['loss'] == ends[1]['loss'] and ends[0]['Radius'] == ends[1]['Radius']


def test_a_run_of_an_earlier_version_goes_on(data, tmp_path):
    words = ['--lr-mode', 'step', '--eval', data / 'val.bin', '--eval-folds', 2]
    train(data, tmp_path / 'a', *words, '--epochs', 1)
    path = tmp_path / 'a' / 'recipe.json'
    recipe = json.loads(path.read_text())
    for unknown in ('freeze', 'on_error', 'eval_folds'):  # options that have been added since
        del recipe[unknown]
    path.write_text(json.dumps(recipe))
    for out in 'ab':
        train(data, tmp_path / out, *words, '--epochs', 2, '--resume')
    assert params(tmp_path / 'a') == params(tmp_path / 'b')
    assert 'freeze' in json.loads(path.read_text())


def test_more_epochs_where_the_schedule_allows_it(data, tmp_path, capsys):
    for epochs in (1, 2):
        train(data, tmp_path / 'a', '--lr-mode', 'step', '--epochs', epochs, '--resume')
    train(data, tmp_path / 'b', '--lr-mode', 'step', '--epochs', 2)
    assert params(tmp_path / 'a') == params(tmp_path / 'b')
    train(data, tmp_path / 'a', '--lr-mode', 'poly', '--epochs', 2, '--resume', code=2)
    assert 'go on for as long' not in capsys.readouterr().err, 'the length is not what differs'


def test_freeze_keeps_the_weights_of_finetune(data, tmp_path, capsys):
    words = ['--steps', 2, '--lr-mode', 'step']
    train(data, tmp_path / 'a', *words)
    frozen = words + ['--finetune', tmp_path / 'a', '--freeze', 'backbone', '--loss', 'normsoftmax']
    for steps in (2, 4):
        train(data, tmp_path / 'b', *frozen, '--steps', steps, '--resume')
        assert params(tmp_path / 'b') == params(tmp_path / 'a')
    assert json.loads((tmp_path / 'b' / 'recipe.json').read_text())['freeze'] == ['backbone']
    capsys.readouterr()
    triplet = ['--loss', 'triplet', '--loss-args', 'mining=batch-hard', '--sampler', 'pk:3x4']
    for changed, said in ((['--freeze', 'net/features', '--resume'], "freeze (['backbone'] then"),
                          (['--freeze', 'features', '--overwrite'], "got 'features'. The names begin with net/feat"),
                          ([*triplet, '--overwrite'], '--freeze backbone leaves nothing to train with --loss triplet')):
        train(data, tmp_path / 'b', *frozen, *changed, code=2)
        assert said in capsys.readouterr().err
        assert params(tmp_path / 'b') == params(tmp_path / 'a'), 'nothing is overwritten'
    train(data, tmp_path / 'd', *words, '--freeze', 'backbone', code=2)
    assert '--freeze keeps weights as they begin: give those worth keeping, --finetune' in capsys.readouterr().err


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


@pytest.mark.parametrize('steps, every', [(3, 1), (21, 2)])
def test_short_runs_say_their_loss(data, tmp_path, steps, every):
    train(data, tmp_path, '--steps', steps, '--batch-size', 2)
    expected = [step for step in range(1, steps + 1) if step % every == 0 or step == steps]
    assert [int(row['step']) for row in rows(tmp_path / 'steps.csv')] == expected
    said = (tmp_path / 'log.txt').read_text(encoding='utf-8')
    assert [int(step) for step in re.findall(r'epoch \d+ step (\d+) loss \d', said)] == expected


@pytest.mark.parametrize('numbers', [(signal.SIGHUP, signal.SIGHUP), (signal.SIGTERM, signal.SIGHUP), (signal.SIGINT,)],
                         ids=lambda numbers: '-'.join(number.name for number in numbers))
def test_a_lost_connection_saves_the_run(tmp_path, numbers):
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it would be ignored, as the next test shows
    signals = SaveOnSignal(str(tmp_path))
    with pytest.raises(KeyboardInterrupt, match='step 3 is saved: --resume continues from there'), signals.listening():
        small.train(callbacks=[Send(3, *numbers), signals])
    assert [path.name for path in tmp_path.iterdir()] == ['step-00000003.npz']
    signal.signal(signal.SIGHUP, before)


def test_nohup_is_left_as_it_is(tmp_path):
    signals, before = SaveOnSignal(str(tmp_path)), signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.listening():
            assert small.train(callbacks=[Send(3, signal.SIGHUP), signals]).step == 12
    finally:
        signal.signal(signal.SIGHUP, before)
    assert not list(tmp_path.iterdir())


class Send(Callback):
    """Sends signals to this process after a step."""
    def __init__(self, step, *numbers):
        self.step, self.numbers = step, numbers

    def on_step_end(self, state):
        for number in self.numbers if state.step == self.step else ():
            os.kill(os.getpid(), number)


def test_out_with_a_tilde(data, tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    run('train', '--dataset', data, '--out=~/run', *TINY, '--steps', 1)
    assert (tmp_path / 'run' / 'card.json').is_file()
