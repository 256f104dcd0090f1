"""Which array of a source is which parameter of a net of ours: `by_graph`, `by_name`, or `by_order` of layers."""
