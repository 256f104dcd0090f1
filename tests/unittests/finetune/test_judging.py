"""Which network is kept: pairs of held-out people, the epoch, the decision."""
import numpy as np
import pytest

pytest.importorskip('mxnet')
from photo_cases import made_up  # noqa: E402

from gluonfr.finetune.judging import accuracies, best_epoch, held_out_pairs, judge, of_fold, separation  # noqa: E402
from gluonfr.finetune.plan import deal_folds  # noqa: E402


def people_of(codes):
    return np.array(['p{:02d}'.format(code) for code in codes])


def test_pairs_are_all_those_within_folds():
    people = np.repeat(people_of(range(8)), 3)
    folds = deal_folds(people, 3, 0)
    pairs = held_out_pairs(people, folds, 0)
    expected = {(i, j) for i in range(24) for j in range(i + 1, 24) if folds[i] == folds[j]}
    found = [tuple(sorted(pair)) for pair in zip(pairs.first.tolist(), pairs.second.tolist())]
    assert set(found) == expected and len(found) == len(expected)
    assert (pairs.same == (people[pairs.first] == people[pairs.second])).all()
    assert (pairs.fold == folds[pairs.first]).all()
    for k in range(3):
        drawn = pairs.same[pairs.drawn & (pairs.fold == k)]
        assert drawn.sum() == (~drawn).sum() == (pairs.same & (pairs.fold == k)).sum()


def test_a_person_with_very_many_images_does_not_outweigh_the_others():
    people = np.array(['a'] * 40 + ['b'] * 2 + ['c'] * 2 + ['d'] * 2)
    pairs = held_out_pairs(people, np.zeros(46, int), 0)
    of_a = pairs.same & (people[pairs.first] == 'a')
    assert of_a.sum() == 45 and pairs.same.sum() == 48


def test_the_separation_is_the_share_of_pairs_in_order():
    units, codes = made_up(people=6, images=3, spread=1.5)
    people = people_of(codes)
    folds = deal_folds(people, 2, 0)
    pairs = held_out_pairs(people, folds, 0)
    for k in range(2):
        rows = np.flatnonzero(folds == k)
        cosines = {(i, j): float(units[i] @ units[j]) for i in rows for j in rows if i < j}
        genuine = [c for (i, j), c in cosines.items() if people[i] == people[j]]
        impostor = [c for (i, j), c in cosines.items() if people[i] != people[j]]
        order = np.mean([g > i for g in genuine for i in impostor])
        assert separation(units, of_fold(pairs, k)) == pytest.approx(order, abs=1e-6)


def test_a_fold_has_no_part_in_choosing_the_epoch_that_it_judges():
    separations = np.array([[0.5, 0.99, 0.5], [0.5, 0.5, 0.7], [0.5, 0.5, 0.7]])
    assert best_epoch(separations, 0) == 2 and best_epoch(separations) == 1
    assert best_epoch(np.full((2, 4), 0.8)) == 0  # nothing is better than the start


def judged(before, after, people=30, epoch=3):
    """The verdict on two networks whose embeddings of 6 images each of some people differ by their spread."""
    units, codes = made_up(people, 6, 64, before)
    new, _ = made_up(people, 6, 64, after)
    names = people_of(codes)
    folds = deal_folds(names, min(5, people // 2), 0)
    return judge(units, new, held_out_pairs(names, folds, 0), names, epoch)


def test_a_better_network_is_kept_and_its_figures_are_said():
    verdict = judged(3.0, 1.0)
    assert verdict.keep_new and verdict.low > 0 and verdict.new > verdict.start + 0.02
    assert verdict.difference == pytest.approx(verdict.new - verdict.start)
    assert verdict.sentence == (
        'the fine-tuned network is kept: accuracy on held-out people {:.4f}, of the start network {:.4f}, difference '
        '{:+.4f} [{:+.4f}, {:+.4f}] by 30 people.'.format(verdict.new, verdict.start, verdict.difference, verdict.low,
                                                         verdict.high))


@pytest.mark.parametrize('before, after, epoch', [(1.0, 3.0, 3), (2.0, 2.0, 3), (3.0, 1.0, 0)])
def test_else_the_start_stays(before, after, epoch):
    verdict = judged(before, after, epoch=epoch)
    assert not verdict.keep_new and verdict.sentence.startswith('the start network is kept')


def test_the_accuracy_is_that_of_thresholds_from_other_folds():
    units, codes = made_up(10, 4, 16, 2.0)
    names = people_of(codes)
    folds = deal_folds(names, 3, 0)
    pairs, right = held_out_pairs(names, folds, 0), []
    cosines = (units[pairs.first] * units[pairs.second]).sum(axis=1)
    for k in range(3):
        other, mine = pairs.drawn & (pairs.fold != k), pairs.drawn & (pairs.fold == k)
        scores = np.sort(cosines[other])
        limits = np.concatenate([[scores[0] - 1], (scores[1:] + scores[:-1]) / 2, [scores[-1] + 1]])
        rates = [np.mean((cosines[other] >= limit) == pairs.same[other]) for limit in limits]
        best = limits[len(rates) - 1 - int(np.argmax(rates[::-1]))]
        right += ((cosines[mine] >= best) == pairs.same[mine]).tolist()
    assert judge(units, units, pairs, names, 1).start == pytest.approx(np.mean(right))
    counts = np.bincount(pairs.fold[pairs.drawn])
    assert (accuracies(units, pairs) * counts).sum() == pytest.approx(np.sum(right))


def test_a_difference_that_may_be_chance_keeps_the_start():
    found = [judged(2.0, 1.98, people=8), judged(2.2, 2.1, people=8), judged(2.5, 2.3, people=8)]
    unsure = [verdict for verdict in found if verdict.difference > 0 >= verdict.low]
    assert unsure and not any(verdict.keep_new for verdict in unsure)
    assert all('as the fine-tuned one is not shown to be better' in verdict.sentence for verdict in unsure)
