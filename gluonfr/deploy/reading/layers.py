"""The one form into which graphs of every kind are read, to be compared layer by layer."""
from collections import namedtuple
from copy import copy

import numpy as np

from ...model_zoo import InputSpec
from .error import ConvertError

__all__ = ['LINEAR', 'Layer', 'Source', 'Value', 'flattened', 'in_order', 'plus', 'pool', 'times']

LINEAR = ('conv', 'dense')
Value = namedtuple('Value', 'name array')


class Layer:
    """An operator with its weights; what does nothing to an embedding in inference (Dropout, Flatten, ...) has none.

    Parameters
    ----------
    kind : str
        'input', 'conv', 'dense', 'norm', 'prelu', 'relu', 'sigmoid', 'pool', 'add', 'mul', or the name that its own
        graph has for an operator that no face net of ours is made of.
    name : str
        Of the node in its graph.
    inputs : list of Layer
    values : dict of str to Value
        Weights by what they are: weight (out, in / groups, height, width) or (out, in), bias, gamma, beta, mean, var,
        slopes. ``Value.name`` is their name in the file.
    **settings
        What else says what it computes, such as kernel and stride: equal for two layers that do the same.
    """

    def __init__(self, kind, name, inputs=(), values=None, **settings):
        self.kind, self.name, self.inputs, self.values = kind, name, list(inputs), dict(values or {})
        self.settings = settings
        # of a norm: what it adds to the variance, whether its gamma counts as 1, and whether it is none at all but a
        # scaling; not part of what must be equal
        self.eps, self.fixed, self.is_affine = 0.0, False, False
        self.flat = kind == 'dense' or (kind != 'pool' and any(layer.flat for layer in self.inputs))

    def array(self, role, default=None):
        """A weight, float64, or the default."""
        return self.values[role].array.astype('float64') if role in self.values else default

    def describe(self):
        """For messages: what it is, and its shape."""
        shape = self.values['weight'].array.shape if 'weight' in self.values else ''
        settings = ', '.join('{} {}'.format(*item) for item in sorted(self.settings.items()))
        return ' '.join(str(part) for part in (self.kind, repr(self.name), shape, settings) if part != '')


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
    scaling : tuple of float64 array, or None
        (scale, shift) for each channel where it begins with input * scale + shift; `output` is without that.
    """

    def __init__(self, output, size, unused):
        if not isinstance(output, Layer) or all(layer.kind != 'input' for layer in in_order(output)):
            raise ConvertError('the output of the graph does not depend on its input.')
        self.size, self.unused = size, unused
        self.output, self.scaling = _input_scaling(output)

    def takes(self, spec=None):
        """Its InputSpec: `spec`, or grey levels if it scales them itself, else (pixel - 127.5) / 127.5."""
        return spec or (InputSpec(mean=(0,) * 3, std=(1,) * 3) if self.scaling else InputSpec())


def in_order(output):
    """All layers that lead to one, each after its inputs."""
    order, seen, waiting = [], set(), [output]
    while waiting:
        layer = waiting[-1]
        missing = [source for source in layer.inputs if source not in seen]
        if layer in seen or not missing:
            waiting.pop()
            if layer not in seen:
                seen.add(layer)
                order.append(layer)
        waiting += reversed(missing)
    return order


def pool(name, source, kind, kernel=None, stride=None, pad=None, ceil=False, with_pad=True):
    """A pooling layer, of all positions without `kernel`."""
    if kernel is None:
        return Layer('pool', name, [source], type=kind)
    return Layer('pool', name, [source], type=kind, kernel=kernel, stride=stride, pad=pad, ceil=ceil,
                 with_pad=with_pad or kind == 'max' or not any(pad))


def flattened(source):
    """`source`, marked as no image any more."""
    layer = copy(source)
    layer.flat = True
    return layer


def _affine(name, source, scale, shift):
    """A layer that multiplies and adds a number for each channel, as a norm with mean 0 and variance 1."""
    scale, shift = (np.atleast_1d(np.asarray(value, 'float64')) for value in (scale, shift))
    values = {'gamma': scale, 'beta': shift, 'mean': np.zeros(1), 'var': np.ones(1)}
    layer = Layer('norm', name, [source], {role: Value(name, array) for role, array in values.items()})
    layer.is_affine = True
    return layer


def times(name, source, factor, alone):
    """`source` times a number for each channel; `alone`: nothing else reads it."""
    if alone and source.is_affine:
        return _affine(name, source.inputs[0], source.array('gamma') * factor, source.array('beta') * factor)
    return _affine(name, source, factor, 0)


def plus(name, source, term, alone):
    """`source` plus a number for each channel: the bias of a layer that has none; `alone`: nothing else reads it."""
    if alone and source.is_affine:
        return _affine(name, source.inputs[0], source.array('gamma'), source.array('beta') + term)
    if alone and source.kind in LINEAR and 'bias' not in source.values:
        layer = copy(source)
        bias = Value(name, np.broadcast_to(term, len(source.values['weight'].array)))
        layer.values = dict(source.values, bias=bias)
        return layer
    return _affine(name, source, 1, term)


def _input_scaling(output):
    """What a graph does to its input itself, taken out of it.

    Returns
    -------
    (Layer, tuple of float64 array or None)
        The output on a graph without that, and (scale, shift) for each channel: input * scale + shift.
    """
    order = in_order(output)
    data = next(layer for layer in order if layer.kind == 'input')
    scaling = None
    while True:
        readers = [layer for layer in order if data in layer.inputs]
        if len(readers) != 1 or readers[0].kind != 'norm' or readers[0] is output:
            break
        norm = readers[0]
        scale = norm.array('gamma') / np.sqrt(norm.array('var') + norm.eps)
        shift = norm.array('beta') - norm.array('mean') * scale
        before = scaling or (1.0, 0.0)
        scaling = before[0] * scale, before[1] * scale + shift
        order.remove(norm)
        for layer in order:
            layer.inputs = [data if source is norm else source for source in layer.inputs]
    return output, scaling
