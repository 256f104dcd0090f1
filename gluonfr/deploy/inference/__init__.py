"""The graph compiler for nets in use: fewer and cheaper operators, then a copy on each core of a CPU."""
