"""What `gluonfr train` says about its options: what it has chosen, and what is allowed and often not meant.

examples/face/README.md has all of the advice, with its reasons.
"""
import logging

from ..data.loading.training_loader import BATCH
from ..loss import LOSSES, loss_keywords, parse_loss
from ..model_zoo import MODELS
from ..train import Callback
from ..train.defaults import LR
from ..utils.messages import counted

__all__ = ['Advice', 'hints', 'say_chosen', 'say_unused_labels']

SMALL, LARGE = 128, 512         # dimensions
LEAST_AVERAGES = 4              # times the length of an average that a run should have
LIGHT = 'mobilefacenet', 'mbf'  # families
log = logging.getLogger('gluonfr')


def say_chosen(numbers, images, *, batch_size, lr, warmup, margin_warmup):
    """Log what `numbers` have in the place of options that were not given, or are auto."""
    if batch_size is None and numbers.batch_size < BATCH:
        log.info('default for %s: --batch-size %d%s', counted(images, 'image'), numbers.batch_size,
                 ' --lr {:g}'.format(numbers.lr) if lr is None else '')
    chosen = ['--{} {}'.format(name, value) for name, given, value in (
        ('warmup', warmup, numbers.warmup), ('margin-warmup', margin_warmup, numbers.margin_warmup)) if given == 'auto']
    if chosen:
        log.info('auto, for %s: %s', counted(numbers.steps, 'step'), ' '.join(chosen))
    if numbers.margin_warmup > numbers.steps:
        log.warning('--margin-warmup %d is longer than the run of %s: the margin ends at %.0f %% of its value',
                    numbers.margin_warmup, counted(numbers.steps, 'step'), 100 * numbers.steps / numbers.margin_warmup)


def say_unused_labels(path, people, classes):
    """Log that a class layer has places for people who have no images."""
    log.warning('--dataset %s: %s of the labels 0 to %s have no images, and places in the class layer all the same. '
                '`gluonfr pack folder %s --relabel --out DIR` numbers the people 0 to %s.', path,
                *map('{:,}'.format, (classes - people, classes - 1)), path, '{:,}'.format(people - 1))


def hints(*, network, embedding_size, finetuned, loss, loss_arguments, margin_warmup, optimizer, batch_size, lr,
          sampler, steps, accumulate=1, ema=None, distill=None, teacher_size=None):
    """Lines for one run.

    Parameters
    ----------
    network, embedding_size : str, int
        The network and the length of its embeddings.
    finetuned : bool
        Whether the network begins with trained weights.
    loss, loss_arguments : str, dict
        A loss of `get_loss` and what was given for it.
    margin_warmup, batch_size : int
    optimizer, lr : str, float
    sampler : str
        As ``--sampler`` has it.
    steps, accumulate : int
        Updates of the run, and batches to each.
    ema, distill : float or None
        The decay of an average, and the factor of a teacher, if there is one.
    teacher_size : int or None
        The length of its embeddings, if it is known.

    Returns
    -------
    list of str
    """
    lines, network = [], MODELS.canonical(network)
    if any(part.name == 'arcface' and 'easy_margin' not in {**part.arguments, **loss_arguments}
           for part in parse_loss(loss)):
        lines.append('ArcFace has easy_margin=True by default, as in gluonfr 1.0: targets beyond 90 degrees, half of '
                     "them on a fresh net, get no margin. The paper's loss: --loss-args easy_margin=False.")
    if any(part.name == 'svxsoftmax' and not {'t', 'm', 'm1', 'm2', 'm3'} & {*part.arguments, *loss_arguments}
           for part in parse_loss(loss)):
        lines.append('SVXSoftmax has neither margin nor emphasis by default, as in gluonfr 1.0: it is softmax over '
                     "cosines. The paper's loss: --loss-args t=1.2 m2=0.35, or t=1.2 m3=0.5.")
    for part in parse_loss(loss):
        if LOSSES.get(part.name).wants_groups and not sampler.startswith('pk'):
            lines.append('{} learns from several images of one person in a batch, and {} batches hold such pairs by '
                         'chance only: try --sampler pk:32x4, 4 images each of 32 people.'.format(part.name, sampler))
    images = batch_size * accumulate
    if images < BATCH and optimizer.lower() in ('sgd', 'nag') and lr >= LR:
        lines.append('--lr {:g} is for batches of {} and more: with --batch-size {}{}, try --lr {:.2g}.'.format(
            lr, BATCH, batch_size, ' --accumulate {}'.format(accumulate) if accumulate > 1 else '',
            LR * images / BATCH))
    if ema is not None and (1 - ema) * steps < LEAST_AVERAGES:
        lines.append('--ema {:g} averages over about {:,.0f} steps, and the run has {:,}: the average keeps much of '
                     'its beginning. Try --ema {:.3g}.'.format(ema, 1 / (1 - ema), steps, max(0.5, 1 - 10 / steps)))
    if distill is not None and distill < 10 and teacher_size and teacher_size != embedding_size:
        lines.append('with embeddings of {} values for the {} of the teacher, its distance is small: try --distill 10 '
                     'to 100, or --embedding-size {}.'.format(embedding_size, teacher_size, teacher_size))
    if not finetuned and not margin_warmup and 'margin_warmup' in loss_keywords(loss) and embedding_size <= SMALL:
        lines.append('a margin is hard to begin with in {} dimensions: train with --loss softmax first and then with '
                     '--finetune, or let the margin grow with --margin-warmup.'.format(embedding_size))
    if not finetuned and embedding_size >= LARGE and network.startswith(LIGHT):
        lines.append('{} dimensions are hard to train for a small network such as {}: try --embedding-size 128 or 256.'
                     .format(embedding_size, network))
    return lines


class Advice(Callback):
    """Prints hints at the beginning of a run, when nothing is refused any more."""
    order = -4  # before anything is said of the run

    def __init__(self, lines):
        self._lines = lines

    def on_train_begin(self, state):
        for line in self._lines:
            print('hint: ' + line)
        self._lines = []  # once, also where the training goes back
