"""How big a network is, from its graph: nothing is computed and nothing need be initialised."""
from math import prod
from typing import Optional, Sequence

import mxnet as mx

from ..graph.nodes import shaped_nodes
from ..nn.trace import trace_outputs

__all__ = ['count_macs', 'count_parameters']


def count_parameters(net: mx.gluon.HybridBlock, running_stats: bool = False,
                     shape: Optional[Sequence[int]] = None) -> int:
    """Number of values that the network's parameters hold.

    Every array in the network counts that is not a running statistic of a BatchNorm, fixed ones included: a gamma that
    stays 1 and a beta that stays 0 are part of the published numbers. A class layer counts where the network has one.

    Parameters
    ----------
    net : HybridBlock
    running_stats : bool
        Count the running means and variances, too.
    shape : sequence of int or None
        Of the input, batch axis included; None takes one image of ``net.input_spec``.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        No shape is given and the network has no input_spec.
    """
    graph, shape = _graph(net, shape, 'count_parameters')
    values, _, running = graph.infer_shape(data=shape)
    names = graph.list_arguments()
    total = sum(prod(size) for name, size in zip(names, values) if name != 'data')
    return total + (sum(map(prod, running)) if running_stats else 0)


def count_macs(net: mx.gluon.HybridBlock, shape: Optional[Sequence[int]] = None) -> int:
    """Multiply-adds of the network's convolutions and fully connected layers in one pass, by the shapes in its graph.

    A class layer counts where the network has one.

    Parameters
    ----------
    net : HybridBlock
    shape : sequence of int or None
        As in `count_parameters`; a batch of B counts B times.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        As in `count_parameters`.

    Examples
    --------
    >>> from gluonfr.model_zoo import count_macs, count_parameters, get_model
    >>> net = get_model('lenetplus')
    >>> print('{:,} {:,}'.format(count_parameters(net), count_macs(net)))
    797,602 80,911,104
    """
    graph, shape = _graph(net, shape, 'count_macs')
    total = 0
    for node in shaped_nodes(graph, shape)[0]:
        if node.op in ('Convolution', 'FullyConnected', 'Deconvolution'):
            image, weight = (source for source, _ in node.inputs[:2])
            moved = image if node.op == 'Deconvolution' else node
            total += prod(moved.shape) * prod(weight.shape[1:])
    return total


def _graph(net, shape, owner):
    """The network's Symbol of 'data', all outputs together, and the input's shape."""
    if shape is None:
        spec = getattr(net, 'input_spec', None)
        if spec is None:
            raise ValueError('{}: shape must be given for a network without input_spec.'.format(owner))
        shape = (1,) + spec.shape
    return mx.sym.Group(trace_outputs(net)), tuple(shape)
