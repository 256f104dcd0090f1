"""A case for each protocol of gluonfr.metrics: a small set, the row by plain loops, and what the protocol refuses."""
from collections import namedtuple

import numpy as np
from metrics_cases import slow_accuracy, slow_operating_point, slow_val

ProtocolCase = namedtuple('ProtocolCase', 'parameters embeddings truth notes cells scores genuine bad_truths '
                                          'bad_parameters')
ProtocolCase.__doc__ = """What tests/unittests/metrics/test_protocols.py takes.

parameters : dict
    Of the protocol.
embeddings, truth
    Of a set called 'small'.
notes : list of str
    What the protocol says beforehand.
cells : list of dict
    Some cells of each row, as slow loops find them.
scores, genuine : sequence
    Of all comparisons.
bad_truths : list of (truth, str)
    What it has no use for, and a part of the message.
bad_parameters : list of (dict, str)
    Out of their range, and a part of the message.
"""


def _kfold():
    """60 pairs in three folds: of a genuine pair the second is a noisy copy of the first."""
    random = np.random.RandomState(0)
    issame = np.arange(60) % 6 < 3
    first = random.randn(60, 6)
    second = np.where(issame[:, None], first + 0.9 * random.randn(60, 6), random.randn(60, 6))
    scores = [float(a @ b / np.sqrt((a @ a) * (b @ b))) for a, b in zip(first, second)]
    accuracies, thresholds = slow_accuracy(scores, issame, 3)
    threshold, tar, far = slow_operating_point(scores, issame, 0.1)
    cells = {'pairs': 60, 'impostors': 30, 'folds': 3, 'acc': np.mean(accuracies), 'std': np.std(accuracies),
             'threshold': np.mean(thresholds), 'tar@0.1': tar, 'far_at_0.1': far, 'threshold@0.1': threshold,
             'tar@0.01': None, 'threshold@0.01': None, 'val@1e-3': None}
    assert np.mean(slow_val(scores, issame, 1e-3, 3)[0]) > 0  # a number, but 20 impostors cannot show that FAR
    return ProtocolCase(
        {'nfolds': 3, 'fars': [0.1, 0.01]}, np.stack([first, second], axis=1).reshape(120, 6), issame,
        ['small: 30 impostor pairs cannot show FAR 0.01; the smallest is 0.0334'], [cells], scores, issame,
        [(np.ones(60, bool), 'small: pairs must be of both kinds, got 60 of one person and 0 of two people'),
         (np.array([True, False]), 'nfolds must be at most the number of pairs, 2 in small, got 3')],
        [({'nfolds': 0}, 'nfolds must be >= 1, got 0'), ({'fars': [2]}, r'fars must be in \[0, 1\], got 2'),
         ({'pca': 0}, 'pca must be >= 1, got 0')])


PROTOCOL_CASES = {'kfold': _kfold}
