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


@pytest.mark.parametrize('gallery, probes', [((1, 1, 1), (1, 1, 1, 1)), ((1, 1), (1,)), ((1,), (1, 1))])
def test_a_gallery_and_probes_of_one_image_each_will_do(tmp_path, gallery, probes):
    make_people(tmp_path / 'gallery', gallery)
    make_people(tmp_path / 'probes', probes)
    mine = open_given(tmp_path / 'gallery', probes=tmp_path / 'probes')
    truth, _, _ = mine.task('identification')
    assert len(truth.gallery_people) == len(gallery) and len(truth.probe_people) == len(probes)
    assert mine.assumed == ['gallery/probes: {} people cannot speak for all people: read the intervals, and compare '
                            'models on it rather than trust one number.'.format(max(len(gallery), len(probes)))]
    assert evaluate(mine, PixelNet()).result.rows[0]['rank1'] is not None


def test_what_a_gallery_cannot_measure_is_refused(tmp_path):
    make_people(tmp_path / 'gallery', (1, 1))
    (tmp_path / 'mine.csv').write_text('score,same\n0.5,1\n0.1,0\n')
    (tmp_path / 'groups.txt').write_text('p0 a\np1 b\n')
    gallery, scores = str(tmp_path / 'gallery'), str(tmp_path / 'mine.csv')
    for options, message in (({'quality': 'norm'}, 'quality cannot be measured on a gallery and probes'),
                             ({'groups': tmp_path / 'groups.txt'}, 'groups cannot be measured on a gallery and probes'),
                             ({'unknown': 0.2}, 'unknown must come with people, .* got a gallery and probes'),
                             ({'distractors': gallery}, 'probes and distractors must not come together')):
        with pytest.raises(ValueError, match=message):
            open_given(gallery, probes=gallery, **options)
    with pytest.raises(ValueError, match='must both say who is on each image'):
        open_given(scores, probes=scores)
    with pytest.raises(ValueError, match='quality cannot be measured on a file of scores'):
        open_given(scores, quality='norm')


def test_groups_and_quality_are_measured_beside_distractors(tmp_path):
    names, embeddings = people_and_embeddings(6, 3)
    np.savez(tmp_path / 'mine.npz', embeddings=embeddings, people=names)
    np.savez(tmp_path / 'others.npz', embeddings=np.random.RandomState(3).randn(30, 6))
    (tmp_path / 'groups.csv').write_text(''.join('person {},{}\n'.format(i, 'ab'[i % 2]) for i in range(6)))
    mine = open_given(tmp_path / 'mine.npz', distractors=tmp_path / 'others.npz', quality='norm',
                      groups=tmp_path / 'groups.csv')
    sections = evaluate(mine).result.sections
    assert [section['protocol'] for section in sections] == ['distractors', 'groups', 'quality']
    alone = open_given(tmp_path / 'mine.npz', quality='norm', groups=tmp_path / 'groups.csv')
    for section in evaluate(alone, protocols=['groups', 'quality']).result.sections:
        mine = next(other for other in sections if other['protocol'] == section['protocol'])
        assert [row['set'] for row in mine['rows']] == [row['set'] for row in section['rows']]
        assert mine['curves'] == section['curves']


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
