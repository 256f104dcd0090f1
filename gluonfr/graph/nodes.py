"""MXNet's graphs as nodes that Python can take apart and put together."""
import json
from collections import Counter

import mxnet as mx
import numpy as np
from mxnet import nd

__all__ = ['Node', 'count_uses', 'read_graph', 'to_symbol']


class Node:
    """An operator or, with op 'null', an input; `value` is a float32 array where it depends on weights alone.

    Parameters
    ----------
    op, name : str
    attrs : dict
        Arguments of the operator.
    inputs : list of (Node, int)
        Nodes and which of their outputs.
    shape : tuple of int or None
        Of the first output, for a batch of one image.
    value : numpy.ndarray or None
    """

    def __init__(self, op, name, attrs, inputs, shape=None, value=None):
        self.op, self.name, self.attrs, self.inputs, self.shape, self.value = op, name, attrs, inputs, shape, value

    def flag(self, name, default):
        """An argument that is true or false."""
        return str(self.attrs.get(name, default)) in ('True', '1')

    def is_depthwise(self):
        """Whether it is a convolution of each channel by itself, with known weights."""
        groups = int(self.attrs.get('num_group', 1)) if self.op == 'Convolution' else 1
        return groups > 1 and groups == int(self.attrs['num_filter']) and self.inputs[1][0].value is not None

    def weight_and_bias(self):
        """Of a layer; a bias of 0 where it has none."""
        weight = self.inputs[1][0].value
        return weight, np.zeros(len(weight), 'float32') if self.flag('no_bias', False) else self.inputs[2][0].value

    def with_weights(self, source, weight, bias=None, suffix=''):
        """The layer on another input and with other weights."""
        name = self.name + suffix
        inputs = [source] + [(Node('null', '{}_{}'.format(name, kind), {}, [], value=np.float32(value)), 0)
                             for kind, value in (('weight', weight), ('bias', bias)) if value is not None]
        return Node(self.op, name, dict(self.attrs, no_bias=str(bias is None)), inputs, self.shape)


def read_graph(symbol, params, shape):
    """Read a graph with the input 'data' of images of a shape.

    Returns
    -------
    (list of Node, (Node, int), dict)
        The nodes in their order, the node and output of the result, and the attributes of the graph for `to_symbol`.
    """
    graph, internals = json.loads(symbol.tojson()), symbol.get_internals()
    shapes, outputs = internals.infer_shape(data=(1,) + tuple(shape))[1], internals.list_outputs()
    nodes, following = [], 0
    for entry in graph['nodes']:
        # two nodes can have one name: outputs are told by their order
        name, first, following = entry['name'], following, following + 1
        while following < len(outputs) and outputs[first] == name + '_output0' \
                and outputs[following].startswith(name + '_output') and outputs[following] != outputs[first]:
            following += 1
        inputs = [(nodes[source[0]], source[1]) for source in entry['inputs']]
        node = Node(entry['op'], name, entry.get('attrs', {}), inputs, shapes[first])
        if node.op == 'null':
            node.value = params[name].asnumpy() if name in params else None
        elif inputs and all(source.value is not None for source, _ in inputs):
            part = internals[first]
            value = nd.CachedOp(part)(*[params[key] for key in part.list_inputs()])
            node = Node('null', name, {}, [], value.shape, value.asnumpy())
        nodes.append(node)
    head = graph['heads'][0]
    return nodes, (nodes[head[0]], head[1]), graph['attrs']


def count_uses(nodes, head):
    """{node: how often others or the result `head` take an output of it}."""
    uses = Counter(source for node in nodes for source, _ in node.inputs)
    uses[head[0]] += 1
    return uses


def to_symbol(output, attrs):
    """(Symbol, {name: float32 array}) of what leads to an output (node, number)."""
    order, position, weights, waiting = [], {}, {}, [output[0]]
    while waiting:
        node = waiting[-1]
        missing = [source for source, _ in node.inputs if source not in position]
        if node in position or not missing:
            waiting.pop()
            if node not in position:
                position[node] = len(order)
                order.append(node)
        waiting += reversed(missing)
    entries = []
    for node in order:
        entry = {'op': node.op, 'name': node.name,
                 'inputs': [[position[source], number, 0] for source, number in node.inputs]}
        if node.op == 'null' and node.value is not None:
            if node.name in weights:  # a layer used twice, with other weights now
                entry['name'] += '_{}'.format(len(weights))
            weights[entry['name']] = node.value
        elif node.op != 'null' and node.attrs:
            entry['attrs'] = {name: str(value) for name, value in node.attrs.items()}
        entries.append(entry)
    graph = {'nodes': entries, 'arg_nodes': [i for i, node in enumerate(order) if node.op == 'null'],
             'node_row_ptr': list(range(len(order) + 1)), 'heads': [[position[output[0]], output[1], 0]],
             'attrs': attrs}
    return mx.sym.load_json(json.dumps(graph)), weights
