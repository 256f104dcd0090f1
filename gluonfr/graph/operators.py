"""MXNet's operators: what kind each is of, which inputs it takes, and what those that make constants compute."""
import ast
import re
from math import prod
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

__all__ = ['FLATTEN', 'NOTHING', 'argument', 'constant', 'input_names', 'pair', 'scalar']

# in inference the output is the input
NOTHING = {'identity', '_copy', 'BlockGrad', 'stop_gradient', 'Dropout', 'Cast', 'cast', 'amp_cast', 'make_loss',
           'MakeLoss'}
FLATTEN = {'Flatten', 'flatten', 'Reshape', 'reshape'}
KINDS = {'plus': 'add', 'minus': 'sub'}
LAYER = ('data', 'weight', 'bias')
NORM = ('data', 'gamma', 'beta', 'moving_mean', 'moving_var')
INPUTS = {'Convolution': LAYER, 'Convolution_v1': LAYER, 'Deconvolution': LAYER, 'FullyConnected': LAYER,
          'BatchNorm': NORM, 'BatchNorm_v1': NORM, 'CuDNNBatchNorm': NORM, 'LeakyReLU': ('data', 'gamma'),
          'InstanceNorm': NORM[:3], 'LayerNorm': NORM[:3], 'SoftmaxOutput': ('data', 'label'),
          'Softmax': ('data', 'label'), 'SVMOutput': ('data', 'label'), 'softmax_cross_entropy': ('data', 'label')}
_SCALAR = re.compile(r'_?(r?)(plus|minus|mul|div)_?scalar', re.IGNORECASE)
_PAIR = re.compile(r'(?:_|elemwise_|broadcast_)(add|plus|sub|minus|mul|div)', re.IGNORECASE)
_COMPUTE = {'add': np.add, 'sub': np.subtract, 'mul': np.multiply, 'div': np.divide}


def argument(attrs: Dict[str, Any], name: str, default: Any) -> Any:
    """An argument of an operator as a Python value; the default where it is absent or None."""
    value = attrs.get(name)
    if value in (None, 'None', 'none'):
        return default
    return ast.literal_eval(value) if isinstance(value, str) else value


def scalar(op: str) -> Optional[Tuple[str, bool]]:
    """('add', 'sub', 'mul' or 'div', whether the number comes first) of an operator with a number, else None."""
    found = _SCALAR.fullmatch(op)
    return found and (KINDS.get(found.group(2).lower(), found.group(2).lower()), bool(found.group(1)))


def pair(op: str) -> Optional[str]:
    """'add', 'sub', 'mul' or 'div' of an operator of two arrays, else None."""
    found = _PAIR.fullmatch(op)
    return found and KINDS.get(found.group(1).lower(), found.group(1).lower())


def input_names(op: str, attrs: Dict[str, Any]) -> List[str]:
    """What an operator takes, as far as it is known here: MXNet calls inputs that a graph lacks by these names."""
    if pair(op):
        return ['lhs', 'rhs']
    names = list(INPUTS.get(op, ('data',)))
    if 'bias' in names and argument(attrs, 'no_bias', op == 'Deconvolution') in (True, 1):
        names.remove('bias')
    if op == 'LeakyReLU' and attrs.get('act_type', 'leaky') != 'prelu':
        names.remove('gamma')
    return names


def constant(op: str, attrs: Dict[str, Any], arrays: Sequence[np.ndarray]) -> Optional[np.ndarray]:
    """What an operator makes of arrays; None of one that is not known here.

    Raises
    ------
    ValueError
        They do not fit each other.
    """
    first = arrays[0]
    if op in ('Cast', 'cast', 'amp_cast'):
        return first.astype(attrs['dtype'])
    if op in NOTHING:
        return first
    if op in ('ones_like', 'zeros_like'):
        return np.full_like(first, op == 'ones_like')
    if op in ('Flatten', 'flatten'):
        return first.reshape(len(first), -1)
    if op in ('Reshape', 'reshape'):
        return first.reshape(reshaped(first.shape, attrs))
    if op == 'expand_dims':
        return np.expand_dims(first, int(attrs['axis']))
    if op == 'transpose':
        return first.transpose(argument(attrs, 'axes', ()) or None)
    with_number, of_two = scalar(op), pair(op)
    if with_number:
        kind, comes_first = with_number
        number = first.dtype.type(float(attrs['scalar']))
        return _COMPUTE[kind](number, first) if comes_first else _COMPUTE[kind](first, number)
    return _COMPUTE[of_two](*arrays) if of_two and len(arrays) == 2 else None


def reshaped(shape: Tuple[int, ...], attrs: Dict[str, Any]) -> Tuple[int, ...]:
    """The shape that a Reshape makes of one.

    Raises
    ------
    ValueError
        It is said by other means than sizes, 0 (as before) and -1 (what is left), or does not fit.
    """
    wanted = argument(attrs, 'shape', ())
    if not wanted or min(wanted) < -1 or wanted.count(-1) > 1 or argument(attrs, 'reverse', False):
        raise ValueError('shape of Reshape must hold sizes, 0 and -1, got {}'.format(wanted))
    made = [shape[i] if side == 0 else side for i, side in enumerate(wanted)]
    total, known = prod(shape), prod(side for side in made if side != -1)
    made = tuple(total // max(known, 1) if side == -1 else side for side in made)
    if prod(made) != total:
        raise ValueError('{} cannot be reshaped to {}'.format(shape, wanted))
    return made
