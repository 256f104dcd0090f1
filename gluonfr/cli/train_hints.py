"""What `gluonfr train` says once about options that are allowed and often not what is meant.

The advice is that of the ArcFace-training document; examples/face/README.md has all of it.
"""
from ..loss import LOSSES
from ..model_zoo import MODELS
from .train_defaults import BATCH, LR

__all__ = ['hints']

SMALL, LARGE = 128, 512         # dimensions
LIGHT = 'mobilefacenet', 'mbf'  # families


def hints(args, loss_arguments, embedding_size):
    """Lines for one run.

    Parameters
    ----------
    args : Namespace
        The options of `gluonfr train`.
    loss_arguments : dict
        What the user gave as --loss-args.
    embedding_size : int

    Returns
    -------
    list of str
    """
    said = []
    accepted, network = LOSSES.keywords(args.loss), MODELS.canonical(args.network)
    if LOSSES.canonical(args.loss) == 'arcface' and 'easy_margin' not in loss_arguments:
        said.append('ArcFace has easy_margin=True by default, as in gluonfr 1.0: targets beyond 90 degrees, half of '
                    "them on a fresh net, get no margin. The paper's loss: --loss-args easy_margin=False.")
    if args.batch_size < BATCH and args.optimizer.lower() in ('sgd', 'nag') and args.lr >= LR:
        said.append('--lr {:g} is for batches of {} and more: with --batch-size {}, try --lr {:.2g}.'.format(
            args.lr, BATCH, args.batch_size, LR * args.batch_size / BATCH))
    if not args.finetune and not args.margin_warmup and 'margin_warmup' in accepted and embedding_size <= SMALL:
        said.append('a margin is hard to begin with in {} dimensions: train with --loss softmax first and go on with '
                    '--finetune, or let the margin grow with --margin-warmup.'.format(embedding_size))
    if not args.finetune and embedding_size >= LARGE and network.startswith(LIGHT):
        said.append('{} dimensions are hard to train for a light net such as {}: try --embedding-size 128 or 256.'
                    .format(embedding_size, network))
    return said
