"""Graphs whose convolutions and fully connected layers compute in bfloat16."""
from typing import List, Sequence

from .nodes import Node, Output, nodes_before

__all__ = ['PREFIX', 'in_bfloat16']

PREFIX = 'bfloat16_'  # of the names of weights that come in bfloat16
LAYERS = {'Convolution', 'FullyConnected'}
NORMS = {'BatchNorm', '_contrib_BatchNormWithReLU'}
# What reads and writes bfloat16 between two of them, in oneDNN's own layouts; oneDNN computes it in float32.
BETWEEN = {'Activation': ('relu',), 'LeakyReLU': ('leaky',), 'Pooling': ('max', 'avg')}
SUMS = {'elemwise_add'}
PLAIN = {'Flatten', 'broadcast_mul'}  # what does so in the plain layout


def in_bfloat16(heads: Sequence[Output], tiles: bool = False) -> List[Output]:
    """Rewrite a graph so that the layers which lead to its first output compute in bfloat16.

    Between two of them, BatchNorm, ReLU, sums and pooling read and write bfloat16 and compute in float32, statistics
    and parameters included: a number is cast where it enters such a part of the graph and where it leaves it, and in
    between it keeps oneDNN's layout, which a cast would undo. Everything else stays float32, and so do the outputs.

    Parameters
    ----------
    heads : list of (Node, int)
        The outputs of a float32 graph: nodes with shapes, and weights with a value or without.
    tiles : bool
        Whether layers may run on AMX. Those that do have another layout than the rest, and oneDNN 2.4.4 has no good
        BatchNorm for a gradient in another layout than its data; there the plain layout comes in between.

    Returns
    -------
    list of (Node, int)
        The same outputs. Weights with a value get no cast, but another name, with `PREFIX`: they are to come in
        bfloat16.
    """
    rewriting, lowered = Rewriting(tiles), set(nodes_before(heads[0][0]))
    for node in nodes_before(*(node for node, _ in heads)):
        rewriting.add(node, node in lowered)
    return [rewriting.cast(rewriting.new(head), 'float32') for head in heads]


class Rewriting:
    """Goes over the nodes of a graph in their order and makes for each what stands for it in the new one."""

    def __init__(self, tiles):
        self.tiles = tiles
        self.made, self.casts = {}, {}  # old node -> new node; (output, what) -> output
        self.low = {}  # output in bfloat16 -> its layout: 'tiles', 'plain', or None where that is not known

    def new(self, source):
        """What an input has become."""
        return self.made[source[0]], source[1]

    def add(self, node, lower):
        """Make the new node; `lower` tells whether it may be in bfloat16."""
        if node.op == 'null':
            self.made[node] = node
            return
        inputs, layout = [self.new(source) for source in node.inputs], None
        taken = inputs[:1] if node.op in NORMS else inputs
        between = node.attrs.get('act_type', node.attrs.get('pool_type', 'max')) in BETWEEN.get(node.op, ())
        if lower and node.op in LAYERS:
            inputs = [self.cast(source, 'bfloat16') for source in inputs]
            layout = 'tiles' if is_regular(node) else None
            if not layout or self.low[inputs[0]] is None:
                inputs[0] = self.guard(inputs[0])
        elif lower and any(source in self.low for source in taken) and (
                between or node.op in SUMS or node.op in PLAIN or node.op in NORMS and is_usual(node)):
            inputs = [self.cast(source, 'bfloat16') for source in taken] + inputs[len(taken):]
            if node.op == 'Pooling':
                inputs[0] = self.guard(inputs[0])
            layouts = {self.low[source] for source in inputs[:len(taken)]}
            layout = 'plain' if node.op in PLAIN else layouts.pop() if len(layouts) == 1 and node.op != 'Pooling' \
                else None
        else:
            self.made[node] = Node(node.op, node.name, node.attrs, [self.cast(source, 'float32') for source in inputs],
                                   node.shape)
            return
        made = Node(node.op, node.name, node.attrs, inputs, node.shape)
        self.low[made, 0] = layout
        # a sum of several layouts has one of them, and so has its gradient
        self.made[node] = self.guard((made, 0))[0] if node.op in SUMS and layout is None else made

    def cast(self, source, dtype):
        """An output in another type, if it is not of that type."""
        if (dtype == 'bfloat16') == (source in self.low):
            return source
        if (source, dtype) not in self.casts:
            node, number = source
            if node.value is not None:
                made = Node('null', PREFIX + node.name, {}, [], node.shape, node.value), 0
            else:
                made = Node('amp_cast', '{}_{}_{}'.format(node.name, number, dtype), {'dtype': dtype}, [source],
                            node.shape if number == 0 else None), 0
            self.casts[source, dtype] = made
            if dtype == 'bfloat16':
                self.low[made] = 'plain'
        return self.casts[source, dtype]

    def guard(self, source):
        """An output in the plain layout, forward and its gradient, where that is needed."""
        if not self.tiles or self.low[source] == 'plain':
            return source
        if (source, 'plain') not in self.casts:
            node = source[0]
            made = Node('Reshape', node.name + '_plain', {'shape': (0,) * len(node.shape)}, [source], node.shape), 0
            self.casts[source, 'plain'], self.low[made] = made, 'plain'
        return self.casts[source, 'plain']


def is_regular(node):
    """Whether a layer runs on AMX in all passes, where there is AMX: seen on all of IResNet's convolutions."""
    shape = node.inputs[1][0].shape
    return (node.op == 'Convolution' and shape is not None and len(shape) == 4 and max(shape[2:]) <= 3
            and int(node.attrs.get('num_group', 1)) == 1 and not (shape[0] % 16 or shape[1] % 16)
            and set(str(node.attrs.get('dilate', ''))) <= set('(1, )'))


def is_usual(node):
    """Whether oneDNN has a BatchNorm in bfloat16: over the channels of images."""
    return int(node.attrs.get('axis', 1)) == 1 and node.shape is not None and len(node.shape) == 4
