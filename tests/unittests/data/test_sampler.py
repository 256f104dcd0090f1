"""Samplers: the make-up of their batches, the same from labels and ranges, a function of (seed, epoch), bad input."""
import time

import numpy as np
import pytest

from gluonfr.data.sampler import (BalancedSampler, PKSampler, RangeSampler, TripletSampler, _sort_by_class,
                                  epoch_random)

UNEVEN = np.repeat([7, -2, 40, 3, 11], [20, 9, 3, 1, 12])

EVERY = [lambda **who: PKSampler(p=3, k=2, **who), lambda **who: RangeSampler(num_class=3, num_in_class=2, **who),
         lambda **who: BalancedSampler(batch_size=4, **who), lambda **who: TripletSampler(triplets=5, **who)]
every = pytest.mark.parametrize('make', EVERY, ids=['PK', 'Range', 'Balanced', 'Triplet'])


def ranges_of(sorted_labels, begin=0):
    """[start, stop) of each class of labels that are in order, with an empty one in front."""
    counts = np.unique(sorted_labels, return_counts=True)[1]
    stops = begin + np.cumsum(counts)
    return np.vstack([[begin, begin], np.stack([stops - counts, stops], axis=1)])


@every
def test_batches_depend_on_seed_and_epoch_only(make):
    a, b = make(labels=UNEVEN, seed=4), make(labels=UNEVEN, seed=4)
    first = a.indices(3)
    np.random.seed(1)
    assert first.shape == (len(a), a.batch_size) and first.dtype == np.int64 and a.seed == 4
    np.testing.assert_array_equal(first, (b.indices(0), b.indices(3))[1])
    assert (first != a.indices(4)).any()
    assert (first != make(labels=UNEVEN, seed=5).indices(3)).any()


@every
@pytest.mark.parametrize('begin', [0, 1000])
def test_ranges_give_the_batches_of_the_labels(make, begin):
    labels = np.sort(UNEVEN)
    by_range = make(ranges=ranges_of(labels, begin), seed=2)
    np.testing.assert_array_equal(by_range.indices(6), begin + make(labels=labels, seed=2).indices(6))


@every
def test_ranges_with_gaps_and_in_any_order_stay_within_their_class(make):
    ranges = np.array([[50, 70], [0, 9], [30, 33], [90, 91], [10, 22]])
    owner = np.full(100, -1)
    for number, (start, stop) in enumerate(ranges):
        owner[start:stop] = number
    batches = make(ranges=ranges, seed=1).indices(0)
    assert (owner[batches] >= 0).all(), 'no sample of the gaps'
    by_label = make(labels=owner[owner >= 0], seed=1).indices(0)
    assert batches.shape == by_label.shape


@every
@pytest.mark.parametrize('who, message', [
    (dict(), 'give either labels or ranges, got neither'),
    (dict(labels=UNEVEN, ranges=[[0, 1]]), 'give either labels or ranges, got both'),
    (dict(ranges=[[0, 4], [3, 6]]), 'ranges must not overlap, got two that hold sample 3'),
    (dict(ranges=[[0, 4], [6, 5]]), r'ranges must have 0 <= start <= stop, got \[6, 5\] for class 1'),
    (dict(ranges=[[-1, 4], [6, 8]]), r'ranges must have 0 <= start <= stop, got \[-1, 4\] for class 0'),
    (dict(ranges=[[3, 3], [6, 6]]), 'ranges must hold at least one sample, got 2 empty ones'),
    (dict(ranges=[]), r'ranges must be an array of integers of shape \(classes, 2\), got float64 of shape \(0,\)'),
    (dict(ranges=[[0., 4.]]), 'ranges must be an array of integers'),
    (dict(ranges=[1, 4]), 'ranges must be an array of integers'),
    (dict(labels=[]), 'labels must be a non-empty 1-d array of integers'), (dict(labels=[1.5]), 'labels must be'),
    (dict(labels=[[1]]), 'labels must be'), (dict(labels=UNEVEN, seed=2 ** 32), 'seed must be'),
    (dict(labels=UNEVEN, seed=-1), 'seed must be')])
