"""Groups: each measured as if it were alone, what one threshold for all does to them, and their spread."""
import numpy as np
import pytest
from metrics_cases import case

from gluonfr.metrics import Groups, PairTruth, clopper_pearson, kfold_accuracy, tar_at_far


def two_groups():
    (a, same_a), (b, same_b) = case('plain', 60, 0), case('plain', 120, 1)
    return np.concatenate([a, b + 0.8]), np.concatenate([same_a, same_b]), np.repeat(['a', 'b'], [60, 120])


def test_each_group_is_measured_as_if_alone_and_all_at_one_threshold():
    scores, same, group = two_groups()
    rows, _, _, curves = Groups(fars=[0.1]).measure_scores(scores, same, 'x', group)
    common = tar_at_far(scores, same, 0.1).thresholds[0]
    for row, key in zip(rows, 'ab'):
        part = group == key
        accuracy = kfold_accuracy(scores[part], same[part])
        assert (row['set'], row['acc'], row['std']) == ('x ' + key, round(accuracy.mean, 5), round(accuracy.std, 5))
        ends = clopper_pearson(int(accuracy.correct.sum()), int(part.sum()))
        assert (row['acc_low'], row['acc_high']) == tuple(round(float(end), 5) for end in ends)
        assert row['tar@0.1'] == round(float(tar_at_far(scores[part], same[part], 0.1).tar[0]), 5)
        assert row['common_threshold@0.1'] == common
        assert row['common_far@0.1'] == round(np.mean(scores[part & ~same] >= common), 7)
    assert rows[0]['common_far@0.1'] < rows[1]['common_far@0.1']  # the shift of b hides in its own threshold
    assert rows[2]['common_far_ratio@0.1'] == round(rows[1]['common_far@0.1'] / rows[0]['common_far@0.1'], 5)
    assert curves['groups']['name'] == ['a', 'b'] and {'roc', 'det', 'histogram'} < set(curves)


def test_the_spread_of_published_accuracies():
    """ArcFace on RFW: 96.18, 94.67, 93.72 and 93.98 % have the skewed error ratio 1.64 and the deviation 1.10."""
    row = Groups(fars=[])._spread('x', [{'acc': acc, 'pairs': 6000, 'impostors': 3000}
                                        for acc in (0.9618, 0.9467, 0.9372, 0.9398)])
    assert (row['error_ratio'], row['acc_deviation'], row['acc_gap']) == (1.64398, 0.01104, 0.0246)


def test_one_group_has_no_spread_and_no_errors_no_ratio():
    scores, same, _ = two_groups()
    rows = Groups(fars=[0.1]).measure_scores(scores, same, 'x', np.repeat('a', 180)).rows
    assert [rows[-1][column] for column in ('acc_gap', 'acc_deviation', 'error_ratio')] == [None] * 3
    assert len(Groups(fars=[0.1]).lines(rows[-1])) == 1
    scores = np.where(same, 2.0, 1.0)
    rows = Groups(fars=[0.1]).measure_scores(scores, same, 'x', np.repeat(['a', 'b'], 90)).rows
    assert rows[-1]['error_ratio'] is None and rows[-1]['acc_gap'] == 0


@pytest.mark.parametrize('order', range(2))
def test_names_of_groups_may_be_numbers_and_rows_in_any_order(order):
    scores, same, group = two_groups()
    found = Groups(1, [0.1]).measure_scores(scores, same, 'x', np.where(group == 'a', 1, 2)).rows
    place = np.random.RandomState(order).permutation(180)
    again = Groups(1, [0.1]).measure_scores(scores[place], same[place], 'x', np.where(group == 'a', 1, 2)[place]).rows
    assert found == again and [row['group'] for row in found] == ['1', '2', None]


def test_a_group_that_cannot_show_a_far_says_so():
    scores, same, group = two_groups()
    rows = Groups(fars=[0.02]).measure_scores(scores, same, 'x', group).rows
    assert rows[0]['tar@0.02'] is rows[0]['common_far@0.02'] is rows[2]['common_tar_gap@0.02'] is None
    assert rows[1]['tar@0.02'] is not None and rows[1]['common_far@0.02'] is not None


def test_one_fold_is_said():
    truth = PairTruth(np.arange(0, 16, 2), np.arange(1, 16, 2), np.array([True, False] * 4), ['a'] * 4 + ['b'] * 4)
    assert Groups(nfolds=1, fars=[]).notes(truth, 'x') == [
        'x {}: 1 fold: its 4 pairs are judged by the threshold that is chosen on them'.format(group) for group in 'ab']
