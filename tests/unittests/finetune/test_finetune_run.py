"""Fine-tuning from a folder of people to a network with a card."""
import json

import numpy as np
import pytest

pytest.importorskip('mxnet')
pytest.importorskip('bokeh')
pytest.importorskip('jinja2')
from finetune_cases import hashes, killed_at, tune, write_people, write_start  # noqa: E402
from forks import Fork  # noqa: E402
from helpers import rows  # noqa: E402

from gluonfr.deploy import Embedder, read_card  # noqa: E402
from gluonfr.deploy.advice import advice_of  # noqa: E402
from gluonfr.evaluation import Result  # noqa: E402
from gluonfr.finetune import finetune, run  # noqa: E402

SAME = ('net.params', 'card.json', 'photos.csv', 'recipe.json', 'finetune.json', 'start.npz', 'finetuned.npz',
        'verify.csv')


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """Six people and a network that was never trained."""
    folder = tmp_path_factory.mktemp('finetune')
    return write_people(folder / 'people', images=6), write_start(folder / 'start')


@pytest.fixture(scope='module')
def whole(place, tmp_path_factory):
    """A run to its end, and what it said."""
    out, said = tmp_path_factory.mktemp('whole') / 'run', []
    before = hashes(place[0])
    found = tune(*place, out, keep=True, tell=said.append)
    assert hashes(place[0]) == before
    return out, found, said


def test_the_run_holds_a_network_that_commands_take(whole, place):
    out, found, said = whole
    card, params, spec = read_card(str(out / 'card.json'))
    assert card['kept'] == found.kept and card['why'] == found.why == json.loads(
        (out / 'finetune.json').read_text())['why'] and found.why in said
    assert (card['people'], card['images'], spec.size, card['licence']) == (6, 36, (32, 32), 'mine')
    start = read_card(str(place[1] / 'card.json'))[0]
    assert card['finetuned_from']['sha256'] == start['sha256']
    embedder = Embedder(str(out))
    assert embedder(np.zeros((2, 32, 32, 3), 'uint8')).shape == (2, 16)
    (advice,) = found.advice
    assert advice_of(embedder).threshold == advice['threshold'] and advice['fmr'] == 0.01
    assert advice['low'] <= advice['threshold'] <= advice['high']
    assert any('cannot show FMR 0.001' in line for line in said)


def test_both_networks_are_in_the_report(whole):
    out, found, _ = whole
    results = [Result.load(str(out / name)) for name in ('start', 'finetuned')]
    assert [result.model['name'] for result in results] == ['start', 'finetuned']
    assert (results[0].arrays['first'] == results[1].arrays['first']).all()
    page = (out / 'report.html').read_text(encoding='utf-8')
    assert 'Fine-tuned to 6 people' in page and 'finetuned' in page and found.why.split(':')[0] in page


def test_each_photograph_has_a_row_with_its_fold(whole):
    found = rows(whole[0] / 'photos.csv')
    assert len(found) == 36 and {row['result'] for row in found} == {'used'}
    folds = {row['person']: row['fold'] for row in found}
    assert all(row['fold'] == folds[row['person']] for row in found) and sorted(folds.values()) == ['1'] * 3 + ['2'] * 3


def test_a_second_call_finds_all_done_and_a_second_run_is_equal(whole, place, tmp_path):
    out, _, _ = whole
    before = hashes(out)
    tune(*place, out)
    assert hashes(out) == before
    tune(*place, tmp_path / 'again', keep=True)
    other = hashes(tmp_path / 'again')
    assert all(other[name] == before[name] for name in SAME)
    assert not (out / 'work').exists()


STAGES = ('clean.csv', 'recipe.json', 'fold-1/epoch-001.npz', 'fold-1/step-00000004.npz', 'fold-2/epoch-002.npz',
          'all/step-00000004.npz', 'all/last.params', '/start.json', '/card.json', 'report.html', 'finetune.json')



def test_killed_in_each_stage_it_ends_as_if_it_had_never_stopped(whole, place, tmp_path):
    for name in STAGES:
        fork = Fork(tmp_path / 'said.txt', killed_at, name, *map(str, place), str(tmp_path / 'run'))
        assert fork.end() == 9, (name, fork.said())
    found = tune(*place, tmp_path / 'run', keep=True)
    before, after = hashes(whole[0]), hashes(tmp_path / 'run')
    assert found._replace(card='') == whole[1]._replace(card='')
    assert all(after[name] == before[name] for name in SAME) and set(after) == set(before)


def test_another_seed_is_another_run(whole, place):
    with pytest.raises(ValueError, match='out must be a new folder, or that of the same run, got .*another seed'):
        tune(*place, whole[0], seed=1)


def test_too_few_people_keep_the_start(place, tmp_path):
    people = write_people(tmp_path / 'people', people=3)
    found = tune(people, place[1], tmp_path / 'run', folds=None)
    assert found.kept == 'start' and found.verdict is None and 'takes four' in found.why
    assert not (tmp_path / 'run' / 'work').exists()
    images = np.random.RandomState(0).randint(0, 256, (2, 32, 32, 3)).astype('uint8')
    assert (Embedder(str(tmp_path / 'run'))(images) == Embedder(str(place[1]))(images)).all()


def test_where_nothing_can_be_better_nothing_is_trained(place, tmp_path, monkeypatch):
    monkeypatch.setattr(run, 'separation', lambda embeddings, pairs: 1.0)
    monkeypatch.setattr(run, 'train_last_stages', None)
    found = tune(*place, tmp_path / 'run')
    assert found.kept == 'start' and found.verdict['difference'] == 0 and len(found.advice) == 1
    assert any('without an error: no training' in line for line in found.said)


@pytest.mark.parametrize('people, images', [(6, 2), (10, 2)])
def test_default_options_work(place, tmp_path, people, images):
    found = finetune(str(write_people(tmp_path / 'people', people, images)), str(place[1]), str(tmp_path / 'run'))
    assert found.verdict is not None and (found.people, found.images) == (people, people * images)
    assert found.verdict['low'] <= found.verdict['difference'] <= found.verdict['high']
    assert read_card(str(tmp_path / 'run' / 'card.json'))[0]['kept'] == found.kept
