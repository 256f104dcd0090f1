"""The leaderboard of stages that are made up."""
import numpy as np
import pytest

from gluonfr.metrics import compare_models
from gluonfr.tune import Candidate
from gluonfr.tune.board import make_rows
from gluonfr.tune.people import draw_folds, fold_pairs, measure
from gluonfr.tune.search import FINETUNED, FROZEN, Found, Tried, ranked

LABELS = np.repeat(np.arange(40), 3)
PAIRS = fold_pairs(LABELS, draw_folds(LABELS, 2))
NAMES = 'arcface', 'cosloss', 'softmax', 'magface'


def tried(index, stage, shift, seed):
    """A candidate whose genuine pairs lie `shift` deviations above the others; None: it diverged."""
    candidate = None if index is None else Candidate(NAMES[index], (), 0.1)
    if shift is None:
        return Tried(index, candidate, stage, None, None)
    scores = np.random.RandomState(seed).randn(len(PAIRS.same)) + shift * PAIRS.same
    return Tried(index, candidate, stage, scores, measure(scores, PAIRS, 0.01))


def found(frozen=1.0):
    stages = {FROZEN: [tried(None, FROZEN, frozen, 9)],
              'rung 1': ranked([tried(0, 'rung 1', None, 0), tried(1, 'rung 1', 2, 1), tried(2, 'rung 1', 3, 2),
                                tried(3, 'rung 1', 2.7, 5)]),
              FINETUNED: ranked([tried(2, FINETUNED, 2.5, 3), tried(3, FINETUNED, 3, 4)])}
    return Found(stages, stages[FINETUNED][0])


def test_equal_ones_keep_their_order_and_those_that_diverged_come_last():
    assert [each.index for each in found().stages['rung 1']] == [2, 3, 1, 0]
    equal = [tried(index, 'rung 1', 3, 2) for index in (3, 1)]
    assert [each.index for each in ranked(equal)] == [1, 3]


def test_each_is_compared_with_the_winner_in_the_last_stage_that_it_came_to():
    stages = found().stages
    rows = make_rows(found(), PAIRS, LABELS, 0.01)
    assert [(row.place, row.loss, row.stage) for row in rows] == [
        (1, 'magface', FINETUNED), (2, 'softmax', FINETUNED), (3, 'cosloss', 'rung 1'), (4, 'arcface', 'rung 1'),
        (5, '', FROZEN)]
    assert rows[0].verdict == 'winner' and rows[3].verdict == 'diverged' and rows[3].tar is None
    assert rows[2].verdict == rows[4].verdict == 'worse' and rows[2].high < 0 and rows[4].high < 0
    assert rows[2].difference == pytest.approx(rows[2].tar - stages['rung 1'][1].score.tar)  # magface there
    assert rows[4].difference == pytest.approx(rows[4].tar - rows[0].tar)
    one = compare_models(stages[FINETUNED][0].scores, stages[FINETUNED][1].scores, PAIRS.same, LABELS[PAIRS.first],
                         LABELS[PAIRS.second], far=0.01)
    assert (rows[1].difference, rows[1].low, rows[1].high, rows[1].p) == (one.difference, one.low, one.high, one.p)


def test_a_network_that_was_better_before_is_said_to_be():
    assert make_rows(found(frozen=8.0), PAIRS, LABELS, 0.01)[-1].verdict == 'better'
