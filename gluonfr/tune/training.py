"""One candidate on the people outside one fold: a linear layer on embeddings, or the last part of the network."""
import gc
import math
import re
from types import SimpleNamespace
from typing import Any, Callable, Dict, List, Optional, Sequence

import mxnet as mx
import numpy as np
from mxnet import nd
from mxnet.gluon import Block, nn

from ..data.loading import ArrayLoader, ImageLoader
from ..data.loading.training_loader import default_batch
from ..data.subset import Subset
from ..deploy import Embedder
from ..train import Checkpoint, NonFiniteLoss, StopAfter, class_means, fit, freeze, make_optimizer
from ..train.freeze import NORMS
from ..train.loss_and_head import loss_and_head
from ..train.parameters import named_parameters
from ..utils import IterLRScheduler
from .candidates import Candidate

__all__ = ['SLOWER', 'adapt', 'batch_of', 'begin_at_means', 'early_layers', 'finetune', 'steps_of_epoch',
           'train_start']

WD, MOMENTUM, CLIP, WARM = 5e-4, 0.9, 5.0, 0.1
MOST_BATCH = 64
SLOWER = 0.1  # of the rate of the class layer: that of the network, whose weights are good already
PART = 0.25   # of the layers, from behind, that are fine-tuned
NOISE = 0.1   # length of it beside that of a direction
OF_A_CLASS = 'centers', 'mean'  # ends of names of what lies in the space of the embeddings
AUGMENT = 'mirror'
START_LR = 0.05


def batch_of(images: int) -> int:
    """Images a batch for a training on so many: as `gluonfr train`, but at most 64, for the memory."""
    return min(default_batch(images), MOST_BATCH)


def steps_of_epoch(images: int) -> int:
    """Batches of an epoch of so many images, >= 1."""
    return images // batch_of(images)


def adapt(candidate: Candidate, embeddings: np.ndarray, labels: np.ndarray, train: np.ndarray, *, steps: int,
          seed: int = 0) -> Optional[np.ndarray]:
    """All embeddings after a linear layer that begins as the identity and is trained with a class layer and a loss.

    Parameters
    ----------
    candidate : Candidate
    embeddings : float32 array (N, D)
        Of a network that stays as it is.
    labels : int array (N,)
    train : int array
        The images to train on.
    steps : int
        Updates, >= 1.
    seed : int

    Returns
    -------
    float32 array (N, D), or None
        None where the loss became NaN or infinite.
    """
    size, inside = embeddings.shape[1], embeddings[train]
    net = nn.Dense(size, use_bias=False, in_units=size, flatten=False)
    net.initialize(ctx=mx.cpu())
    net.weight.set_data(nd.array(np.eye(size)))
    loader = _loader(ArrayLoader, inside, _numbered(labels[train]), seed=seed)
    if not _train(candidate, net, loader, inside, labels[train], steps, seed):
        return None
    return embeddings @ net.weight.data().asnumpy().T


def finetune(candidate: Candidate, net: Block, images: Any, embeddings: np.ndarray, labels: np.ndarray,
             train: np.ndarray, test: np.ndarray, *, steps: int, frozen: Sequence[str] = (),
             seed: int = 0) -> Optional[np.ndarray]:
    """Embeddings (len(test), D) of other images after a short training of the network itself; None as of `adapt`.

    Parameters
    ----------
    net : Block
        It is changed.
    images : data set
    embeddings : float32 array (N, D)
        Of the network as it begins.
    test : int array
        The images to embed afterwards.
    frozen : sequence of str
        Patterns of `freeze`; what is not frozen learns at a tenth of the rate of the class layer, `SLOWER`. Of a
        network without frozen layers, which is not trained to its end, all learn at the full rate.
    """
    if frozen:
        freeze(frozen, net=net)
    chosen = Subset(images, train, _numbered(labels[train]))
    loader = _loader(ImageLoader, chosen, seed=seed, transform=AUGMENT, spec=net.input_spec)
    if not _train(candidate, net, loader, embeddings[train], labels[train], steps, seed,
                  lr_mult={'net/': SLOWER} if frozen else None):
        return None
    return Embedder(net, normalize=False)(Subset(images, test, labels[test]))


