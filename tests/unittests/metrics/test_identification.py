"""1:N: a hand-made open set, ranks and DIR as by slow loops, galleries of templates, and what each cannot show."""
import math

import numpy as np
import pytest
from metrics_cases import slow_cosine, slow_dir, slow_search, slow_templates
from sklearn.metrics import top_k_accuracy_score

from gluonfr.metrics import Identification, SearchTruth, TemplateSearchTruth, clopper_pearson


def at(*degrees):
    """Unit vectors in the plane."""
    return np.stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], axis=1)


def measured(gallery, gallery_people, probes, probe_people, **parameters):
    found = Identification(**parameters).measure((gallery, probes), SearchTruth(gallery_people, probe_people), 'x')
    return found.rows[0], found


def test_an_open_set_by_hand():
    """Gallery: anna at 0 and 20 degrees, ben at 90, carl at 180.

    Mated probes: anna at 5 (5 degrees from anna), anna at 60 (ben is nearer: rank 2), ben at 80 (10 degrees), carl at
    150 (30). Non-mated: dora at 98 (8 from ben), eve at 200 (20 from carl), fay at 250 (70 from carl), gus at 300 (60
    from anna). At FPIR 0.25 the threshold lies between 8 and 20 degrees: anna and ben are found, carl is not, though he
    is at rank 1; the second anna is not, though her score would do.
    """
    row, found = measured(at(0, 20, 90, 180), ['anna', 'anna', 'ben', 'carl'], at(5, 60, 80, 150, 98, 200, 250, 300),
                          ['anna', 'anna', 'ben', 'carl', 'dora', 'eve', 'fay', 'gus'], ranks=[1, 2],
                          fpirs=[0, 0.25, 0.5, 1])
    assert (row['gallery'], row['people'], row['probes'], row['mated']) == (4, 3, 8, 4)
    assert (row['rank1'], row['rank2']) == (0.75, 1)
    assert [row['dir@{:g}'.format(x)] for x in (0, 0.25, 0.5, 1)] == [0.25, 0.5, 0.75, 0.75]
    assert [row['fpir_at_{:g}'.format(x)] for x in (0, 0.25, 0.5, 1)] == [0, 0.25, 0.5, 1]
    assert np.cos(np.radians(20)) < row['dir_threshold@0.25'] < np.cos(np.radians(10))
    assert (row['dir@0.25_low'], row['dir@0.25_high']) == tuple(round(x, 5) for x in clopper_pearson(2, 4))
    assert found.genuine.tolist() == [True, False, True, True] + 4 * [False]
    cmc, curve = found.curves['cmc'], found.curves['dir']
    assert (cmc['rank'], cmc['rate']) == ([1, 2, 3], [0.75, 1, 1])
    assert (curve['fpir'], curve['dir']) == ([0, 0.25, 0.5, 0.75, 1], [0.25, 0.5, 0.75, 0.75, 0.75])


def test_probes_are_counted_and_a_public_script_counts_pairs():
    """compat: of four mated probes ceil(4 x) pairs of two people may reach the threshold, and ranks do not count."""
    row, found = measured(at(0, 90, 180), list('abc'), at(5, 62, 80, 150, 98), list('aabcd'), ranks=[1], fpirs=[0.5, 1])
    pairs = sorted([90 - 5, 180 - 5, 90 - 62, 180 - 62, 80, 180 - 80, 150, 150 - 90])
    for x in (0.5, 1):
        limit = pairs[math.ceil(4 * x) - 1]
        assert row['compat_dir@{:g}'.format(x)] == np.mean([angle < limit for angle in (5, 62, 10, 30)])
    assert (row['dir@0.5'], row['dir@1']) == (None, 0.75)  # one non-mated probe cannot show the first


def test_a_stranger_with_an_equal_score_stands_before_one():
    row, found = measured(at(0, 0, 90), list('abc'), at(0, 0, 90), list('abc'), ranks=[1, 2], fpirs=[])
    assert row['rank1'] == round(1 / 3, 5) and row['rank2'] == 1 and found.genuine.tolist() == [False, False, True]


def people_and_probes(seed, images, spread=1.2):
    random = np.random.RandomState(seed)
    people = random.permutation(np.repeat(np.arange(9), images))
    probe_people = random.randint(0, 14, 60)
    faces = random.randn(14, 8)
    return (faces[people] + spread * random.randn(len(people), 8), people,
            faces[probe_people] + spread * random.randn(60, 8), probe_people)


