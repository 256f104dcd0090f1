"""The whole search: what it writes, that it goes on where it was killed, and what it refuses."""
import csv
import json
import shlex
import shutil
import sys

import numpy as np
import pytest
from photo_cases import write_plain_net
from tune_cases import SHORT, make_net, make_people

from gluonfr.cli import make_parser
from gluonfr.tune import tune
from gluonfr.tune import search
from gluonfr.tune.plan import Speeds

FILES = 'leaderboard.csv', 'tune.json', 'plan.json'
SPEEDS = Speeds(60, 6, 0, 0, 0)  # so slow that a second more or less here does not count


@pytest.fixture(scope='module')
def people(tmp_path_factory):
    return make_people(tmp_path_factory.mktemp('data') / 'people')


@pytest.fixture(scope='module')
def net(tmp_path_factory):
    return make_net(tmp_path_factory.mktemp('net') / 'net')


@pytest.fixture(scope='module')
def seen():
    """(stage, images trained on, images measured) of each training."""
    return []


@pytest.fixture(scope='module')
def done(people, net, seen, tmp_path_factory):
    """(report, folder) of a search that nothing disturbs."""
    patch, out = pytest.MonkeyPatch(), tmp_path_factory.mktemp('tune') / 'out'

    def spied(name):
        before = getattr(search, name)

        def spy(*given, **more):
            seen.append((name, given[3] if name == 'adapt' else given[5]))
            return before(*given, **more)
        patch.setattr(search, name, spy)

    spied('adapt')
    spied('finetune')
    try:
        return tune(people, out, net=net, **SHORT), out
    finally:
        patch.undo()


def contents(out, name):
    return (out / name).read_text().replace(str(out), 'OUT')


