"""Distillation: embeddings that follow those of another network."""
from typing import Any, Callable

import numpy as np
from mxnet import nd

from ..data.image import resize
from ..data.input_spec import InputSpec
from ..data.normalize import GREY
from ..deploy.embedder import Embedder

__all__ = ['distance', 'teacher_of', 'teachings']


def distance(embedding, target):
    r"""How far embeddings are from those that a teacher has of the same images; (B,).

    Of one width, image by image, the directions (ShrinkTeaNet, 1905.10620)::

        1 - cos(x_i, t_i)

    Of different widths, the cosines of each image with the others of the batch ("Similarity-preserving knowledge
    distillation", 1907.09682, and "Relational knowledge distillation", 1904.05068, have such terms)::

        sum_j (cos(x_i, x_j) - cos(t_i, t_j))^2 / (B - 1)

    Parameters
    ----------
    embedding, target : NDArray, (B, D) and (B, D')
        x and t. The gradient is that of x.
    """
    target = nd.L2Normalization(target.astype(embedding.dtype, copy=False), mode='instance')
    unit = nd.L2Normalization(embedding, mode='instance')
    if unit.shape == target.shape:
        return 1 - (unit * target).sum(axis=1)
    difference = nd.dot(unit, unit, transpose_b=True) - nd.dot(target, target, transpose_b=True)
    return nd.square(difference).sum(axis=1) / max(len(unit) - 1, 1)


def teachings(teacher, xs):
    """What a teacher makes of the images of each context, as NDArrays (B, D') there.

    Raises
    ------
    ValueError
        It gives something else than an embedding of each image.
    """
    targets = []
    for x in xs:
        out = teacher(x)
        out = out[0] if isinstance(out, (tuple, list)) else out
        if getattr(out, 'ndim', None) != 2 or len(out) != len(x):
            raise ValueError('fit: teacher must give an embedding of each image, ({}, D), got {}.'.format(
                len(x), getattr(out, 'shape', type(out).__name__)))
        targets.append(out if isinstance(out, nd.NDArray) else nd.array(out, ctx=x.context))
    return targets


def teacher_of(net: Any, input_spec: InputSpec) -> Callable[[nd.NDArray], nd.NDArray]:
    """A teacher for `fit`: an Embedder that sees the batches of a network with another input.

    It gets the augmented images of each batch. Mean, scale and order of colours are converted, a grey image becomes
    three equal channels and colours their luma, and images of the same proportions are scaled. The embeddings are
    computed by the Embedder's engine, also that of an ONNX file; the training waits for them.

    Parameters
    ----------
    net : Embedder, or what it takes
        A network, or the folder, card, symbol, ONNX file or name of one.
    input_spec : InputSpec
        What the trained network takes.

    Returns
    -------
    callable
        NDArray (B, C, H, W) as the trained network gets it -> NDArray (B, D') on the same context.

    Raises
    ------
    ValueError
        The Embedder adds mirror images, or wants images of other proportions.

    Examples
    --------
    >>> import mxnet as mx
    >>> from gluonfr.deploy import Embedder
    >>> from gluonfr.train import teacher_of
    >>> embedder = Embedder('lenetplus_arcface')  # comes with gluonfr: digits in the plane
    >>> teacher = teacher_of(embedder, embedder.spec)
    >>> teacher(mx.nd.zeros((5, 1, 28, 28))).shape
    (5, 2)
    """
    embedder = net if isinstance(net, Embedder) else Embedder(net)
    if embedder.flip != 'none':
        raise ValueError("teacher_of: the Embedder must have flip 'none', got {!r}.".format(embedder.flip))
    have, want = input_spec, embedder.spec
    if have.size[0] * want.size[1] != have.size[1] * want.size[0]:
        raise ValueError('teacher_of: the images of teacher and network must have the same proportions, got {} and {}.'
                         .format(want.size, have.size))
    same = have._replace(embedding_size=None) == want._replace(embedding_size=None)

    def teacher(x):
        images = x.asnumpy().astype('float32', copy=False)
        return nd.array(embedder.forward(images if same else convert(images, have, want)), ctx=x.context)
    return teacher


def convert(images, have, want):
    """Images (B, C, H, W) that were normalised by one InputSpec as another has them, float32."""
    pixels = images * _column(have.std) + _column(have.mean)
    if have.colour == 'bgr':
        pixels = pixels[:, ::-1]
    if want.colour == 'grey' and have.colour != 'grey':
        pixels = (pixels * _column(GREY)).sum(axis=1, keepdims=True)
    elif have.colour == 'grey' and want.colour != 'grey':
        pixels = np.repeat(pixels, 3, axis=1)
    if want.colour == 'bgr':
        pixels = pixels[:, ::-1]
    if have.size != want.size:
        pixels = np.stack([resize(image, want.size) for image in pixels.transpose(0, 2, 3, 1).copy()])
        pixels = pixels.transpose(0, 3, 1, 2)
    return ((pixels - _column(want.mean)) / _column(want.std)).astype('float32', copy=False)


def _column(values):
    return np.array(values, 'float32').reshape(1, -1, 1, 1)
