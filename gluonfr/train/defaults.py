"""Numbers of a training that follow from its data and its length where they are not given."""
import math
from collections import namedtuple
from typing import Optional, Sequence, Union

from ..data.loading.training_loader import BATCH

__all__ = ['LR', 'Numbers', 'choose_numbers']

LR, EPOCHS = 0.1, 20
Numbers = namedtuple('Numbers', 'batch_size lr lr_mode steps epochs warmup margin_warmup')


def choose_numbers(per_epoch: int, *, batch_size: Optional[int] = None, default: int = BATCH,
                   lr: Optional[float] = None, lr_mode: Optional[str] = None, lr_steps: Sequence[int] = (),
                   steps: Optional[int] = None, epochs: Optional[int] = None, warmup: Union[int, str] = 0,
                   margin_warmup: Union[int, str] = 0, accumulate: int = 1) -> Numbers:
    """The numbers of a run as they were given, else by the set and the length of the run.

    Parameters
    ----------
    per_epoch : int
        Batches an epoch.
    batch_size, default : int or None, int
        Images a batch, and what is taken for None.
    lr : float or None
        None for 0.1, less in proportion for steps of less than 128 images where the batch size is the default.
    lr_mode : {'step', 'cosine', 'poly'} or None
        None for 'step' with `lr_steps`, else 'cosine'.
    steps, epochs : int or None
        Length of the run: 20 epochs, or what the steps take.
    warmup, margin_warmup : int or 'auto'
        Steps; 'auto' is a tenth of the run, at most 100, and a quarter, at most 500.
    accumulate : int
        Batches to a step, as for `fit`.

    Returns
    -------
    Numbers : namedtuple (batch_size, lr, lr_mode, steps, epochs, warmup, margin_warmup)

    Raises
    ------
    ValueError
        The warm-up is longer than a run whose rate depends on its length.

    Examples
    --------
    >>> from gluonfr.train.defaults import choose_numbers
    >>> numbers = choose_numbers(6, default=8, epochs=2, warmup='auto')
    >>> numbers.batch_size, numbers.lr, numbers.lr_mode, numbers.steps, numbers.warmup
    (8, 0.00625, 'cosine', 12, 1)
    """
    size = batch_size or default
    if lr is None:
        lr = LR if batch_size else LR * min(size * accumulate, BATCH) / BATCH
    per_epoch = math.ceil(per_epoch / accumulate)
    lr_mode = lr_mode or ('step' if lr_steps else 'cosine')
    most = (epochs or EPOCHS) * per_epoch if epochs or not steps else steps
    steps = min(steps or most, most)
    if warmup == 'auto':
        warmup = min(100, steps // 10)
    if margin_warmup == 'auto':
        margin_warmup = min(500, steps // 4)
    if lr_mode != 'step' and warmup > steps:
        raise ValueError("choose_numbers: warmup must be at most {}, the steps of this run, got {}. warmup='auto' fits "
                         'every run.'.format(steps, warmup))
    return Numbers(size, lr, lr_mode, steps, math.ceil(steps / per_epoch), warmup, margin_warmup)