def test_the_leaderboard_has_all_candidates_and_the_network_as_it_is(done):
    report, out = done
    with open(out / 'leaderboard.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['stage'] for row in rows] == ['fine-tuned'] * 3 + ['rung 1', 'as it is'] and len(report.rows) == 5
    assert rows[0]['verdict'] == 'winner' and rows[0]['name'] == str(report.winner)
    tars = [float(row['tar@0.1']) for row in rows[:3]]
    assert tars == sorted(tars, reverse=True)
    assert {row['loss'] for row in rows[:4]} == {'arcface', 'cosloss', 'softmax'}
    for row in rows[1:]:
        low, high = float(row['low']), float(row['high'])
        assert (row['verdict'] == 'no difference shown') == (low <= 0 <= high)
        assert low <= float(row['difference']) <= high
    saved = json.loads((out / 'tune.json').read_text())
    assert saved['winner'] == {'loss': report.winner.loss, 'arguments': dict(report.winner.arguments),
                               'lr': report.winner.lr}
    assert saved['left_out'] == {} and saved['plan']['rungs'] == [[4, 1], [3, 4]]
    assert 'no difference shown' in (out / 'leaderboard.html').read_text() and report.seconds > 0


def test_nobody_is_measured_by_a_training_that_saw_them(done, seen):
    assert {name for name, _ in seen} == {'adapt', 'finetune'}
    assert len(seen) == 2 * (4 + 3 + 3)
    labels = np.repeat(np.arange(8), 4)
    for first, second in zip(seen[::2], seen[1::2]):  # both folds of a candidate
        assert set(labels[first[1]]) | set(labels[second[1]]) == set(range(8))
        assert not set(labels[first[1]]) & set(labels[second[1]])


def test_the_command_at_the_end_parses_and_says_the_winner(done, people, net):
    report, out = done
    words = shlex.split(report.command)
    args = make_parser().parse_args(words[1:])
    assert (args.dataset, args.network, args.finetune) == (str(people), 'lenetplus', str(net))
    assert args.loss == report.winner.loss and args.lr == report.winner.lr and args.freeze
    assert args.lr_mult == ['net/=0.1']
    assert args.loss_args == ['{}={}'.format(*pair) for pair in report.winner.arguments]


@pytest.mark.parametrize('after', [1, 5])
def test_killed_anywhere_it_comes_to_the_same_end(done, people, net, tmp_path, monkeypatch, after):
    out, save, count = tmp_path / 'out', search.save_npz, [0]

    def dies(path, arrays):
        count[0] += 1
        if count[0] > after:
            count[0] = 0
            raise KeyboardInterrupt  # after a training and before its file
        save(path, arrays)

    monkeypatch.setattr(search, 'save_npz', dies)
    kills = 0
    while True:
        try:
            tune(people, out, net=net, **SHORT)
            break
        except KeyboardInterrupt:
            kills += 1
    assert kills >= 20 // (after + 1)
    for name in FILES:
        assert contents(out, name) == contents(done[1], name), name


def test_without_jinja_there_is_no_page_and_that_is_said(done, people, net, tmp_path, monkeypatch, caplog):
    shutil.copytree(done[1], tmp_path / 'out')
    for name in ('leaderboard.html', 'leaderboard.csv'):
        (tmp_path / 'out' / name).unlink()
    monkeypatch.setitem(sys.modules, 'jinja2', None)
    with caplog.at_level('INFO', 'gluonfr'):
        tune(people, tmp_path / 'out', net=net, **SHORT)
    assert not (tmp_path / 'out' / 'leaderboard.html').exists() and 'no leaderboard.html: ' in caplog.text
    assert contents(tmp_path / 'out', 'leaderboard.csv') == contents(done[1], 'leaderboard.csv')


def test_another_search_in_the_same_folder_is_refused(done, people, net):
    with pytest.raises(ValueError, match='holds a search with another seed: seed 0 then, 1 now'):
        tune(people, done[1], net=net, **dict(SHORT, seed=1))
    with pytest.raises(ValueError, match='another losses'):
        tune(people, done[1], net=net, **dict(SHORT, losses=['softmax']))


def test_a_folder_of_something_else_is_left_alone(people, net, tmp_path):
    (tmp_path / 'start-0').mkdir()
    (tmp_path / 'start-0' / 'mine.txt').write_text('mine')
    with pytest.raises(ValueError, match='new or empty folder, or that of a search, .* holds start-0'):
        tune(people, tmp_path, net=net, **SHORT)
    assert (tmp_path / 'start-0' / 'mine.txt').read_text() == 'mine'


def test_minutes_are_made_into_a_plan_once(people, net, tmp_path, monkeypatch):
    given = dict(net=net, losses=['softmax', 'arcface'], folds=2, rungs=2, finetune_steps=0)
    speeds = []
    monkeypatch.setattr('gluonfr.tune.run.measure_speeds', lambda *given: speeds.append(1) or SPEEDS)
    report = tune(people, tmp_path / 'out', minutes=30, **given)
    assert report.plan.candidates == 8 and report.plan.finetune_steps == 0 and speeds == [1]
    assert report.rows[0].stage == 'rung 2'
    again = tune(people, tmp_path / 'out', minutes=30, **given)
    assert again[:6] == report[:6] and speeds == [1]


def test_too_few_minutes_are_refused_with_how_many_it_takes(people, net, tmp_path):
    with pytest.raises(ValueError, match=r'minutes must be at least [\d.e-]+ for the smallest search of these images '
                                         r'on this machine, got 0.0001') as refused:
        tune(people, tmp_path / 'out', net=net, minutes=1e-4, folds=2)
    assert not (tmp_path / 'out' / 'plan.json').exists() and 'or finetune_steps=0' in str(refused.value)
    with pytest.raises(ValueError, match='which trains a network first, got 0.0001.*or a trained network'):
        tune(people, tmp_path / 'new', network='lenetplus', minutes=1e-4, folds=2)


def test_a_graph_that_does_not_train_is_searched_on_its_embeddings(tmp_path):
    pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    (tmp_path / 'net').mkdir()
    net = write_plain_net(tmp_path / 'net')
    report = tune(make_people(tmp_path / 'people', side=16), tmp_path / 'out', net=net, **SHORT)
    assert report.plan.finetune_steps == 0 and report.rows[0].stage == 'rung 2'
    assert any('so it is not fine-tuned' in note for note in report.notes)
    args = make_parser().parse_args(shlex.split(report.command)[1:])
    assert args.network == 'mobilefacenet' and args.finetune is None
    again = tune(tmp_path / 'people', tmp_path / 'converted', net=net / 'net.onnx', **SHORT)
    assert again.rows == report.rows  # an ONNX file without a card is converted first


def test_without_a_network_one_is_trained_for_each_fold(people, tmp_path):
    given = dict(SHORT, network='lenetplus', candidates=2, finetune_steps=1, epochs=1)
    report = tune(people, tmp_path / 'out', **given)
    assert (tmp_path / 'out' / 'start-1.params').read_bytes() != (tmp_path / 'out' / 'start-0.params').read_bytes()
    args = make_parser().parse_args(shlex.split(report.command)[1:])
    assert args.finetune is None and args.network == 'lenetplus' and not args.freeze
    again = tune(people, tmp_path / 'again', **given)
    assert again.rows == report.rows
