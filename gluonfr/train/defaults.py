"""Options of `gluonfr train` that follow from the data where they are not given."""
import logging
import math
from collections import namedtuple
from ..utils.messages import counted

__all__ = ['BATCH', 'LR', 'Numbers', 'choose_numbers', 'default_batch']

BATCH, LR, EPOCHS = 128, 0.1, 20
BATCHES, SMALLEST = 4, 8  # batches an epoch that a set should give; a BatchNorm over less than 8 images is noise
Numbers = namedtuple('Numbers', 'batch_size lr steps epochs warmup margin_warmup')
log = logging.getLogger('gluonfr')


def default_batch(images):
    """The batch size for a set of so many images: 128, or less where that gives less than four batches an epoch."""
    fitting = 1 << max(images // BATCHES, 1).bit_length() - 1
    return min(BATCH, max(fitting, SMALLEST), images)


def choose_numbers(images, batch_size, per_epoch, *, batch_chosen, lr=None, steps=None, epochs=None, warmup=0,
                   margin_warmup=0):
    """The numbers of a run as they were given, else by the set and the length of the run; what is chosen is said.

    Parameters
    ----------
    images, per_epoch : int
        Of the training set, and its batches an epoch.
    batch_size : int
        Of the batches; `batch_chosen` tells that it is the default.
    lr : float or None
        None for 0.1, less in proportion for a default batch below 128.
    steps, epochs : int or None
        Length of the run: 20 epochs, or what the steps take.
    warmup, margin_warmup : int or 'auto'
        Steps; 'auto' is a tenth of the run, at most 100, and a quarter, at most 500.

    Returns
    -------
    Numbers : namedtuple (batch_size, lr, steps, epochs, warmup, margin_warmup)
    """
    chosen = ['--batch-size {}'.format(batch_size)]
    if lr is None:
        lr = LR * batch_size / BATCH if batch_chosen else LR
        chosen.append('--lr {:g}'.format(lr))
    if batch_chosen and batch_size < BATCH:
        log.info('default for %s: %s', counted(images, 'image'), ' '.join(chosen))

    most = (epochs or EPOCHS) * per_epoch if epochs or not steps else steps
    steps = min(steps or most, most)
    chosen = []
    if warmup == 'auto':
        warmup = min(100, steps // 10)
        chosen.append('--warmup {}'.format(warmup))
    if margin_warmup == 'auto':
        margin_warmup = min(500, steps // 4)
        chosen.append('--margin-warmup {}'.format(margin_warmup))
    if chosen:
        log.info('auto, for %s: %s', counted(steps, 'step'), ' '.join(chosen))
    if margin_warmup > steps:
        log.warning('--margin-warmup %d is longer than the run of %s: the margin ends at %.0f %% of its value',
                    margin_warmup, counted(steps, 'step'), 100 * steps / margin_warmup)
    return Numbers(batch_size, lr, steps, math.ceil(steps / per_epoch), warmup, margin_warmup)
