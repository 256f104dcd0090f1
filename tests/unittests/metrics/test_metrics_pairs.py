"""The protocol of pairs in folds: its row, what small sets cannot show, and the classic grid to the last tie."""
import numpy as np
import pytest
from metrics_cases import fold_indices

from gluonfr.metrics import KFoldPairs, PairTruth, kfold_accuracy, pair_scores


def measured(embeddings, issame, **parameters):
    row, = KFoldPairs(**parameters).measure(embeddings, issame, 'x').rows
    return row


def in_pairs(first, second):
    """Embeddings (2 P, D) in the order of a set."""
    return np.stack([first, second], axis=1).reshape(2 * len(first), -1)


def test_a_perfect_net_on_few_pairs():
    issame = np.array([True, False] * 10)
    random = np.random.RandomState(0)
    first = random.randn(20, 8)
    second = np.where(issame[:, None], first + 0.01 * random.randn(20, 8), -first)
    row = measured(in_pairs(first, second), issame, nfolds=5)
    assert row['acc'] == 1 and row['std'] == 0 and row['auc'] == 1 and row['eer'] == 0
    assert (row['tar@0.001'], row['val@1e-3'], row['folds'], row['impostors']) == (None, None, 5, 10)


def test_a_perfect_net_on_pairs_that_can_show_a_far():
    issame = np.array([True, False] * 1112)  # and those of any nine folds 1,000 impostors
    first = np.random.RandomState(0).randn(2224, 4)
    row = measured(in_pairs(first, np.where(issame[:, None], first, -first)), issame)
    assert row['folds'] == 10 and row['tar@0.001'] == row['val@1e-3'] == 1 and -1 < row['threshold@0.001'] <= 1


@pytest.mark.parametrize('issame, nfolds, fars, folds, notes', [
    ([1, 0] * 300, None, [1e-3, 0.01], 10, ['x: 300 impostor pairs cannot show FAR 0.001; the smallest is 0.00334']),
    ([1, 0] * 30, 10, [1e-3], 10, ['x: 30 impostor pairs cannot show FAR 0.001; the smallest is 0.0334']),
    ([1, 0] * 500, 10, [1e-3, 1e-4, 1e-5, 0], 10,
     ['x: 500 impostor pairs cannot show FAR 0.001 and 0.0001 and 1e-05; the smallest is 0.002']),
    ([1, 0] * 1000, None, [1e-3], 10, []),
    ([1, 0] * 3, None, [0.5], 6, ['x: 6 folds instead of 10, as its 6 pairs give no more']),
    ([1, 0] * 9, 1, [1], 1, ['x: 1 fold: its 18 pairs are judged by the threshold that is chosen on them']),
    ([1, 0], None, [1], 1,
     ['x: 1 fold instead of 10: its 2 pairs are judged by the threshold that is chosen on them'])])
def test_what_a_set_can_show(issame, nfolds, fars, folds, notes):
    issame = np.array(issame, bool)
    protocol = KFoldPairs(nfolds, fars)
    assert protocol.notes(issame, 'x') == notes
    embeddings = np.random.RandomState(0).randn(2 * len(issame), 4)
    row, = protocol.measure(embeddings, issame, 'x').rows
    assert row['folds'] == folds
    silent = [far for far in fars if row['tar@{:g}'.format(far)] is None]
    said = ' '.join(notes).partition('cannot show FAR ')[2].partition(';')[0]
    assert ' and '.join('{:g}'.format(far) for far in silent) == said
    assert sum('TAR' in line for line in protocol.lines(row)) == len(fars) - len(silent)


def test_the_interval_of_people_stands_in_the_line():
    people = np.repeat(np.arange(6), 2)
    first, second = np.triu_indices(12, 1)
    truth = PairTruth(first, second, people[first] == people[second], None, people)
    protocol = KFoldPairs(1, [])
    row, = protocol.measure(np.random.RandomState(0).randn(12, 4), truth, 'x').rows
    assert '[{:.4f}, {:.4f}] (66 pairs in 1 fold'.format(row['acc_low'], row['acc_high']) in protocol.lines(row)[0]


@pytest.mark.parametrize('impostors', [3, 7, 12, 30, 49, 300, 999])
def test_the_smallest_far_that_is_named_can_be_shown(impostors):
    issame = np.arange(impostors + 5) < 5
    _, note = KFoldPairs(1, [1e-4]).notes(issame, 'x')
    least = float(note.split()[-1])
    assert len(KFoldPairs(1, [least]).notes(issame, 'x')) == 1 and least < 1.01 / impostors


