"""Templates: pooled as by slow loops with every switch, in blocks of any size and images in any order."""
import tracemalloc

import numpy as np
import pytest
from metrics_cases import slow_cosine, slow_templates

from gluonfr.metrics import TemplatePairs, TemplateTruth, pool_templates

TEMPLATES = np.array([4, 4, 4, 7, 7, 2, 2, 2, 2, 9, 9, 5, 5, 5, 4])
MEDIA = np.array([1, 1, 2, 1, 3, 4, 4, 4, 8, 5, 6, 7, 7, 7, 1])
SURE = np.linspace(0.2, 1, 15)
X = np.random.RandomState(0).randn(15, 6).astype('float32')


@pytest.mark.parametrize('rows', [1, 4, 10 ** 6])
@pytest.mark.parametrize('norm', [True, False])
@pytest.mark.parametrize('sure', [None, SURE])
@pytest.mark.parametrize('flip', [False, True])
def test_each_switch_is_that_of_the_slow_loops(rows, norm, sure, flip, monkeypatch):
    monkeypatch.setattr('gluonfr.metrics.templates.ROWS', rows)
    before = X.copy()
    ids, vectors = pool_templates(X, TEMPLATES, MEDIA, norm=norm, detector_scores=sure, flip=flip)
    slow = slow_templates(X.astype('float64'), TEMPLATES, MEDIA, norm, sure, flip)
    assert ids.tolist() == sorted(slow) and vectors.shape == (5, 3 if flip else 6)
    np.testing.assert_allclose(vectors, [slow[t] for t in ids], atol=1e-12)
    np.testing.assert_array_equal(X, before)
    order = np.random.RandomState(1).permutation(15)
    again = pool_templates(X[order], TEMPLATES[order], MEDIA[order], norm=norm, flip=flip,
                           detector_scores=None if sure is None else sure[order])
    np.testing.assert_array_equal(again[0], ids)
    np.testing.assert_allclose(again[1], vectors, atol=1e-14)


def test_the_same_medium_in_two_templates_is_two():
    ids, vectors = pool_templates([[1, 0], [0, 1]], [3, 1], [5, 5])
    assert ids.tolist() == [1, 3] and vectors.tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize('parameters, switches', [
    ({}, 'N1D1F0'), ({'norm': False, 'detector': True, 'flip': True}, 'N0D1F1'), ({'detector': False}, 'N1D0F0')])
def test_the_protocol_takes_the_switches(parameters, switches):
    pairs = [(4, 7), (4, 2), (9, 2), (5, 9)]
    truth = TemplateTruth(TEMPLATES, MEDIA, *np.array(pairs).T, [True, False, True, False], SURE)
    (row,), scores, _, _ = TemplatePairs([0.5], **parameters).measure(X, truth, 'x')
    vectors = slow_templates(X.astype('float64'), TEMPLATES, MEDIA, parameters.get('norm', True),
                             SURE if 'D1' in switches else None, 'F1' in switches)
    np.testing.assert_allclose(scores, [slow_cosine(vectors[a], vectors[b]) for a, b in pairs], atol=1e-12)
    assert row['switches'] == switches and switches in TemplatePairs([0.5], **parameters).lines(row)[0]


def test_memory_grows_by_less_than_a_hundred_bytes_a_pair():
    """IJB-C's 15,658,489 pairs then take 1.6 GB beside the 1.3 GB of its embeddings and lists."""
    def peak(pairs):
        truth = TemplateTruth(templates, media, *random.randint(0, 400, (2, pairs)), np.arange(pairs) % 5 == 0)
        tracemalloc.start()
        TemplatePairs().measure(x, truth, 'x')
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    random = np.random.RandomState(0)
    templates, media, x = np.repeat(np.arange(400), 3), np.arange(1200), random.randn(1200, 8).astype('float32')
    peak(1000)  # SciPy is imported
    assert (peak(200000) - peak(100000)) / 100000 < 100


def broken(**changes):
    return dict({'embeddings': X, 'templates': TEMPLATES, 'media': MEDIA}, **changes)


@pytest.mark.parametrize('arguments, message', [
    (broken(media=MEDIA[1:]), r'embeddings must be \(N, D\).* got \(15, 6\) and \(15,\), \(14,\)'),
    (broken(embeddings=X[:, :5], flip=True), r'with flip, embeddings must be \(N, 2 D\).* got \(15, 5\)'),
    (broken(embeddings=np.where(np.arange(15)[:, None] == 6, np.nan, X)), 'got 1 others, first in row 6'),
    (broken(embeddings=np.where(np.arange(15)[:, None] == 6, 0, X), norm=False), 'got 1 others, first in row 6'),
    (broken(detector_scores=np.where(TEMPLATES == 9, 0, 1.0)), 'templates must have a direction.* first template 9'),
    (broken(detector_scores=np.where(TEMPLATES == 2, np.nan, 1)), 'templates must have a direction.* first template 2'),
])
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(ValueError, match='pool_templates: .*' + message):
        pool_templates(**arguments)


def test_detector_scores_that_are_asked_for_must_be_there():
    truth = TemplateTruth(TEMPLATES, MEDIA, [4, 4], [7, 2], [True, False])
    with pytest.raises(ValueError, match='x: TemplatePairs: detector=True needs detector_scores, got None'):
        TemplatePairs(detector=True).notes(truth, 'x')
