"""The table of losses: rows, intervals and what they allow one to say, from embeddings that are there."""
import csv
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
# the spread of a person's embeddings: ringloss is as good as softmax, arcface better, cosloss worse
SPREADS = {'softmax': 0.9, 'ringloss': 0.9, 'arcface': 0.3, 'cosloss': 3.0}


@pytest.fixture
def leaderboard(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(ROOT / 'scripts'))
    import leaderboard
    monkeypatch.setattr(leaderboard, 'LOSSES', SPREADS)
    monkeypatch.setattr(leaderboard, 'DRAWS', 400)
    for name in ('RUNS', 'SUMMARY', 'PICTURE'):
        monkeypatch.setattr(leaderboard, name, str(tmp_path / (name + ('.png' if name == 'PICTURE' else '.csv'))))
    yield leaderboard
    sys.modules.pop('leaderboard')


def write_run(folder, loss, seed):
    people = np.repeat(np.arange(30), 4)
    noise = np.random.RandomState(seed).randn(len(people), 16)
    embeddings = np.random.RandomState(9).randn(30, 16)[people] + SPREADS[loss] * noise
    run = folder / f'{loss}-{seed}'
    run.mkdir()
    np.savez(run / 'embeddings.npz', embeddings=embeddings, people=people)
    (run / 'seconds.txt').write_text('10 20 gluonfr train --loss {}\n'.format(loss), encoding='utf-8')


def test_what_the_intervals_allow_one_to_say(leaderboard, tmp_path):
    for loss in SPREADS:
        for seed in leaderboard.SEEDS:
            write_run(tmp_path, loss, seed)
    leaderboard.measure(SimpleNamespace(outputs=str(tmp_path), epochs=3))
    with open(leaderboard.SUMMARY, newline='', encoding='utf-8') as file:
        rows = {row['loss']: row for row in csv.DictReader(file)}
    assert {loss: row['acc_shown'] for loss, row in rows.items()} == {
        'softmax': '', 'ringloss': 'no difference shown', 'arcface': 'better', 'cosloss': 'worse'}
    for row in rows.values():
        assert float(row['acc_low']) < float(row['acc']) < float(row['acc_high'])
        assert float(row['tar@0.01_low']) <= float(row['tar@0.01']) <= float(row['tar@0.01_high'])
    with open(leaderboard.RUNS, newline='', encoding='utf-8') as file:
        runs = list(csv.DictReader(file))
    assert len(runs) == 12 and runs[0]['pairs'] == '7140' and runs[0]['command'] == 'gluonfr train --loss softmax'
    assert (tmp_path / 'PICTURE.png').stat().st_size > 1000


def test_losses_without_all_their_seeds_have_no_summary(leaderboard, tmp_path):
    for loss, seed in [('softmax', 0), ('softmax', 1), ('softmax', 2), ('arcface', 0)]:
        write_run(tmp_path, loss, seed)
    leaderboard.measure(SimpleNamespace(outputs=str(tmp_path), epochs=3))
    assert len(Path(leaderboard.RUNS).read_text(encoding='utf-8').splitlines()) == 5
    assert len(Path(leaderboard.SUMMARY).read_text(encoding='utf-8').splitlines()) == 2
