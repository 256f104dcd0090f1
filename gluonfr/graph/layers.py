"""The one form into which graphs of every kind are read, to be compared layer by layer."""
from collections import namedtuple
from copy import copy
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np

from .nodes import topological_order

__all__ = ['ARITHMETIC', 'LINEAR', 'SCALES', 'Layer', 'Value', 'affine', 'arithmetic', 'in_order', 'pool', 'times']

LINEAR = ('conv', 'dense')
SCALES = ('input', 'norm')  # kinds that may scale an input
ARITHMETIC = ('add', 'sub', 'mul', 'div')
Value = namedtuple('Value', 'name array')


class Layer:
    """An operator with its weights; what does nothing to an embedding in inference (Dropout, Flatten, ...) has none.

    Parameters
    ----------
    kind : str
        'input', 'conv', 'dense', 'norm', 'prelu', 'relu', 'sigmoid', 'pool', 'add', 'mul', or the name that its own
        graph has for an operator that no face network of ours is made of.
    name : str
        Of the node in its graph.
    inputs : list of Layer
    values : dict of str to Value
        Weights by what they are: weight (out, in / groups, height, width) or (out, in), bias, gamma, beta, mean, var,
        slopes. ``Value.name`` is their name in the file.
    eps, fixed, is_affine : float, bool, bool
        Of a norm, and not part of what must be equal: what it adds to the variance, whether its gamma counts as 1, and
        whether it is none at all but a scaling.
    **settings
        What else says what it computes, such as kernel and stride: equal for two layers that do the same.

    Attributes
    ----------
    flat : bool
        Whether its output is no image any more.
    """

    def __init__(self, kind: str, name: str, inputs: Sequence['Layer'] = (), values: Optional[Dict[str, Value]] = None,
                 *, eps: float = 0.0, fixed: bool = False, is_affine: bool = False, **settings: Any):
        self.kind, self.name, self.inputs, self.values = kind, name, list(inputs), dict(values or {})
        self.eps, self.fixed, self.is_affine, self.settings = eps, fixed, is_affine, settings
        self.flat = kind == 'dense' or (kind != 'pool' and any(layer.flat for layer in self.inputs))

    def array(self, role: str, default: Any = None) -> Any:
        """A weight, float64, or the default."""
        return self.values[role].array.astype('float64') if role in self.values else default

    def flattened(self) -> 'Layer':
        """A copy that is no image any more."""
        layer = copy(self)
        layer.flat = True
        return layer

    def with_value(self, role: str, value: Value) -> 'Layer':
        """A copy with one more weight."""
        layer = copy(self)
        layer.values = dict(self.values, **{role: value})
        return layer

    def replace_input(self, old: 'Layer', new: 'Layer') -> None:
        """Read from `new` what it has read from `old`."""
        self.inputs = [new if source is old else source for source in self.inputs]

    def describe(self) -> str:
        """For messages: what it is, and its shape."""
        shape = self.values['weight'].array.shape if 'weight' in self.values else ''
        settings = ', '.join('{} {}'.format(*item) for item in sorted(self.settings.items()))
        return ' '.join(str(part) for part in (self.kind, repr(self.name), shape, settings) if part != '')


def in_order(output: Layer) -> List[Layer]:
    """All layers that lead to one, each after its inputs."""
    return topological_order([output], lambda layer: layer.inputs)


def pool(name: str, source: Layer, kind: str, kernel: Optional[Tuple[int, int]] = None,
         stride: Optional[Tuple[int, int]] = None, pad: Optional[Tuple[int, int]] = None, ceil: bool = False,
         with_pad: bool = True) -> Layer:
    """A pooling layer, of all positions without `kernel`; `source` where each position is by itself."""
    if kernel == (1, 1) and stride == (1, 1) and not any(pad):
        return source
    if kernel is None:
        return Layer('pool', name, [source], type=kind)
    return Layer('pool', name, [source], type=kind, kernel=kernel, stride=stride, pad=pad, ceil=ceil,
                 with_pad=with_pad or kind == 'max' or not any(pad))


def affine(name: str, source: Layer, scale: Any, shift: Any) -> Layer:
    """A layer that multiplies and adds a number for each channel, as a norm with mean 0 and variance 1."""
    scale, shift = (np.atleast_1d(np.asarray(value, 'float64')) for value in (scale, shift))
    values = {'gamma': scale, 'beta': shift, 'mean': np.zeros(1), 'var': np.ones(1)}
    return Layer('norm', name, [source], {role: Value(name, array) for role, array in values.items()}, is_affine=True)


def times(name: str, source: Layer, factor: Any, alone: bool) -> Layer:
    """`source` times a number for each channel; `alone`: nothing else reads it."""
    if alone and source.is_affine:
        return affine(name, source.inputs[0], source.array('gamma') * factor, source.array('beta') * factor)
    return affine(name, source, factor, 0)


def _plus(name, source, term, alone):
    """`source` plus a number for each channel: the bias of a layer that has none; `alone`: nothing else reads it."""
    if alone and source.is_affine:
        return affine(name, source.inputs[0], source.array('gamma'), source.array('beta') + term)
    if alone and source.kind in LINEAR and 'bias' not in source.values:
        return source.with_value('bias', Value(name, np.broadcast_to(term, len(source.values['weight'].array))))
    return affine(name, source, 1, term)


def arithmetic(kind: str, name: str, sources: Sequence[Union[Layer, Value]], alone: bool) -> Optional[Layer]:
    """A constant and a graph, added, subtracted, multiplied or divided.

    Parameters
    ----------
    kind : str
        One of ARITHMETIC.
    name : str
    sources : sequence of 2
        A Layer and a Value, in the order of the operation.
    alone : bool
        Whether nothing else reads the layer.

    Returns
    -------
    Layer or None
        None where the constant is no number for each channel, or one for all, or the layer is divided by.
    """
    first = isinstance(sources[0], Layer)
    layer, value = sources if first else sources[::-1]
    number = _for_each_channel(value.array.astype('float64'), layer.flat)
    if number is None or (kind == 'div' and not (first and number.all())):
        return None
    if kind in ('mul', 'div'):
        return times(name, layer, number if kind == 'mul' else 1 / number, alone)
    if kind == 'sub' and not first:
        layer, alone = times(name, layer, -1.0, alone), True
    return _plus(name, layer, -number if kind == 'sub' and first else number, alone)


def _for_each_channel(array, flat):
    """The numbers that an array stands for beside images, or rows; None where it differs from place to place."""
    if array.size == 1:
        return array.reshape(-1)
    if flat:
        return array.reshape(-1) if array.ndim <= 2 and array.size in array.shape else None
    if array.ndim not in (3, 4) or array.shape[:-3] not in ((), (1,)) or not array.size:
        return None
    planes = array.reshape(array.shape[-3], -1)
    return planes[:, 0] if (planes == planes[:, :1]).all() else None