@pytest.mark.parametrize('images', [1, 3])
@pytest.mark.parametrize('block', [1, 100, 10 ** 6])
def test_ranks_and_dir_are_those_of_slow_loops(images, block, monkeypatch):
    monkeypatch.setattr('gluonfr.metrics.identification.BLOCK', block)
    gallery, people, probes, probe_people = people_and_probes(images, images)
    row, found = measured(gallery, people, probes, probe_people, ranks=[1, 2, 5, 9], fpirs=[0, 0.1, 0.3])
    slow = slow_search(gallery, people, probes, probe_people)
    mated = sum(f[2] > 0 for f in slow)
    for rank in (1, 2, 5, 9):
        assert row['rank{}'.format(rank)] == round(sum(0 < f[2] <= rank for f in slow) / mated, 5)
    for fpir in (0, 0.1, 0.3):
        assert (row['dir@{:g}'.format(fpir)], row['fpir_at_{:g}'.format(fpir)]) == (
            round(slow_dir(slow, fpir)[0], 5), slow_dir(slow, fpir)[1])
    np.testing.assert_allclose(found.scores, [f[0] for f in slow], atol=1e-12)
    assert found.genuine.tolist() == [f[2] == 1 for f in slow]
    order = np.random.RandomState(0).permutation(60)
    places = np.random.RandomState(1).permutation(len(people))
    again, _ = measured(gallery[places], people[places], probes[order], probe_people[order], ranks=[1, 2, 5, 9],
                        fpirs=[0, 0.1, 0.3])
    assert {k: v if isinstance(v, str) else pytest.approx(v) for k, v in again.items()} == row


def test_a_closed_set_is_that_of_scikit_learn():
    gallery, people, probes, probe_people = people_and_probes(3, 1)
    probes, probe_people = probes[probe_people < 9], probe_people[probe_people < 9]
    scores = [[slow_cosine(x, gallery[np.flatnonzero(people == person)[0]]) for person in range(9)] for x in probes]
    row, found = measured(gallery, people, probes, probe_people, ranks=[1, 3])
    for k in (1, 3):
        assert row['rank{}'.format(k)] == round(top_k_accuracy_score(probe_people, scores, k=k, labels=range(9)), 5)
    assert row['dir@0.1'] is None and 'dir' not in found.curves


def test_templates_are_searched_in_each_gallery():
    random = np.random.RandomState(0)
    templates = np.repeat(np.arange(20, 60), 3)
    media = random.randint(0, 2, 120)
    subjects = np.arange(40) % 10  # of template 20 + i
    x = random.randn(10, 8)[np.repeat(subjects, 3)] + 1.5 * random.randn(120, 8)
    sure = random.uniform(0.3, 1, 120)
    galleries = {'G1': (np.array([24, 20, 23, 21, 20]), np.array([4, 0, 3, 1, 0])),  # a template may be listed twice
                 'G2': (np.arange(25, 30), np.arange(5, 10))}
    probes = np.arange(30, 60), subjects[10:]
    truth = TemplateSearchTruth(templates, media, galleries, probes, sure)
    protocol = Identification(fpirs=[0.1], norm=False)
    rows, scores, _, curves = protocol.measure(x, truth, 'x')
    assert [row['set'] for row in rows] == ['x G1', 'x G2', 'x mean']
    vectors = slow_templates(x, templates, media, False, sure)
    found = []
    for row, people in zip(rows, ([0, 1, 3, 4], [5, 6, 7, 8, 9])):
        slow = slow_search([vectors[20 + person] for person in people], people, [vectors[t] for t in probes[0]],
                           probes[1])
        mated = sum(f[2] > 0 for f in slow)
        assert row['rank1'] == round(sum(f[2] == 1 for f in slow) / mated, 5)
        assert row['dir@0.1'] == round(slow_dir(slow, 0.1)[0], 5)
        found += slow
    np.testing.assert_allclose(scores, [f[0] for f in found], atol=1e-12)
    assert rows[2]['rank1'] == pytest.approx((rows[0]['rank1'] + rows[1]['rank1']) / 2, abs=1e-5)
    assert rows[2]['rank5'] is None and rows[2]['rank1_low'] is None and rows[2]['probes'] is None
    assert curves['cmc']['rate'][0] == sum(f[2] == 1 for f in found) / sum(f[2] > 0 for f in found)
    assert all(protocol.lines(row) for row in rows)
    assert protocol.notes(truth, 'x') == ['x G1: a gallery of 4 people cannot show rank 5 and 10',
                                          'x G2: a gallery of 5 people cannot show rank 10']


@pytest.mark.parametrize('changes, message', [
    ({'probes': ([30, 99], [0, 1])}, 'x: every template must have an image, got 1 without, first template 99'),
    ({'galleries': {'G1': ([20, 19], [0, 1])}}, 'x G1: every template must have an image.* first template 19'),
    ({'galleries': {'G1': ([20], [0, 1])}}, 'x G1: templates and people must have one length'),
    ({'galleries': {'G1': ([20], [7])}}, 'x G1: probes of people in the gallery are needed, got 2 probes and none of')])
def test_templates_that_do_not_fit_are_refused(changes, message):
    truth = TemplateSearchTruth(np.arange(20, 40), np.zeros(20), {'G1': ([20, 21], [0, 1])}, ([30, 31], [0, 1]))
    for call in (lambda t: Identification().notes(t, 'x'), lambda t: Identification().measure(np.eye(20), t, 'x')):
        with pytest.raises(ValueError, match=message):
            call(truth._replace(**changes))
    with pytest.raises(ValueError, match='detector=True needs detector_scores'):
        Identification(detector=True).notes(truth, 'x')
