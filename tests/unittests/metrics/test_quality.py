"""Error versus reject: pairs of low quality go first, equal ones together, at a threshold that stays."""
import numpy as np
import pytest

from gluonfr.metrics import QualityTruth, RejectByQuality


def slow_curve(scores, same, quality, threshold):
    """[(share of genuine pairs rejected, FNMR of the others)], one cut after the other."""
    genuine = [(q, s) for q, s, one in zip(quality, scores, same) if one]
    points = []
    for cut in sorted({q for q, _ in genuine}):
        left = [s for q, s in genuine if q >= cut]
        points.append((1 - len(left) / len(genuine), sum(s < threshold for s in left) / len(left)))
    return points


def drawn(levels, count=300):
    random = np.random.RandomState(0)
    same, quality = np.arange(count) % 2 == 0, random.randint(0, levels, count)
    return np.where(same, 1.0 + 2 * quality / levels, 0) + random.randn(count), same, quality


@pytest.mark.parametrize('levels', [1, 4, 10 ** 6])
def test_the_curve_is_that_of_slow_loops(levels):
    scores, same, quality = drawn(levels)
    rejects = [0, 0.1, 0.25, 0.5]
    (row,), _, _, curves = RejectByQuality(0.05, rejects).measure_scores(scores, same, 'x', quality)
    slow = slow_curve(scores, same, quality, row['threshold'])
    np.testing.assert_allclose(np.transpose([curves['reject']['rejected'], curves['reject']['fnmr']]), slow, atol=1e-12)
    for share in rejects:
        rejected, fnmr = [point for point in slow if point[0] <= share][-1]
        assert row['fnmr@{:g}'.format(share)] == round(fnmr, 5)
        assert row['rejected_at_{:g}'.format(share)] == pytest.approx(rejected, abs=1e-5)
        assert row['fnmr@{:g}_low'.format(share)] <= fnmr + 1e-5 <= row['fnmr@{:g}_high'.format(share)] + 2e-5
    steps = np.linspace(0, 0.5, 200001)[:-1]
    heights = np.array(slow)[np.searchsorted(np.array(slow)[:, 0], steps, side='right') - 1, 1]
    assert row['area'] == pytest.approx(heights.mean(), abs=1e-4)


def test_neither_the_order_nor_the_scale_of_a_quality_counts():
    scores, same, quality = drawn(1000)
    row, = RejectByQuality(0.05).measure_scores(scores, same, 'x', quality).rows
    order = np.random.RandomState(1).permutation(300)
    again, = RejectByQuality(0.05).measure_scores(scores[order], same[order], 'x', np.exp(quality[order] / 100)).rows
    assert row == again and 'with 10.0% rejected' in RejectByQuality(0.05).lines(row)[0]


def test_the_length_of_an_embedding_is_a_quality():
    random = np.random.RandomState(0)
    x = random.randn(40, 6) * np.linspace(0.5, 2, 40)[:, None]
    truth = QualityTruth(np.arange(20), np.arange(20, 40), np.arange(20) < 10)
    found = RejectByQuality(0.1).measure(x, truth, 'x')
    given = RejectByQuality(0.1).measure(x, truth._replace(quality=np.linalg.norm(x, axis=1)), 'x')
    assert found.curves == given.curves and found.rows[0]['quality'] == 'length of the embedding'
    with pytest.raises(ValueError, match='must differ in length where that is the quality, got all of length 1: give'):
        RejectByQuality(0.1).measure(x / np.linalg.norm(x, axis=1)[:, None], truth, 'x')


def test_what_so_few_impostors_cannot_show_is_none():
    scores, same, quality = drawn(1000, 20)
    (row,), _, _, curves = RejectByQuality(0.01).measure_scores(scores, same, 'x', quality)
    assert row['threshold'] is row['fnmr@0'] is row['area'] is None
    assert curves == {'reject': {'rejected': [], 'fnmr': []}}
    assert RejectByQuality(0.01).lines(row)[0].endswith('too few impostor pairs')
    truth = QualityTruth(None, None, same)
    assert RejectByQuality(0.01).notes(truth._replace(first=same, second=same), 'x') == [
        'x: 10 impostor pairs cannot show FMR 0.01; the smallest is 0.1']


@pytest.mark.parametrize('quality, message', [
    ([1, 2, np.inf, 4], 'x: quality must be finite, got 1 that are not, first in row 2'),
    ([1, 2, 3], r'x: quality must be \(4,\), as many as scores, got \(3,\)')])
def test_a_quality_that_does_not_fit_is_refused(quality, message):
    with pytest.raises(ValueError, match=message):
        RejectByQuality(0.5).measure_scores([1, 2, 3, 4], [1, 0, 1, 0], 'x', quality)
    with pytest.raises(ValueError, match=r'quality must be \(4,\), as many as embeddings, got \(3,\)'):
        RejectByQuality(0.5).measure(np.eye(4), QualityTruth([0, 1], [2, 3], [1, 0], [1, 2, 3]), 'x')
