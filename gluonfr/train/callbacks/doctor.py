"""What looks wrong in a training, while it can be cured."""
import logging
import math

import numpy as np
from mxnet import nd

from ...utils.check import check_int
from ..checkpoint import read_checkpoint, restore
from ..state import NonFiniteLoss, loss_scalars
from .base import Callback

__all__ = ['Doctor']

LARGEST_PIXEL = 20  # images that a net wants lie within -4 and 4
IMAGES = 30         # for each class, before it counts that none has label 0, or that hits are those of guessing
PATIENCE = 20       # looks before it counts that something does not move
FIRST = 5           # looks that say what is usual
LOW_COSINE = 0.1    # of the targets: as of directions that have nothing to do with each other
SHORTEST, LONGEST = 1e-3, 1e4  # mean length of embeddings
STEEPEST, STEEPER = 1e4, 100   # length of the gradient; and how many times the usual
RADIUS = 3          # times the length of embeddings, or a third of it
RISE = 1.5          # times the loss of guessing, and of the first looks
GENTLER, MOST_RETURNS = 0.5, 5
SLOWER = 'a lower learning rate, or a warm-up of it'
MARGIN = 'a margin warm-up (--margin-warmup), softmax first, or a smaller margin'
LIMIT = 'a limit for the gradient (clip_gradient, --clip)'
log = logging.getLogger('gluonfr')


