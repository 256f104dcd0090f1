"""A graph that was read, what it does to its input before its first layer, and what it takes therefore."""
import json
import logging
from collections import namedtuple
from types import MappingProxyType
from typing import Any, Dict, List, Mapping, Optional, Tuple

import numpy as np

from ..data.input_spec import InputSpec, describe_spec
from ..data.normalize import changed_spec, check_spec
from .convert_error import ConvertError
from .layers import Layer, affine, in_order

__all__ = ['Scaling', 'Source', 'note_classes', 'noted_input', 'read_input', 'take_scaling', 'taken_input']

log = logging.getLogger('gluonfr')

COLOURS = {1: 'grey', 3: 'rgb'}  # by the number of channels
# An input value that becomes 1 is 255 or so where grey levels come, and 1 or less where they are scaled before.
BETWEEN = 16
CENTRED = 0.25  # the mean of an input of -1 to 1 is below, that of one of 0 to 1 above
LAYERS = ('conv', 'dense', 'norm', 'prelu', 'relu', 'pool', 'add', 'mul', 'rest')
# By how much values of one image can differ where the first layer comes, behind what a graph does itself: 2 as a rule,
# 255 of grey levels as they are. Scaled twice they differ by 0.02 or less, not scaled at all before by 500 or more.
RANGE = (0.25, 300)
PLAIN = 16  # what the number of values of an embedding is a multiple of, as a rule, if there are as many


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


class Scaling(namedtuple('Scaling', 'scale shift mean std first channels', defaults=(None,))):
    """input * scale + shift, for each channel, before the first layer.

    ``mean`` and ``std`` are what is subtracted and divided by, of a BatchNorm its statistics without gamma and beta;
    ``first`` is the kind of layer that comes then; ``channels`` how many the input has, None where that does not show.
    The first four are None where a graph does nothing to its input.
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
    widths = {layer.values['weight'].array.shape[1] * layer.settings['groups'] for layer in readers
              if layer.kind == 'conv'}
    channels = widths.pop() if len(widths) == 1 else None
    if exact is None:
        return Scaling(None, None, None, None, first, channels)
    channels = channels or (exact[0].size if exact[0].size > 1 else None)
    with np.errstate(divide='ignore', invalid='ignore'):  # of a channel that is left out: times 0
        return Scaling(*exact, -plain[1] / plain[0], 1 / np.abs(plain[0]), first, channels)


def _as_norm(layer):
    """A norm, or what a convolution does that takes each colour by itself, as one; None for any other layer."""
    if layer.kind != 'conv' or layer.settings['kernel'] != (1, 1) or np.any(layer.settings['pad']) or \
            layer.settings['stride'] != (1, 1):
        return layer if layer.kind == 'norm' else None
    scale, groups = layer.array('weight')[:, :, 0, 0], layer.settings['groups']
    if groups == 1 and scale.shape in ((1, 1), (3, 3)) and not (scale - np.diag(np.diag(scale))).any():
        scale = np.diag(scale)
    elif groups != 3 or scale.shape != (3, 1):
        return None
    return affine(layer.name, layer.inputs[0], np.ravel(scale), layer.array('bias', np.zeros(len(scale))))


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


def taken_input(path: str, scaling: Scaling, said: Optional[InputSpec] = None, *, integers: bool = False,
                channels: Optional[int] = None, given: Mapping[str, Any] = MappingProxyType({})) -> InputSpec:
    """What a graph takes: as is given, as something says, or by the way that it scales its input.

    What nothing says is assumed, and logged.

    Parameters
    ----------
    path : str
        For the sentence.
    scaling : Scaling
    said : InputSpec or None
        What a note in it says.
    integers : bool
        It takes whole numbers only.
    channels : int or None
        How many its file says, where `scaling` does not show them.
    given : dict
        Some or all of size, mean, std and colour, which take the place of anything else.

    Returns
    -------
    InputSpec

    Raises
    ------
    ConvertError
        It takes neither grey nor coloured images, or others than the given; or with what is given for mean and std
        images would be scaled twice.
    ValueError
        What is given is no InputSpec.
    """
    channels = scaling.channels or channels or (
        len(said.mean) if said else 1 if given.get('colour') == 'grey' else 3)
    if channels not in COLOURS:
        raise ConvertError('{} takes {} channels, where images must have 1 (grey) or 3 (coloured).'.format(
            path, channels))
    assumed, why = (said, '') if said else _assumed(scaling, integers, channels)
    spec = changed_spec('convert', assumed, given)
    if len(spec.mean) != channels:
        raise ConvertError('{} takes {}, so that the colour must be {}, got {!r}.'.format(
            path, 'grey images' if channels == 1 else 'coloured images',
            "'grey'" if channels == 1 else "'rgb' or 'bgr'", spec.colour))
    if not {'mean', 'std'}.isdisjoint(given):
        _check_range(path, scaling, spec)
    if said or {'mean', 'std', 'colour'} <= set(given):
        return spec
    if assumed.mean[0]:  # nothing in the graph speaks for it
        log.warning('%s %s: it is taken to want %s. Give anything else to `gluonfr convert` as --input, or without '
                    'MXNet to gluonfr.convert.to_onnx as spec.', path, why, describe_spec(spec))
    else:
        log.info('%s %s: it is given %s.', path, why, describe_spec(spec))
    return spec


def note_classes(path: str, values: int) -> None:
    """Log it where a graph from elsewhere ends in as many values as class scores are, and embeddings rarely have."""
    if values >= 10 and values % PLAIN:
        log.warning('%s gives %d values, as a class layer does and embeddings rarely do: they are taken as its '
                    'embedding. If they are class scores, export the network again without that layer (of a GluonCV '
                    'model its features).', path, values)


def _assumed(scaling, integers, channels):
    """(InputSpec, why) by the way that a graph scales its input."""
    largest = middle = 0.0
    if scaling.mean is not None:
        largest, middle = (np.max(values, initial=0.0, where=np.isfinite(values)) for values in (
            np.atleast_1d(scaling.mean + scaling.std), np.atleast_1d(scaling.mean)))
    if integers or largest > BETWEEN:
        mean, std, why = 0, 1, 'takes whole numbers' if integers else 'normalises its input itself'
    elif middle > CENTRED:
        mean, std, why = 0, 255, 'scales an input of 0 to 1 itself'
    else:
        mean, std, why = 127.5, 127.5, 'does not normalise its input' if scaling.first in LAYERS else \
            'begins with {}, which does not say what its input is'.format(scaling.first)
    return InputSpec(mean=(mean,) * channels, std=(std,) * channels, colour=COLOURS[channels]), why


def _check_range(path, scaling, spec):
    """Raise a ConvertError where a graph scales its input itself, and what is given before that cannot be meant."""
    if scaling.std is None:
        return
    with np.errstate(divide='ignore', invalid='ignore'):
        ranges = 255 / (np.float64(spec.std) * scaling.std)
    largest = np.max(ranges, initial=0.0, where=np.isfinite(ranges))
    if not RANGE[0] <= largest <= RANGE[1]:
        raise ConvertError(
            '{} scales its input itself ((x - {}) / {}): with mean {} and std {} before that the values of an image '
            'would differ by at most {:.3g}. Leave mean and std out, or give what stands before its own.'.format(
                path, *('{:g}'.format(np.ravel(values)[0]) for values in (scaling.mean, scaling.std, spec.mean,
                                                                          spec.std)), largest))