def test_bad_labels_ranges_and_seed(make, who, message):
    with pytest.raises(ValueError, match='(PK|Range|Balanced|Triplet)Sampler: ' + message):
        make(**who)


@pytest.mark.mxnet
@every
def test_an_interrupted_epoch_goes_on_exactly(make):
    from gluonfr.data import ArrayLoader
    labels = np.arange(len(UNEVEN))
    loader = ArrayLoader(np.zeros((len(UNEVEN), 1), np.float32), labels, sampler=make(labels=UNEVEN, seed=1))
    whole = [label.asnumpy().tolist() for _, label in loader.batches(2)]
    assert [label.asnumpy().tolist() for _, label in loader.batches(2, 2)] == whole[2:]


@every
def test_millions_of_samples_take_seconds(make):
    """1.2 million samples of 17,000 classes: a fifth of the largest public set."""
    counts = np.random.RandomState(0).randint(1, 140, 17000)
    stops = np.cumsum(counts)
    begin = time.process_time()
    batches = make(ranges=np.stack([stops - counts, stops], axis=1)).indices(0)
    assert batches.max() < stops[-1]
    assert time.process_time() - begin < 6


# PKSampler

@pytest.mark.parametrize('p, k', [(1, 1), (2, 4), (3, 4), (5, 2), (4, 3), (5, 25)])
def test_groups_of_one_class_and_classes_that_differ(p, k):
    sampler = PKSampler(UNEVEN, p, k, seed=2)
    for epoch in range(5):
        batches = sampler.indices(epoch)
        assert batches.shape == (len(sampler), p * k) and len(sampler) >= 1
        groups = UNEVEN[batches].reshape(-1, p, k)
        assert (groups == groups[:, :, :1]).all(), 'a group is of one class'
        assert all(len(set(batch)) == p for batch in groups[:, :, 0]), 'the classes of a batch differ'
        seen = np.bincount(batches.ravel(), minlength=len(UNEVEN))
        many = np.isin(UNEVEN, [c for c in set(UNEVEN) if (UNEVEN == c).sum() >= k])
        assert (seen[many] <= 1).all(), 'no sample twice, unless its class is too small'


def test_a_balanced_set_is_used_whole():
    sampler = PKSampler(np.tile(np.arange(10), 12), p=5, k=4)
    assert len(sampler) == 6
    assert sorted(sampler.indices(0).ravel()) == list(range(120))


def test_every_sample_comes_in_time():
    sampler = PKSampler(UNEVEN, p=3, k=2)
    seen = set(np.concatenate([sampler.indices(epoch).ravel() for epoch in range(60)]))
    assert seen == set(range(len(UNEVEN)))


@pytest.mark.parametrize('arguments, message', [
    (dict(p=6), r'p must be in \[1, 5\], got 6'), (dict(p=0), 'p must be'), (dict(k=0), 'k must be >= 1, got 0')])
def test_pk_bad_values(arguments, message):
    with pytest.raises(ValueError, match='PKSampler: ' + message):
        PKSampler(**{**dict(labels=UNEVEN, p=2, k=2), **arguments})


def test_order_of_pk_never_changes():
    """Recorded from the first version: another order would make a checkpoint of an older version resume wrongly."""
    labels = np.repeat([3, 1, 2, 5], [5, 2, 7, 4])
    assert PKSampler(labels, 2, 2, seed=8).indices(1).tolist() == [[5, 6, 0, 1], [13, 11, 14, 16], [2, 4, 8, 9]]
    assert PKSampler(labels[::-1], 3, 3, seed=9).indices(2).tolist() == [[0, 3, 1, 15, 16, 13, 4, 9, 5]]


