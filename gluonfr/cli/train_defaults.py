"""Options of `gluonfr train` that follow from the data where they are not given."""
import logging
import math

__all__ = ['BATCH', 'LR', 'default_batch', 'default_warmups', 'duration']

BATCH, LR = 128, 0.1
EPOCHS = 20
BATCHES, SMALLEST = 4, 8  # batches an epoch that a set should give; a BatchNorm over less than 8 images is noise
log = logging.getLogger('gluonfr')


def default_batch(images, batch_size=None, lr=None, grouped=False):
    """(batch size, learning rate): as given, else 128 and 0.1, in a set of few images less of both, which is said.

    `grouped` means that a sampler says the size of a batch itself.
    """
    chosen = batch_size is None
    if chosen:
        fitting = 1 << max(images // BATCHES, 1).bit_length() - 1
        batch_size = BATCH if grouped else min(BATCH, max(fitting, SMALLEST), images)
    words = ['--batch-size {}'.format(batch_size)]
    if lr is None:
        lr = LR * batch_size / BATCH if chosen else LR
        words.append('--lr {:g}'.format(lr))
    if chosen and batch_size < BATCH:
        log.info('default for %d images: %s', images, ' '.join(words))
    return batch_size, lr


def duration(per_epoch, steps=None, epochs=None):
    """(steps, epochs) of the whole run, from --steps and --epochs and the steps of an epoch."""
    most = (epochs or EPOCHS) * per_epoch if epochs or not steps else steps
    steps = min(steps or most, most)
    return steps, math.ceil(steps / per_epoch)


def default_warmups(steps, warmup=0, margin_warmup=0):
    """Steps of --warmup and --margin-warmup, where they are 'auto' by the steps of the run, which is said.

    A margin that the run will not reach is said, too.
    """
    words = []
    if warmup == 'auto':
        warmup = min(100, steps // 10)
        words.append('--warmup {}'.format(warmup))
    if margin_warmup == 'auto':
        margin_warmup = min(500, steps // 4)
        words.append('--margin-warmup {}'.format(margin_warmup))
    if words:
        log.info('auto, for %d steps: %s', steps, ' '.join(words))
    if margin_warmup > steps:
        log.warning('--margin-warmup %d is longer than the run of %d steps: the margin ends at %.0f %% of its value',
                    margin_warmup, steps, 100 * steps / margin_warmup)
    return warmup, margin_warmup
