"""What a loss makes of angles: the score of the own class, and where one class ends and the other begins."""
from collections import namedtuple
from typing import List

import numpy as np
from mxnet import nd

from .base import LOSSES
from .by_name import fill_arguments, get_loss, parse_loss

__all__ = ['NoScores', 'ScoreCurve', 'score_curves']

CLASSES = 10
THETA = np.linspace(0, 180, 181)
PLANE = np.linspace(0, 120, 241)
AT_60 = {'mean': 60, 'std': 0.333 * 50}  # of AdaFace: norms of 10, 60 and 110 are short, middling and long
NORMS = [('norm 10', 10), ('norm 60', 60), ('norm 110', 110)]

ScoreCurve = namedtuple('ScoreCurve', 'name theta target plane decision')
ScoreCurve.__doc__ = """A loss as a function of angles.

name : str
    The loss, and what it depends on beside the angles.
theta : float array (N,)
    Degrees from an embedding to the centre of its class.
target : float array (N,)
    Score of that class, over the scale s; the other classes are at 90 degrees.
plane : float array (M,)
    Degrees to the centres of the own class and of another.
decision : float array (M, M)
    By the angle to the other (rows) and to the own (columns): above 0 where the own class wins with its margin.
"""


class NoScores(ValueError):
    """A loss that has no score of the own class as a function of angles."""


Setting = namedtuple('Setting', 'tag arguments state norm label')
PLAIN = [Setting('', {}, {}, None, 0)]
# What a loss depends on beside the angles; one without an entry has one curve.
SETTINGS = {
    'adaface': [Setting(tag, {}, AT_60, norm, 0) for tag, norm in NORMS],
    'magface': [Setting(tag, {}, {}, norm, 0) for tag, norm in NORMS],
    'asoftmax': [Setting('late', {}, {'steps': 1e6}, None, 0)],  # at the end of its annealing
    'curricularface': [Setting('t = {}'.format(t), {}, {'t': t}, None, 0) for t in (0, 0.7)],
    'dynamicmargin': [Setting(tag, {}, {}, None, label) for tag, label in (('1 image', 0), ('100 images', 1))],
    'arcface': [Setting(tag, {'easy_margin': easy}, {}, None, 0) for tag, easy in (('easy', True), ('', False))],
}
COUNTS = [1] + [100] * (CLASSES - 1)  # images of each class


def score_curves(text: str) -> List[ScoreCurve]:
    """The curves of a loss whose scores depend on the cosines alone.

    Parameters
    ----------
    text : str
        A name of `get_loss_list`, with arguments if need be: 'arcface:m=0.3,easy_margin=False'.

    Returns
    -------
    list of ScoreCurve
        One, or several where the loss depends on something else, too: the norm of the embedding, the training so far.

    Raises
    ------
    NoScores
        A sum of losses, or a loss that has no score for each class or not of cosines.
    ValueError
        An unknown name, an argument out of range.

    Examples
    --------
    >>> from gluonfr.loss import score_curves
    >>> (curve,) = score_curves('cosface')
    >>> curve.name, curve.target[[0, 60]].round(2).tolist()
    ('cosloss', [0.65, 0.15])
    """
    parts = parse_loss(text)
    if len(parts) > 1:
        raise NoScores('{}: it has no one score, as a sum of losses.'.format(text))
    name, said = parts[0]
    curves = []
    settings = SETTINGS.get(name, PLAIN)
    if set(settings[0].arguments) & set(said):  # the user has chosen among them
        settings = PLAIN
    for setting in settings:
        loss = _made(name, dict(setting.arguments, **said), setting.state)
        shown = name + (':' + str(parts[0]).partition(':')[2] if said else '')
        curves.append(_curve(', '.join(filter(None, (shown, setting.tag))), loss, setting))
    return curves


def _made(name, arguments, state):
    if LOSSES.get(name).head != 'cosine':
        raise NoScores('{}: its scores are not of cosines alone.'.format(name))
    loss = get_loss(name, **fill_arguments(name, arguments, classes=CLASSES, embedding_size=2, counts=COUNTS))
    if not (loss.cross_entropy or hasattr(loss, '_two_scores')):
        raise NoScores('{}: it has no score for each class, but goes by the whole batch.'.format(name))
    loss.initialize()
    loss.cast('float64')
    for key, value in state.items():
        getattr(loss, key).set_data(nd.array([value], dtype='float64'))
    return loss


def _curve(name, loss, setting):
    theta, (other, own) = np.radians(THETA), np.meshgrid(*[np.radians(PLANE)] * 2, indexing='ij')
    scale = getattr(loss, '_s', None) or loss._gamma
    target = _scores(loss, setting, np.cos(theta), 0)[:, 0] / scale
    scores = _scores(loss, setting, np.cos(own.ravel()), np.cos(other.ravel())) / scale
    # Binary classifiers decide alone: the own one says yes and the other no. Softmax compares them.
    wins = scores[:, 0] - scores[:, 1] if loss.cross_entropy else np.minimum(scores[:, 0], -scores[:, 1])
    return ScoreCurve(name, THETA, target, PLANE, wins.reshape(own.shape))


def _scores(loss, setting, own, other):
    """Scores (B, 2) of the own class and of another for their cosines; the others are behind."""
    y = setting.label
    z = 1 - y
    pred = np.full((len(own), CLASSES), -1.0 if np.ndim(other) else 0.0)
    pred[:, y], pred[:, z] = own, other
    given = {'pred': nd.array(pred, dtype='float64'), 'label': nd.array([y] * len(own))}
    given['embedding'] = nd.array([[setting.norm or 1, 0]] * len(own), dtype='float64')
    seen = []

    def keep(F, logits, label):
        seen.append(logits)
        return logits[:, 0]

    if loss.cross_entropy:
        loss._cross_entropy = keep  # what every softmax loss hands its scores to
        loss(*[given[name] for name in loss.inputs])
        return seen[0].asnumpy()[:, [y, z]]
    target, scores = loss._two_scores(nd, given['pred'][:, y], given['pred'], loss.bias.data())
    return np.stack([target.asnumpy(), scores.asnumpy()[:, z]], axis=1)
