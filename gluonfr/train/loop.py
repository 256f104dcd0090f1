"""The one training loop: it knows no network, no head, no loss and no dataset by name."""
from typing import Any, Callable, Dict, Optional, Sequence, Union

from mxnet.gluon import Block
from mxnet.initializer import Initializer
from mxnet.lr_scheduler import LRScheduler
from mxnet.optimizer import Optimizer

from ..distributed.workers import join_workers
from ..utils.check import check_int, check_number
from ..utils.precision import is_half
from .batches import epoch_batches
from .callbacks.base import Callback
from .checkpoint import find_checkpoint, restore
from .precision import InBfloat16, check_precision
from .prepare import prepare
from .rates import scaled_rates
from .state import TrainState
from .step import Step
from .together import begin_together, call_all
from .types import Batches, Contexts

__all__ = ['fit', 'run']


def fit(net: Block, loss: Block, train_data: Batches, *, head: Optional[Block] = None, epochs: int = 1,
        optimizer: Union[str, Optimizer] = 'sgd', optimizer_params: Optional[Dict[str, Any]] = None,
        lr_scheduler: Optional[LRScheduler] = None, wd_mult: Optional[Dict[str, float]] = None,
        clip_gradient: Optional[float] = None, loss_scale: Optional[float] = None, ctx: Optional[Contexts] = None,
        initializer: Union[str, Initializer] = 'xavier', hybridize: bool = True, callbacks: Sequence[Callback] = (),
        check_every: int = 10, seed: int = 0, resume: Optional[str] = None, precision: str = 'float32',
        lr_mult: Optional[Dict[str, float]] = None, accumulate: int = 1, ema: Optional[float] = None,
        teacher: Optional[Callable] = None, distill: float = 1.0) -> TrainState:
    """Train the parameters of net, head and loss together, with one optimizer.

    A batch (x, label) goes net -> (head) -> loss; the loss is called with what its `inputs` names. The step follows
    the mean loss of the whole batch, however it is divided over the contexts. Parameters with ``grad_req='null'`` are
    left to the blocks that own them (`gluonfr.train.freeze` sets it); `lr_mult` and `wd_mult` of a parameter are
    honoured. A network cast to float16 gets its images in float16; embedding, head and loss stay float32, and the
    optimizer keeps float32 copies of the weights.

    The same seed gives the same parameters, bit for bit on a CPU, and so does a run that was killed and resumed: all
    random numbers of a step depend on (seed, step) only. To that end `fit` seeds the global generators of Python,
    NumPy and MXNet at every step (`seed_step`). Gluon's Dropout on a GPU does not follow, `gluonfr.nn.Dropout` does.

    Where DMLC_ROLE says that this process is one of several workers (`gluonfr launch`), they train together: each batch
    is divided between them, and all have the same weights, bit for bit, which is seen to at each checkpoint. BatchNorm
    sees the part of its worker, and its statistics are averaged before an evaluation or a checkpoint. Evaluations and
    all files are of the first worker, for which the others wait, and callbacks too, unless they say `every_worker`.

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
        Embedding (B, D) -> pred (B, classes). If its `needs_label` is true, training calls it with (embedding, label),
        and it may return (pred, label): the scores of a sample of the classes, and each label's place among them. The
        loss and the training accuracy take that label; evaluation calls the head without one, for all classes.
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
        gradients of a float16 network would be lost to 0 otherwise. None is 128 for such a network, else 1.
    ctx : Context, list of Context or None
        Where to train; None for where the network is.
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
    precision : {'float32', 'bfloat16'}
        What the convolutions and fully connected layers that make the embedding compute in, forward and both ways
        back; between them BatchNorm, ReLU, PReLU, sums and pooling read and write bfloat16 and compute in float32. The
        rest, head and loss included, the weights, their gradients and checkpoints are float32, so that a run can go on
        in either. For CPUs with avx512; faster than float32 with AMX or avx512_bf16 only.
    lr_mult : dict or None
        Factors of the learning rate by name pattern, beside the `lr_mult` that parameters have: regular expressions,
        matched from the beginning of the names that checkpoints use, as for `freeze`: ``{r'net/features': 0.1}``. The
        last pattern that matches a name counts. `layer_decay` makes such a dict.
    accumulate : int
        Batches to one update, >= 1, which follows the mean loss of all their samples: a batch that is too large for
        the memory, in parts. BatchNorm and losses over pairs see the parts alone. A step is an update: the schedule,
        the steps of callbacks and checkpoints count updates, and an epoch has ceil(batches / accumulate) of them, the
        last one of the batches that are left.
    ema : float or None
        Decay of an average of the weights over the updates, in (0, 1); 0.999 is over about 1,000. What is evaluated,
        plain weights that are saved, and `state.net` at the end have the average; training goes on with the weights
        themselves, and checkpoints have both. BatchNorms have the average of their running statistics. See `Average`.
    teacher : callable or None
        Images as the network gets them, NDArray (B, C, H, W) -> embedding (B, D') of any width: a network, or what
        `teacher_of` makes of any Embedder. It sees the augmented batches, and the loss grows by `distill` times the
        distance of the embeddings from its own; the mean distance is in the history.
    distill : float
        > 0. The distance is 1 - cosine for embeddings of the teacher's width, else the squared difference of the
        batch's cosine matrices, which is smaller: try 10 to 100 times the value there.

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

    Examples
    --------
    >>> from gluonfr.data import ArrayLoader
    >>> from gluonfr.loss import get_loss
    >>> from gluonfr.train import fit
    >>> from mxnet.gluon.nn import Dense
    >>> import numpy as np
    >>> x, label = np.array([[0, 1], [1, 0], [0, 2], [2, 0]], 'float32'), np.array([0, 1, 0, 1])
    >>> state = fit(Dense(2), get_loss('softmax'), ArrayLoader(x, label, 2, shuffle=True), head=Dense(2), epochs=8,
    ...             optimizer_params={'learning_rate': 1.0})
    >>> state.epoch, state.step, state.history[-1]['accuracy']
    (8, 16, 1.0)
    """
    half = is_half(net)
    if loss_scale is None:
        loss_scale = 128 if half else 1
    check_int('fit', 'epochs', epochs, low=0)
    check_int('fit', 'check_every', check_every, low=1)
    check_int('fit', 'seed', seed, low=0)
    if clip_gradient is not None:
        check_number('fit', 'clip_gradient', clip_gradient, low=0, low_open=True)
    check_number('fit', 'loss_scale', loss_scale, low=0, low_open=True)
    check_int('fit', 'accumulate', accumulate, low=1)
    check_number('fit', 'distill', distill, low=0, low_open=True)
    if ema is not None:
        check_number('fit', 'ema', ema, low=0, high=1, low_open=True, high_open=True)

    workers = join_workers()
    with workers.working():
        state = prepare(net, head, loss, train_data, ctx=ctx, initializer=initializer, hybridize=hybridize,
                        optimizer=optimizer, optimizer_params=optimizer_params, lr_scheduler=lr_scheduler,
                        wd_mult=wd_mult, seed=seed, epochs=epochs, half=half, accumulate=accumulate, ema=ema,
                        workers=workers)
        check_precision(precision, net, state.ctx)
        callbacks = [callback for callback in sorted(callbacks, key=lambda callback: callback.order)
                     if workers.first or callback.every_worker]
        checkpoint = find_checkpoint(resume, callbacks, rename=workers.first)
        if checkpoint is not None:
            restore(checkpoint, state)
        begin_together(state)
        step = Step(state, clip_gradient, loss_scale, half, InBfloat16(net) if precision == 'bfloat16' else None,
                    teacher, distill)
        with scaled_rates(state.params, lr_mult or {}):
            run(state, step, callbacks, check_every)
        if state.average is not None:
            state.average.keep()
    return state


