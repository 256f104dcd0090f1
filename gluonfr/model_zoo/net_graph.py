"""The graph of a network, to lie beside its card."""
from ..graph.nodes import nodes_of, to_json
from ..nn.trace import structural_names, trace_outputs

__all__ = ['graph_json']


def graph_json(net):
    """The symbol of a network up to its embedding as JSON; its weights are called as `save_parameters` calls them."""
    graph, rename = nodes_of(trace_outputs(net)[0]), structural_names(net)
    for node in graph.nodes:
        node.name = rename(node.name)
    return to_json(graph.heads[:1], graph.attrs)[0]
