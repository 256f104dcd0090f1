"""What a step computes with: the network as it is, or its layers in bfloat16."""
import logging

import mxnet as mx
from mxnet import nd
from mxnet.gluon import HybridBlock

from ..compat import amx_state, bfloat16_note, bfloat16_problem
from ..graph.bfloat16 import in_bfloat16
from ..graph.nodes import shaped_nodes
from ..graph.symbols import to_symbol
from ..utils.check import check_choice
from ..utils.precision import is_half

__all__ = ['PRECISIONS', 'InBfloat16', 'check_precision']

PRECISIONS = ('float32', 'bfloat16')


def check_precision(precision, net, ctx):
    """Raise a ValueError where a network cannot train in a precision on some contexts."""
    check_choice('fit', 'precision', precision, PRECISIONS)
    if precision == 'float32':
        return
    if not isinstance(net, HybridBlock):
        raise ValueError("fit: precision 'bfloat16' needs a network that is a HybridBlock, got {}.".format(
            type(net).__name__))
    if is_half(net):
        raise ValueError("fit: precision must be 'float32' for a network that was cast to float16, got 'bfloat16'.")
    if any(context.device_type != 'cpu' for context in ctx):
        raise ValueError("fit: precision 'bfloat16' is for CPUs, got {}. Cast the network to float16 there.".format(
            ctx))
    problem = bfloat16_problem()
    if problem:
        raise ValueError("fit: precision must be 'float32' here, got 'bfloat16': {}.".format(problem))


class InBfloat16:
    """A network whose convolutions and fully connected layers compute in bfloat16, forward and both ways back.

    It has no parameters of its own: it casts those of the network at each call, and their gradients are float32. It is
    called as the network is, and compiled as `hybridize` of the network says. Where that is slower than need be, it is
    logged.

    Parameters
    ----------
    net : HybridBlock
        In float32, initialised.
    tiles : bool or None
        As for `in_bfloat16`; None asks whether AMX was granted.
    """

    def __init__(self, net, tiles=None):
        self._net, self._tiles = net, amx_state().granted if tiles is None else tiles
        self._flags = self._graph = None
        if bfloat16_note():
            logging.getLogger('gluonfr').warning(bfloat16_note())

    def __call__(self, x):
        """What the network makes of a batch, in float32."""
        flags = self._net._flags if self._net._active else []
        if flags != self._flags:
            self._compile(x.shape, flags)
        if hasattr(self._net, 'check_images'):
            self._net.check_images(x)
        return self._graph(*[x if param is None else param.data(x.context) for param in self._params])

    def _compile(self, shape, flags):
        out = self._net(mx.sym.var('data'))
        symbol = mx.sym.Group(list(out)) if isinstance(out, (tuple, list)) else out
        _, heads, attrs = shaped_nodes(symbol, shape)
        symbol = to_symbol(in_bfloat16(heads, self._tiles), attrs)[0]
        params = {param.name: param for param in self._net.collect_params().values()}
        names = symbol.list_inputs()
        self._params = [None if name == 'data' else params[name] for name in names]
        data = names.index('data')
        others = [i for i in range(len(names)) if i != data]
        self._graph = nd.CachedOp(symbol, [('data_indices', [data]), ('param_indices', others), *flags])
        self._flags = list(flags)
