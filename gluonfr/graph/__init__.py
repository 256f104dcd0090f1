"""Graphs of MXNet and ONNX, read into one form.

`symbol_file` and `onnx_file` open files, `from_mxnet` and `from_onnx` read what is in them as the `Layer` objects of a
`Source`. `nodes` is the one reader of symbol JSON, and `symbols` has MXNet compute what depends on weights alone.
"""
from .convert_error import ConvertError
from .layers import Layer, Value, in_order
from .nodes import Node, nodes_of
from .source import Scaling, Source

__all__ = ['ConvertError', 'Layer', 'Node', 'Scaling', 'Source', 'Value', 'in_order', 'nodes_of']
