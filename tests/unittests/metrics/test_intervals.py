"""Confidence intervals of an accuracy: Clopper-Pearson over pairs, bootstrap over people."""
import numpy as np
import pytest
from gluonfr.metrics import bootstrap_accuracy, clopper_pearson, tar_at_far
from metrics_cases import case
from scipy import stats


def test_clopper_pearson_inverts_the_binomial_tails():
    for k, n in ((0, 10), (1, 10), (7, 10), (10, 10), (2991, 3000), (1, 1)):
        low, high = clopper_pearson(k, n, 0.9)
        assert low == 0 if k == 0 else stats.binom.sf(k - 1, n, low) == pytest.approx(0.05)
        assert high == 1 if k == n else stats.binom.cdf(k, n, high) == pytest.approx(0.05)
    # 10 of 10 at 95 %: 0.025^(1/10)
    assert clopper_pearson(10, 10).low == pytest.approx(0.025 ** 0.1)
    points = tar_at_far(*case('plain'), [0.1, 0.5])
    low, high = clopper_pearson(points.true_accepts, points.genuine)
    assert low.shape == (2,) and (low < points.tar).all() and (points.tar < high).all()
    with pytest.raises(ValueError, match='clopper_pearson: successes must be'):
        clopper_pearson(4, 3)


def slow_bootstrap(correct, issame, first, second, confidence, draws, seed):
    people = sorted(set(first) | set(second))
    random, found = np.random.RandomState(seed), []
    for _ in range(draws):
        times = dict(zip(people, random.multinomial(len(people), [1 / len(people)] * len(people))))
        right, weight = [0, 0], [0, 0]
        for ok, same, a, b in zip(correct, issame, first, second):
            w = times[a] if same else times[a] * times[b]
            right[int(same)] += w * ok
            weight[int(same)] += w
        if all(weight):
            share = sum(issame) / len(issame)
            found.append(share * right[1] / weight[1] + (1 - share) * right[0] / weight[0])
    return np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])


def people_of(n, people, seed=0):
    rng = np.random.RandomState(seed)
    first, second = rng.randint(0, people, n), rng.randint(0, people, n)
    second[::2] = first[::2]
    return first, second, first == second


@pytest.mark.parametrize('names', [int, 'person {}'.format])
@pytest.mark.parametrize('people', [3, 20])
def test_bootstrap_over_people_is_that_of_the_slow_loops(names, people, monkeypatch):
    first, second, issame = people_of(40, people)
    correct = np.random.RandomState(1).rand(40) < 0.8
    first, second = [[names(v) for v in part] for part in (first, second)]
    slow = slow_bootstrap(correct, issame, first, second, 0.9, 50, 3)
    for cells in (10 ** 9, 150):  # at once and in blocks of few draws
        monkeypatch.setattr('gluonfr.metrics.people.CELLS', cells)
        got = bootstrap_accuracy(correct, issame, first, second, confidence=0.9, draws=50, seed=3)
        np.testing.assert_allclose(got, slow)


def test_bootstrap_sees_that_pairs_of_one_person_are_not_independent():
    # every error belongs to two of 50 people: as pairs the accuracy looks far more certain than it is
    person = np.repeat(np.arange(50), 40)
    other = np.tile(np.arange(40), 50)
    other = np.where(other == person, 49 - (person == 49), other)
    first, second = np.concatenate([person, person]), np.concatenate([person, other])
    issame = first == second
    correct = ~(issame & (first < 2))
    low, high = bootstrap_accuracy(correct, issame, first, second)
    naive = clopper_pearson(correct.sum(), len(correct))
    assert low < correct.mean() < high <= 1
    assert high - low > 3 * (naive.high - naive.low)
    assert bootstrap_accuracy(np.ones(4000), issame, first, second) == (1, 1)
    correct = np.random.RandomState(0).rand(4000) < 0.9
    twice = [bootstrap_accuracy(correct, issame, first, second, draws=50, seed=seed) for seed in (0, 0, 1)]
    assert twice[0] == twice[1] != twice[2]


def test_bootstrap_refuses_people_that_contradict_the_labels():
    first, second, issame = people_of(40, 5)
    with pytest.raises(ValueError, match='exactly where people0 equals people1, got False for 7 and 7 in pair 3'):
        wrong = np.array(first), np.array(second)
        wrong[0][3] = wrong[1][3] = 7
        issame[3] = False
        bootstrap_accuracy(np.ones(40), issame, *wrong)
    with pytest.raises(ValueError, match='bootstrap_accuracy: correct, issame.* one length'):
        bootstrap_accuracy(np.ones(39), issame, first, second)


def test_bootstrap_on_the_people_of_lfw(test_data):
    lines = [line.split() for line in test_data('lfw/pairs.txt').read_text().splitlines()]
    pairs = [line for line in lines if len(line) > 2]
    first = [line[0] for line in pairs]
    second = [line[2] if len(line) == 4 else line[0] for line in pairs]
    issame = np.array([len(line) == 3 for line in pairs])
    assert len(pairs) == 6000 and (issame.reshape(10, 2, 300) == [[True], [False]]).all()
    correct = np.random.RandomState(0).rand(6000) < 0.994
    low, high = bootstrap_accuracy(correct, issame, first, second, draws=200)
    exact = clopper_pearson(correct.sum(), 6000)
    assert low < correct.mean() < high
    assert exact.high - exact.low < high - low < 3 * (exact.high - exact.low)
