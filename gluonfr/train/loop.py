"""The one training loop: it knows no net, no head, no loss and no dataset by name."""
from collections import namedtuple

import numpy as np
from mxnet import autograd, gluon

from ..utils.check import check_int, check_number
from ..utils.engine import pin_threads
from ..utils.gpu import check_gpus
from ..utils.host_values import known_values
from ..utils.precision import is_half
from .batches import epoch_batches, seed_step, split
from .checkpoint import find_checkpoint, restore
from .optimizer_state import optimizer_numbers
from .parameters import (
    apply_wd_mult,
    check_grad_req,
    check_gradients,
    clip_global_norm,
    initialize,
    list_ctx,
    named_parameters,
    zero_gradients,
)
from .state import TrainState

__all__ = ['fit', 'forward']

NO_BATCH = 'fit: train_data must give at least one batch an epoch, got none.'
Output = namedtuple('Output', 'loss pred embedding')


def fit(net, loss, train_data, *, head=None, epochs=1, optimizer='sgd', optimizer_params=None, lr_scheduler=None,
        wd_mult=None, clip_gradient=None, loss_scale=None, ctx=None, initializer='xavier', hybridize=True,
        callbacks=(), check_every=10, seed=0, resume=None):
    """Train the parameters of net, head and loss together, with one optimizer.

    A batch (x, label) goes net -> (head) -> loss; the loss is called with what its `inputs` names. The step follows
    the mean loss of the whole batch, however it is divided over the contexts. Parameters with ``grad_req='null'`` are
    left to the blocks that own them (`gluonfr.train.freeze` sets it); `lr_mult` and `wd_mult` of a parameter are
    honoured. A net cast to float16 gets its images in float16; embedding, head and loss stay float32, and the optimizer
    keeps float32 copies of the weights.

    The same seed gives the same parameters, bit for bit on a CPU, and so does a run that was killed and resumed: all
    random numbers of a step depend on (seed, step) only. To that end `fit` seeds the global generators of Python,
    NumPy and MXNet at every step (`seed_step`). Gluon's Dropout on a GPU does not follow, `gluonfr.nn.Dropout` does.

    Parameters
    ----------
    net : Block
        Images (B, C, H, W) -> embedding (B, D), or (embedding, pred).
    loss : Block
        Returns (B,), or ((B,), class scores). Its attribute `inputs` names what it takes among 'pred', 'label' and
        'embedding'; without it ('pred', 'label').
    train_data : iterable
        Yields (x, label). It is run once an epoch; with a method `batches(epoch, start)`, as `ArrayLoader` has, that
        is asked for an epoch's batches.
    head : Block or None
        Embedding (B, D) -> pred (B, classes); called with the label too if its `needs_label` is true.
    epochs : int
        Epochs in all, those before a resume included.
    optimizer : str or mxnet.optimizer.Optimizer
        As for `gluon.Trainer`.
    optimizer_params : dict or None
        Its arguments, such as learning_rate, momentum, wd; None for MXNet's defaults.
    lr_scheduler : mxnet.lr_scheduler.LRScheduler or None
        Learning rate by the number of updates, such as `IterLRScheduler`, instead of a constant one.
    wd_mult : dict or None
        Weight decay multipliers by name pattern, as in ``{'.*(bias|alpha|gamma|beta)$': 0}``.
    clip_gradient : float or None
        Bound of the 2-norm of the mean gradient of all parameters together, > 0. (`clip_gradient` in
        `optimizer_params` is MXNet's bound of each element.)
    loss_scale : float or None
        The loss is multiplied by this before the backward pass and its gradient divided by it after, > 0: small
        gradients of a float16 net would be lost to 0 otherwise. None is 128 for such a net, else 1.
    ctx : Context, list of Context or None
        Where to train; None for where the net is.
    initializer : str or mxnet.init.Initializer
        For parameters that are neither initialised yet nor have an initialiser of their own.
    hybridize : bool
        Compile net, head and loss with static memory; False leaves them as they are.
    callbacks : sequence of Callback
        Called in the order of their `order`, then as given.
    check_every : int
        Steps between looks at the losses, >= 1. A look waits for the device; a loss that is not finite is found at
        the next one, and in any case before a checkpoint is written.
    seed : int
        Seed of the run, >= 0.
    resume : str or None
        A checkpoint, a folder, or 'auto' for the folder of the `Checkpoint` callback. A folder means its newest
        checkpoint that is whole; an empty folder a fresh start.

    Returns
    -------
    TrainState
        With `history`, a dict for each epoch.

    Raises
    ------
    NonFiniteLoss
        The loss is NaN or infinite.
    CheckpointError
        The checkpoint to resume from is damaged or does not fit.
    ValueError
        A parameter, batch or label outside its range, or a parameter with ``grad_req='add'``.
    """
    check_int('fit', 'epochs', epochs, low=0)
    check_int('fit', 'check_every', check_every, low=1)
    check_int('fit', 'seed', seed, low=0)
    if clip_gradient is not None:
        check_number('fit', 'clip_gradient', clip_gradient, low=0, low_open=True)
    half = is_half(net)
    loss_scale = check_number('fit', 'loss_scale', (128 if half else 1) if loss_scale is None else loss_scale, low=0,
                              low_open=True)
    _check_inputs(loss)

    params = named_parameters(net=net, head=head, loss=loss)
    check_grad_req(params)
    ctx = [ctx] if ctx is not None and not isinstance(ctx, (list, tuple)) else list(ctx or list_ctx(params.values()))
    if len(set(ctx)) < len(ctx):
        raise ValueError('fit: ctx must be different contexts, got {}.'.format(ctx))
    check_gpus(ctx)
    if len(ctx) == 1:  # several contexts on a CPU share its cores as the system likes
        pin_threads(ctx[0])
    seed_step(seed, 0)
    initialize(params.values(), ctx, initializer)
    if any(param._deferred_init for param in params.values()):
        x, label = _unpack(next(epoch_batches(train_data, 0, 0, 0, seed), None))
        forward(net, head, loss, split(x, ctx, half)[0], split(label, ctx)[0])
    if hybridize:
        for block in (net, head, loss):
            if block is not None:
                block.hybridize(static_alloc=True, static_shape=True)

    trained = {name: param for name, param in params.items() if param.grad_req != 'null'}
    if not trained:
        raise ValueError("fit: at least one parameter must be trained, got none: the grad_req of all is 'null'.")
    apply_wd_mult(trained.values(), wd_mult or {})
    arguments = _optimizer_params(optimizer, optimizer_params, lr_scheduler, half)
    trainer = gluon.Trainer(list(trained.values()), optimizer, arguments, kvstore='device', update_on_kvstore=False)
    state = TrainState(net, head, loss, train_data, ctx, params, trainer,
                       optimizer_numbers(trainer.optimizer), seed, epochs,
                       len(train_data) if hasattr(train_data, '__len__') else None)
    callbacks = sorted(callbacks, key=lambda callback: callback.order)
    checkpoint = find_checkpoint(resume, callbacks)
    if checkpoint is not None:
        restore(checkpoint, state)

    for callback in callbacks:
        callback.on_train_begin(state)
    while not state.finished:
        state.meter.start()
        for batch in epoch_batches(train_data, state.epoch, state.batch, state.step, seed):
            x, label = _unpack(batch)
            losses, hits = _step(state, trained, x, label, clip_gradient, half, loss_scale)
            state.step += 1
            state.batch += 1
            state.meter.add(state.step, state.learning_rate, x.shape[0], losses, hits)
            if len(state.meter) > check_every:
                state.read_losses(leave=1)  # the newest may still be on its way: do not wait for it
            for callback in callbacks:
                callback.on_step_end(state)
            if state.stop_reason:
                break
        else:
            _end_epoch(state)
            for callback in callbacks:
                callback.on_epoch_end(state)
    state.read_losses()
    for callback in callbacks:
        callback.on_train_end(state)
    return state