def test_equal_keys_are_sorted_as_lexsort_does():
    """Two random numbers of a class that differ by less than their sum with the class number can hold."""
    classes = np.array([70000, 70000, 1, 70000, 1])
    keys = np.array([.5 + 1e-15, .5, .25, .5 - 1e-15, .125])
    assert classes[0] + keys[0] == classes[1] + keys[1]
    assert _sort_by_class(classes, keys).tolist() == np.lexsort((keys, classes)).tolist() == [4, 2, 3, 1, 0]
    classes, keys = np.random.randint(0, 9, 500), np.random.random_sample(500)
    np.testing.assert_array_equal(_sort_by_class(classes, keys), np.lexsort((keys, classes)))


# RangeSampler

@pytest.mark.mxnet
def test_range_batches_are_what_range_loss_takes():
    from gluonfr.loss import RangeLoss
    import mxnet as mx
    sampler = RangeSampler(UNEVEN, num_class=3, num_in_class=4, seed=1)
    loss = RangeLoss(1, 1, top_k=2, num_class=3, num_in_class=4, feature_dim=5, margin=10)
    codes = np.unique(UNEVEN, return_inverse=True)[1]
    points = np.random.normal(size=(len(UNEVEN), 5))
    for batch in sampler.indices(0):
        assert np.isfinite(loss(mx.nd.array(points[batch]), mx.nd.array(codes[batch])).asnumpy()).all()
    np.testing.assert_array_equal(sampler.indices(5), PKSampler(UNEVEN, 3, 4, seed=1).indices(5))


@pytest.mark.parametrize('arguments, message', [
    (dict(num_class=1), r'num_class must be in \[2, 5\], got 1'), (dict(num_class=6), r'num_class must be in \[2, 5\]'),
    (dict(num_in_class=1), 'num_in_class must be >= 2, got 1')])
def test_range_bad_values(arguments, message):
    with pytest.raises(ValueError, match='RangeSampler: ' + message):
        RangeSampler(UNEVEN, **{**dict(num_class=2, num_in_class=2), **arguments})


# BalancedSampler

