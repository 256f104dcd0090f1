"""One update: batches -> embedding -> class scores -> loss -> gradients -> parameters."""
from collections import namedtuple

from mxnet import autograd

from ..utils.labels import labels_on_host
from ..utils.precision import is_half
from .batches import split
from .distill import distance, teachings
from .together import sum_gradients, sum_of_step
from .parameters import check_gradients, clip_global_norm, zero_gradients

__all__ = ['Output', 'Step', 'Sums', 'forward']

Output = namedtuple('Output', 'loss pred label embedding')
Sums = namedtuple('Sums', 'size losses hits distances')


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
    """Updates of what a `TrainState` holds, one for each list of batches it is called with.

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
    teacher : callable or None
        Images -> embeddings that those of the network should follow.
    distill : float
        Factor of the distance from them in the loss.
    """

    def __init__(self, state, clip_gradient, loss_scale, half=False, net=None, teacher=None, distill=1.0):
        self._net = net or state.net
        self._state, self._clip, self._scale = state, clip_gradient, loss_scale
        self._trained = {name: param for name, param in state.params.items() if param.grad_req != 'null'}
        self._half, self._teacher, self._distill = half, teacher, distill
        self._apart = list(state.apart.values())

    def __call__(self, batches):
        """One update by the mean gradient of all samples of some `Batch`es, those of other workers included.

        Returns
        -------
        Sums
            Of all workers: samples; and lists of (1,) NDArrays, one of each batch on each context in use: losses, hits,
            and distances from the teacher.
        """
        state, params = self._state, list(self._trained.values())
        sums, before = Sums(sum(batch.whole for batch in batches), [], [], []), []
        size = sums.size * self._scale
        for number, batch in enumerate(batches, 1):
            seen = self._backward(batch, number, sums)
            gradients = [gradient for param in params for gradient in param.list_grad()]
            for gradient, other in zip(gradients, before):
                gradient += other
            if number < len(batches):
                before = [gradient.copy() for gradient in gradients]
        sum_gradients(state, self._trained)
        if state.observe is not None:
            state.observe(*seen, size)
        if self._clip is not None:
            others = [grad for block in self._apart for grad in block.gradients()]
            clip_global_norm(params, self._clip, 1.0 / size, others, state.workers)
        state.trainer.update(size)
        for block in self._apart:
            block.update(state.trainer.optimizer, 1.0 / size)
        if state.average is not None:
            state.average.update()
        return sum_of_step(state.workers, sums)

    def _backward(self, batch, number, sums):
        """The gradients of one batch, the `number`th of its update; returns images and Output of the first context."""
        state, ctx, params = self._state, self._state.ctx, list(self._trained.values())
        xs, labels = split(batch.x, ctx, self._half), split(batch.label, ctx)
        scale = self._scale if batch.counts else 0
        targets = [] if self._teacher is None else teachings(self._teacher, xs)
        with labels_on_host(labels, batch.label) as host, autograd.record():
            outputs = [forward(self._net, state.head, state.loss, a, b) for a, b in zip(xs, labels)]
            losses = [output.loss for output in outputs]
            distances = [distance(output.embedding, target) for output, target in zip(outputs, targets)]
            if distances:
                losses = [loss + self._distill * far.astype(loss.dtype, copy=False)
                          for loss, far in zip(losses, distances)]
            scaled = [loss if scale == 1 else loss * scale for loss in losses]
        scores = [_scores(state, output) for output in outputs]
        if outputs[0].label is labels[0]:  # else they count among the sampled classes only
            self._check_labels(host, scores[0], number)
        if hasattr(state.head, 'backward'):  # of one context
            state.head.backward(scaled, outputs[0].embedding)
        else:
            autograd.backward(scaled)
        zero_gradients(params, ctx[len(xs):])
        if not state.history and state.batch == 0:
            check_gradients(self._trained)
        found = ([loss.astype('float32', copy=False).sum() for loss in losses],
                 [_hits(score, output.label) for score, output in zip(scores, outputs) if score is not None],
                 [far.astype('float32', copy=False).sum() for far in distances])
        for total, values in zip((sums.losses, sums.hits, sums.distances), found):
            total.extend(values if batch.counts else [value * 0 for value in values])
        return xs[0], outputs[0]

    def _check_labels(self, host, scores, number):
        """Labels outside the classes would be clipped without a word by MXNet's own losses."""
        if scores is None or host is None or host.values.ndim != 1:
            return
        if not (host.low >= 0 and host.high < scores.shape[-1]):
            raise ValueError('fit: labels must be in [0, {}), got {} to {} in batch {} of epoch {}.'.format(
                scores.shape[-1], host.low, host.high, self._state.batch * self._state.accumulate + number,
                self._state.epoch + 1))


def _scores(state, output):
    """Class scores (B, classes) to count hits by, or None: those the loss saw, or those that head or loss can tell."""
    if hasattr(state.head, 'judged'):
        return state.head.judged
    if output.pred is None and hasattr(state.loss, 'predict'):
        return state.loss.predict(output.embedding)
    return output.pred


def _hits(scores, label):
    if label.ndim > 1:
        label = label.argmax(axis=-1)
    guess = scores.astype('float32', copy=False).argmax(axis=-1)
    return (guess == label.astype('float32', copy=False)).sum()
