"""The hardest pairs are the impostors with the highest and the genuine pairs with the lowest scores."""
import base64

import numpy as np
import pytest
from evaluation_cases import people_and_embeddings

from gluonfr.data import decode
from gluonfr.evaluation import GivenPeople, evaluate
from gluonfr.evaluation.hardest import find_hardest

SCORES = np.array([0.9, 0.2, 0.8, 0.3, 0.1, 0.5])
SAME = np.array([True, True, False, False, False, True])
ARRAYS = {'scores': SCORES, 'same': SAME, 'first': np.arange(6), 'second': np.arange(6)[::-1]}


class Images:
    names = list('abcdef')
    images = None

    def read(self, i):
        return np.full((40, 20, 3), 10 * i, np.uint8), 0


def test_the_worst_come_first():
    given = Images()
    found = find_hardest(given, ARRAYS, 0.4, 2)
    assert [pair['score'] for pair in found['false_accepts']] == [0.8, 0.3]
    assert [pair['score'] for pair in found['false_rejects']] == [0.2, 0.5]
    assert [pair['wrong'] for pair in found['false_accepts'] + found['false_rejects']] == [True, False, True, False]
    assert (found['false_accepts'][0]['first_name'], found['false_accepts'][0]['second']) == ('c', 3)
    assert found['false_accepts'][0]['first_thumb'] is None
    assert find_hardest(given, ARRAYS, None, 0) == {'false_accepts': [], 'false_rejects': []}


@pytest.mark.parametrize('faces', [True, False])
def test_thumbnails_have_80_pixels_at_most(faces):
    given = Images()
    given.images = given
    pair = find_hardest(given, ARRAYS, None, 9, faces)['false_accepts'][0]
    if not faces:
        assert pair['first_thumb'] is None
        return
    image = decode(base64.b64decode(pair['first_thumb']))
    assert image.shape == (80, 40, 3) and abs(int(image.mean()) - 20) < 2 and pair['wrong'] is None


@pytest.mark.parametrize('block', [1 << 22, 50])
def test_all_pairs_are_looked_at_where_a_sample_is_kept(monkeypatch, block):
    monkeypatch.setattr('gluonfr.evaluation.people.KEPT', 60)
    monkeypatch.setattr('gluonfr.metrics.cosines.BLOCK', block)
    names, embeddings = people_and_embeddings(6, 4)
    given = GivenPeople('mine', '', names, embeddings=embeddings, names=list(range(24)))
    result = evaluate(given, protocols=['pairs'], hardest=7).result
    assert len(result.arrays['scores']) == 60 and given.of_all_pairs
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    first, second = np.triu_indices(24, 1)
    others = names[first] != names[second]
    cosines = (units @ units.T)[first, second][others]
    best = np.argsort(-cosines)[:7]
    assert [(pair['first'], pair['second']) for pair in result.hardest['false_accepts']] == list(
        zip(first[others][best].tolist(), second[others][best].tolist()))
    np.testing.assert_allclose([pair['score'] for pair in result.hardest['false_accepts']], cosines[best], atol=1e-5)
