"""The graph of a network."""
import mxnet as mx

from .forms import plain_operators

__all__ = ['structural_names', 'trace', 'trace_outputs']


def trace_outputs(net, dtype='float32'):
    """The outputs of a hybrid network as symbols, a list, of one with the input 'data'; parameters need no values."""
    with plain_operators():
        out = net(mx.sym.var('data', dtype=dtype))
    return list(out) if isinstance(out, (tuple, list)) else [out]


def trace(net, dtype='float32'):
    """The symbol of a network with the input 'data' and its embedding as output, and {name: NDArray} of the rest."""
    out = trace_outputs(net, dtype)[0]
    params = {param.name: param.data(param.list_ctx()[0]) for param in net.collect_params().values()}
    return out, {name: params[name] for name in out.list_inputs() if name != 'data'}


def structural_names(net):
    """A function from the names in a network's graph to those that do not depend on networks made before it.

    Parameters get the names that `save_parameters` gives them.
    """
    structural = {param.name: name for name, param in net._collect_params_with_prefix().items()}
    return lambda name: structural.get(name, name[len(net.prefix):] if name.startswith(net.prefix) else name)
