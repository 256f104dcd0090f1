"""From a set and a net to a result: the numbers of the protocols, and what each row says beside them."""
import numpy as np
import pytest
from evaluation_cases import PixelNet, make_people, people_and_embeddings
from test_given_ijb import make_ijb

from gluonfr.data import draw_pairs, read_bin, write_bin
from gluonfr.evaluation import GivenPeople, Result, evaluate, open_given, plan_protocols
from gluonfr.metrics import get_protocol
from gluonfr.utils.vectors import unit_rows

NAMES, EMBEDDINGS = people_and_embeddings(12, 4)


def given(people=NAMES, **options):
    return GivenPeople('mine', 'mine.npz', people, embeddings=EMBEDDINGS[:len(people)], names=list(range(len(people))),
                       sha256='ab', **options)


def test_the_numbers_are_those_of_the_protocols():
    said = []
    found = evaluate(given(), protocols=['kfold', 'pairs'], fars=[0.1, 1e-6], tell=said.append)
    rows = found.result.rows
    pairs = get_protocol('pairs', fars=[0.1, 1e-6]).measure(EMBEDDINGS, given().task('pairs').truth, 'mine')
    assert {key: rows[1][key] for key in pairs.rows[0]} == pairs.rows[0]
    task = given().task('kfold')
    kfold = get_protocol('kfold', fars=[0.1, 1e-6], **task.parameters)
    kfold = kfold.measure(unit_rows(EMBEDDINGS), task.truth, 'mine')
    assert {key: rows[0][key] for key in kfold.rows[0]} == kfold.rows[0]
    np.testing.assert_array_equal(found.embeddings, EMBEDDINGS)
    assert [section['protocol'] for section in found.result.sections] == ['kfold', 'pairs']
    assert any('cannot show FAR 1e-06' in line for line in said[:2]) and rows[1]['tar@1e-06'] is None
    assert said[-1].startswith('mine: TAR') and 'histogram' in found.result.sections[1]['curves']


def test_each_row_says_what_it_was_made_of(tmp_path):
    make_people(tmp_path / 'people')
    result = evaluate(open_given(tmp_path / 'people'), PixelNet(), name='pixels', command='gluonfr evaluate ...').result
    assert [section['protocol'] for section in result.sections] == ['kfold', 'pairs', 'identification']
    for section, row in zip(result.sections, result.rows):
        assert row['protocol'] == section['protocol'] and row['version'] == section['version'] >= 1
        assert row['net'] == 'pixels' and row['engine'] == 'numpy' and row['flip'] == 'none' and row['color'] == 'rgb'
        assert row['normalization'] == '(x - 127.5) / 127.5' and row['command'] == 'gluonfr evaluate ...'
        assert row['data_sha256'] == result.data['sha256'] and len(row['data_sha256']) == 64
    assert result.data['people'] == 6 and result.data['images'] == 17 and result.data['kind'] == 'a folder of people'
    assert result.model['embedding_size'] == 8 and result.made['seconds'] >= 0 and result.made['machine']['cores'] >= 1
    assert any('identification: the first image of a person is in the gallery' in said for said in result.assumed)
    result.save(tmp_path / 'out')
    again = Result.load(tmp_path / 'out')
    assert again.rows == Result.load(tmp_path / 'out').rows and again.arrays['people'].shape == (17,)
    assert len(again.arrays['scores']) == 17 * 16 // 2


def test_the_hash_tells_images_apart(tmp_path):
    make_people(tmp_path / 'people')
    hashes = [evaluate(open_given(tmp_path / 'people'), PixelNet(), protocols=['pairs']).result.data['sha256']]
    (tmp_path / 'people' / 'p0' / '0.png').write_bytes((tmp_path / 'people' / 'p0' / '1.png').read_bytes())
    hashes.append(evaluate(open_given(tmp_path / 'people'), PixelNet(), protocols=['pairs']).result.data['sha256'])
    assert len(set(hashes)) == 2


def test_a_bin_gives_what_verify_gives(tmp_path):
    from gluonfr.data import open_dataset
    from gluonfr.deploy.verify import score_pairs
    make_people(tmp_path / 'people', (4,) * 8, noise=90)
    people = open_dataset(tmp_path / 'people')
    first, second, same = draw_pairs(people.labels, 40, 4)
    write_bin(tmp_path / 'mine.bin', [people.read_bytes(i)[0] for pair in zip(first, second) for i in pair], same)
    row = evaluate(open_given(tmp_path / 'mine.bin'), PixelNet()).result.rows[0]
    pairs = read_bin(tmp_path / 'mine.bin')
    matrix = PixelNet()(type('All', (), {'__len__': lambda self: 80, 'read': lambda self, i: (pairs.image(i), 0)})())
    expected = score_pairs(unit_rows(matrix), pairs.issame, 'mine').row
    for key in ('acc', 'std', 'threshold', 'tar@0.001', 'auc', 'eer'):
        assert row[key] == expected[key], key
    assert row['acc_low'] <= row['acc'] <= row['acc_high']