def forward(net, head, loss, x, label):
    """Loss (B,), class scores (B, classes) or None, and embedding (B, D) of one batch on one context."""
    out = net(x)
    embedding, pred = out if isinstance(out, (tuple, list)) else (out, None)
    if is_half(embedding):
        embedding = embedding.astype('float32')
    if head is not None:
        pred = head(embedding, label) if getattr(head, 'needs_label', False) else head(embedding)
    named = {'pred': pred, 'label': label, 'embedding': embedding}
    wanted = getattr(loss, 'inputs', ('pred', 'label'))
    if pred is None and 'pred' in wanted:
        raise ValueError('fit: {} needs class scores, and the net gives an embedding only. Pass head=, for example '
                         'gluonfr.nn.get_head(loss.head, classes, embedding_size), or a net that returns (embedding, '
                         'pred).'.format(type(loss).__name__))
    value = loss(*[named[name] for name in wanted])
    if isinstance(value, (tuple, list)):
        value, pred = value
    return Output(value, pred, embedding)


def _step(state, trained, x, label, clip_gradient, half, loss_scale):
    """One update; returns the loss sums and the hit counts as (1,) NDArrays, one for each context in use."""
    size, ctx = x.shape[0], state.ctx
    xs, labels = split(x, ctx, half), split(label, ctx)
    values = _on_host(label)
    with known_values(labels, _pieces(values, labels)), autograd.record():
        outputs = [forward(state.net, state.head, state.loss, a, b) for a, b in zip(xs, labels)]
        scaled = [output.loss if loss_scale == 1 else output.loss * loss_scale for output in outputs]
    scores = [_scores(state.loss, output) for output in outputs]
    _check_labels(state, values, scores[0])
    autograd.backward(scaled)
    params = list(trained.values())
    zero_gradients(params, ctx[len(xs):])
    if not state.history and state.batch == 0:
        check_gradients(trained)
    state.trainer.allreduce_grads()
    if clip_gradient is not None:
        clip_global_norm(params, clip_gradient, 1.0 / (size * loss_scale))
    state.trainer.update(size * loss_scale)
    losses = [output.loss.astype('float32', copy=False).sum() for output in outputs]
    hits = [_hits(score, b) for score, b in zip(scores, labels) if score is not None]
    return losses, hits


