"""What the centres of a class layer with several for each person say of labels, against loops."""
import numpy as np
import pytest

import reference as ref
from gluonfr.photos import subcenter_angles

CLASSES, CENTRES, DIM = 4, 3, 5
RNG = np.random.RandomState(3)
X, WEIGHT = RNG.randn(6, DIM), RNG.randn(CLASSES * CENTRES, DIM)


def test_angles_by_loops():
    labels = np.array([0, 0, 0, 2, 2, 3])
    found = subcenter_angles(WEIGHT, X, labels, CLASSES)
    for i, (x, y) in enumerate(zip(X, labels)):
        cosines = [[ref.cosine(a, WEIGHT[y * CENTRES + k]) for k in range(CENTRES)] for a in X[labels == y]]
        votes = [int(np.argmax(row)) for row in cosines]
        dominant = max(range(CENTRES), key=lambda k: (votes.count(k), -k))
        own = [ref.cosine(x, WEIGHT[y * CENTRES + k]) for k in range(CENTRES)]
        assert found.dominant[y] == dominant and found.nearest[i] == int(np.argmax(own))
        assert found.angle[i] == pytest.approx(np.degrees(np.arccos(own[dominant])))
    assert found.dominant[1] == -1


def test_wrong_labels_are_far_from_the_dominant_centre():
    centres = np.linalg.qr(RNG.randn(16, 16))[0][:CLASSES * CENTRES]
    right = centres[::CENTRES].repeat(20, axis=0) + 0.05 * RNG.randn(80, 16)
    wrong = centres[1::CENTRES].repeat(2, axis=0) + 0.05 * RNG.randn(8, 16)
    labels = np.concatenate([np.arange(CLASSES).repeat(20), np.arange(CLASSES).repeat(2)])
    angle = subcenter_angles(centres, np.vstack([right, wrong]), labels, CLASSES).angle
    assert (angle > 75).nonzero()[0].tolist() == list(range(80, 88))


@pytest.mark.parametrize('change,message', [
    (dict(weight=WEIGHT[:-1]), 'weight must be'), (dict(embeddings=X[:, :-1]), 'weight must be'),
    (dict(labels=[0] * 5), 'labels must be'), (dict(labels=[0, 1, 2, 3, 4, 0]), 'labels must be'),
    (dict(labels=[-1] * 6), 'labels must be'), (dict(classes=1), 'classes must be >= 2')])
def test_what_does_not_fit_is_refused(change, message):
    with pytest.raises(ValueError, match='subcenter_angles: ' + message):
        subcenter_angles(**dict(dict(weight=WEIGHT, embeddings=X, labels=[0] * 6, classes=CLASSES), **change))
