"""A training before its first step: parameters on their contexts, compiled blocks, the trainer."""
from mxnet import gluon

from ..utils.engine import pin_threads
from ..utils.gpu import check_gpus
from .apart import begin_apart
from .average import Average
from .batches import epoch_batches, seed_step, split
from .optimizer_state import optimizer_numbers
from .parameters import apply_wd_mult, check_grad_req, initialize, list_ctx, named_parameters
from .state import TrainState
from .step import forward

__all__ = ['prepare']


def prepare(net, head, loss, train_data, *, ctx, initializer, hybridize, optimizer, optimizer_params, lr_scheduler,
            wd_mult, seed, epochs, half, accumulate, ema, workers):
    """The `TrainState` from which `fit` begins; the parameters, and what raises, are those of `fit`.

    `half` says whether the network is float16.
    """
    _check_inputs(loss)
    arguments = _optimizer_arguments(optimizer, optimizer_params, lr_scheduler, half)
    params = named_parameters(net=net, head=head, loss=loss)
    check_grad_req(params)
    trained = [param for param in params.values() if param.grad_req != 'null']
    if not trained:
        raise ValueError("fit: at least one parameter must be trained, got none: the grad_req of all is 'null'.")
    apply_wd_mult(trained, wd_mult or {})
    ctx = [ctx] if ctx is not None and not isinstance(ctx, (list, tuple)) else list(ctx or list_ctx(params.values()))
    if len(set(ctx)) < len(ctx):
        raise ValueError('fit: ctx must be different contexts, got {}.'.format(ctx))
    check_gpus(ctx)
    if len(ctx) == 1:  # several contexts on a CPU share its cores as the system likes
        pin_threads(ctx[0])
    seed_step(seed, 0)
    initialize(params.values(), ctx, initializer)
    trainer = gluon.Trainer(trained, optimizer, arguments, kvstore='device', update_on_kvstore=False)
    steps = -(-len(train_data) // accumulate) if hasattr(train_data, '__len__') else None
    state = TrainState(net, head, loss, train_data, ctx, params, trainer, optimizer_numbers(trainer.optimizer), seed,
                       epochs, steps, accumulate, workers=workers)
    workers.begin()
    begin_apart(state.apart.values(), ctx, trainer.optimizer, seed, accumulate)
    if any(param._deferred_init for param in params.values()):
        batch = next(epoch_batches(train_data, 0, 0, 0, seed, workers=workers))[0]
        x, label = split(batch.x, ctx, half)[0], split(batch.label, ctx)[0]
        forward(net, head, loss, x, label)
    if hybridize:
        for block in (net, head, loss):
            if block is not None:
                block.hybridize(static_alloc=True, static_shape=True)
    if ema is not None:
        state.average = Average(params, ema)
    return state


def _check_inputs(loss):
    known = ('pred', 'label', 'embedding')
    unknown = [name for name in getattr(loss, 'inputs', known) if name not in known]
    if unknown:
        raise ValueError('fit: a loss must take inputs among {}, but {} takes {}. For losses over pairs and triplets '
                         'choose the form that mines them from the labels (mining=...).'.format(
                             ', '.join(known), type(loss).__name__, ', '.join(loss.inputs)))


def _optimizer_arguments(optimizer, given, lr_scheduler, half):
    arguments = dict(given or {})
    if half and isinstance(optimizer, str):
        arguments.setdefault('multi_precision', True)
    if lr_scheduler is not None:
        for name in ('lr_scheduler', 'learning_rate'):
            if name in arguments:
                raise ValueError('fit: give the learning rate once: lr_scheduler= decides it, so leave {} out of '
                                 'optimizer_params.'.format(name))
        # Adam and others have a default learning rate, which MXNet would write over the scheduler's.
        arguments.update(lr_scheduler=lr_scheduler, learning_rate=lr_scheduler.base_lr)
    return arguments
