"""The graph of a network for inference alone: fewer operators, the same function."""
import numpy as np
from mxnet import nd

from ...graph.bfloat16 import PREFIX, in_bfloat16
from ...graph.nodes import Node, count_uses, nodes_of
from ...graph.symbols import read_graph, to_symbol
from .equalize import equalize
from .quantize import quantize

__all__ = ['fuse']

BFLOAT16 = np.dtype([('bfloat16', np.uint16)])  # MXNet's; NumPy knows the name only where ml_dtypes is imported


def fuse(symbol, params, shape, onednn=True, precision='float32', images=None):
    """Rewrite a graph for inference.

    What depends on weights alone is computed once, Dropout goes, and a BatchNorm becomes part of the convolution or
    dense layer before it. For a CPU, each PReLU takes the cheapest form that oneDNN has for its slopes
    (`Fusion.leaky_relu`), and MXNet's own pass then lets convolutions add residuals and apply activations. For int8,
    channels get values of one size first (`equalize`).

    Parameters
    ----------
    symbol : Symbol
        With the input 'data' and one output.
    params : dict of str to NDArray
        All other inputs.
    shape : tuple of int
        Of one image, (C, H, W).
    onednn : bool
        Whether to rewrite for a CPU with oneDNN.
    precision : {'float32', 'bfloat16', 'int8'}
        Of layers, with oneDNN only; the input and the output stay float32.
    images
        As for `quantize`.

    Returns
    -------
    (Symbol, dict of str to array)
        A graph equal to the first but for rounding, and its weights.
    """
    if precision == 'int8':
        params = equalize(symbol, params, shape, images)
    fusion = Fusion(symbol, params, shape, onednn, precision)
    heads = [fusion.output()]
    if precision == 'bfloat16':
        heads = in_bfloat16(heads)
    symbol, weights = to_symbol(heads, fusion.attrs)
    if precision == 'int8':
        return quantize(symbol, weights, images)
    weights = {name: nd.amp_cast(nd.array(value), dtype=BFLOAT16) if name.startswith(PREFIX) else value
               for name, value in weights.items()}
    # MXNet's pass folds a BatchNorm that is left along a wrong axis, or into a convolution with other uses
    if onednn and all(node.op != 'BatchNorm' for node in nodes_of(symbol)[0]):
        symbol = symbol.get_backend_symbol('MKLDNN')
    return symbol, weights


