"""Which array of a source is which parameter of a net of ours: by the graph, by names, or by the order of layers."""
from . import by_graph, by_name, by_order

__all__ = ['by_graph', 'by_name', 'by_order']