@pytest.mark.parametrize('batch_size, steps', [(4, None), (7, 3), (1, 1), (10, 60), (100, None)])
def test_classes_come_equally_often(batch_size, steps):
    sampler = BalancedSampler(UNEVEN, batch_size, seed=1, steps=steps)
    assert len(sampler) == (steps or max(len(UNEVEN) // batch_size, 1))
    for epoch in range(3):
        drawn = UNEVEN[sampler.indices(epoch).ravel()]
        counts = [(drawn == c).sum() for c in set(UNEVEN)]
        assert sum(counts) == len(sampler) * batch_size and max(counts) - min(counts) <= 1


def test_samples_of_a_class_come_equally_often_and_all_in_time():
    sampler = BalancedSampler(UNEVEN, 5, seed=1)  # 9 batches: each class 9 times an epoch
    seen = np.zeros(len(UNEVEN), int)
    for epoch in range(40):
        now = np.bincount(sampler.indices(epoch).ravel(), minlength=len(UNEVEN))
        for c in set(UNEVEN):
            assert np.ptp(now[UNEVEN == c]) <= 1
        seen += now
    assert (seen > 0).all()
    share = seen[UNEVEN == 7] / (40 * 9)
    assert abs(share - 1 / 20).max() < 0.03


def test_no_order_of_classes_within_the_rounds():
    rounds = UNEVEN[BalancedSampler(UNEVEN, 5, seed=3, steps=400).indices(0)]
    assert all(len(set(batch)) == 5 for batch in rounds), 'each round holds every class once'
    for place in range(5):
        assert abs((rounds[:, place] == 7).mean() - .2) < .08


@pytest.mark.parametrize('arguments, message', [
    (dict(batch_size=0), 'batch_size must be >= 1, got 0'), (dict(steps=0), 'steps must be >= 1, got 0'),
    (dict(batch_size=1.5), 'batch_size must be a whole number')])
def test_balanced_bad_values(arguments, message):
    with pytest.raises(ValueError, match='BalancedSampler: ' + message):
        BalancedSampler(UNEVEN, **{**dict(batch_size=2), **arguments})


# TripletSampler

def test_triplets_are_anchor_positive_negative():
    sampler = TripletSampler(UNEVEN, triplets=4, seed=1)
    assert sampler.batch_size == 12 and len(sampler) == 44 // 4
    negatives = np.zeros(len(UNEVEN), int)
    for epoch in range(40):
        anchor, positive, negative = sampler.indices(epoch).reshape(-1, 3).T
        assert (UNEVEN[anchor] == UNEVEN[positive]).all() and (anchor != positive).all()
        assert (UNEVEN[anchor] != UNEVEN[negative]).all()
        for samples in (anchor, positive):
            assert sorted(samples) == np.flatnonzero(UNEVEN != 3).tolist(), 'each once, but for the class of one'
        negatives += np.bincount(negative, minlength=len(UNEVEN))
    assert (negatives > 0).all()
    # a sample of class c is drawn with probability 1 / (samples of other classes) by each anchor of another class
    counts = np.array([(UNEVEN == c).sum() for c in UNEVEN])
    expected = [sum(n / (45 - n) for c, n in ((7, 20), (-2, 9), (40, 3), (11, 12)) if c != own) for own in UNEVEN]
    np.testing.assert_allclose([negatives[counts == n].mean() / 40 for n in (20, 9, 3, 12)],
                               [np.mean(np.array(expected)[counts == n]) for n in (20, 9, 3, 12)], rtol=.1)


def test_positives_change_with_the_epoch():
    pairs = set()
    for epoch in range(100):
        anchor, positive, _ = TripletSampler(np.repeat([0, 1], 4), 8, seed=1).indices(epoch).reshape(-1, 3).T
        pairs.update(zip(anchor, positive))
    assert len(pairs) == 2 * 4 * 3, 'every pair of a class comes'


@pytest.mark.mxnet
def test_triplet_batches_fit_both_forms_of_the_loss():
    from gluonfr.loss import TripletLoss
    import mxnet as mx
    points, codes = np.random.normal(size=(45, 6)), np.unique(UNEVEN, return_inverse=True)[1]
    for batch in TripletSampler(UNEVEN, triplets=4, seed=1).indices(0):
        x = mx.nd.array(points[batch]).reshape((-1, 3, 6))
        loss = TripletLoss(margin=.5)(x[:, 0], x[:, 1], x[:, 2]).asnumpy()
        a, p, n = points[batch].reshape(-1, 3, 6).transpose(1, 0, 2)
        expected = np.maximum(((a - p) ** 2).sum(1) - ((a - n) ** 2).sum(1) + .5, 0)
        np.testing.assert_allclose(loss, expected, rtol=1e-4, atol=1e-5)
        mined = TripletLoss(margin=.5, mining='batch-hard')(mx.nd.array(points[batch]), mx.nd.array(codes[batch]))
        assert (mined.asnumpy()[0::3] >= expected - 1e-4).all(), 'the hardest triplet of an anchor is at least this one'


@pytest.mark.parametrize('arguments, message', [
    (dict(triplets=45), r'triplets must be in \[1, 44\], got 45'), (dict(triplets=0), 'triplets must be'),
    (dict(labels=[1, 1, 1]), 'needs at least two classes, .*, got 1 classes and at most 3'),
    (dict(labels=[1, 2, 3]), 'needs at least two classes, .*, got 3 classes and at most 1')])
def test_triplet_bad_values(arguments, message):
    with pytest.raises(ValueError, match='TripletSampler: ' + message):
        TripletSampler(**{**dict(labels=UNEVEN, triplets=2), **arguments})


def test_generators_of_epochs_are_those_of_numpy():
    assert epoch_random(3, 4).randint(0, 1000, 5).tolist() == np.random.RandomState([3, 4]).randint(0, 1000, 5).tolist()