def train_start(net: Block, images: Any, labels: np.ndarray, train: np.ndarray, folder: str, *, steps: int,
                seed: int = 0, callbacks: Sequence[Any] = ()) -> None:
    """Train a new network with softmax, where there is none to begin with; it goes on from checkpoints in a folder."""
    chosen = Subset(images, train, _numbered(labels[train]))
    loader = _loader(ImageLoader, chosen, seed=seed, transform=AUGMENT, spec=net.input_spec)
    mx.random.seed(seed)
    net.initialize(ctx=mx.cpu())
    if not _train(Candidate('softmax', (), START_LR), net, loader, None, labels[train], steps, seed,
                  [Checkpoint(folder), *callbacks], resume='auto'):
        raise ValueError('tune: network must train with softmax at the rate {:g}, and its loss became NaN or '
                         'infinite. Give another network, or net.'.format(START_LR))


def early_layers(net: Block) -> List[str]:
    """Patterns for `freeze`: all layers of a network but the last quarter of those with weights, and all BatchNorms.

    Over few images the statistics of a BatchNorm, gamma and beta follow the images rather than the people.
    """
    names = [name for name, param in named_parameters(net=net).items() if param.grad_req != 'null']
    layers = list(dict.fromkeys('.'.join(name.split('.')[:2]) for name in names))
    kept: Dict[str, List[str]] = {}
    for name in layers[:len(layers) - max(2, math.ceil(PART * len(layers)))]:
        first, _, second = name.partition('.')
        kept.setdefault(first, []).append(second)
    return [r'{}\.({})\.'.format(first, '|'.join(seconds)) for first, seconds in kept.items()] + (
        [NORMS] if any(re.match(NORMS, name) for name in names) else [])


def begin_at_means(head: Optional[Block], loss: Block, embeddings: np.ndarray, labels: np.ndarray,
                   seed: int = 0) -> None:
    """Set what the class layer, or the loss, keeps for each class to the mean of its embeddings.

    "Low-Shot Learning with Imprinted Weights" (arXiv:1712.07136): weights get the mean direction, of several for a
    class each with a little noise; centres in the space of the embeddings get the mean itself.

    Parameters
    ----------
    head, loss : Block or None, Block
        As they go to `fit`, not initialised yet.
    embeddings : float array (N, D)
    labels : int array (N,)
        From 0 on without gaps.
    seed : int
        Of the noise, and of what has no class.
    """
    classes, random = int(labels.max()) + 1, np.random.RandomState(seed)
    directions, means = (class_means(embeddings, labels, normalize=unit)[0] for unit in (True, False))
    mx.random.seed(seed)
    for name, param in named_parameters(head=head, loss=loss).items():
        param.initialize(ctx=mx.cpu(), default_init=mx.init.Xavier())
        if len(param.shape) != 2 or param.shape[1] != embeddings.shape[1] or param.shape[0] % classes:
            continue
        if name.endswith(OF_A_CLASS):
            param.set_data(nd.array(means))
        elif name.endswith('weight'):
            copies = param.shape[0] // classes
            noise = NOISE * random.randn(*param.shape) / np.sqrt(param.shape[1]) if copies > 1 else 0
            param.set_data(nd.array(np.repeat(directions, copies, axis=0) + noise))


def _loader(kind: Callable, data: Any, *more: Any, **settings: Any) -> Any:
    return kind(data, *more, batch_size=batch_of(len(data)), shuffle=True, last_batch='discard', **settings)


def _numbered(labels):
    """Labels from 0 on without gaps."""
    return np.unique(labels, return_inverse=True)[1].astype(np.int32)


def _train(candidate, net, loader, embeddings, labels, steps, seed, callbacks=(), lr_mult=None, resume=None):
    """Train a network in place by a candidate; whether the loss stayed finite."""
    gc.collect()  # networks before this one refer to themselves, and hold gigabytes of a graph's memory
    labels = _numbered(labels)
    classes = int(labels.max()) + 1
    size = embeddings.shape[1] if embeddings is not None else net.input_spec.embedding_size
    loss, head = loss_and_head(candidate.loss, dict(candidate.arguments), path='DATA', embedding_size=size,
                               batch_size=loader.batch_size, ctx=[mx.cpu()],
                               dataset=SimpleNamespace(num_classes=classes, labels=labels))
    if embeddings is not None:
        begin_at_means(head, loss, embeddings, labels, seed)
    schedule = IterLRScheduler('cosine', candidate.lr, steps, warmup_iters=int(WARM * steps))
    try:
        fit(net, loss, loader, head=head, epochs=math.ceil(steps / len(loader)), ctx=mx.cpu(), seed=seed,
            optimizer=make_optimizer('sgd', schedule, WD, MOMENTUM), clip_gradient=CLIP, lr_mult=lr_mult, resume=resume,
            callbacks=[StopAfter(steps), *callbacks])
    except NonFiniteLoss:
        return False
    return True
