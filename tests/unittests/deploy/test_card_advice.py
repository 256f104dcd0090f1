"""Thresholds in a card: written without harm to it, and used for the flip and precision that they are of."""
import json
import os
from types import SimpleNamespace

import numpy as np
import pytest

from gluonfr.deploy import Embedder
from gluonfr.deploy.advice import Advice, advice_of, say_advice, write_advice
from gluonfr.deploy.gallery import read_gallery, write_gallery
from gluonfr.model_zoo import InputSpec
from gluonfr.model_zoo.card_file import CardError, read_card, write_card
from gluonfr.model_zoo.card_table import SHIPPED

ADVICE = {'fmr': 1e-3, 'threshold': 0.3, 'low': 0.25, 'high': 0.35, 'people': 40, 'data': 'mine', 'data_sha256': 'ab',
          'flip': 'none', 'precision': 'float32'}


@pytest.fixture
def card(tmp_path):
    (tmp_path / 'net.params').write_bytes(b'weights')
    write_card(str(tmp_path / 'card.json'), str(tmp_path / 'net.params'), 'lenetplus', {}, InputSpec(embedding_size=2),
               licence='mine')
    return str(tmp_path / 'card.json')


def embedder(card, flip='none'):
    return SimpleNamespace(files=SimpleNamespace(card=card), flip=flip, precision='float32')


def test_the_card_keeps_the_rest(card):
    before = read_card(card)[0]
    assert advice_of(embedder(card)) is None
    write_advice(card, [ADVICE])
    assert read_card(card)[0] == {**before, 'advice': [ADVICE]} and list(read_card(card)[0])[:-1] == list(before)
    assert advice_of(embedder(card)) == Advice(0.3, 1e-3, 0.25, 0.35, 'mine')
    assert advice_of(embedder(card, 'sum')) is None and advice_of(embedder(None)) is None
    assert advice_of(SimpleNamespace(files=None)) is None
    assert say_advice(advice_of(embedder(card))) == (
        'threshold 0.3000 [0.2500, 0.3500]: that of the card, which about 0.001 of pairs of two people reach, as '
        'measured on mine')


def test_advice_that_makes_no_sense_is_refused(card):
    write_advice(card, [{**ADVICE, 'threshold': None}])
    with pytest.raises(CardError, match='card.json: advice must hold fmr, threshold'):
        advice_of(embedder(card))


def test_cards_of_others_are_not_written_to(card):
    shipped = os.path.join(SHIPPED, 'lenetplus_arcface.json')
    with pytest.raises(ValueError, match='comes with gluonfr and is not changed'):
        write_advice(shipped, [ADVICE])
    with pytest.raises(ValueError, match='the network has no card'):
        write_advice(None, [ADVICE])
    with open(card, 'w', encoding='utf-8') as file:
        json.dump({'format': 'other'}, file)
    with pytest.raises(CardError):
        write_advice(card, [ADVICE])


@pytest.mark.mxnet
def test_an_embedder_knows_its_card():
    assert Embedder('lenetplus_arcface').files.card == os.path.join(SHIPPED, 'lenetplus_arcface.json')


def test_a_file_of_embeddings_keeps_the_threshold(card, tmp_path):
    write_advice(card, [ADVICE])
    net = SimpleNamespace(fingerprint=lambda: 1, precision='float32', flip='none', spec=InputSpec(embedding_size=2),
                          engine='numpy', files=SimpleNamespace(card=card))
    images = SimpleNamespace(names=['a/1.png', 'b/1.png'], labels=np.array([0, 1]), classes=['a', 'b'])
    write_gallery(str(tmp_path / 'faces.npz'), net, images, np.eye(2, dtype='float32'))
    assert read_gallery(str(tmp_path / 'faces.npz')).advice == Advice(0.3, 1e-3, 0.25, 0.35, 'mine')
    net.flip = 'sum'
    write_gallery(str(tmp_path / 'other.npz'), net, images, np.eye(2, dtype='float32'))
    assert read_gallery(str(tmp_path / 'other.npz')).advice is None
    with np.load(str(tmp_path / 'faces.npz')) as saved:
        arrays = dict(saved, advice=np.array('[1, 2]'))
    np.savez(str(tmp_path / 'bad.npz'), **arrays)
    with pytest.raises(ValueError, match='bad.npz must say its threshold as JSON'):
        read_gallery(str(tmp_path / 'bad.npz'))
