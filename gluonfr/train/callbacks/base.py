"""What every callback is."""
from ..state import TrainState

__all__ = ['Callback']


class Callback:
    """Hooks of the training loop; each does nothing unless overridden.

    All get the `TrainState`. A hook may read it, add to ``state.history[-1]`` and ``state.metrics``, and call
    ``state.request_stop(reason)``. A callback keeps nothing that a resumed run needs: that belongs into the state.

    Attributes
    ----------
    order : int
        Smaller comes first: what measures has -1, what shows 0, what saves 1.
    every_worker : bool
        Whether each of several workers calls it, or the first alone. What writes files or shows something is for the
        first; what uses ``state.workers`` must be called by each.

    Examples
    --------
    >>> from gluonfr.train import Callback
    >>> class StopWhenGood(Callback):
    ...     def on_epoch_end(self, state):
    ...         if state.history[-1]['loss'] < 0.1:
    ...             state.request_stop('the loss is below 0.1')
    """
    order: int = 0
    every_worker: bool = False

    def on_train_begin(self, state: TrainState) -> None:
        """Before the first step, after a resume."""

    def on_step_end(self, state: TrainState) -> None:
        """After each update; ``state.meter`` may be late."""

    def on_epoch_end(self, state: TrainState) -> None:
        """After the last step of an epoch, with its row in ``state.history[-1]``."""

    def on_error(self, state: TrainState, error: Exception) -> bool:
        """Before an error ends the training. True: the state is back at a checkpoint, and training goes on from it.

        `on_train_begin` of all callbacks is called then, as after a resume.
        """
        return False

    def on_train_end(self, state: TrainState) -> None:
        """After the last epoch or a stop, not after an error."""
