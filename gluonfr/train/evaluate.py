"""Embeddings of a loader and the accuracy they give, with or without class scores."""
from collections import namedtuple
from typing import Optional, Tuple

import numpy as np
from mxnet import nd
from mxnet.gluon import Block

from ..utils.precision import is_half
from ..utils.vectors import unit_rows
from .batches import split
from .parameters import list_ctx
from .types import Batches, Contexts

__all__ = ['accuracy', 'class_means', 'classify', 'embed', 'nearest_mean']

ROWS = 4096  # rows scored at a time, bounds the memory of (rows, classes)
Embedded = namedtuple('Embedded', 'embeddings guesses labels')


def embed(net: Block, data: Batches, ctx: Optional[Contexts] = None) -> Tuple[np.ndarray, np.ndarray]:
    """Embeddings of all samples, in the order of the loader.

    Parameters
    ----------
    net : Block
        x -> embedding (B, D), or (embedding, pred).
    data : iterable
        Yields (x, label).
    ctx : Context, list of Context or None
        Where to compute; None for where the network is.

    Returns
    -------
    embeddings : numpy.ndarray, float32, (N, D)
    labels : numpy.ndarray, int64, (N,)

    Examples
    --------
    >>> from gluonfr.data import ArrayLoader
    >>> from gluonfr.train import embed
    >>> import numpy as np
    >>> from mxnet import gluon, init
    >>> net = gluon.nn.Dense(2)
    >>> net.initialize(init.One())
    >>> x, label = np.array([[1, 2], [3, 4], [5, 6]], 'float32'), np.array([0, 1, 1])
    >>> embeddings, labels = embed(net, ArrayLoader(x, label, 2))
    >>> print(embeddings.tolist(), labels.tolist())
    [[3.0, 3.0], [7.0, 7.0], [11.0, 11.0]] [0, 1, 1]
    """
    result = _run(net, data, ctx)
    return result.embeddings, result.labels


def accuracy(net: Block, data: Batches, *, head: Optional[Block] = None, loss: Optional[Block] = None,
             reference: Optional[Batches] = None, ctx: Optional[Contexts] = None) -> float:
    """Share of samples whose highest class score is their label, in [0, 1].

    The scores are those of the head, else of the network, else of the loss (`predict`), else the nearest class mean of
    the reference embeddings: see `classify`.

    Parameters
    ----------
    net, data, ctx
        As for `embed`.
    head : Block or None
        Embedding -> class scores, without a margin.
    loss : Block or None
        A loss that owns its class scores has `predict`; `normalized` tells whether it compares directions.
    reference : iterable or None
        Loader to take class means from, used only if nothing else gives scores.
    """
    found = _run(net, data, ctx)
    guesses = found.guesses
    if head is not None or guesses is None:
        if head is None and not hasattr(loss, 'predict') and reference is not None:
            reference = embed(net, reference, ctx)
        guesses = classify(found.embeddings, head=head, loss=loss, reference=reference, ctx=ctx)
    return float(np.mean(guesses == found.labels))


def classify(embeddings: np.ndarray, *, head: Optional[Block] = None, loss: Optional[Block] = None,
             reference: Optional[Tuple[np.ndarray, np.ndarray]] = None,
             ctx: Optional[Contexts] = None) -> np.ndarray:
    """Class numbers of embeddings: from the head, else from ``loss.predict``, else the nearest class mean.

    Parameters
    ----------
    embeddings : numpy.ndarray, (N, D)
    head, loss
        As for `accuracy`.
    reference : (embeddings, labels) or None
        NumPy arrays to take the class means from.
    ctx : Context, list of Context or None
        Where head or loss compute (the first of a list); None for where they are.

    Returns
    -------
    numpy.ndarray, int64, (N,)
    """
    block, scores = (head, head) if head is not None else (loss, getattr(loss, 'predict', None))
    if scores is None:
        if reference is None:
            raise ValueError('classify: without a head and a loss with predict, reference= must give embeddings and '
                             'labels to take class means from.')
        normalize = getattr(loss, 'normalized', False)
        means, classes = class_means(*reference, normalize=normalize)
        return classes[nearest_mean(embeddings, means, normalize=normalize)]
    context = _contexts(block, ctx)[0]
    guesses = [scores(nd.array(embeddings[i:i + ROWS], ctx=context)).argmax(axis=-1).asnumpy()
               for i in range(0, len(embeddings), ROWS)]
    return np.concatenate(guesses).astype('int64')