def run(state, step, callbacks, check_every):
    """Train from where `state` stands to its last epoch or a stop; where a callback has put it back, from there again.

    Parameters
    ----------
    state : TrainState
    step : callable
        Makes one update of a list of batches (x, label) and returns its sums, as `Step` does.
    callbacks : sequence of Callback
        In the order in which they are called.
    check_every : int
        Steps between looks at the losses.
    """
    ended = False
    while not ended:
        call_all(callbacks, 'on_train_begin', state)
        try:
            while not state.finished:
                _run_epoch(state, step, callbacks, check_every)
            state.read_losses()
            ended = True
        except Exception as error:
            if not any([callback.on_error(state, error) for callback in callbacks]):
                raise
    call_all(callbacks, 'on_train_end', state)


def _run_epoch(state, step, callbacks, check_every):
    """Train the running epoch to its end or a stop."""
    state.meter.start()
    for batches in epoch_batches(state.train_data, state.epoch, state.batch, state.step, state.seed, state.accumulate,
                                 state.workers):
        sums = step(batches)
        state.step += 1
        state.batch += 1
        state.meter.add(state.step, state.learning_rate, *sums)
        if len(state.meter) > check_every:
            state.read_losses(leave=1)  # the newest may still be on its way: do not wait for it
        call_all(callbacks, 'on_step_end', state)
        if state.stop_reason:
            return
    state.end_epoch()
    call_all(callbacks, 'on_epoch_end', state)
