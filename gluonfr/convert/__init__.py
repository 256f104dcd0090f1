"""Weights from elsewhere as native nets: InsightFace's MXNet symbols, ONNX, PyTorch state dicts, gluonfr 1.0."""
from .error import ConvertError
from .importer import convert

__all__ = ['ConvertError', 'convert']
