"""Model against model: McNemar's test and the paired bootstrap as by slow loops; no difference where there is none."""
import math

import numpy as np
import pytest
from metrics_cases import case, slow_candidates
from scipy import stats

from gluonfr.metrics import (bootstrap_accuracy, compare_models, kfold_accuracy, mcnemar, paired_bootstrap, tar_at_far)


def pairs_of(count=15, images=3):
    people = np.repeat(np.arange(count), images)
    first, second = np.triu_indices(len(people), 1)
    return people[first], people[second], people[first] == people[second]


def drawn(quality, seed, count=15):
    """Scores of all pairs by a net of this quality, and people."""
    first, second, same = pairs_of(count)
    return quality * same + np.random.RandomState(seed).randn(len(same)), first, second, same


@pytest.mark.parametrize('only_a, only_b', [(0, 0), (1, 0), (5, 0), (7, 3), (3, 7), (40, 41)])
def test_mcnemar_is_the_exact_test_of_a_fair_coin(only_a, only_b):
    a = np.array([True] * only_a + [False] * only_b + [True, False] * 5)
    b = np.array([False] * only_a + [True] * only_b + [True, False] * 5)
    found = mcnemar(a, b)
    assert (found.only_a, found.only_b) == (only_a, only_b)
    n, k = only_a + only_b, min(only_a, only_b)
    tail = sum(math.factorial(n) // math.factorial(i) // math.factorial(n - i) for i in range(k + 1)) / 2 ** n
    assert found.p == pytest.approx(min(1, 2 * tail))
    if n:  # SciPy's test has another name since 1.7
        theirs = stats.binomtest(k, n).pvalue if hasattr(stats, 'binomtest') else stats.binom_test(k, n)
        assert found.p == pytest.approx(theirs)


def slow_differences(a, b, first, second, draws, seed):
    people = sorted(set(first) | set(second))
    random, found = np.random.RandomState(seed), []
    share = np.mean(first == second)
    for _ in range(draws):
        times = dict(zip(people, random.multinomial(len(people), [1 / len(people)] * len(people))))
        gain, weight = [0, 0], [0, 0]
        for x, y, i, j in zip(a, b, first, second):
            w = times[i] if i == j else times[i] * times[j]
            gain[int(i == j)] += w * (int(y) - int(x))
            weight[int(i == j)] += w
        found.append(share * gain[1] / weight[1] + (1 - share) * gain[0] / weight[0])
    return np.array(found)


def test_the_paired_bootstrap_is_that_of_slow_loops():
    first, second, same = pairs_of(6)
    a, b = np.random.RandomState(0).rand(2, len(same)) < [[0.8], [0.9]]
    slow = slow_differences(a, b, first, second, 40, 3)
    found = paired_bootstrap(a, b, first, second, confidence=0.9, draws=40, seed=3)
    assert found.difference == pytest.approx(np.mean(b) - np.mean(a))
    np.testing.assert_allclose([found.low, found.high], np.quantile(slow, [0.05, 0.95]))
    assert found.p == pytest.approx(min(1, 2 * min(1 + np.sum(slow <= 0), 1 + np.sum(slow >= 0)) / 41))
    turned = paired_bootstrap(b, a, second, first, confidence=0.9, draws=40, seed=3)
    np.testing.assert_allclose([turned.difference, turned.low, turned.high],
                               [-found.difference, -found.high, -found.low])
    assert paired_bootstrap(a, a, first, second, draws=40) == (0, 0, 0, 1)


def test_a_difference_is_surer_than_two_accuracies():
    """Both models fail on the same people: their intervals overlap, and yet one is better."""
    first, second, same = pairs_of()
    a = ~((first < 3) & same)
    b = a.copy()
    b[np.flatnonzero(~a)[::2]] = True
    ends = [bootstrap_accuracy(part, same, first, second) for part in (a, b)]
    assert ends[0].high > ends[1].low
    probes = np.repeat(np.arange(30), 4)
    hit = np.arange(120) % 4 > 0
    found = paired_bootstrap(np.where(np.arange(120) % 8 == 1, False, hit), hit, probes)
    assert 0 < found.low < found.difference == 0.125 < found.high and found.p < 0.01


@pytest.mark.parametrize('far', [None, 0.05])
def test_equal_models_have_no_difference_and_unequal_ones_do(far):
    a, first, second, same = drawn(1.5, 0, 25)
    good, better = drawn(1.5, 1, 25)[0], drawn(4, 2, 25)[0]
    none = compare_models(a, good, same, first, second, far=far, draws=200)
    assert not none.shown and none.sentence.startswith('No difference shown: ') and none.low < 0 < none.high
    assert none.people == 25 and none.measure == ('accuracy' if far is None else 'TAR at FAR 0.05')
    found = compare_models(a, better, same, first, second, far=far, names=['old', 'new'], draws=200)
    assert found.shown and found.sentence.startswith('new is better: ') and found.low > 0 and found.mcnemar_p < 0.01
    worse = compare_models(better, a, same, first, second, far=far, names=['new', 'old'], draws=200)
    assert worse.sentence.startswith('new is better: ')
    assert (worse.difference, worse.low, worse.high) == pytest.approx((-found.difference, -found.high, -found.low))
    bare = compare_models(a, better, same, far=far)
    assert bare.low is bare.people is None and bare.shown and bare.p == bare.mcnemar_p == found.mcnemar_p
    assert 'people unknown' in bare.sentence


def test_the_numbers_are_those_of_the_models():
    a, first, second, same = drawn(1.5, 0)
    b = drawn(2, 1)[0]
    found = compare_models(a, b, same, first, second, nfolds=5, draws=50)
    correct = [kfold_accuracy(scores, same, 5).correct for scores in (a, b)]
    assert (found.a, found.b) == tuple(part.mean() for part in correct)
    paired = paired_bootstrap(*correct, first, second, draws=50)
    assert (found.difference, found.low, found.high, found.p) == pytest.approx(tuple(paired))
    tars = [tar_at_far(scores, same, 0.05).tar[0] for scores in (a, b)]
    found = compare_models(a, b, same, first, second, far=0.05, draws=50)
    assert (found.a, found.b) == tuple(tars)


def test_thresholds_at_a_far_are_chosen_anew_in_each_draw():
    first, second, same = pairs_of(6)
    scores = np.round(np.random.RandomState(0).randn(2, len(same)) + 1.5 * same, 1)  # with ties
    found = compare_models(*scores, same, first, second, far=0.1, draws=30, seed=5)
    random, differences = np.random.RandomState(5), []
    for _ in range(30):
        times = random.multinomial(6, [1 / 6] * 6)
        tars = []
        for part in scores:
            weights = np.where(same, times[first], times[first] * times[second])
            best = 0
            for t in slow_candidates(part.tolist()):
                if weights[~same & (part >= t)].sum() <= 0.1 * weights[~same].sum() + 1e-9:
                    best = weights[same & (part >= t)].sum() / weights[same].sum()
            tars.append(best)
        differences.append(tars[1] - tars[0])
    np.testing.assert_allclose([found.low, found.high], np.quantile(differences, [0.025, 0.975]), atol=1e-12)


@pytest.mark.parametrize('call, message', [
    (lambda: mcnemar([1, 0], [1]), r'mcnemar: correct_a and correct_b must be of the same pairs'),
    (lambda: mcnemar([1, 0.5], [1, 0]), 'labels must be True or False'),
    (lambda: paired_bootstrap([1, 0], [1, 1], ['a', 'b', 'c']), 'people must be as many as decisions, 2, got 3'),
    (lambda: paired_bootstrap([1, 0], [1, 1], ['a', 'b'], confidence=1), 'confidence must be in'),
    (lambda: compare_models(*case('plain'), np.arange(60) < 3, far=0.01), 'labels must be True or False|cannot show'),
    (lambda: compare_models(case('plain')[0], case('plain')[0], case('plain')[1], far=0.001),
     'compare_models: 30 impostor pairs cannot show FAR 0.001; the smallest is 0.0334'),
    (lambda: compare_models(case('plain')[0], np.full(60, np.nan), case('plain')[1]), 'finite, got 60 .* in row 0')])
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
