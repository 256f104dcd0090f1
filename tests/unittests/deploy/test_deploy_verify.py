"""gluonfr.deploy: a net on a verification set."""

import numpy as np
import pytest
from deploy_cases import images, lenet

from gluonfr.data import draw_pairs, read_bin, write_bin
from gluonfr.data.image import encode
from gluonfr.deploy import Embedder
from gluonfr.deploy.verify import fit_protocol, readable_pairs, verify_pairs
from gluonfr.metrics import KFoldPairs, get_protocol, kfold_accuracy, pair_scores


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
    impostors = np.sort(scores[~pairs.issame])[::-1]
    assert row['impostors'] == len(impostors) == 12 and row['folds'] == 2 and row['skipped'] == 0
    assert impostors[1] < row['threshold@0.1'] <= impostors[0] and row['far_at_0.1'] == 1 / 12  # one of 12
    assert row['tar@0.1'] == round(np.mean(scores[pairs.issame] >= row['threshold@0.1']), 5)
    assert row['tar@0.1_low'] <= row['tar@0.1'] <= row['tar@0.1_high']
    # 1 / 12 is the least that 12 can show
    assert {row[name] for name in row if '0.001' in name or name in ('val@1e-3', 'val_std')} == {None}
    assert (row['thresholds'], row['pca']) == ('exact', 0)
    protocol = get_protocol('kfold', nfolds=2, fars=(1e-3, 0.1))
    assert verify_pairs(embedder, pairs, 'set', protocol=protocol).row == row


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
    with pytest.raises(ValueError, match='KFoldPairs: nfolds must be at most the number of pairs, 24 in set, got 25'):
        verify_pairs(embedder, pairs, 'set', nfolds=25)
    with pytest.raises(ValueError, match='far'):
        verify_pairs(embedder, pairs, 'set', nfolds=2, fars=(2,))
    with pytest.raises(TypeError, match='parameters must come with the name of a protocol, got nfolds'):
        verify_pairs(embedder, pairs, 'set', protocol=get_protocol('kfold'), nfolds=2)
    pairs.images[5] = pairs.images[5][:40]
    with pytest.raises(ValueError, match=r'image 5 \(of pair 2\)'):
        verify_pairs(embedder, pairs, 'set', nfolds=2)


def test_unreadable_pairs_are_left_out_and_listed(pairs, caplog):
    assert readable_pairs('set', pairs) is pairs and not caplog.records
    pairs.images[5], pairs.images[8] = pairs.images[5][:40], b'x'
    kept = readable_pairs('set', pairs)
    said = [record.getMessage() for record in caplog.records]
    assert [line.split(': ')[1] for line in said[:2]] == ['left out pair 2', 'left out pair 4']
    assert said[2] == 'set: 2 of 24 pairs left out; folds are cut from the others' and len(said) == 3
    assert kept.issame.tolist() == np.delete(pairs.issame, [2, 4]).tolist() and kept.skipped == 2
    left = [pairs.images[i] for i in range(48) if i // 2 not in (2, 4)]
    assert kept.images == left and kept.sha256 == pairs.sha256
    row = verify_pairs(Embedder(lenet(embedding_size=4)), kept, 'set').row
    assert (row['pairs'], row['skipped']) == (22, 2)
    pairs.images[:] = [b'x'] * 48
    with pytest.raises(ValueError, match='no pair has two images that can be decoded'):
        readable_pairs('set', pairs)


def test_fit_protocol_says_what_the_protocol_says():
    issame = [True, False] * 3
    assert fit_protocol('x', issame, fars=[0.5]) == (6, KFoldPairs(fars=[0.5]).notes(issame, 'x'))
    assert fit_protocol('x', issame, 2, [0.5]) == (2, [])
    with pytest.raises(ValueError, match='^--folds must be at most the number of pairs, 6 in x, got 7'):
        fit_protocol('x', issame, 7, option='--folds')
