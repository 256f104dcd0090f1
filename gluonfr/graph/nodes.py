"""Symbols of MXNet as nodes that Python can take apart and put together: the one reader of their JSON."""
import json
from collections import Counter, namedtuple
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

__all__ = ['Graph', 'Node', 'Output', 'count_uses', 'first_outputs', 'nodes_before', 'nodes_in', 'nodes_of',
           'shaped_nodes', 'to_json', 'topological_order']


Output = Tuple['Node', int]  # a node, and which of its outputs


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
        Of the first output.
    value : numpy.ndarray or None
    """

    def __init__(self, op: str, name: str, attrs: Dict[str, Any], inputs: List[Output],
                 shape: Optional[Tuple[int, ...]] = None, value: Optional[np.ndarray] = None):
        self.op, self.name, self.attrs, self.inputs, self.shape, self.value = op, name, attrs, inputs, shape, value

    def flag(self, name: str, default: bool) -> bool:
        """An argument that is true or false."""
        return str(self.attrs.get(name, default)) in ('True', '1')

    def is_depthwise(self) -> bool:
        """Whether it is a convolution of each channel by itself, with known weights."""
        groups = int(self.attrs.get('num_group', 1)) if self.op == 'Convolution' else 1
        return groups > 1 and groups == int(self.attrs['num_filter']) and self.inputs[1][0].value is not None

    def weight_and_bias(self) -> Tuple[np.ndarray, np.ndarray]:
        """Of a layer; a bias of 0 where it has none."""
        weight = self.inputs[1][0].value
        return weight, np.zeros(len(weight), 'float32') if self.flag('no_bias', False) else self.inputs[2][0].value

    def fold(self, value: np.ndarray) -> None:
        """Make it an input with a value: that of an operator which depends on weights alone."""
        self.op, self.attrs, self.inputs, self.shape, self.value = 'null', {}, [], value.shape, value

    def with_weights(self, source: Output, weight: np.ndarray, bias: Optional[np.ndarray] = None,
                     suffix: str = '') -> 'Node':
        """The layer on another input and with other weights."""
        name = self.name + suffix
        inputs = [source] + [(Node('null', '{}_{}'.format(name, kind), {}, [], value=np.float32(value)), 0)
                             for kind, value in (('weight', weight), ('bias', bias)) if value is not None]
        return Node(self.op, name, dict(self.attrs, no_bias=str(bias is None)), inputs, self.shape)


class Graph(namedtuple('Graph', 'nodes heads attrs')):
    """What a symbol is made of.

    Attributes
    ----------
    nodes : list of Node
        Each behind its inputs.
    heads : list of (Node, int)
        Nodes and outputs of the results.
    attrs : dict
        Attributes of the graph for `to_json`.
    """
    __slots__ = ()

    @property
    def inputs(self) -> List[Node]:
        """Data and weights that the results depend on, as `Symbol.list_inputs` has them."""
        return [node for node in nodes_before(*(node for node, _ in self.heads)) if node.op == 'null']


def nodes_of(symbol: Any) -> Graph:
    """Read the graph of a symbol; one that is read already is given back.

    Returns
    -------
    Graph
        (nodes, heads, attrs)

    Examples
    --------
    >>> import mxnet as mx
    >>> from gluonfr.graph import nodes_of
    >>> nodes, heads, _ = nodes_of(mx.sym.relu(mx.sym.var('data'), name='positive'))
    >>> [(node.op, node.name, [source.name for source, _ in node.inputs]) for node in nodes]
    [('null', 'data', []), ('relu', 'positive', ['data'])]
    """
    return symbol if isinstance(symbol, Graph) else nodes_in(json.loads(symbol.tojson()))


def nodes_in(graph: Dict[str, Any]) -> Graph:
    """The graph that the JSON of a symbol stands for."""
    nodes = []

    def ends(entries):
        return [(nodes[source], number) for source, number, *_ in entries]

    for entry in graph['nodes']:
        nodes.append(Node(entry['op'], entry['name'], entry.get('attrs', {}), ends(entry['inputs'])))
    return Graph(nodes, ends(graph['heads']), graph['attrs'])


def shaped_nodes(symbol: Any, shape: Sequence[int]) -> Tuple[List[Node], List[Output], Dict[str, Any]]:
    """`nodes_of` with the shapes that follow from that of the input 'data', its batch axis included."""
    nodes, heads, attrs = nodes_of(symbol)
    internals = symbol.get_internals()
    shapes = internals.infer_shape(data=tuple(shape))[1]
    for node, first in zip(nodes, first_outputs(nodes, internals.list_outputs())):
        node.shape = shapes[first]
    return nodes, heads, attrs


def first_outputs(nodes: List[Node], outputs: List[str]) -> List[int]:
    """Numbers of the first output of each node in the `list_outputs` of the internals."""
    numbers, following = [], 0
    for node in nodes:  # two of them can have one name: outputs are told by their order
        first, following = following, following + 1
        while outputs[first] == node.name + '_output0' and following < len(outputs) \
                and outputs[following] == '{}_output{}'.format(node.name, following - first):
            following += 1
        numbers.append(first)
    return numbers


def nodes_before(*ends: Node) -> List[Node]:
    """All nodes that lead to some, and these themselves, each behind its inputs."""
    return topological_order(ends, lambda node: [source for source, _ in node.inputs])


def topological_order(ends: Sequence[Any], inputs: Callable[[Any], Sequence[Any]]) -> List[Any]:
    """All things that lead to some, and these themselves, each behind what `inputs` gives for it."""
    order, seen, waiting = [], set(), list(ends[::-1])
    while waiting:
        last = waiting[-1]
        missing = [source for source in inputs(last) if source not in seen]
        if last in seen or not missing:
            waiting.pop()
            if last not in seen:
                seen.add(last)
                order.append(last)
        waiting += reversed(missing)
    return order


def count_uses(nodes: List[Node], head: Optional[Output] = None) -> Counter:
    """{node: how often others, or the result `head` (Node, int), take an output of it}."""
    uses = Counter(source for node in nodes for source, _ in node.inputs)
    if head is not None:
        uses[head[0]] += 1
    return uses


def to_json(heads: Sequence[Output], attrs: Dict[str, Any]) -> Tuple[str, Dict[str, np.ndarray]]:
    """(symbol as JSON, {name: float32 array}) of what leads to some outputs (Node, int)."""
    order, weights = nodes_before(*(node for node, _ in heads)), {}
    position = {node: number for number, node in enumerate(order)}
    entries = []
    for node in order:
        entry = {'op': node.op, 'name': node.name,
                 'inputs': [[position[source], number, 0] for source, number in node.inputs]}
        if node.op == 'null' and node.value is not None:
            if node.name in weights:  # a layer used twice, with other weights now
                entry['name'] += '_{}'.format(len(weights))
            weights[entry['name']] = node.value
        if node.attrs and (node.op != 'null' or node.value is not None):
            entry['attrs'] = {name: str(value) for name, value in node.attrs.items()}
        entries.append(entry)
    graph = {'nodes': entries, 'arg_nodes': [i for i, node in enumerate(order) if node.op == 'null'],
             'node_row_ptr': list(range(len(order) + 1)),
             'heads': [[position[node], number, 0] for node, number in heads], 'attrs': attrs}
    return json.dumps(graph), weights
