"""A graph that was read, what it does to its input before its first layer, and what it takes therefore."""
import json
import logging
from collections import namedtuple
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from ..data.input_spec import InputSpec
from ..data.normalize import check_spec
from .convert_error import ConvertError
from .layers import Layer, affine, in_order

__all__ = ['Scaling', 'Source', 'assumed_input', 'noted_input', 'read_input', 'take_scaling']

log = logging.getLogger('gluonfr')

GREY, SPREAD = (0.0,) * 3, (1.0,) * 3
# An input value that becomes 1 is 255 or so where grey levels come, and 1 or less where they are scaled before.
BETWEEN = 16
CENTRED = 0.25  # the mean of an input of -1 to 1 is below, that of one of 0 to 1 above
LAYERS = ('conv', 'dense', 'norm', 'prelu', 'relu', 'pool', 'add', 'mul', 'rest')


class Source:
    """A graph that was read.

    Parameters
    ----------
    output : Layer
        Its embedding.
    size : (int, int) or None
        Height and width of its images, None where it does not say them.
    unused : list of str
        What lies in its file and no operator uses.

    Attributes
    ----------
    scaling : Scaling
        What it does to its input first; `output` is without that.
    """

    def __init__(self, output: Layer, size: Optional[Tuple[int, int]], unused: List[str]):
        if not isinstance(output, Layer) or all(layer.kind != 'input' for layer in in_order(output)):
            raise ConvertError('the output of the graph does not depend on its input.')
        self.output, self.size, self.unused = output, size, unused
        self.scaling = take_scaling(output)


class Scaling(namedtuple('Scaling', 'scale shift mean std first')):
    """input * scale + shift, for each channel, before the first layer.

    ``mean`` and ``std`` are what is subtracted and divided by, of a BatchNorm its statistics without gamma and beta;
    ``first`` is the kind of layer that comes then. All but that are None where a graph does nothing to its input.
    """
    __slots__ = ()


def take_scaling(output: Layer) -> Scaling:
    """Take out of a graph what scales its input.

    Parameters
    ----------
    output : Layer

    Returns
    -------
    Scaling
        `output` is on a graph without it then.
    """
    order = in_order(output)
    data = next(layer for layer in order if layer.kind == 'input')
    exact, plain = None, None
    while True:
        readers = [layer for layer in order if data in layer.inputs]
        norm = _as_norm(readers[0]) if len(readers) == 1 and readers[0] is not output else None
        if norm is None:
            break
        gamma, beta, mean, spread = (norm.array(role) for role in ('gamma', 'beta', 'mean', 'var'))
        spread = np.sqrt(spread + norm.eps)
        exact = _then(exact, gamma / spread, beta - mean * gamma / spread)
        plain = _then(plain, gamma, beta) if norm.is_affine else _then(plain, 1 / spread, -mean / spread)
        order.remove(readers[0])
        for layer in order:
            layer.replace_input(readers[0], data)
    first = readers[0].kind if readers else 'nothing'
    if exact is None:
        return Scaling(None, None, None, None, first)
    with np.errstate(divide='ignore', invalid='ignore'):  # of a channel that is left out: times 0
        return Scaling(*exact, -plain[1] / plain[0], 1 / np.abs(plain[0]), first)


def _as_norm(layer):
    """A norm, or what a convolution does that takes each colour by itself, as one; None for any other layer."""
    if layer.kind != 'conv' or layer.settings['kernel'] != (1, 1) or np.any(layer.settings['pad']) or \
            layer.settings['stride'] != (1, 1):
        return layer if layer.kind == 'norm' else None
    scale, groups = layer.array('weight')[:, :, 0, 0], layer.settings['groups']
    if groups == 1 and scale.shape == (3, 3) and not (scale - np.diag(np.diag(scale))).any():
        scale = np.diag(scale)
    elif groups != 3 or scale.shape != (3, 1):
        return None
    return affine(layer.name, layer.inputs[0], np.ravel(scale), layer.array('bias', np.zeros(3)))


def _then(before, scale, shift):
    """(scale, shift) of one scaling after another."""
    return (scale, shift) if before is None else (before[0] * scale, before[1] * scale + shift)


def noted_input(spec: InputSpec) -> Dict[str, Any]:
    """What gluonfr notes in an ONNX model or a symbol of what it takes, as JSON can hold it."""
    return {'size': spec.size, 'mean': spec.mean, 'std': spec.std, 'colour': spec.colour}


def read_input(kind: str, text: str) -> InputSpec:
    """The InputSpec that `noted_input` was made of, from the JSON in an ONNX model or a symbol, which `kind` is.

    Raises
    ------
    ConvertError
        It is none.
    """
    try:
        return check_spec('the ' + kind, InputSpec(**json.loads(text)))
    except (RecursionError, TypeError, ValueError) as error:
        raise ConvertError('the {} must say its input as gluonfr writes it, got {!r:.200}: {}'.format(
            kind, text, error)) from error


def assumed_input(path: str, scaling: Scaling, integers: bool = False) -> InputSpec:
    """What a graph takes by the way that it scales its input, which is logged: nothing else says it.

    Parameters
    ----------
    path : str
        For the sentence.
    scaling : Scaling
    integers : bool
        It takes whole numbers only.

    Returns
    -------
    InputSpec
    """
    largest = middle = 0.0
    if scaling.mean is not None:
        largest, middle = (np.max(values, initial=0.0, where=np.isfinite(values)) for values in (
            np.atleast_1d(scaling.mean + scaling.std), np.atleast_1d(scaling.mean)))
    if integers or largest > BETWEEN:
        log.info('%s %s: it is given RGB grey levels, 0 to 255.', path,
                 'takes whole numbers' if integers else 'normalises its input itself')
        return InputSpec(mean=GREY, std=SPREAD)
    if middle > CENTRED:
        log.info('%s scales an input of 0 to 1 itself: it is given RGB as pixel / 255.', path)
        return InputSpec(mean=GREY, std=(255,) * 3)
    why = 'does not normalise its input' if scaling.first in LAYERS else \
        'begins with {}, which does not say what its input is'.format(scaling.first)
    log.warning('%s %s: it is taken to want RGB as (pixel - 127.5) / 127.5. Give anything else to `gluonfr convert` '
                'as --input, or without MXNet to gluonfr.convert.to_onnx as spec.', path, why)
    return InputSpec()
