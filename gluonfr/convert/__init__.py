"""Weights from elsewhere as native nets (InsightFace's MXNet symbols, ONNX, PyTorch state dicts, gluonfr 1.0), and
native nets as files for others."""
from ..graph.convert_error import ConvertError
from .exporter import export_onnx, export_symbol, export_torch
from .importer import convert

__all__ = ['ConvertError', 'convert', 'export_onnx', 'export_symbol', 'export_torch']