def _end_epoch(state):
    if state.batch == 0:
        raise ValueError(NO_BATCH)
    state.read_losses()
    state.history.append(state.epoch_row())
    state.epoch, state.batch = state.epoch + 1, 0
    state.meter.reset()


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


def _on_host(label):
    """The labels of a batch as NumPy, or None where they are on a GPU."""
    if not hasattr(label, 'asnumpy'):
        return label
    return None if label.context.device_type == 'gpu' else label.asnumpy()


def _pieces(values, labels):
    """`values` cut as `labels` are, so that the losses check their range without a wait for the contexts."""
    if values is None:
        return []
    return np.split(values, np.cumsum([len(piece) for piece in labels])[:-1])


def _check_labels(state, values, scores):
    """Labels outside the classes would be clipped without a word by the operators that use them."""
    if scores is None or values is None or values.ndim != 1:
        return
    if not (values.min() >= 0 and values.max() < scores.shape[-1]):
        raise ValueError('fit: labels must be in [0, {}), got {} to {} in batch {} of epoch {}.'.format(
            scores.shape[-1], values.min(), values.max(), state.batch + 1, state.epoch + 1))


def _unpack(batch):
    if batch is None:
        raise ValueError(NO_BATCH)
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        raise ValueError('fit: train_data must yield (x, label), got {}.'.format(
            '{} values'.format(len(batch)) if isinstance(batch, (tuple, list)) else type(batch).__name__))
    x, label = batch
    if x.shape[0] == 0 or x.shape[0] != label.shape[0]:
        raise ValueError('fit: a batch must hold as many labels as samples and at least one, got x {} and label '
                         '{}.'.format(x.shape, label.shape))
    return x, label


def _check_inputs(loss):
    known = ('pred', 'label', 'embedding')
    unknown = [name for name in getattr(loss, 'inputs', known) if name not in known]
    if unknown:
        raise ValueError('fit: a loss must take inputs among {}, but {} takes {}. For losses over pairs and triplets '
                         'choose the form that mines them from the labels (mining=...).'.format(
                             ', '.join(known), type(loss).__name__, ', '.join(loss.inputs)))


def _optimizer_params(optimizer, params, lr_scheduler, half):
    params = dict(params or {})
    if half and isinstance(optimizer, str):
        params.setdefault('multi_precision', True)
    if lr_scheduler is not None:
        for name in ('lr_scheduler', 'learning_rate'):
            if name in params:
                raise ValueError('fit: give the learning rate once: lr_scheduler= decides it, so leave {} out of '
                                 'optimizer_params.'.format(name))
        # Adam and others have a default learning rate, which MXNet would write over the scheduler's.
        params.update(lr_scheduler=lr_scheduler, learning_rate=lr_scheduler.base_lr)
    return params
