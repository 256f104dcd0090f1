"""The table of pretrained weights, and the names of nets and cards: all of it without MXNet."""
import os

import pytest
from cli_cases import run

from gluonfr.model_zoo import card_table
from gluonfr.model_zoo.card_table import choose_card, list_cards
from gluonfr.model_zoo.sizes import NAMES, SIZES

SHIPPED = [name for name, card in list_cards().items() if card.shipped]


@pytest.mark.parametrize('card', list_cards().values(), ids=lambda card: card.name)
def test_a_card_tells_the_truth_about_itself(card):
    assert card.name == card.name.lower() and card.licence
    assert card.name not in NAMES, 'a name means one thing'
    assert card.model is None or card.model in SIZES
    assert card.spec.size in ((112, 112), (28, 28)) and len(card.spec.mean) == len(card.spec.std)
    assert all(50 < figure <= 100 for figure in card.published.values())
    hashes = [facts['sha256'] for facts in card.files.values() if facts]
    hashes += [source['sha256'] for source in card.sources if 'archive' in source]
    assert all(len(sha256) == 64 and set(sha256) <= set('0123456789abcdef') for sha256 in hashes)
    assert all(source.get('url', 'https://').startswith('https://') for source in card.sources)
    assert card.shipped or hashes, 'nothing is parsed that was not checked'
    assert card.shipped or card.page or any('url' in source for source in card.sources)


@pytest.mark.parametrize('model', sorted({card.model for card in list_cards().values() if card.model}))
def test_a_net_has_one_default(model):
    mine = [card for card in list_cards().values() if card.model == model]
    assert sum(card.default for card in mine) == 1
    assert choose_card(model).default and choose_card(model.upper(), mine[-1].name.upper()) == mine[-1]
    if not mine[0].shipped:
        assert SIZES[model].embedding_size == mine[0].spec.embedding_size and mine[0].spec.size == (112, 112)


def test_shipped_weights_are_small_and_each_has_a_card():
    files = os.listdir(card_table.SHIPPED)
    cards = [name[:-5] for name in files if name.endswith('.json') and not name.endswith('-symbol.json')]
    assert sorted(cards) == sorted(SHIPPED) and SHIPPED
    assert {card + '-symbol.json' for card in cards} <= set(files)
    assert sum(os.path.getsize(os.path.join(card_table.SHIPPED, name)) for name in files) < 5e6


@pytest.mark.parametrize('pretrained, name, card', [
    ('w600k', 'iresnet50', 'w600k_r50'), ('w600k', 'mbf', 'w600k_mbf'), (True, 'r100', 'glintr100'),
    ('ms1mv3', 'r50', 'ms1mv3_r50'), ('MS1M_R34', 'iresnet34', 'ms1m_r34'), (True, 'w600k_mbf', 'w600k_mbf'),
    (True, 'SFace', 'sface')])
def test_cards_by_name(pretrained, name, card):
    assert choose_card(name, pretrained).name == card


@pytest.mark.parametrize('name, pretrained, message', [
    ('miniresnet18', True, 'miniresnet18 has no pretrained weights of its own. Nets that have: .*lenetplus'),
    ('lenetplus', 'lenetplus', 'must be True or one of the weights of lenetplus: lenetplus_arcface, lenetplus_softmax; '
                               "got 'lenetplus'"),
    ('iresnet50', 'w600k_mbf', "iresnet50: w600k_r50, .*got 'w600k_mbf', which are of mbf"),
    ('iresnet50', 'sface', 'which are of no network of the zoo'),
     ('miniresnet18', 'w600k', 'miniresnet18: there are none'),
    ('iresnet50', 'w6', "iresnet50: w600k_r50, .*got 'w6'"),
    ('w600k_mfb', True, "unknown model 'w600k_mfb'.* Pretrained weights: .*w600k_mbf"),
    ('lenetpluss', 'x', "Did you mean 'lenetplus'")])
def test_names_that_mean_no_card(name, pretrained, message):
    with pytest.raises(ValueError, match=message):
        choose_card(name, pretrained)


def test_models_command_on_one_card(capsys):
    run('models', 'W600K_MBF')
    said = capsys.readouterr().out
    for part in ('w600k_mbf: weights of mbf', 'WebFace600K', 'InsightFace: non-commercial research only', '512',
                 '112x112 rgb (x-127.5)/127.5', 'cached', 'buffalo_sc.zip SHA-256 57d31b56'):
        assert part in said
    run('models', 'ms1mv3_r50')
    assert 'LFW 99.80, CFP-FP 98.53, AgeDB-30 98.27, IJB-C 96.58' in capsys.readouterr().out
    run('models', 'lenetplus_arcface')
    said = capsys.readouterr().out
    assert 'shipped' in said and 'MNIST, 60,000 digits, ArcFace_v3 (not for photographs)' in said


@pytest.mark.parametrize('name, message', [
    ('iresnet51', "unknown model 'iresnet51'. Did you mean 'iresnet50'. Known: .*Pretrained weights: .*w600k"),
    ('?', r"unknown model '\?'. Known: ")])
def test_unknown_names_are_told_without_mxnet(name, message, monkeypatch):
    monkeypatch.setattr(card_table.MODELS, '_home', 'mxnet_is_missing')
    monkeypatch.setattr(card_table, 'mxnet_problem', lambda: 'MXNet is not installed.')
    assert not card_table.is_model(name) and card_table.is_model('R50')
    with pytest.raises(ValueError, match=message):
        choose_card(name)
