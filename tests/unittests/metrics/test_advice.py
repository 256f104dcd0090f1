"""The threshold at a chosen false match rate: from all pairs, with an interval over people, and tried on others."""
import numpy as np
import pytest
from metrics_cases import slow_operating_point

from gluonfr.metrics import advise_threshold


def drawn(count=20, seed=0, decimals=9):
    people = np.repeat(np.arange(count), 2)
    first, second = np.triu_indices(len(people), 1)
    first, second = people[first], people[second]
    same = first == second
    return np.round(2.5 * same + np.random.RandomState(seed).randn(len(same)), decimals), same, first, second


def slow_thresholds(scores, same, first, second, fmr, draws, seed):
    """In each draw the middle between the lowest score that can be accepted and the next impostor."""
    random, found, count = np.random.RandomState(seed), [], len(set(first))
    for _ in range(draws):
        times = random.multinomial(count, [1 / count] * count)
        weights = times[first] * times[second]
        accepted, last, budget = 0, None, fmr * weights[~same].sum()
        for s in sorted(set(scores[~same]), reverse=True):
            accepted += weights[~same & (scores == s)].sum()
            if accepted > budget + 1e-9:
                found.append(np.nextafter(s, np.inf) if last is None else (s + last) / 2)
                break
            last = s
        else:
            found.append(last)
    return found


@pytest.mark.parametrize('decimals', [9, 1])
@pytest.mark.parametrize('fmr', [0.02, 0.3, 1])
@pytest.mark.parametrize('cells', [1, 10 ** 7])
def test_threshold_and_interval_are_those_of_slow_loops(decimals, fmr, cells, monkeypatch):
    scores, same, first, second = drawn(8, decimals=decimals)
    monkeypatch.setattr('gluonfr.metrics.people.CELLS', cells)
    found = advise_threshold(scores, same, first, second, fmr, confidence=0.9, draws=30, seed=2)
    threshold, tar, _ = slow_operating_point(scores, same, fmr)
    assert (found.threshold, found.tar) == pytest.approx((threshold, tar), abs=1e-12)
    slow = slow_thresholds(scores, same, first, second, fmr, 30, 2)
    np.testing.assert_allclose([found.low, found.high], np.quantile(slow, [0.05, 0.95]), atol=1e-12)
    assert (found.fmr, found.people) == (fmr, 8)


def test_more_people_make_it_surer_and_it_holds_on_others():
    few, many = (advise_threshold(*drawn(count), fmr=0.02, draws=200) for count in (40, 90))
    assert few.low < few.threshold < few.high and many.high - many.low < few.high - few.low
    assert many.held_out_fmr == pytest.approx(0.02, abs=0.02) and few.held_out_fmr is not None


def test_a_draw_may_need_more_than_the_highest_scores(monkeypatch):
    """One person is on all high impostor scores: where he is not drawn, the threshold is far below."""
    scores, same, first, second = drawn(12)
    scores = np.where(~same & ((first == 3) | (second == 3)), scores + 50, scores)
    once = advise_threshold(scores, same, first, second, 0.05, draws=50)
    slow = slow_thresholds(scores, same, first, second, 0.05, 50, 0)
    np.testing.assert_allclose([once.low, once.high], np.quantile(slow, [0.025, 0.975]), atol=1e-12)
    assert once.low < 10 < once.high


def test_people_who_are_too_few_for_folds_have_no_held_out_rate():
    scores, same, first, second = drawn(3)
    assert advise_threshold(scores, same, first, second, 0.2, draws=20).held_out_fmr is None


@pytest.mark.parametrize('change, message', [
    ({'fmr': 1e-3}, '760 impostor pairs cannot show FMR 0.001; the smallest is 0.00132'),
    ({'fmr': 0}, r'fmr must be in \(0, 1\], got 0'), ({'draws': 0}, 'draws must be >= 1')])
def test_what_so_few_cannot_show_is_refused(change, message):
    with pytest.raises(ValueError, match='advise_threshold: ' + message):
        advise_threshold(*drawn(), **change)
