"""Embeddings in a .npz, of people and of pairs, and features in the order of images."""
import json

import numpy as np
import pytest
from evaluation_cases import make_people, people_and_embeddings

from gluonfr.evaluation import GivenPairs, GivenPeople, open_given
from gluonfr.evaluation.embeddings_file import read_features

NAMES, EMBEDDINGS = people_and_embeddings(4, 3)


def saved(folder, **arrays):
    np.savez(folder / 'mine.npz', **arrays)
    return folder / 'mine.npz'


def test_people_by_name_and_by_label(tmp_path):
    mine = open_given(saved(tmp_path, embeddings=EMBEDDINGS, people=NAMES, score=np.arange(12.)))
    assert isinstance(mine, GivenPeople) and mine.people.tolist() == NAMES.tolist() and mine.net is None
    assert list(mine.columns) == ['score'] and mine.names[3] == '3'
    labels = np.repeat([0, 1, -1], 4)
    mine = open_given(saved(tmp_path, embeddings=EMBEDDINGS, labels=labels, classes=['ann', 'bob'],
                            names=['n{}'.format(i) for i in range(12)], net=json.dumps({'flip': 'sum'})))
    assert mine.people[:8].tolist() == ['ann'] * 4 + ['bob'] * 4 and len(set(mine.people[8:])) == 4
    assert mine.names[0] == 'n0' and mine.net == {'flip': 'sum'}


def test_pairs_by_rows_or_one_after_the_other(tmp_path):
    mine = open_given(saved(tmp_path, embeddings=EMBEDDINGS, first=[0, 1], second=[1, 5], same=[1, 0]))
    assert isinstance(mine, GivenPairs) and mine.second.tolist() == [1, 5] and mine.same.tolist() == [True, False]
    mine = open_given(saved(tmp_path, embeddings=EMBEDDINGS, issame=[True, False] * 3))
    assert mine.first.tolist() == [0, 2, 4, 6, 8, 10] and mine.second.tolist() == [1, 3, 5, 7, 9, 11]


@pytest.mark.parametrize('arrays, message', [
    ({'other': [1]}, 'must hold embeddings .* got other'),
    ({'embeddings': EMBEDDINGS}, 'must hold embeddings .* and who is on each'),
    ({'embeddings': EMBEDDINGS[0]}, r'embeddings must be numbers \(N, D\)'),
    ({'embeddings': np.where(np.arange(12)[:, None] == 5, np.nan, EMBEDDINGS), 'people': NAMES}, 'first in row 5'),
    ({'embeddings': EMBEDDINGS * (np.arange(12)[:, None] != 4), 'people': NAMES}, 'zeros alone in row 4'),
    ({'embeddings': EMBEDDINGS, 'people': NAMES[:5]}, r'people must be \(12,\)'),
    ({'embeddings': EMBEDDINGS, 'people': NAMES, 'names': ['a']}, r'names must be \(12,\), got 1'),
    ({'embeddings': EMBEDDINGS, 'first': [0], 'second': [12], 'same': [1]}, 'second must be rows of the embeddings'),
    ({'embeddings': EMBEDDINGS, 'first': [0], 'second': [1], 'same': [2]}, 'same must be true or false .* got 2'),
    ({'embeddings': EMBEDDINGS, 'people': NAMES, 'net': '{'}, 'must say its network as JSON'),
    ({'embeddings': EMBEDDINGS, 'people': NAMES, 'net': '[]'}, 'net must say its input as size, mean, std and colour'),
    ({'embeddings': EMBEDDINGS, 'people': NAMES, 'net': '{"input": [[1], ["x"], [1], "rgb"]}'}, 'net must say its inp'),
    ({'embeddings': EMBEDDINGS, 'issame': [1, 0]}, 'must be of one length')])
def test_what_does_not_fit_is_refused(tmp_path, arrays, message):
    with pytest.raises(ValueError, match='mine.npz.*' + message):
        open_given(saved(tmp_path, **arrays))


def test_features_take_the_place_of_the_net(tmp_path):
    make_people(tmp_path / 'people', (3, 3, 3, 3))
    np.save(tmp_path / 'features.npy', EMBEDDINGS.astype('float32'))
    mine = open_given(tmp_path / 'people', features=tmp_path / 'features.npy')
    assert mine.images is None and mine.embeddings.shape == (12, 6) and mine.people[0] == 'p0'
    np.savez(tmp_path / 'features.npz', anything=EMBEDDINGS, labels=np.arange(12))
    np.testing.assert_array_equal(read_features(str(tmp_path / 'features.npz'), 12), EMBEDDINGS)
    with pytest.raises(ValueError, match='must have a row for each of 11 images, in their order, got 12'):
        read_features(str(tmp_path / 'features.npz'), 11)
    np.savez(tmp_path / 'two.npz', a=EMBEDDINGS, b=EMBEDDINGS)
    with pytest.raises(ValueError, match='must hold one array of two dimensions'):
        read_features(str(tmp_path / 'two.npz'), 12)
