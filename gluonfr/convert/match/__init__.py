"""Which array of a source is which parameter of a network of ours: `by_graph`, `by_name`, or `by_order` of layers."""