def class_means(embeddings: np.ndarray, labels: np.ndarray,
                normalize: bool = False) -> Tuple[np.ndarray, np.ndarray]:
    """Mean embedding of each class that occurs.

    Parameters
    ----------
    embeddings : numpy.ndarray, (N, D)
    labels : numpy.ndarray, (N,)
    normalize : bool
        Scale embeddings and means to length 1.

    Returns
    -------
    means : numpy.ndarray, float64, (C, D)
    classes : numpy.ndarray, int64, (C,)
        The label of each mean.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.train import class_means, nearest_mean
    >>> means, classes = class_means(np.array([[0., 0], [0, 2], [6, 6]]), np.array([3, 3, 5]))
    >>> print(means.tolist(), classes.tolist(), classes[nearest_mean(np.array([[1., 1], [5, 5]]), means)].tolist())
    [[0.0, 1.0], [6.0, 6.0]] [3, 5] [3, 5]
    """
    classes, index = np.unique(np.asarray(labels, 'int64'), return_inverse=True)
    points = _unit(embeddings) if normalize else np.asarray(embeddings, 'float64')
    means = np.zeros((len(classes), points.shape[1]))
    np.add.at(means, index, points)
    means /= np.bincount(index)[:, None]
    return (_unit(means) if normalize else means), classes


def nearest_mean(embeddings: np.ndarray, means: np.ndarray, normalize: bool = False) -> np.ndarray:
    """Row of `means` with the smallest Euclidean distance to each embedding: int64 (N,)."""
    half = 0.5 * (means ** 2).sum(axis=1)  # |x-m|^2 = |x|^2 - 2 (x.m - |m|^2/2)
    found = [np.argmax((_unit(part) if normalize else part).dot(means.T) - half, axis=1)
             for part in (embeddings[i:i + ROWS] for i in range(0, len(embeddings), ROWS))]
    return np.concatenate(found)


def _run(net, data, ctx):
    ctx, half = _contexts(net, ctx), is_half(net)
    done, waiting = [], None
    # In the same epoch each time, so that a shuffled loader stays where training has put it.
    for x, label in (data.batches(0, 0) if hasattr(data, 'batches') else data):
        outs = [net(part) for part in split(x, ctx, half)]
        labels = label.asnumpy() if hasattr(label, 'asnumpy') else np.asarray(label)
        if waiting is not None:  # fetched while the device works on this batch
            done.append(_fetch(*waiting))
        waiting = outs, labels
    if waiting is None:
        raise ValueError('embed: data must give at least one batch, got none.')
    done.append(_fetch(*waiting))
    embeddings, guesses, labels = zip(*done)
    return Embedded(np.concatenate(embeddings), None if guesses[0] is None else np.concatenate(guesses),
                    np.concatenate(labels))


def _fetch(outs, labels):
    pairs = [out if isinstance(out, (tuple, list)) else (out, None) for out in outs]
    embeddings = np.concatenate([embedding.asnumpy() for embedding, _ in pairs]).astype('float32', copy=False)
    guesses = None
    if pairs[0][1] is not None:
        guesses = np.concatenate([pred.argmax(axis=-1).asnumpy() for _, pred in pairs]).astype('int64')
    if labels.ndim > 1:
        labels = labels.argmax(axis=-1)
    return embeddings, guesses, labels.astype('int64')


def _contexts(block, ctx):
    if ctx is None:
        return list_ctx(block.collect_params().values())
    return list(ctx) if isinstance(ctx, (list, tuple)) else [ctx]


def _unit(x):
    return unit_rows(np.asarray(x, 'float64'))
