"""One update: batch -> embedding -> class scores -> loss -> gradients -> parameters."""
from collections import namedtuple

from mxnet import autograd

from ..utils.labels import labels_on_host
from ..utils.precision import is_half
from .batches import split
from .parameters import check_gradients, clip_global_norm, zero_gradients

__all__ = ['Output', 'Step', 'forward']

Output = namedtuple('Output', 'loss pred label embedding')


def forward(net, head, loss, x, label):
    """What one batch gives on one context.

    Returns
    -------
    Output
        loss (B,); pred (B, classes) or None; label (B,), as it came or as the head has numbered the classes that it
        scores; embedding (B, D).
    """
    out = net(x)
    embedding, pred = out if isinstance(out, (tuple, list)) else (out, None)
    if is_half(embedding):
        embedding = embedding.astype('float32')
    if head is not None:
        pred = head(embedding, label) if getattr(head, 'needs_label', False) else head(embedding)
        if isinstance(pred, (tuple, list)):
            pred, among = pred
            if among is not label and getattr(loss, 'keeps_classes', False):
                raise ValueError('fit: {} keeps something for each class, and the head {} numbers the classes anew in '
                                 'each batch. Take a head that scores all classes.'.format(
                                     type(loss).__name__, type(head).__name__))
            label = among
            if hasattr(loss, 'among'):
                loss.among(pred.shape[-1])
    named = {'pred': pred, 'label': label, 'embedding': embedding}
    wanted = getattr(loss, 'inputs', ('pred', 'label'))
    if pred is None and 'pred' in wanted:
        raise ValueError('fit: {} needs class scores, and the network gives an embedding only. Pass head=, for example '
                         'gluonfr.nn.get_head(loss.head, classes, embedding_size), or a network that returns '
                         '(embedding, pred).'.format(type(loss).__name__))
    value = loss(*[named[name] for name in wanted])
    if isinstance(value, (tuple, list)):
        value, pred = value
    return Output(value, pred, label, embedding)


class Step:
    """Updates of what a `TrainState` holds, one for each batch it is called with.

    Parameters
    ----------
    state : TrainState
    clip_gradient : float or None
        Bound of the 2-norm of the mean gradient.
    loss_scale : float
        Factor of the loss in the backward pass.
    half : bool
        Whether the network is float16.
    net : callable or None
        What is called as `state.net`, such as its `InBfloat16`.
    """

    def __init__(self, state, clip_gradient, loss_scale, half=False, net=None):
        self._net = net or state.net
        self._state, self._clip, self._scale = state, clip_gradient, loss_scale
        self._trained = {name: param for name, param in state.params.items() if param.grad_req != 'null'}
        self._half = half
        self._apart = list(state.apart.values())

    def __call__(self, x, label):
        """One update; returns the loss sums and the hit counts as (1,) NDArrays, one for each context in use."""
        state, params = self._state, list(self._trained.values())
        size, ctx = x.shape[0] * self._scale, state.ctx
        xs, labels = split(x, ctx, self._half), split(label, ctx)
        with labels_on_host(labels, label) as host, autograd.record():
            outputs = [forward(self._net, state.head, state.loss, a, b) for a, b in zip(xs, labels)]
            scaled = [output.loss if self._scale == 1 else output.loss * self._scale for output in outputs]
        scores = [_scores(state.loss, output) for output in outputs]
        if outputs[0].label is labels[0]:  # else they count among the sampled classes only
            self._check_labels(host, scores[0])
        autograd.backward(scaled)
        zero_gradients(params, ctx[len(xs):])
        if not state.history and state.batch == 0:
            check_gradients(self._trained)
        state.trainer.allreduce_grads()
        if state.observe is not None:
            state.observe(xs[0], outputs[0], size)
        if self._clip is not None:
            others = [grad for block in self._apart for grad in block.gradients()]
            clip_global_norm(params, self._clip, 1.0 / size, others)
        state.trainer.update(size)
        for block in self._apart:
            block.update(state.trainer.optimizer, 1.0 / size)
        losses = [output.loss.astype('float32', copy=False).sum() for output in outputs]
        hits = [_hits(score, output.label) for score, output in zip(scores, outputs) if score is not None]
        return losses, hits

    def _check_labels(self, host, scores):
        """Labels outside the classes would be clipped without a word by MXNet's own losses."""
        if scores is None or host is None or host.values.ndim != 1:
            return
        if not (host.low >= 0 and host.high < scores.shape[-1]):
            raise ValueError('fit: labels must be in [0, {}), got {} to {} in batch {} of epoch {}.'.format(
                scores.shape[-1], host.low, host.high, self._state.batch + 1, self._state.epoch + 1))


def _scores(loss, output):
    """Class scores (B, classes) to count hits by, or None: those the loss saw, or those it can tell itself."""
    if output.pred is None and hasattr(loss, 'predict'):
        return loss.predict(output.embedding)
    return output.pred


def _hits(scores, label):
    if label.ndim > 1:
        label = label.argmax(axis=-1)
    guess = scores.astype('float32', copy=False).argmax(axis=-1)
    return (guess == label.astype('float32', copy=False)).sum()
