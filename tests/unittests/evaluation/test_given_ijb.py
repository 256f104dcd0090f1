"""Lists of IJB-B and IJB-C, with images, features or scores."""
import numpy as np
import pytest
from evaluation_cases import PixelNet

from gluonfr.align import template
from gluonfr.data import encode
from gluonfr.evaluation import GivenScores, GivenTemplates, evaluate, open_given
from gluonfr.evaluation.ijb import ijb_lists

FACES = [('1.jpg', 1, 10), ('2.jpg', 1, 10), ('3.jpg', 2, 11), ('4.jpg', 5, 12), ('5.jpg', 5, 13),
         ('6.jpg', 7, 14)]
PAIRS = '1 2 1\n1 5 0\n2 5 0\n'


def make_ijb(folder, images=True):
    """Six images, four templates: 1 and 2 are of a person, 5 and 7 of another."""
    meta = folder / 'IJBC' / 'meta'
    meta.mkdir(parents=True)
    points = ' '.join('{:.3f}'.format(x) for x in (template() * 1.5 + 10).ravel())
    (meta / 'ijbc_face_tid_mid.txt').write_text(''.join('{} {} {}\n'.format(*face) for face in FACES))
    (meta / 'ijbc_template_pair_label.txt').write_text(PAIRS)
    (meta / 'ijbc_name_5pts_score.txt').write_text(''.join(
        '{} {} 0.{}\n'.format(face[0], points, 9 - i) for i, face in enumerate(FACES)))
    (meta / 'ijbc_1N_gallery_G1.csv').write_text('TEMPLATE_ID,SUBJECT_ID,FILENAME\n1,77,a\n1,77,b\n')
    (meta / 'ijbc_1N_gallery_G2.csv').write_text('TEMPLATE_ID,SUBJECT_ID,FILENAME\n5,78,a\n')
    (meta / 'ijbc_1N_probe_mixed.csv').write_text('TEMPLATE_ID,SUBJECT_ID,FILENAME\n2,77,a\n7,78,a\n9,79,a\n')
    if images:
        (folder / 'IJBC' / 'loose_crop').mkdir()
        for i, face in enumerate(FACES):
            (folder / 'IJBC' / 'loose_crop' / face[0]).write_bytes(
                encode(np.random.RandomState(i).randint(0, 256, (200, 190, 3)).astype(np.uint8), '.jpg'))
    return folder / 'IJBC'


