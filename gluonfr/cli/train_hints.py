"""What `gluonfr train` says once about options that are allowed and often not what is meant.

The advice is that of the ArcFace-training document; examples/face/README.md has all of it.
"""
from ..loss import loss_keywords, parse_loss
from ..model_zoo import MODELS
from ..train.defaults import BATCH, LR

__all__ = ['hints']

SMALL, LARGE = 128, 512         # dimensions
LIGHT = 'mobilefacenet', 'mbf'  # families


def hints(*, network, embedding_size, finetuned, loss, loss_arguments, margin_warmup, optimizer, batch_size, lr):
    """Lines for one run.

    Parameters
    ----------
    network, embedding_size : str, int
        The net and the length of its embeddings.
    finetuned : bool
        Whether the net begins with trained weights.
    loss, loss_arguments : str, dict
        A loss of `get_loss` and what was given for it.
    margin_warmup, batch_size : int
    optimizer, lr : str, float

    Returns
    -------
    list of str
    """
    lines, network = [], MODELS.canonical(network)
    if any(part.name == 'arcface' and 'easy_margin' not in {**part.arguments, **loss_arguments}
           for part in parse_loss(loss)):
        lines.append('ArcFace has easy_margin=True by default, as in gluonfr 1.0: targets beyond 90 degrees, half of '
                     "them on a fresh net, get no margin. The paper's loss: --loss-args easy_margin=False.")
    if batch_size < BATCH and optimizer.lower() in ('sgd', 'nag') and lr >= LR:
        lines.append('--lr {:g} is for batches of {} and more: with --batch-size {}, try --lr {:.2g}.'.format(
            lr, BATCH, batch_size, LR * batch_size / BATCH))
    if not finetuned and not margin_warmup and 'margin_warmup' in loss_keywords(loss) and embedding_size <= SMALL:
        lines.append('a margin is hard to begin with in {} dimensions: train with --loss softmax first and then with '
                     '--finetune, or let the margin grow with --margin-warmup.'.format(embedding_size))
    if not finetuned and embedding_size >= LARGE and network.startswith(LIGHT):
        lines.append('{} dimensions are hard to train for a small network such as {}: try --embedding-size 128 or 256.'
                     .format(embedding_size, network))
    return lines
