"""Probes among distractors: as by slow loops with blocks of any size, and exact where float32 is not."""
import numpy as np
import pytest
from metrics_cases import slow_operating_point, slow_trials

from gluonfr.metrics import Distractors, DistractorTruth

PEOPLE = np.array([0, 1, 0, 2, 1, 0, 2, 3, 3, 3])


def faces(spread=1.0, distractors=40, seed=0):
    random = np.random.RandomState(seed)
    return (random.randn(4, 6)[PEOPLE] + spread * random.randn(10, 6), random.randn(distractors, 6))


@pytest.mark.parametrize('columns, cells', [(1, 1), (7, 21), (2048, 1 << 23)])
@pytest.mark.parametrize('noise', [(), (3, 11, 39)])
def test_rank_one_and_tar_are_those_of_slow_loops(columns, cells, noise, monkeypatch, tmp_path):
    monkeypatch.setattr('gluonfr.metrics.distractors.COLUMNS', columns)
    monkeypatch.setattr('gluonfr.metrics.distractors.CELLS', cells)
    probes, distractors = faces()
    np.save(str(tmp_path / 'd.npy'), distractors)
    stored = np.load(str(tmp_path / 'd.npy'), mmap_mode='r')
    truth = DistractorTruth(PEOPLE, 40, noisy_distractors=noise)
    protocol = Distractors([3, 10, 25], [0.01, 0.05])
    rows, scores, genuine, curves = protocol.measure((probes, stored), truth, 'x')
    others = np.delete(distractors, noise, axis=0)
    assert [row['distractors'] for row in rows] == [3, 10, 25, len(others)] == curves['distractors']['size']
    first, second = np.triu_indices(10, 1)
    mates = [(probes[i] @ probes[j]) / np.linalg.norm(probes[i]) / np.linalg.norm(probes[j])
             for i, j in zip(first, second) if PEOPLE[i] == PEOPLE[j]]
    for i, row in enumerate(rows):
        right = slow_trials(probes, PEOPLE, others[:row['distractors']])
        assert row['rank1'] == round(np.mean(right), 5) and row['trials'] == len(right) == 16
        assert curves['distractors']['rank1'][i] == np.mean(right)
        assert row['rank1_low'] <= row['rank1'] <= row['rank1_high']
        units = [part / np.linalg.norm(part, axis=1)[:, None] for part in (probes, others[:row['distractors']])]
        impostors = (units[0] @ units[1].T).ravel().tolist()
        for far in (0.01, 0.05):
            threshold, tar, reached = slow_operating_point(
                mates + impostors, [True] * len(mates) + [False] * len(impostors), far)
            known = len(impostors) * far >= 1
            assert row['tar@{:g}'.format(far)] == (round(tar, 5) if known else None)
            assert not known or row['far_at_{:g}'.format(far)] == reached
            assert not known or row['threshold@{:g}'.format(far)] == pytest.approx(threshold, abs=1e-12)
    assert len(protocol.lines(rows[-1])) == 3


@pytest.mark.parametrize('gap', [1e-9, -1e-9])
def test_what_float32_cannot_tell_apart_is_told_apart(gap):
    """The mate is at an angle of 0.5, the distractor nearer or farther by a thousand millionth."""
    def at(*angles):
        return np.stack([np.cos(angles), np.sin(angles), np.zeros(len(angles))], axis=1)

    probes = np.concatenate([at(0, 0.5), at(2, 2)])
    row = Distractors([1], [0]).measure((probes, np.concatenate([at(-0.5 - gap), at(0.5 + 0.5 + gap)])),
                                        DistractorTruth([0, 0, 1, 1], 2), 'x').rows[-1]
    assert row['rank1'] == (1 if gap > 0 else 0.5)
    assert row['tar@0'] == (1 if gap > 0 else 0.5)


def test_the_nearest_distractor_may_lie_in_another_block_than_float32_says(monkeypatch):
    """Each probe has a mate between two distractors of blocks of their own, whose order float32 often turns round."""
    monkeypatch.setattr('gluonfr.metrics.distractors.COLUMNS', 1)
    random = np.random.RandomState(0)
    probe, *others = random.randn(4, 50, 64)
    probe /= np.linalg.norm(probe, axis=1)[:, None]
    at = []
    for other, angle in zip(others, (0.5, 0.5 + 1e-8, 0.5 + 2e-8)):
        other -= (other * probe).sum(axis=1)[:, None] * probe
        at.append(np.cos(angle) * probe + np.sin(angle) * other / np.linalg.norm(other, axis=1)[:, None])
    probes, distractors, people = np.concatenate([probe, at[1]]), np.concatenate([at[0], at[2]]), np.arange(100) % 50
    row = Distractors([], []).measure((probes, distractors), DistractorTruth(people, 100), 'x').rows[-1]
    assert row['rank1'] == np.mean(slow_trials(probes, people, distractors)) == 0.5


def test_a_distractor_that_equals_the_mate_is_not_beaten():
    probes = np.array([[1.0, 0], [0, 1]])
    row, = Distractors(fars=[0]).measure((probes, [[0, 3.0]]), DistractorTruth([5, 5], 1), 'x').rows
    assert row['rank1'] == 0 and row['tar@0'] == 0


def test_the_highest_pairs_are_found_among_many():
    random = np.random.RandomState(1)
    probes, distractors = random.randn(60, 8), random.randn(3000, 8)
    people = np.arange(60) // 2
    row = Distractors([10, 1000], [1e-4]).measure((probes, distractors), DistractorTruth(people, 3000), 'x').rows[-1]
    units = [part / np.linalg.norm(part, axis=1)[:, None] for part in (probes, distractors)]
    impostors = np.sort((units[0] @ units[1].T).ravel())[::-1]
    assert impostors[18] < row['threshold@0.0001'] <= impostors[17] and row['far_at_0.0001'] == 1e-4


@pytest.mark.parametrize('change, message', [
    (lambda p, d: (p, d[:-1]), r'Distractors: embeddings must be \(10, D\) and \(40, D\), got \(10, 6\) and \(39, 6\)'),
    (lambda p, d: (p, d[:, :5]), r'got \(10, 6\) and \(40, 5\)'),
    (lambda p, d: (p, np.where(np.arange(40)[:, None] == 12, 0, d)), 'must have a direction, got one .* in row 12'),
    (lambda p, d: (p, np.where(np.arange(40)[:, None] == 12, np.inf, d)), 'must be finite, got .* in distractor 12'),
    (lambda p, d: (p * np.nan, d), 'embeddings must be finite')])
def test_embeddings_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Distractors([5]).measure(change(*faces()), DistractorTruth(PEOPLE, 40, noisy_distractors=[2]), 'x')


@pytest.mark.parametrize('rank1', [0, 1])
def test_where_all_trials_end_alike_the_interval_still_has_a_width(rank1):
    """Ten people, each alone on an axis; the distractors lie opposite, or where the probes are."""
    probes = np.repeat(np.eye(10), 2, axis=0) + np.random.RandomState(0).rand(20, 10) * 1e-3
    distractors = -np.ones((20, 10)) if rank1 else probes
    row = Distractors([], []).measure((probes, distractors), DistractorTruth(np.arange(20) // 2, 20), 'x').rows[0]
    ends = (0.69150, 1) if rank1 else (0, 0.30850)  # 1 - 0.025 ** (1 / 10), Clopper and Pearson for ten of ten
    assert (row['rank1'], row['rank1_low'], row['rank1_high']) == (rank1, *ends)