def test_lists_images_and_landmarks(tmp_path):
    mine = open_given(make_ijb(tmp_path), size=(12, 12))
    assert isinstance(mine, GivenTemplates) and mine.name == 'ijbc' and mine.count == 6
    truth = mine.task('templates').truth
    assert truth.templates.tolist() == [1, 1, 2, 5, 5, 7] and truth.media.tolist() == [10, 10, 11, 12, 13, 14]
    assert truth.first.tolist() == [1, 1, 2] and truth.same.tolist() == [True, False, False]
    np.testing.assert_allclose(truth.detector_scores, [0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    assert PixelNet()(mine.images).shape == (6, 8)
    search = mine.task('identification').truth
    assert sorted(search.galleries) == ['G1', 'G2'] and search.galleries['G1'][1].tolist() == ['77']
    assert search.probes[0].tolist() == [2, 7]  # template 9 has no image


def test_features_or_scores_take_the_place_of_images(tmp_path):
    home = make_ijb(tmp_path, images=False)
    np.save(tmp_path / 'features.npy', np.random.RandomState(0).randn(6, 4))
    mine = open_given(home / 'meta', features=str(tmp_path / 'features.npy'))
    assert mine.embeddings.shape == (6, 4) and mine.names[4] == '5.jpg'
    np.save(tmp_path / 'scores.npy', np.array([0.9, 0.1, 0.3]))
    scores = open_given(home, scores=str(tmp_path / 'scores.npy'))
    assert isinstance(scores, GivenScores) and scores.same.tolist() == [True, False, False]
    with pytest.raises(FileNotFoundError, match='loose_crop must hold the images of .*such as 1.jpg'):
        open_given(home)


def test_images_that_are_missing_are_left_out_with_their_templates(tmp_path):
    home = make_ijb(tmp_path)
    (home / 'loose_crop' / '3.jpg').unlink()
    mine = open_given(home)
    truth = mine.task('templates').truth
    assert truth.templates.tolist() == [1, 1, 5, 5, 7] and truth.first.tolist() == [1] and truth.second.tolist() == [5]
    assert mine.left_out[0]['what'] == '3.jpg' and '1 image cannot be read' in mine.assumed[0]
    assert truth.detector_scores.tolist() == [0.9, 0.8, 0.6, 0.5, 0.4]
    assert mine.assumed[1:] == [
        'ijbc: 2 pairs of ijbc_template_pair_label.txt left out: a template of each has no image.',
        'ijbc: 2 templates of ijbc_1N_probe_mixed.csv left out: without an image.']


def test_lengths_that_say_nothing_are_told(tmp_path):
    home = make_ijb(tmp_path, images=False)
    features = np.random.RandomState(0).randn(6, 4)
    np.save(tmp_path / 'unit.npy', features / np.linalg.norm(features, axis=1, keepdims=True))
    assert 'have one length, so that N' in open_given(home, features=tmp_path / 'unit.npy').assumed[0]


def test_mirror_images_are_added_of_a_net_that_gives_both(tmp_path):
    mine, net = open_given(make_ijb(tmp_path), size=(12, 12)), PixelNet()
    with pytest.raises(ValueError, match="flip must be 'concat' of a network whose mirror images a protocol adds"):
        evaluate(mine, net, protocols=['templates'], flip=True)


def test_a_line_that_is_not_utf8_is_named(tmp_path):
    home = make_ijb(tmp_path)
    (home / 'meta' / 'ijbc_template_pair_label.txt').write_bytes(b'1 2 1\n1 \xf6 0\n')
    with pytest.raises(ValueError, match='label.txt, line 2: must be two templates'):
        open_given(home)


@pytest.mark.parametrize('name, text, message', [
    ('face_tid_mid.txt', '1.jpg 1 10\n2.jpg one 10\n', 'line 2: must be an image, its template and its medium'),
    ('face_tid_mid.txt', '', 'must list at least one image'),
    ('template_pair_label.txt', '1 2 1\n1 5\n2 5 0 7\n', 'line 2: must be two templates and 1 or 0'),
    ('template_pair_label.txt', '1 2 1\n1 5 2\n', "line 2: must be two templates and 1 or 0, got '1 5 2'"),
    ('template_pair_label.txt', '1 2 1\n1 x 0\n', 'line 2: must be two templates'),
    ('template_pair_label.txt', '', 'must list at least one pair'),
    ('template_pair_label.txt', '8 9 1\n', 'none of its pairs is of templates in'),
    ('name_5pts_score.txt', '1.jpg 1 2 3\n', 'line 1: must be an image, ten numbers of its five points and a score'),
    ('name_5pts_score.txt', '7.jpg 1 2 3 4 5 6 7 8 9 10 1\n', 'line 1: must be of the image 1.jpg'),
    ('name_5pts_score.txt', '1.jpg 1 2 3 4 5 6 7 8 9 10 1\n', 'must have a line for each of 6 images, got 1'),
    ('1N_gallery_G1.csv', 'TEMPLATE_ID,SUBJECT_ID\n1,77\n1,78\n', 'line 3: template 1 must be of one person'),
    ('1N_gallery_G1.csv', 'TEMPLATE_ID,SUBJECT_ID\nx,77\n', 'line 2: must begin with a template and its person'),
    ('1N_gallery_G1.csv', 'TEMPLATE_ID,SUBJECT_ID\n8,77\n', 'none of its templates has an image; it names 8')])
def test_a_wrong_line_is_named(tmp_path, name, text, message):
    home = make_ijb(tmp_path)
    (home / 'meta' / ('ijbc_' + name)).write_text(text)
    with pytest.raises(ValueError, match='ijbc_' + name + '.*' + message):
        open_given(home)


def test_empty_lines_between_pairs_do_no_harm(tmp_path):
    home = make_ijb(tmp_path)
    (home / 'meta' / 'ijbc_template_pair_label.txt').write_text('1 2 1\n\n1 5 0\n')
    assert open_given(home).task('templates').truth.same.tolist() == [True, False]


def test_what_is_missing_is_said(tmp_path):
    home = make_ijb(tmp_path)
    assert ijb_lists(str(tmp_path)) is None
    (home / 'meta' / 'ijbc_1N_probe_mixed.csv').unlink()
    with pytest.raises(FileNotFoundError, match='no list of probes'):
        open_given(home)
    for name in ('ijbc_1N_gallery_G1.csv', 'ijbc_1N_gallery_G2.csv'):
        (home / 'meta' / name).unlink()
    with pytest.raises(ValueError, match='identification cannot be measured on templates .*no lists of a gallery'):
        open_given(home).task('identification')
    (home / 'meta' / 'ijbc_name_5pts_score.txt').unlink()
    with pytest.raises(FileNotFoundError, match='name_5pts_score.txt, the landmarks'):
        open_given(home)
