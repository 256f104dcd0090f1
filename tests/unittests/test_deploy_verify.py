"""gluonfr.deploy: a net on a verification set."""

import numpy as np
import pytest
from deploy_cases import images, lenet

from gluonfr.data import draw_pairs, read_bin, write_bin
from gluonfr.data.image import encode
from gluonfr.deploy import Embedder
from gluonfr.deploy.verify import score_pairs, verify_pairs
from gluonfr.metrics import kfold_accuracy, pair_scores


@pytest.fixture
def pairs(tmp_path):
    """24 pairs of 6 'people' in two folds: a person is a grey level."""
    labels = np.repeat(np.arange(6), 6)
    data = np.clip(labels[:, None, None, None] * 40 + images(36) // 8, 0, 255).astype('uint8')
    first, second, issame = draw_pairs(labels, 24, 2)
    path = str(tmp_path / 'set.bin')
    write_bin(path, [encode(data[i], '.png') for pair in zip(first, second) for i in pair], issame)
    return read_bin(path)


def test_verify_pairs_row_is_the_metrics_by_hand(pairs):
    embedder = Embedder(lenet(embedding_size=4), flip='sum')
    result = verify_pairs(embedder, pairs, 'set', nfolds=2, fars=(1e-3, 0.1))
    data = [pairs.image(i) for i in range(48)]
    embeddings = embedder(data)
    scores = pair_scores(embeddings[0::2], embeddings[1::2])
    np.testing.assert_allclose(result.scores, scores, atol=1e-6)
    accuracy = kfold_accuracy(scores, pairs.issame, 2)
    row = result.row
    assert row['acc'] == pytest.approx(accuracy.mean, abs=1e-5) and row['std'] == pytest.approx(accuracy.std, abs=1e-5)
    assert (row['set'], row['pairs'], row['flip'], row['sha256']) == ('set', 24, 'sum', pairs.sha256)
    assert row['tar@0.001_low'] <= row['tar@0.001'] <= row['tar@0.001_high']
    assert row['tar@0.001'] <= row['tar@0.1'] and row['far_at_0.1'] <= 0.1
    assert (row['thresholds'], row['pca']) == ('exact', 0)


def test_classic_grid_and_pca(pairs):
    embedder = Embedder(lenet(embedding_size=4))
    exact = verify_pairs(embedder, pairs, 'set', nfolds=2).row
    classic = verify_pairs(embedder, pairs, 'set', nfolds=2, compat=True).row
    assert classic['thresholds'] == 'classic grid' and list(classic) == list(exact)
    scores = verify_pairs(embedder, pairs, 'set', nfolds=2).scores
    squared = 2 - 2 * scores  # the classic rule, fold by fold: accept below the best of arange(0, 4, 0.01)
    folds = []
    for fold in (slice(0, 12), slice(12, 24)):
        other = np.ones(24, bool)
        other[fold] = False
        hits = [np.mean((squared[other] < t) == pairs.issame[other]) for t in np.arange(0, 4, 0.01)]
        folds.append(np.mean((squared[fold] < np.arange(0, 4, 0.01)[int(np.argmax(hits))]) == pairs.issame[fold]))
    assert classic['acc'] == pytest.approx(np.mean(folds), abs=1e-5)
    assert verify_pairs(embedder, pairs, 'set', nfolds=2, pca=2).row['pca'] == 2
    with pytest.raises(ValueError, match='pca_scores: components must be in'):
        verify_pairs(embedder, pairs, 'set', nfolds=2, pca=5)


def test_verify_pairs_says_what_is_wrong(pairs):
    embedder = Embedder(lenet())
    with pytest.raises(ValueError, match='nfolds must be at most the number of pairs, 24, got 25'):
        verify_pairs(embedder, pairs, 'set', nfolds=25)
    with pytest.raises(ValueError, match='far'):
        verify_pairs(embedder, pairs, 'set', nfolds=2, fars=(2,))
    pairs.images[5] = pairs.images[5][:40]
    with pytest.raises(ValueError, match=r'image 5 \(of pair 2\)'):
        verify_pairs(embedder, pairs, 'set', nfolds=2)


def test_score_pairs_of_a_perfect_net():
    issame = np.array([True, False] * 10)
    random = np.random.RandomState(0)
    first = random.randn(20, 8)
    second = np.where(issame[:, None], first + 0.01 * random.randn(20, 8), -first)
    row = score_pairs(np.stack([first, second], 1).reshape(40, 8), issame, 'x', nfolds=5, note='n').row
    assert row['acc'] == 1 and row['std'] == 0 and row['auc'] == 1 and row['eer'] == 0 and row['note'] == 'n'
    assert row['tar@0.001'] == 1 and row['val@1e-3'] == 1
