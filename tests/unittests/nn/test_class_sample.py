"""Classes drawn for a step."""
import time

import numpy as np
import pytest

from gluonfr.nn.class_sample import draw_classes


@pytest.mark.parametrize('classes, count', [(1000, 40), (1000, 400), (1000, 999), (50, 50), (7, 2)])
def test_all_classes_of_the_batch_and_others_to_the_count(classes, count):
    labels = np.random.RandomState(1).randint(0, classes, 30)
    for step in range(20):
        sample = draw_classes(labels, classes, count, (5, step))
        assert sample.dtype == np.int64 and (np.diff(sample) > 0).all()
        assert set(labels) <= set(sample) and 0 <= sample[0] and sample[-1] < classes
        assert len(sample) == max(count, len(set(labels)))
        assert (sample == draw_classes(labels, classes, count, (5, step))).all()


def test_more_classes_in_the_batch_than_the_count_are_all_there_is():
    assert draw_classes(np.array([9, 2, 9, 5, 2]), 100, 3, (0, 0)).tolist() == [2, 5, 9]
    assert draw_classes(np.array([9, 2, 9, 5, 2]), 100, 2, (0, 0)).tolist() == [2, 5, 9]


def test_seed_and_step_decide():
    drawn = [draw_classes(np.array([3]), 10000, 50, seed).tolist() for seed in ((0, 0), (0, 1), (1, 0))]
    assert drawn[0] != drawn[1] and drawn[0] != drawn[2] and drawn[1] != drawn[2]


@pytest.mark.parametrize('count', [5, 20])  # drawn until they are enough, and by a permutation
def test_every_other_class_is_as_likely(count):
    classes, own, draws = 40, [0, 17, 39], 4000
    seen = np.zeros(classes)
    for step in range(draws):
        seen[draw_classes(np.array(own), classes, count, (2, step))] += 1
    assert (seen[own] == draws).all()
    share = (count - len(own)) / (classes - len(own))
    others = np.delete(seen, own)
    assert np.abs(others - draws * share).max() < 4.5 * np.sqrt(draws * share * (1 - share))


def test_a_draw_costs_what_is_drawn():
    begin = time.process_time()
    sample = draw_classes(np.arange(64) * 10**7, 10**9, 20000, (0, 0))
    assert len(sample) == 20000 and time.process_time() - begin < 1  # a permutation would take 8 GB