def test_protocols_that_do_not_fit_are_left_out_or_refused():
    alone = given(np.array(['a', 'a', 'b', 'c']))
    assert [plan.name for plan in plan_protocols(alone)] == ['pairs', 'identification']
    with pytest.raises(ValueError, match='kfold cannot be measured on people: each fold takes two people'):
        plan_protocols(alone, ['kfold'])
    with pytest.raises(ValueError, match='templates cannot be measured on people. What fits: kfold, pairs, ident'):
        plan_protocols(given(), ['templates'])
    with pytest.raises(ValueError, match="unknown protocol 'pair'. Did you mean 'pairs'"):
        plan_protocols(given(), ['pair'])
    with pytest.raises(ValueError, match='nfolds must be of a protocol that is measured: pairs'):
        plan_protocols(given(), ['pairs'], nfolds=3)
    with pytest.raises(ValueError, match='fars must be in'):
        plan_protocols(given(), ['pairs'], fars=[2])


def test_images_need_a_net_and_embeddings_none(tmp_path):
    make_people(tmp_path / 'people')
    with pytest.raises(ValueError, match='holds images, so a NET must be given'):
        evaluate(open_given(tmp_path / 'people'))
    with pytest.raises(ValueError, match='embeddings are given, so no NET is needed'):
        evaluate(given(), PixelNet())
    with pytest.raises(ValueError, match='takes images of 16 x 16 pixels, and 17 of 17 have .*stretch=True'):
        evaluate(open_given(tmp_path / 'people'), PixelNet(side=16))
    mine = open_given(tmp_path / 'people', size=(16, 16), stretch=True)
    assert evaluate(mine, PixelNet(side=16), protocols=['pairs']).result.rows[0]['pairs'] == 136


def test_templates_take_embeddings_as_long_as_they_are(tmp_path):
    home = make_ijb(tmp_path, images=False)
    features = np.random.RandomState(0).randn(6, 4) * np.array([[1], [9], [1], [1], [1], [1]])
    np.save(tmp_path / 'features.npy', features)
    result = evaluate(open_given(home, features=tmp_path / 'features.npy'), fars=[0.5], norm=True).result
    assert [section['protocol'] for section in result.sections] == ['templates', 'identification']
    template = (0.9 * features[0] + 0.8 * features[1]) / 2
    expected = template @ features[2] / np.linalg.norm(template) / np.linalg.norm(features[2])
    np.testing.assert_allclose(result.arrays['scores'][0], expected)
    assert result.sections[0]['parameters']['norm'] is True and result.hardest is None


def test_embeddings_are_shown_in_the_plane_and_pairs_as_thumbnails(tmp_path):
    make_people(tmp_path / 'people')
    result = evaluate(open_given(tmp_path / 'people'), PixelNet(), protocols=['pairs'], hardest=3).result
    assert len(result.map['x']) == 17 and result.map['names'] == ['p{}'.format(i) for i in range(6)]
    assert len(result.hardest['false_accepts']) == 3 and result.hardest['false_accepts'][0]['first_thumb']
    result = evaluate(open_given(tmp_path / 'people'), PixelNet(), protocols=['pairs'], faces=False, plane=None).result
    assert result.map is None and result.hardest['false_rejects'][0]['first_thumb'] is None


def test_groups_and_quality_are_measured_where_they_are_given():
    mine = given()
    mine.groups = np.where(np.arange(48) < 24, 'x', 'y')
    mine.by_quality = True
    result = evaluate(mine, fars=[0.1]).result
    assert [section['protocol'] for section in result.sections] == [
        'kfold', 'pairs', 'identification', 'groups', 'quality']
    assert [row['group'] for row in result.sections[3]['rows']][:2] == ['x', 'y']
    lengths = result.sections[4]['rows']
    mine = given()
    mine.by_quality, mine.quality = True, np.linalg.norm(EMBEDDINGS, axis=1)
    again = evaluate(mine, protocols=['quality']).result.sections[0]['rows']
    assert {key: value for key, value in again[0].items() if key not in ('fars', 'quality')} == {
        key: value for key, value in lengths[0].items() if key not in ('fars', 'quality')}


def test_people_are_found_among_distractors(tmp_path):
    np.savez(tmp_path / 'mine.npz', embeddings=EMBEDDINGS, people=NAMES)
    np.savez(tmp_path / 'others.npz', embeddings=np.random.RandomState(5).randn(100, 6))
    result = evaluate(open_given(tmp_path / 'mine.npz', distractors=tmp_path / 'others.npz')).result
    assert [section['protocol'] for section in result.sections] == ['distractors']
    assert result.data['images'] == 148 and result.data['people'] == 12 and len(result.map['x']) == 48
    assert len(result.arrays['scores']) == 48 * 47 // 2


def test_copies_of_images_are_told(tmp_path):
    make_people(tmp_path / 'people')
    copy = (tmp_path / 'people' / 'p0' / '0.png').read_bytes()
    (tmp_path / 'people' / 'p0' / '1.png').write_bytes(copy)
    said = evaluate(open_given(tmp_path / 'people'), PixelNet(), protocols=['pairs']).result.assumed[-1]
    assert said.startswith('people: 1 image is a copy of another, such as') and 'another name' not in said
    (tmp_path / 'people' / 'p1' / '0.png').write_bytes(copy)
    said = evaluate(open_given(tmp_path / 'people'), PixelNet(), protocols=['pairs']).result.assumed[-1]
    assert '2 images are copies of others, 1 under another name, such as' in said and 'p1/0.png' in said
