"""The weights of a graph as the parameters of a network of ours that computes the same."""
import numpy as np

from ...graph.layers import LINEAR, in_order

__all__ = ['Mismatch', 'match']


class Mismatch(Exception):
    """Two graphs that do not compute the same; the message says where."""


def match(ours, theirs):
    """Go through two graphs in step, from the embedding back to the input.

    A BatchNorm of ours that their exporter has folded into the convolution or dense layer before it becomes one that
    only adds the bias it left there: gamma 1, beta the bias, mean 0, variance 1 - eps.

    Parameters
    ----------
    ours, theirs : Layer
        Outputs. The names of our values are those of the parameters that are to be found.

    Returns
    -------
    dict of str to float32 array
        All of our parameters.

    Raises
    ------
    Mismatch
        They differ.
    """
    matching = _Matching()
    found = matching.pair(ours, theirs)
    if found is None:
        raise Mismatch(matching.difference)
    lost = [value.name for layer in in_order(ours) for value in layer.values.values() if value.name not in found]
    if lost:
        raise Mismatch('nothing in the source stands for {}'.format(', '.join(lost)))
    return found


class _Matching:
    """The walk. Its methods give {parameter: array}, or None where two things are not the same."""

    def __init__(self):
        self.known = {}  # (our layer, their layer) -> what was found below them
        self.depth, self.deepest, self.difference = 0, -1, ''

    def pair(self, ours, theirs):
        """All parameters between two outputs and the input."""
        key, depth = (ours, theirs), self.depth
        if key not in self.known:
            self.known[key] = self.steps(ours, theirs)
            self.depth = depth
        return self.known[key]

    def steps(self, ours, theirs):
        """`pair`, going down a chain of layers in one call, as networks are deeper than calls may be."""
        found = {}
        while ours.kind != 'input':
            self.depth += 1
            if ours.kind == 'norm' and ours.inputs[0].kind in LINEAR:
                norm, layer = (theirs, theirs.inputs[0]) if theirs.kind == 'norm' else (None, theirs)
                part, ours, below = self.linear(ours.inputs[0], layer, ours, norm), ours.inputs[0], layer
            elif ours.kind == 'norm' and theirs.kind != 'norm':
                part, below = norm_values(ours, 1.0, 0.0, 0.0, 1.0, 0.0), None
            elif ours.kind in LINEAR:
                part, below = self.linear(ours, theirs), theirs
            else:
                part, below = self.alike(ours, theirs), theirs
            if part is None:
                return None
            found.update(part)
            if len(ours.inputs) == 2:
                rest = self.both(ours.inputs, below.inputs)
                return self.differ(ours, below) if rest is None else dict(found, **rest)
            ours, theirs = ours.inputs[0], theirs if below is None else below.inputs[0]
        return found if theirs.kind == 'input' else self.differ(ours, theirs)

    def both(self, ours, theirs):
        """The two inputs of a sum or product, in whichever order they stand there."""
        for order in (theirs, theirs[::-1]):
            first, second = (self.pair(*layers) for layers in zip(ours, order))
            # what both come from is one layer, and so are its weights
            if first is not None and second is not None and all(
                    first[name] is second[name] or (first[name] == second[name]).all()
                    for name in first if name in second):
                return dict(first, **second)
        return None

    def differ(self, ours, theirs):
        """None; of all differences the one farthest from the embedding is told."""
        if self.depth > self.deepest:
            self.deepest = self.depth
            self.difference = 'where the network has {}, the source has {}'.format(ours.describe(), theirs.describe())

    def alike(self, ours, theirs):
        """A layer that is no convolution or dense layer."""
        if ours.kind == 'prelu' and theirs.kind == 'relu':
            return {value.name: np.zeros(value.array.shape, 'float32') for value in ours.values.values()}
        if ours.kind != theirs.kind or ours.settings != theirs.settings or len(ours.inputs) != len(theirs.inputs) \
                or len(ours.inputs) > 2:
            return self.differ(ours, theirs)
        if ours.kind == 'norm':
            found = norm_values(ours, *(theirs.array(role) for role in ('gamma', 'beta', 'mean', 'var')), theirs.eps)
        else:
            found = {value.name: fitted(theirs.array(role), value.array.shape) for role, value in ours.values.items()}
        if found is None or any(array is None for array in found.values()):
            return self.differ(ours, theirs)
        return found

    def linear(self, ours, theirs, norm=None, their_norm=None):
        """A convolution or dense layer, with the norm behind it where we have one."""
        if not _same_linear(ours, theirs):
            return self.differ(ours, theirs)
        weight, bias = theirs.array('weight'), theirs.array('bias', 0.0)
        found, none = {}, np.zeros(len(weight))
        if norm is not None and their_norm is None:
            found, bias = norm_values(norm, 1.0, bias, 0.0, 1.0, 0.0), none
        elif norm is not None:
            gamma, beta, mean, var = (their_norm.array(role) for role in ('gamma', 'beta', 'mean', 'var'))
            if norm.fixed:  # their gamma goes into the layer before
                weight, bias = weight * gamma.reshape((-1,) + (1,) * (weight.ndim - 1)), bias * gamma
                mean, gamma = mean * gamma, 1.0
            if 'bias' not in ours.values:
                mean, bias = mean - bias, none
            found = norm_values(norm, gamma, beta, mean, var, their_norm.eps)
        if found is None or (np.any(bias) and 'bias' not in ours.values):
            return self.differ(norm or ours, their_norm or theirs)
        if 'bias' in ours.values:
            found[ours.values['bias'].name] = np.float32(bias + none)
        found[ours.values['weight'].name] = np.float32(weight).reshape(ours.values['weight'].array.shape)
        return found


def _same_linear(ours, theirs):
    """Whether weights of theirs do the same in ours; a dense layer is a convolution of one position."""
    if theirs.kind not in LINEAR:
        return False
    shapes = [layer.values['weight'].array.shape for layer in (ours, theirs)]
    if ours.kind == theirs.kind == 'conv':
        return shapes[0] == shapes[1] and ours.settings == theirs.settings and \
            ours.inputs[0].flat == theirs.inputs[0].flat
    return all(shape[2:] in ((), (1, 1)) for shape in shapes) and shapes[0][:2] == shapes[1][:2]


def fitted(array, shape):
    """An array in a shape, one number standing for all channels or all for one if they are equal; else None."""
    if array is not None and array.size == 1:
        return np.full(shape, array.flat[0], 'float32')
    if array is not None and shape == (1,) and (array == array.flat[0]).all():
        return np.float32(array.flat[:1])
    return np.float32(array) if array is not None and array.shape == shape else None


def norm_values(ours, gamma, beta, mean, var, eps):
    """The parameters that make our norm equal to one with another eps; None if our gamma is fixed and theirs is not 1.
    """
    shape = ours.values['var'].array.shape
    values = [np.asarray(value, 'float64') for value in (gamma, beta, mean, var)]
    if any(value.size != 1 and value.shape != shape for value in values):
        return None
    gamma, beta, mean, var = (np.broadcast_to(value, shape) for value in values)
    spread, var = np.sqrt(var + eps), var + (eps - ours.eps)
    if (var < 0).any():
        gamma, var = gamma / spread, np.full(shape, 1 - ours.eps)
    if ours.fixed and (gamma != 1).any():
        return None
    return {ours.values[role].name: np.float32(value)
            for role, value in (('gamma', gamma), ('beta', beta), ('mean', mean), ('var', var))}
