"""Learning rates of their own for parts of a network."""
import re
from contextlib import contextmanager
from typing import Dict

import mxnet as mx
from mxnet.gluon import Block
from mxnet.gluon.nn import HybridSequential

from ..utils.check import check_number

__all__ = ['layer_decay', 'rate_factors', 'scaled_rates']


def layer_decay(net: Block, decay: float) -> Dict[str, float]:
    """Factors of the learning rate that fall from the last stage of a network to its first: `lr_mult` for `fit`.

    Of L stages, stage l from 1 learns with decay^(L - l) of the learning rate ("layer-wise learning-rate decay",
    ELECTRA, 2003.10555), so that the early layers of a trained network, which any face needs, change least. All else,
    such as the head, keeps the whole rate. A stage is what gives feature maps of one height and width, in the order of
    ``net.features``, or of the children of a network without; where sizes cannot be told, as of a network without
    `input_spec`, each layer with a matrix or a kernel is a stage, together with those behind it that have none.

    Parameters
    ----------
    net : Block
        As it goes to `fit`.
    decay : float
        In (0, 1]. 1 leaves the rates alike.

    Returns
    -------
    dict of str to float
        Patterns of the names that `fit` uses -> factor.

    Raises
    ------
    ValueError
        A decay out of range, or a network without layers.

    Examples
    --------
    >>> from gluonfr.model_zoo import get_model
    >>> from gluonfr.train import layer_decay
    >>> rates = layer_decay(get_model('mobilefacenet'), 0.5)
    >>> rates[r'net/features\\.0\\.'], list(rates.values())[-1], sorted(set(rates.values()))
    (0.0625, 1.0, [0.0625, 0.125, 0.25, 0.5, 1.0])
    """
    check_number('layer_decay', 'decay', decay, low=0, high=1, low_open=True)
    body, prefix = (net.features, 'net/features.') if hasattr(net, 'features') else (net, 'net/')
    layers = [(name, layer) for name, layer in body._children.items() if _shapes(layer)]
    if not layers:
        raise ValueError('layer_decay: net must be made of layers with parameters, got {}.'.format(type(net).__name__))
    sizes = _map_sizes(net, body)
    stages, seen = [], None
    for name, layer in layers:
        if sizes is None:
            begins = any(len(shape) > 1 for shape in _shapes(layer))
        else:
            begins, seen = sizes[name] != seen, sizes[name]
        if begins or not stages:
            stages.append([])
        stages[-1].append(name)
    return {re.escape(prefix + name + '.'): decay ** (len(stages) - number)
            for number, names in enumerate(stages, 1) for name in names}


def _shapes(layer):
    return [param.shape for param in layer.collect_params().values()]


def _map_sizes(net, body):
    """Height and width of what each layer of a sequence gives, by name; None where that cannot be told."""
    spec = getattr(net, 'input_spec', None)
    if spec is None or not isinstance(body, HybridSequential):
        return None
    outputs, out = [], mx.sym.var('data')
    for layer in body._children.values():
        out = layer(out)
        outputs.append(out)
    shapes = mx.sym.Group(outputs).infer_shape(data=(1, *spec.shape))[1]
    return {name: shape[2:] or (1, 1) for name, shape in zip(body._children, shapes)}


def rate_factors(names, lr_mult):
    """The factor of each name that a pattern matches, by the name; the last pattern that matches counts.

    Parameters
    ----------
    names : iterable of str
        Those of parameters, as `fit` and its checkpoints use them.
    lr_mult : dict of str to float
        Regular expression, matched from the beginning of the name -> factor >= 0.

    Raises
    ------
    ValueError
        A pattern that is no regular expression or matches nothing, or a factor that is negative.
    """
    names, factors = list(names), {}
    for pattern, factor in lr_mult.items():
        check_number('fit', 'lr_mult of {!r}'.format(pattern), factor, low=0)
        try:
            matching = [name for name in names if re.match(pattern, name)]
        except re.error as error:
            raise ValueError('fit: lr_mult: the pattern {!r} is no regular expression ({}).'.format(
                pattern, error)) from error
        if not matching:
            raise ValueError('fit: lr_mult: the pattern {!r} matches no parameter. The names are {}.'.format(
                pattern, ', '.join(names)))
        factors.update(dict.fromkeys(matching, factor))
    return factors


@contextmanager
def scaled_rates(params, lr_mult):
    """Multiply `lr_mult` of parameters by their `rate_factors`; at the end they have their own again."""
    factors = rate_factors(params, lr_mult)
    own = {name: params[name].lr_mult for name in factors}
    try:
        for name, factor in factors.items():
            params[name].lr_mult = own[name] * factor
        yield
    finally:
        for name, value in own.items():
            params[name].lr_mult = value