def test_pairs_in_any_order_have_an_accuracy():
    """Genuine pairs first: half of the folds have no impostors, and no fold hides the accuracy."""
    issame = np.arange(40) < 20
    embeddings = np.random.RandomState(1).randn(80, 4)
    row = measured(embeddings, issame)
    scores = pair_scores(embeddings[::2], embeddings[1::2])
    assert row['acc'] == round(kfold_accuracy(scores, issame).mean, 5) and 0 < row['auc'] < 1


def directions(cosines):
    """Pairs of unit vectors in the plane with these cosines, exact for 1, 0, -1 and -0.28."""
    second = np.array([{1: (1, 0), 0: (0, 1), -1: (-1, 0), -0.28: (-0.28, 0.96)}.get(c, (c, np.sqrt(1 - c * c)))
                       for c in cosines])
    return in_pairs(np.tile([1.0, 0.0], (len(second), 1)), second)


@pytest.mark.parametrize('genuine, impostor, accuracy', [
    (0, -0.004, 0.5),  # squared distances 2 and 2.008: the first threshold above 2, 2.01, accepts both
    (0.004, 0, 1),  # 1.992 and 2: the threshold 2 accepts the first alone
    (-0.004, -1, 1), (0.0045, 0.001, 0.5), (0, -0.28, 1)])
def test_compat_rejects_a_pair_whose_distance_is_on_the_grid(genuine, impostor, accuracy):
    issame = np.array([True, False] * 6)
    row = measured(directions(np.where(issame, genuine, impostor)), issame, nfolds=2, compat=True)
    grid = np.arange(0, 4, 0.01)
    squared = 2 - 2 * np.where(issame, genuine, impostor)
    right = []
    for others, held_out in fold_indices(len(issame), 2):
        limit = grid[int(np.argmax([np.sum((squared[others] < t) == issame[others]) for t in grid]))]
        right.append(np.mean((squared[held_out] < limit) == issame[held_out]))
    assert row['acc'] == np.mean(right) == accuracy and row['thresholds'] == 'classic grid'


def facenet(x, y, issame, nfolds, distance, subtract_mean, step):
    """What facenet's script measures, fold by fold: accuracy, and the TAR at FAR 1e-3 by thresholds at a distance."""
    right, val, grid, fine = [], [], np.arange(0, 4, 0.01), np.arange(0, 4, step)
    for others, held_out in fold_indices(len(issame), nfolds):
        mean = np.concatenate([x[others], y[others]]).mean(axis=0) if subtract_mean else 0
        a, b = x - mean, y - mean
        d = ((a - b) ** 2).sum(axis=1)
        if distance == 'arccos':
            d = np.arccos((a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)) / np.pi
        known, new = (np.isin(np.arange(len(issame)), fold) for fold in (others, held_out))
        limit = grid[int(np.argmax([np.sum((d[known] < t) == issame[known]) for t in grid]))]
        right.append(np.mean((d[new] < limit) == issame[new]))
        fars = [np.mean(d[known & ~issame] < t) for t in fine]
        limit = np.interp(1e-3, fars, fine)  # no FAR is 1e-3 itself
        val.append(np.mean(d[new & issame] < limit))
    return np.mean(right), np.mean(val)


@pytest.mark.parametrize('distance', ['l2', 'arccos'])
@pytest.mark.parametrize('subtract_mean', [False, True])
def test_compat_is_what_facenets_script_does(distance, subtract_mean):
    issame, random = np.array([True, False] * 1600), np.random.RandomState(0)
    x = random.randn(3200, 6) + 0.4
    y = np.where(issame[:, None], x + 0.6 * random.randn(3200, 6), random.randn(3200, 6) + 0.4)
    x, y = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in (x, y))
    options = dict(distance=distance, subtract_mean=subtract_mean)
    protocol = KFoldPairs(3, compat=True, **options)
    row, = protocol.measure(in_pairs(x, y), issame, 'x').rows
    accuracy, val = facenet(x, y, issame, 3, step=0.001, **options)
    assert row['acc'] == pytest.approx(accuracy, abs=1e-5) and row['val@1e-3'] == pytest.approx(val, abs=1e-5)
    assert val != facenet(x, y, issame, 3, step=0.01, **options)[1]
    said = ', arccos' * (distance == 'arccos') + ', mean subtracted' * subtract_mean
    assert row['thresholds'] == 'classic grid' + said
    assert 'thresholds of the classic grid (compat)' + said in protocol.lines(row)[0]


@pytest.mark.parametrize('parameters, message', [
    (dict(distance='arccos'), "distance must be 'l2' without compat and subtract_mean, got 'arccos'"),
    (dict(pca=2, subtract_mean=True), 'pca must be None with subtract_mean'),
    (dict(distance='cosine', compat=True), "distance must be one of 'l2', 'arccos'")])
def test_options_that_mean_nothing_are_refused(parameters, message):
    with pytest.raises(ValueError, match='KFoldPairs: .*' + message):
        KFoldPairs(**parameters)
