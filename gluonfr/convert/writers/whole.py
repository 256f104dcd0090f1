"""What may be asked for before and after a network, in its graph."""
import numpy as np

from ...graph.nodes import Graph, Node, nodes_before

__all__ = ['whole_nodes']


def whole_nodes(graph, spec, normalise=False, flip='none', l2=False):
    """The graph of a network with normalisation, the mirror image and the scaling to length 1, where they are wanted.

    Parameters
    ----------
    graph : Graph
        With the input 'data'; it is changed.
    spec : InputSpec
        What the network takes, and its embedding_size.
    normalise, flip, l2
        As for `gluonfr.convert.export_onnx`.

    Returns
    -------
    (Graph, InputSpec)
        The graph and what it takes.
    """
    data, size = next(node for node in graph.inputs if node.name == 'data'), spec.embedding_size
    readers, x, head = [node for node in graph.nodes if node.op != 'null'], data, graph.heads[0]

    def after(op, name, source, **attrs):
        return Node(op, name, {key: str(value) for key, value in attrs.items()}, [source], shape=source[0].shape)

    if normalise:
        # called as in InsightFace's files, by which its own reader knows a net that normalises
        x = _by_channel(x, 'broadcast_sub', '_minus_scalar', '_minus_mean', spec.mean)
        x = _by_channel(x, 'broadcast_mul', '_mul_scalar', '_mul_std', [1 / value for value in spec.std])
        spec = spec._replace(mean=(0,) * len(spec.mean), std=(1,) * len(spec.std))
    if flip != 'none':
        mirror = after('reverse', '_mirror', (x, 0), axis=3)
        x = Node('Concat', '_views', {'dim': '0', 'num_args': '2'}, [(x, 0), (mirror, 0)], shape=data.shape)
    for node in readers:
        node.inputs = [(x, number) if source is data else (source, number) for source, number in node.inputs]
    if flip != 'none':
        head = after('Reshape', '_by_view', head, shape=(2, -1, size)), 0
    if flip == 'sum':
        head = after('sum', '_sum_of_views', head, axis=0), 0
    elif flip == 'concat':
        size *= 2
        head = after('transpose', '_by_image', head, axes=(1, 0, 2)), 0
        head = after('Reshape', '_side_by_side', head, shape=(-1, size)), 0
    if l2:
        head = after('L2Normalization', '_length_1', head, mode='instance', eps=1e-24), 0
    if head is not graph.heads[0]:
        head[0].shape = (1, size)
    return Graph(nodes_before(head[0]), [head], graph.attrs), spec._replace(embedding_size=size)


def _by_channel(x, array_operator, scalar_operator, name, values):
    """`x` and a value for each channel, or one for all, which is easier to read."""
    if len(set(values)) == 1:
        return Node(scalar_operator, name, {'scalar': str(values[0])}, [(x, 0)], x.shape)
    value = np.reshape(values, (1, -1, 1, 1)).astype('float32')
    values = Node('null', name + '_values', {'__shape__': str(value.shape)}, [], value.shape, value)
    return Node(array_operator, name, {}, [(x, 0), (values, 0)], x.shape)