class Fusion:
    """Goes over the nodes of a graph in their order and makes for each what stands for it in the new one."""

    def __init__(self, symbol, params, shape, onednn, precision='float32'):
        self.nodes, self.head, self.attrs = read_graph(symbol, params, shape)
        self.uses = count_uses(self.nodes, self.head)
        self.onednn = onednn
        self.differences = precision != 'int8'  # whether a number may be the difference of two larger ones
        self.made = {}  # old node -> new node

    def output(self):
        """The new graph's output: (node, number of its output)."""
        rules = {'BatchNorm': self.batch_norm, 'Dropout': self.nothing, 'identity': self.nothing,
                 '_copy': self.nothing}
        if self.onednn:
            rules.update(FullyConnected=self.dense, LeakyReLU=self.leaky_relu)
        for node in self.nodes:
            self.made[node] = node if node.op == 'null' else rules.get(node.op, self.same)(node)
        return self.made[self.head[0]], self.head[1]

    def new(self, source):
        """What an input has become."""
        return self.made[source[0]], source[1]

    def same(self, node):
        """The node as it is, on what its inputs have become."""
        return Node(node.op, node.name, node.attrs, [self.new(source) for source in node.inputs], node.shape)

    def nothing(self, node):
        """In inference the output is the input."""
        return self.made[node.inputs[0][0]]

    def batch_norm(self, node):
        """Folded into the layer before, if that has no other use; else, on images, a scaling."""
        if int(node.attrs.get('axis', 1)) != 1 or any(source.value is None for source, _ in node.inputs[1:]):
            return self.same(node)
        gamma, beta, mean, var = (source.value.astype('float64') for source, _ in node.inputs[1:])
        scale = 1 / np.sqrt(var + float(node.attrs.get('eps', 1e-3)))
        if not node.flag('fix_gamma', True):
            scale = scale * gamma
        layer, reshapes = node.inputs[0][0], []
        while layer.op == 'Reshape' and self.uses[layer] == 1:  # EmbeddingNorm: (B, D) to (B, D, 1, 1)
            reshapes, layer = [layer] + reshapes, layer.inputs[0][0]
        if layer.op in ('Convolution', 'FullyConnected') and self.uses[layer] == 1 \
                and layer.inputs[1][0].value is not None:
            weight, bias = layer.weight_and_bias()
            column = scale.reshape((-1,) + (1,) * (weight.ndim - 1))
            folded = layer.with_weights(self.made[layer].inputs[0], weight * column, (bias - mean) * scale + beta)
            for reshape in reshapes:
                folded = Node(reshape.op, reshape.name, reshape.attrs, [(folded, 0)], reshape.shape)
            return folded
        if len(node.shape) != 4 or not self.onednn:
            return self.same(node)
        return scaling(node, self.new(node.inputs[0]), scale, beta - mean * scale)

    def dense(self, node):
        """With a Flatten before it: oneDNN's dense layer fails on images where memory is planned ahead."""
        new = self.same(node)
        (source, number), shape = new.inputs[0], node.inputs[0][0].shape
        if len(shape) > 2:
            flat = Node('Flatten', node.name + '_flatten', {}, [(source, number)], (1, int(np.prod(shape[1:]))))
            new.inputs[0] = flat, 0
        return new

    def leaky_relu(self, node):
        """A PReLU, in the form that costs the least for its slopes:

         - one slope: MXNet's 'leaky' operator, which a convolution applies itself;
         - slopes <= 1 behind a depthwise convolution w: the sum of w scaled by alpha and relu of w scaled by
           1 - alpha, as computing that convolution twice costs less than reading its result again; in int8 only if
           none is negative, as with -3 a value would be -3 + 4 times itself, each rounded;
         - else x + (1 - alpha) relu(-x), where the first scaling applies the relu and the second one adds x.

        Slopes for each channel want images, (B, C, H, W).
        """
        if node.attrs.get('act_type') != 'prelu' or node.inputs[1][0].value is None:
            return self.same(node)
        slopes, x, name = node.inputs[1][0].value, self.new(node.inputs[0]), node.name
        if slopes.min() == slopes.max():
            return Node('LeakyReLU', name, {'act_type': 'leaky', 'slope': repr(float(slopes[0]))}, [x], node.shape)
        if len(node.shape) != 4:
            return self.same(node)

        def relu(layer):
            return Node('Activation', name + '_relu', {'act_type': 'relu'}, [(layer, 0)], node.shape), 0

        twice = slopes.max() <= 1 and (self.differences or slopes.min() >= 0)
        if twice and x[0].is_depthwise() and self.uses[node.inputs[0][0]] == 1:
            layer, column = x[0], slopes.reshape(-1, 1, 1, 1)
            weight, bias = layer.weight_and_bias()
            left = layer.with_weights(layer.inputs[0], weight * column, bias * slopes, '_left'), 0
            right = relu(layer.with_weights(layer.inputs[0], weight * (1 - column), bias * (1 - slopes), '_right'))
        else:
            left = x
            negative = scaling(node, x, np.full(len(slopes), -1.0), suffix='_left')
            right = scaling(node, relu(negative), 1 - slopes, suffix='_right'), 0
        return Node('elemwise_add', name, {}, [left, right], node.shape)


def scaling(node, source, factors, terms=None, suffix=''):
    """In place of a node, `source` with each channel times a factor plus a term: a depthwise 1x1 convolution."""
    args = {'kernel': '(1, 1)', 'num_filter': len(factors), 'num_group': len(factors)}
    return Node('Convolution', node.name, args, [], node.shape).with_weights(
        source, factors.reshape(-1, 1, 1, 1), terms, suffix)
