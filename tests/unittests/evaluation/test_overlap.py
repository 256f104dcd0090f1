"""People and images that were trained on are found by names, bytes and embeddings."""
import shutil

import numpy as np
import pytest
from evaluation_cases import PixelNet, make_people, people_and_embeddings

from gluonfr.data import encode, read_image
from gluonfr.data.image import resize
from gluonfr.evaluation import evaluate, open_given
from gluonfr.evaluation.overlap import find_overlap


def overlap(folder, train, net=True):
    given = open_given(folder)
    found = evaluate(given, PixelNet(), protocols=['pairs'])
    return find_overlap(given, found.embeddings, found.digests, str(train), PixelNet() if net else None)


def test_names_bytes_and_copies(tmp_path):
    make_people(tmp_path / 'test', (2, 2, 2))
    make_people(tmp_path / 'train', (0, 0, 0, 2, 2))
    (tmp_path / 'train' / 'P_1').mkdir()
    for name in ('p0', 'p1', 'p2'):
        (tmp_path / 'train' / name).rmdir()
    shutil.copy(tmp_path / 'test' / 'p1' / '0.png', tmp_path / 'train' / 'P_1')
    copy = resize(resize(read_image(tmp_path / 'test' / 'p2' / '1.png'), (11, 12)), (12, 12))
    (tmp_path / 'train' / 'p3' / 'copy.png').write_bytes(encode(copy, '.png'))
    found = overlap(tmp_path / 'test', tmp_path / 'train')
    assert found['people'] == 1 and found['names'] == ['p1'] and found['equal'] == 1 and found['images'] == 6
    assert found['pairs'][0][0].endswith('p1/0.png') and found['pairs'][0][2] == 1
    assert found['near'] == len(found['pairs']) - 1
    assert '1 person by name, 1 image of equal bytes' in found['sentence']
    assert 'the numbers are better than on new people' in found['sentence']
    without = overlap(tmp_path / 'test', tmp_path / 'train', net=False)
    assert without['equal'] == 1 and without['near'] is None


def test_no_overlap_is_said_with_the_ways_it_was_looked_for(tmp_path):
    make_people(tmp_path / 'test', (2, 2))
    make_people(tmp_path / 'all', (0, 0, 0, 2, 2, 2))
    for name in ('p0', 'p1', 'p2'):
        (tmp_path / 'all' / name).rmdir()
    found = overlap(tmp_path / 'test', tmp_path / 'all')
    assert (found['people'], found['equal'], found['near'], found['pairs']) == (0, 0, 0, [])
    assert 'no overlap with the training data' in found['sentence']
    assert found['sentence'].endswith('is found by names and bytes and embeddings.')


def test_embeddings_of_the_training_set_will_do(tmp_path):
    names, embeddings = people_and_embeddings(4, 2)
    np.savez(tmp_path / 'mine.npz', embeddings=embeddings, people=names)
    np.savez(tmp_path / 'train.npz', embeddings=3 * embeddings[5:6])
    given = open_given(tmp_path / 'mine.npz')
    found = evaluate(given, protocols=['pairs'])
    found = find_overlap(given, found.embeddings, None, str(tmp_path / 'train.npz'))
    assert found['near'] >= 1 and found['pairs'][0][:2] == ['5', '0'] and found['people'] is found['equal'] is None
    np.savez(tmp_path / 'train.npz', embeddings=np.ones((1, 3)))
    with pytest.raises(ValueError, match='have 3 numbers, and those of mine 6'):
        find_overlap(given, evaluate(given, protocols=['pairs']).embeddings, None, str(tmp_path / 'train.npz'))


def test_numbers_are_no_names(tmp_path):
    names, embeddings = people_and_embeddings(3, 2)
    for name, people in (('mine', np.arange(6) // 2), ('train', np.arange(6))):
        np.savez(tmp_path / (name + '.npz'), embeddings=embeddings, people=people)
    given = open_given(tmp_path / 'mine.npz')
    assert find_overlap(given, embeddings, None, str(tmp_path / 'train.npz'))['people'] is None


def test_what_cannot_be_compared_is_refused(tmp_path):
    make_people(tmp_path / 'train', (1, 1))
    (tmp_path / 'mine.csv').write_text('score,same\n0.5,1\n0.1,0\n')
    given = open_given(tmp_path / 'mine.csv')
    with pytest.raises(ValueError, match='nothing in it can be compared with mine'):
        find_overlap(given, None, None, str(tmp_path / 'train'))
