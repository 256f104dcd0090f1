"""The layers of a network of ours."""
from ..graph.from_mxnet import layers_of
from ..nn.trace import trace

__all__ = ['layers_of_net']


def layers_of_net(net):
    """The output of a network as a Layer, with its parameters under their names."""
    symbol, arrays = trace(net)
    return layers_of(symbol, {name: array.asnumpy() for name, array in arrays.items()})
