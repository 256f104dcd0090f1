"""What the cases of losses are fed: functions of a random state, which give inputs by name."""
from collections import OrderedDict

import numpy as np

import reference as ref

BATCH, CLASSES, DIM = 6, 5, 3
LABEL = np.array([0, CLASSES - 1, 2, 1, 0, 2], dtype='float64')  # both edges, a pair twice, class 3 absent
MINED = np.array([0, 1, 0, 2, 1, 0], dtype='float64')  # class 2 has no positive


def cosines(rng):
    """Cosines well inside (-1, 1), both signs on the targets."""
    return OrderedDict(pred=rng.uniform(-0.95, 0.95, (BATCH, CLASSES)), label=LABEL)


def near_cosines(rng):
    """The targets at less than 45 degrees."""
    x = cosines(rng)
    x['pred'][np.arange(BATCH), LABEL.astype(int)] = rng.uniform(0.75, 0.95, BATCH)
    return x


def scores(rng):
    """Class scores of any size."""
    return OrderedDict(pred=rng.randn(BATCH, CLASSES) * 3, label=LABEL)


def log_probabilities(rng):
    """Scores after a log-softmax."""
    x = scores(rng)
    x['pred'] = np.log(np.array([ref.softmax(row) for row in x['pred']]))
    return x


def scores_embedding(rng):
    """Scores and embeddings."""
    x = scores(rng)
    x['embedding'] = rng.randn(BATCH, DIM) * 2
    return x


def cosines_embedding(rng):
    """Cosines and embeddings."""
    x = cosines(rng)
    x['embedding'] = rng.randn(BATCH, DIM) * 2
    return x


def long_embedding(rng):
    """Cosines, with embeddings below, within and above MagFace's [10, 110]."""
    x = cosines(rng)
    direction = rng.randn(BATCH, DIM)
    for row, length in zip(direction, (5.0, 20.0, 60.0, 100.0, 150.0, 30.0)):
        row *= length / ref.norm(row)
    x['embedding'] = direction
    return x


def embeddings(rng):
    """Embeddings with a class each."""
    return OrderedDict(embedding=rng.randn(BATCH, DIM), label=LABEL)


def mined(rng):
    """Embeddings close enough for positive losses, labels with and without partners."""
    return OrderedDict(embedding=rng.randn(BATCH, DIM) * 0.5, label=MINED)


def pairs(rng):
    """Two sides and whether they match; distances below and above the margin."""
    a = rng.randn(BATCH, DIM)
    b = a + rng.randn(BATCH, DIM) * np.array([[0.2], [0.3], [2.0], [0.1], [0.4], [3.0]])
    return OrderedDict(anchor=a, positive=b, label=np.array([1.0, 0.0, 0.0, 0.0, 1.0, 1.0]))


def triplets(rng):
    """Anchor, positive, negative."""
    return OrderedDict((k, rng.randn(BATCH, DIM)) for k in ('pred', 'positive', 'negative'))


def two_sides(rng):
    """B pairs for MPS."""
    return OrderedDict((k, rng.randn(BATCH, DIM)) for k in ('pred1', 'pred2'))


def groups(rng):
    """Three classes of four, as RangeLoss wants them."""
    return OrderedDict(embedding=rng.randn(12, DIM), label=np.repeat([0.0, 3.0, 1.0], 4))


def groups_scores(rng):
    """The same with class scores."""
    return OrderedDict(groups(rng), pred=rng.randn(12, CLASSES))
