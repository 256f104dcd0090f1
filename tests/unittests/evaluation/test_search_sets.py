"""A gallery and probes, distractors, TinyFace."""
import numpy as np
import pytest
from evaluation_cases import PixelNet, make_people, make_tinyface, people_and_embeddings

from gluonfr.evaluation import evaluate, open_given


def test_probes_are_searched_in_a_gallery(tmp_path):
    make_people(tmp_path / 'gallery', (1, 1, 2))
    make_people(tmp_path / 'probes', (2, 1, 1, 1))
    mine = open_given(tmp_path / 'gallery', probes=str(tmp_path / 'probes'))
    truth, rows, _ = mine.task('identification')
    assert truth.gallery_people.tolist() == ['p0', 'p1', 'p2', 'p2'] and truth.probe_people.tolist()[-1] == 'p3'
    assert rows[0].tolist() == [0, 1, 2, 3] and rows[1].tolist() == [4, 5, 6, 7, 8]
    assert PixelNet()(mine.images).shape == (9, 8)
    with pytest.raises(ValueError, match='pairs cannot be measured on a gallery and probes'):
        mine.task('pairs')


def test_people_who_are_in_none_of_both_are_refused(tmp_path):
    make_people(tmp_path / 'gallery', (2, 1))
    make_people(tmp_path / 'other', (2, 1))
    for person in ('p0', 'p1'):
        (tmp_path / 'other' / person).rename(tmp_path / 'other' / ('x' + person))
    with pytest.raises(ValueError, match='none of the people of the probes is in the gallery'):
        open_given(tmp_path / 'gallery', probes=str(tmp_path / 'other'))


def test_distractors_stand_beside_the_people(tmp_path):
    names, embeddings = people_and_embeddings(3, 2)
    np.savez(tmp_path / 'mine.npz', embeddings=embeddings, people=names)
    np.savez(tmp_path / 'others.npz', embeddings=np.ones((5, 6)))
    mine = open_given(tmp_path / 'mine.npz', distractors=str(tmp_path / 'others.npz'))
    assert mine.embeddings.shape == (11, 6) and mine.has('distractors') and not mine.has('pairs')
    truth, rows, _ = mine.task('distractors')
    assert truth.distractors == 5 and rows[1].tolist() == [6, 7, 8, 9, 10]
    assert mine.task('pairs').rows.tolist() == [0, 1, 2, 3, 4, 5]
    np.savez(tmp_path / 'others.npz', embeddings=np.ones((5, 7)))
    with pytest.raises(ValueError, match='embeddings must be of one size, got 6 in .* and 7 in'):
        open_given(tmp_path / 'mine.npz', distractors=str(tmp_path / 'others.npz'))


def test_noise_is_left_out(tmp_path):
    names, embeddings = people_and_embeddings(3, 2)
    images = ['a/{}.jpg'.format(i) for i in range(6)]
    np.savez(tmp_path / 'mine.npz', embeddings=embeddings, people=names, names=images)
    np.savez(tmp_path / 'others.npz', embeddings=np.random.RandomState(3).randn(30, 6))
    (tmp_path / 'noise.txt').write_text('a/1.jpg\n# that was one of the people\n')
    (tmp_path / 'more.txt').write_text('distractor 3\n')
    noise = [tmp_path / 'noise.txt', tmp_path / 'more.txt']
    mine = open_given(tmp_path / 'mine.npz', distractors=tmp_path / 'others.npz', noise=noise)
    truth = mine.task('distractors').truth
    assert truth.noisy_probes.tolist() == [1] and truth.noisy_distractors.tolist() == [3]
    assert '1 probe and 1 distractor are left out' in mine.assumed[-1]
    row = evaluate(mine).result.rows[0]
    assert row['protocol'] == 'distractors'
    with pytest.raises(ValueError, match='noise must come with distractors'):
        open_given(tmp_path / 'mine.npz', noise=noise)


def test_distractors_must_be_others(tmp_path):
    make_people(tmp_path / 'people', (2, 2))
    make_people(tmp_path / 'others', (2, 2))
    with pytest.raises(ValueError, match='none of the people of people, got 2 of them, such as p0'):
        open_given(tmp_path / 'people', distractors=str(tmp_path / 'others'))


def test_tinyface_is_a_search_among_others(tmp_path):
    make_tinyface(tmp_path / 'tinyface')
    mine = open_given('tinyface', root=tmp_path, size=(12, 12))
    truth = mine.task('identification').truth
    assert truth.gallery_people.tolist() == ['3', '9', '9', 'distractor 0', 'distractor 1']
    assert truth.probe_people.tolist() == ['3', '9']
    assert PixelNet()(mine.images).shape == (7, 8)
    assert '2 images of the gallery show none of the people' in mine.assumed[0]
    assert 'stretched to 12 x 12 pixels' in mine.assumed[1]
