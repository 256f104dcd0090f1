"""The table of dynamic margins on a long tail: how images are divided, rows, and what they allow one to say."""
import csv
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def long_tail(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / 'scripts'))
    import leaderboard
    import long_tail
    for module in (leaderboard, long_tail):
        monkeypatch.setattr(module, 'DRAWS', 400)
    yield long_tail
    for name in ('long_tail', 'leaderboard'):
        sys.modules.pop(name)


def test_people_are_divided_into_few_and_many(long_tail, tmp_path):
    for person, count in dict(a=1, b=2, c=5, d=20, e=9).items():
        (tmp_path / person).mkdir()
        for i in range(count):
            (tmp_path / person / '{}.jpg'.format(i)).touch()
    trained, kept = long_tail.divided(str(tmp_path), {'e'})
    assert {who: sum(path.startswith(who) for path in trained) for who in 'abcde'} == dict(a=0, b=2, c=2, d=15, e=0)
    assert {who: sum(path.startswith(who) for path in kept) for who in 'abcde'} == dict(a=0, b=0, c=3, d=5, e=0)
    assert not set(trained) & set(kept) and (trained, kept) == long_tail.divided(str(tmp_path), {'e'})


def write_run(folder, loss, seed, right):
    """A run in which the people with few images are recognised in so many of 100 cases, those with many always."""
    run = folder / '{}-{}'.format(loss, seed)
    run.mkdir()
    people = np.repeat(np.arange(30), 4)
    random = np.random.RandomState(seed)
    embeddings = np.random.RandomState(9).randn(30, 16)[people] + random.randn(len(people), 16)
    np.savez(run / 'embeddings.npz', embeddings=embeddings, people=people)
    person = np.repeat(np.arange(60), 5)
    few = person < 40
    np.savez(run / 'recognised.npz', person=person, images=np.where(few, 2, 30),
             hits=~few | (random.randint(100, size=len(person)) < right))
    (run / 'seconds.txt').write_text('10 20 gluonfr train --loss {}\n'.format(loss), encoding='utf-8')


def test_what_the_intervals_allow_one_to_say(long_tail, tmp_path):
    args = SimpleNamespace(outputs=str(tmp_path), epochs=6, csv=str(tmp_path / 'long-tail.csv'))
    for loss, right in (('arcface', 30), ('arcface-large', 31), ('dynamicmargin', 80)):
        for seed in long_tail.SEEDS:
            assert not Path(args.csv).exists()
            write_run(tmp_path, loss, seed, right)
            long_tail.measure(args)
    with open(args.csv, newline='', encoding='utf-8') as file:
        rows = {row['loss']: row for row in csv.DictReader(file)}
    assert {loss: row['few_shown'] for loss, row in rows.items()} == {
        'arcface': '', 'arcface-large': 'no difference shown', 'dynamicmargin': 'better'}
    assert rows['dynamicmargin']['many'] == '1.0' and rows['dynamicmargin']['many_shown'] == 'no difference shown'
    assert rows['dynamicmargin']['new_acc_shown'] == 'no difference shown'  # the same embeddings
    assert 0.72 < float(rows['dynamicmargin']['few_low']) < float(rows['dynamicmargin']['few_high']) < 0.88
    assert rows['arcface']['command'] == 'python scripts/long_tail.py --data DIR'
    with open(tmp_path / 'long-tail-runs.csv', newline='', encoding='utf-8') as file:
        runs = list(csv.DictReader(file))
    assert len(runs) == 9
    assert [runs[0][name] for name in ('few_images', 'few_people', 'many_people')] == ['200', '40', '20']
