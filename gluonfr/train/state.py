"""What a running training is: the object that callbacks see and `fit` returns."""
import math
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Callable, ContextManager, Dict, List, Optional

from mxnet import Context
from mxnet.gluon import Block, Parameter, Trainer

from .apart import keeps_apart
from ..distributed.workers import Alone
from .average import Average
from .meter import Meter
from .types import Batches

__all__ = ['NonFiniteLoss', 'TrainState', 'loss_scalars']


class NonFiniteLoss(RuntimeError):
    """The loss or a parameter became NaN or infinite.

    Attributes
    ----------
    step : int
        The update, from 1, whose loss was the first that is not finite.
    epoch : int
        Its epoch, from 1.
    learning_rate : float
        The learning rate at that update.
    checkpoint : str or None
        The last good checkpoint.
    """

    def __init__(self, what: str, step: int, epoch: int, learning_rate: float, checkpoint: Optional[str]):
        super().__init__(
            'fit: {} at step {} (epoch {}, learning rate {:g}). The last good checkpoint is {}. Try a lower learning '
            'rate, a warm-up, clip_gradient, or a smaller scale s or margin m, and look for NaN in the input.'.format(
                what, step, epoch, learning_rate, checkpoint or 'none (no Checkpoint callback has saved one)'))
        self.step, self.epoch, self.learning_rate, self.checkpoint = step, epoch, learning_rate, checkpoint


@dataclass
class TrainState:
    """One training run.

    Attributes
    ----------
    net, head, loss : Block
        What is trained; `head` may be None.
    train_data : iterable
        The training loader.
    ctx : list of Context
        Where it trains.
    params : dict of str to Parameter
        All parameters of net, head and loss by a stable name.
    trainer : gluon.Trainer
        Owns the optimizer.
    optimizer_start : dict
        Plain numbers of the optimizer before the first step; what differs later is saved with a checkpoint.
    seed : int
        Seed of the run.
    epochs : int
        Epochs asked for.
    steps_per_epoch : int or None
        Updates an epoch, None if the loader has no length.
    accumulate : int
        Batches to an update.
    average : Average or None
        Of the weights, what `averaged` takes.
    epoch : int
        Epochs finished.
    batch : int
        Updates of the running epoch: batches, or groups of `accumulate` batches.
    step : int
        Updates made.
    history : list of dict
        A row for each finished epoch: epoch (from 1), step, loss, accuracy (None without class scores), lr, seconds,
        images_per_second, the distance to a teacher where there is one, the loss's scalars, and what callbacks add,
        such as test_accuracy.
    metrics : dict
        The newest value of what callbacks measured, by name.
    best : dict or None
        Where the monitored metric was best: metric, value, epoch, step; kept by `Checkpoint`.
    last_checkpoint : str or None
        Path of the newest checkpoint of this run.
    stop_reason : str or None
        Why training ended early.
    doing : callable
        What takes long beside the training calls it with its name, and with '' at its end: a progress bar shows it.
    intervals : dict
        By the number of steps of an interval, what its mean has gathered: kept by `LogLine` and its kin.
    observe : callable or None
        Gets images, `Output` and the divisor of the gradients of each step on the first context, before the update.
    workers : Alone or Workers
        Those that train together.
    meter : Meter
        Running loss and accuracy of the epoch, up to `check_every` steps late.
    """
    net: Block
    head: Optional[Block]
    loss: Block
    train_data: Batches
    ctx: List[Context]
    params: Dict[str, Parameter]
    trainer: Trainer
    optimizer_start: Dict[str, Any]
    seed: int
    epochs: int
    steps_per_epoch: Optional[int] = None
    accumulate: int = 1
    average: Optional[Average] = None
    epoch: int = 0
    batch: int = 0
    step: int = 0
    history: List[Dict[str, Any]] = field(default_factory=list)
    metrics: Dict[str, Any] = field(default_factory=dict)
    best: Optional[Dict[str, Any]] = None
    last_checkpoint: Optional[str] = None
    stop_reason: Optional[str] = None
    doing: Callable[[str], None] = field(default=lambda name: None, repr=False)
    intervals: Dict[str, Any] = field(default_factory=dict)
    observe: Optional[Callable[..., None]] = field(default=None, repr=False)
    workers: Alone = field(default_factory=Alone, repr=False)
    meter: Meter = field(default_factory=Meter)

    @property
    def apart(self) -> Dict[str, Block]:
        """Blocks that keep what they learn outside the parameters and move it themselves, by name; see `gluonfr.nn`."""
        return {name: block for name, block in (('net', self.net), ('head', self.head), ('loss', self.loss))
                if keeps_apart(block)}

    @property
    def learning_rate(self) -> float:
        """Learning rate of the newest update."""
        return self.trainer.learning_rate

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to train: all epochs are done or a stop was asked for."""
        return self.epoch >= self.epochs or self.stop_reason is not None

    def averaged(self) -> ContextManager[None]:
        """Net, head and loss have the averaged weights meanwhile, if the run averages them: for evaluations.

        Examples
        --------
        >>> from gluonfr.train import Callback
        >>> class Measure(Callback):
        ...     def on_epoch_end(self, state):
        ...         with state.averaged():
        ...             pass  # what uses state.net
        """
        return nullcontext() if self.average is None else self.average.in_place()

    def request_stop(self, reason: str) -> None:
        """Ask the loop to end after this step or epoch; `reason` is a sentence for the log."""
        self.stop_reason = reason

    def read_losses(self, leave: int = 0) -> None:
        """Bring the losses of all steps but the newest `leave` into `meter`.

        Raises
        ------
        NonFiniteLoss
            One of them is NaN or infinite.
        """
        bad = self.meter.read(leave)
        if bad is not None:
            step, lr, value = bad
            raise NonFiniteLoss('the loss is {}'.format(value), step, self.epoch + 1, lr, self.last_checkpoint)

    def epoch_row(self) -> Dict[str, Any]:
        """The history row of the epoch whose losses are in `meter`."""
        distance = {} if self.meter.distance is None else {'distance': self.meter.distance}
        return dict(epoch=self.epoch + 1, step=self.step, loss=self.meter.loss, accuracy=self.meter.accuracy,
                    lr=self.learning_rate, seconds=round(self.meter.seconds, 3),
                    images_per_second=round(self.meter.images_per_second, 1), **distance, **loss_scalars(self.loss))

    def end_epoch(self) -> None:
        """Add the row of the running epoch to `history` and stand before the first batch of the next one.

        Raises
        ------
        NonFiniteLoss
            As `read_losses`.
        """
        self.read_losses()
        self.history.append(self.epoch_row())
        self.epoch, self.batch = self.epoch + 1, 0
        self.meter.reset()

    def __repr__(self):
        last = self.history[-1]['loss'] if self.history else math.nan
        return 'TrainState(epoch={}/{}, step={}, loss={:.4g}{})'.format(
            self.epoch, self.epochs, self.step, last, ', stopped: ' + self.stop_reason if self.stop_reason else '')


def loss_scalars(loss):
    """What the loss wants shown, such as a radius: its `scalars()` as a dict of floats, or an empty dict."""
    return {name: float(value) for name, value in loss.scalars().items()} if hasattr(loss, 'scalars') else {}