class Doctor(Callback):
    """Says what it sees of a training that does not go well, once each, and what usually cures it.

    Every so many steps it looks at the images, the labels, the lengths of embeddings and gradient, the cosines of the
    targets (of losses on cosines), the loss and the hits. It changes nothing, and a training with it is the same to the
    bit, unless `auto`.

    Parameters
    ----------
    every : int
        Steps between looks, >= 1; the first step is one. A look waits for the device.
    auto : bool
        Where the loss or a parameter becomes NaN or infinite, go back to the newest checkpoint, and on with half the
        learning rate, up to 5 times; it is logged, and kept in later checkpoints. It needs a `Checkpoint`.

    Examples
    --------
    >>> import logging, sys
    >>> import numpy as np
    >>> from gluonfr.data import ArrayLoader
    >>> from gluonfr.loss import get_loss
    >>> from gluonfr.train import Doctor, fit
    >>> from mxnet.gluon.nn import Dense
    >>> handler = logging.StreamHandler(sys.stdout)
    >>> logging.getLogger('gluonfr').addHandler(handler)
    >>> images, label = 255 * np.eye(4, dtype='float32'), np.array([0, 1, 0, 1])
    >>> state = fit(Dense(2), get_loss('softmax'), ArrayLoader(images, label, 4), head=Dense(2), callbacks=[Doctor()])
    step 1: the images reach from 0 to 255. What usually helps: scale them to what the net wants, see its input_spec.
    >>> logging.getLogger('gluonfr').removeHandler(handler)
    """
    every_worker = True  # all go back, or none
    order = -2  # after the file of the log is cut where a run goes on, and before what is said of the step

    def __init__(self, every: int = 50, auto: bool = False):
        self._every, self._auto = check_int('Doctor', 'every', every, 1), auto
        self._said, self._looks, self._returns, self._message = set(), [], 0, None
        self._lowest_label, self._images, self._judged, self._hits = math.inf, 0, 0, 0

    def on_train_begin(self, state):
        state.observe = lambda x, output, size: self._observe(state, x, output, size)
        optimizer = state.trainer.optimizer
        if self._auto or hasattr(optimizer, 'share'):  # of a run that has gone back, and goes on without `auto`
            Share.of(optimizer)
        if self._message:
            log.warning('%s', self._message)
            self._message = None

    def on_step_end(self, state):
        if state.batch == state.steps_per_epoch:  # the meter begins anew with each epoch
            state.read_losses()
            self._judged, self._hits = self._judged + state.meter.judged, self._hits + state.meter.hits

    def on_train_end(self, state):
        state.observe = None

    def on_error(self, state, error):
        if isinstance(error, ValueError) and 'label' in str(error):
            self._say(state.step + 1, 'class', 'a label is no class', 'count labels from 0: subtract 1 from labels '
                      'that begin at 1, and see that the class layer has a place for each person')
        if not isinstance(error, NonFiniteLoss):
            return False
        self._say(state.step, 'finite', 'the loss or a parameter is NaN or infinite', SLOWER +
                  ', {}, a smaller s, or {}'.format(LIMIT, MARGIN))
        return self._auto and self._go_back(state, error)

    def _go_back(self, state, error):
        """Put the state back to its newest checkpoint; whether that could be done."""
        path = state.last_checkpoint
        if path is None or self._returns == MOST_RETURNS:
            log.warning('step %d: not gone back: %s.', error.step, 'there is no checkpoint yet' if path is None else
                        'that has been done {} times'.format(MOST_RETURNS))
            return False
        optimizer = state.trainer.optimizer
        share = optimizer.share * GENTLER  # the checkpoint brings back its own
        restore(read_checkpoint(path), state)
        optimizer.share, state.stop_reason = share, None
        self._returns, self._looks, self._judged, self._hits = self._returns + 1, [], 0, 0
        self._message = ('step {}: the loss or a parameter was NaN or infinite: gone back to step {}, and on with {:g} '
                         'of the learning rate.'.format(error.step, state.step, share))
        return True

    def _observe(self, state, x, output, size):
        """Look at a step whose gradients are there, before the update; `size` is what they are divided by."""
        step = state.step + 1
        if step % self._every and step != 1:
            return
        state.read_losses()
        label = output.label.asnumpy()
        look = {'low': float(x.min().asscalar()), 'high': float(x.max().asscalar()),
                'length': float(np.linalg.norm(output.embedding.asnumpy(), axis=1).mean()),
                'gradient': gradient_length(state) / size, 'loss': float(output.loss.mean().asscalar())}
        if output.pred is not None and label.ndim == 1:
            scores = output.pred.asnumpy()
            look['classes'] = scores.shape[1]
            if getattr(state.loss, 'head', None) == 'cosine' and np.abs(scores).max() < 1.01:
                look['cosine'] = float(scores[np.arange(len(label)), label.astype(int)].mean())
            self._lowest_label, self._images = min(self._lowest_label, label.min()), self._images + len(label)
        self._looks.append(look)
        for finding in self._findings(state, look):
            self._say(step, *finding)

    def _findings(self, state, look):
        """Yield (kind, what is seen, what usually helps)."""
        classes, count, first = look.get('classes'), len(self._looks), self._looks[:FIRST]
        usual = float(np.median([one['gradient'] for one in first]))
        if max(-look['low'], look['high']) > LARGEST_PIXEL:
            yield ('images', 'the images reach from {low:.4g} to {high:.4g}'.format(**look),
                   'scale them to what the net wants, see its input_spec')
        if classes and self._lowest_label >= 1 and self._images >= IMAGES * classes:
            yield ('labels', 'no label is 0 among {:,} images of {:,} classes'.format(self._images, classes),
                   'count labels from 0: labels that begin at 1 leave a class without images')
        if not SHORTEST < look['length'] < LONGEST:
            yield ('length', 'embeddings have a mean length of {:.3g}'.format(look['length']),
                   SLOWER + ', other start values, or another weight decay')
        if look['gradient'] == 0:
            yield 'zero', 'the gradient is 0', 'see what is frozen, and that images differ; a smaller s'
        elif look['gradient'] > STEEPEST or count > FIRST and look['gradient'] > STEEPER * usual:
            yield ('gradient', 'the gradient has a length of {:.3g}, and of {:.3g} at first'.format(
                look['gradient'], usual), '{}, {}, or a smaller s'.format(SLOWER, LIMIT))
        radius = loss_scalars(state.loss).get('Radius')
        if radius and math.isfinite(radius) and not 1 / RADIUS < look['length'] / radius < RADIUS:
            yield ('radius', 'the radius of ring loss is {:.3g}, and embeddings have a mean length of {:.3g}'.format(
                radius, look['length']), "r_init='auto', or a radius near that length")
        if count > FIRST and classes and look['loss'] > RISE * max(math.log(classes), *(one['loss'] for one in first)):
            yield ('loss', 'the loss is {:.4g}, higher than at first'.format(look['loss']),
                   SLOWER + ', a smaller s, or ' + MARGIN)
        if count < PATIENCE or not classes:
            return
        if 'cosine' in look and look['cosine'] < min(LOW_COSINE, np.mean([one['cosine'] for one in first]) + 0.02):
            yield ('cosine', 'the mean cosine of the targets is {:.3f}, not more than at first'.format(look['cosine']),
                   MARGIN + ', or another s: from 5 to 10 for small sets')
        judged, hits = self._judged + state.meter.judged, self._hits + state.meter.hits
        if judged >= IMAGES * classes and hits <= judged / classes + 3 * math.sqrt(judged * (classes - 1)) / classes:
            yield ('hits', '{:.3g} of the images are hits, as of guessing one of {:,} classes'.format(
                hits / judged, classes), 'see that images and labels belong together; then {}, a smaller s, or '
                   '{}'.format(SLOWER, MARGIN))

    def _say(self, step, kind, saw, cure):
        if kind not in self._said:
            self._said.add(kind)
            log.warning('step %d: %s. What usually helps: %s.', step, saw, cure)


class Share:
    """A learning rate times the optimizer's `share`, a number that checkpoints keep with its others."""

    def __init__(self, optimizer):
        self._optimizer, self._schedule, self._rate = optimizer, optimizer.lr_scheduler, optimizer.lr

    @classmethod
    def of(cls, optimizer):
        """Have the optimizer take its share."""
        optimizer.share = getattr(optimizer, 'share', 1.0)
        if not isinstance(optimizer.lr_scheduler, cls):
            optimizer.lr_scheduler = cls(optimizer)

    def __call__(self, updates):
        rate = self._rate if self._schedule is None else self._schedule(updates)
        return rate * self._optimizer.share


def gradient_length(state):
    """Of all trained parameters together, on the first context."""
    grads = [param.list_grad()[0].astype('float32', copy=False) for param in state.params.values()
             if param.grad_req != 'null']
    return math.sqrt(float(nd.multi_sum_sq(*grads, num_arrays=len(grads)).sum().asscalar()))
