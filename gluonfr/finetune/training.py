"""One training of a start network: on all people, or on those of the other folds."""
import os
import re
from typing import Any, Callable, List, Optional, Sequence

import mxnet as mx
import numpy as np
from mxnet.gluon import Block, HybridBlock

from ..data import ImageLoader
from ..deploy import Embedder
from ..loss import get_loss
from ..nn import get_head
from ..train import Callback, Checkpoint, NonFiniteLoss, class_means, fit, freeze, layer_decay
from ..train.freeze import NORMS
from ..train.parameters import named_parameters
from ..utils import IterLRScheduler
from ..utils.arrays_file import read_npz
from ..utils.files import save_npz
from .plan import Plan, scale_for

__all__ = ['HeldOut', 'embeddings_path', 'head_of_means', 'kept_layers', 'read_embeddings', 'steps_of_epoch',
           'train_last_stages']

MOMENTUM, WD = 0.9, 5e-4


def head_of_means(embeddings: np.ndarray, labels: np.ndarray) -> Block:
    """A class layer whose weights are the mean directions of each person's embeddings.

    That is the class layer trained first, with the network kept as it is, at once and exactly: "Low-Shot Learning with
    Imprinted Weights" (1712.07136). The last stages then begin with small gradients.

    Parameters
    ----------
    embeddings : float array (N, D)
        Of the start network.
    labels : int array (N,)
        From 0 on, without gaps.

    Returns
    -------
    Block : embedding (B, D) -> cosines (B, C)

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.finetune.training import head_of_means
    >>> head = head_of_means(np.array([[3.0, 0], [1, 0], [0, 2]]), np.array([0, 0, 1]))
    >>> head.weight.data().asnumpy().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    means = class_means(embeddings, labels, normalize=True)[0]
    head = get_head('cosine', *means.shape)
    head.initialize()
    head.weight.set_data(mx.nd.array(means))
    return head


class HeldOut(Callback):
    """Embeds held-out images after each epoch, into a file each: what `judge` chooses the epoch by.

    Parameters
    ----------
    folder : str
    images : dataset
    flip : {'none', 'sum', 'concat'}
    """
    order = -1  # before the checkpoint: a run that goes on from it finds the file

    def __init__(self, folder: str, images: Any, flip: str):
        self._folder, self._images, self._flip = folder, images, flip

    def on_epoch_end(self, state):
        embedder = Embedder(state.net, flip=self._flip, normalize=False)
        try:
            embeddings = embedder(self._images)
        except ValueError as error:
            if 'must be finite' not in str(error):
                raise
            raise NonFiniteLoss('an embedding is not finite after the update', state.step, state.epoch,
                                state.learning_rate, state.last_checkpoint) from error
        save_npz(embeddings_path(self._folder, state.epoch), {'embeddings': embeddings})
        state.meter.start()


def embeddings_path(folder: str, epoch: int) -> str:
    """The file of `HeldOut` for an epoch, from 1 on."""
    return os.path.join(folder, 'epoch-{:03d}.npz'.format(epoch))


def read_embeddings(folder: str, epoch: int) -> np.ndarray:
    """What `HeldOut` wrote after an epoch, (N, D)."""
    return read_npz(embeddings_path(folder, epoch))['embeddings']


def train_last_stages(net: HybridBlock, images: Any, embeddings: np.ndarray, plan: Plan, folder: str, *,
                      epochs: Optional[int] = None, callbacks: Sequence[Callback] = (),
                      teacher: Optional[Callable] = None, distill: float = 1.0) -> HybridBlock:
    """Fine-tune a network to the people of some images; what was killed goes on from the checkpoints in the folder.

    The class layer begins with `head_of_means`. The layers nearest to the input stay as they are, and so do all
    BatchNorms: over few images their statistics, and gamma and beta, follow the images rather than the people. The
    other layers learn by ArcFace, the slower the nearer to the input, with a margin that grows from 0.

    Parameters
    ----------
    net : HybridBlock
        With the weights of the start; it is changed.
    images : dataset
        With `labels` from 0 on.
    embeddings : array (N, D)
        Of the images, by the start network without flip.
    plan : Plan
    folder : str
        For checkpoints and callbacks; made.
    epochs : int or None
        Where to stop, without a change of the learning rates before; None: after all epochs of the plan.
    callbacks : sequence of Callback
    teacher, distill
        As for `fit`.

    Returns
    -------
    HybridBlock
        The network, trained.
    """
    classes = images.num_classes
    loader = ImageLoader(images, min(plan.batch_size, len(images)), shuffle=True, seed=plan.seed, spec=net.input_spec,
                         transform=plan.augment, last_batch='discard')
    steps = plan.epochs * steps_of_epoch(len(images), plan)
    loss = get_loss('arcface', classes=classes, m=plan.margin, s=plan.scale or scale_for(classes), easy_margin=False,
                    margin_warmup=steps // 4)
    head = head_of_means(embeddings, images.labels)
    patterns = kept_layers(net, plan.frozen)
    if patterns:
        freeze(patterns, net=net, head=head)
    schedule = IterLRScheduler('cosine', plan.lr, steps, warmup_iters=min(steps // 10, len(loader)))
    fit(net, loss, loader, head=head, epochs=epochs or plan.epochs, lr_scheduler=schedule, seed=plan.seed,
        optimizer_params={'momentum': MOMENTUM, 'wd': WD}, lr_mult=layer_decay(net, plan.decay), resume='auto',
        callbacks=[Checkpoint(folder, keep=2), *callbacks], teacher=teacher, distill=distill)
    return net


def steps_of_epoch(images: int, plan: Plan) -> int:
    """Batches of an epoch over so many images; what fills no batch waits for another epoch's order."""
    return images // min(plan.batch_size, images)


def kept_layers(net: HybridBlock, share: float) -> List[str]:
    """Patterns of the parameters that stay as they are: those of the first layers, and of all BatchNorms.

    Parameters
    ----------
    net : HybridBlock
    share : float
        Of the layers of `net.features`.
    """
    names = list(named_parameters(net=net))
    first = int(share * len(net.features))
    patterns = [r'net/features\.({})\.'.format('|'.join(map(str, range(first))))] if first else []
    return [pattern for pattern in [*patterns, NORMS] if any(re.match(pattern, name) for name in names)]
