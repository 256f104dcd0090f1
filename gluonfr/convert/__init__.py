"""Weights from elsewhere as native nets (InsightFace's MXNet symbols, ONNX, PyTorch state dicts, gluonfr 1.0), and
native networks as files for others."""
from typing import TYPE_CHECKING

from ..graph.convert_error import ConvertError
from ..utils.first_use import on_first_use

if TYPE_CHECKING:
    from .exporter import export_onnx, export_symbol, export_torch
    from .importer import convert

__all__ = ['ConvertError', 'convert', 'export_onnx', 'export_symbol', 'export_torch', 'to_int8', 'to_onnx']

__getattr__, __dir__ = on_first_use(__name__, exporter=['export_onnx', 'export_symbol', 'export_torch'],
                                    from_files=['to_onnx'], importer=['convert'], int8=['to_int8'])
