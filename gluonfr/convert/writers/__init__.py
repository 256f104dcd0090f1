"""Writers of nets for other programs: an ONNX model, an MXNet symbol, a PyTorch state dict."""
from .onnx import LOWEST_OPSET, onnx_model
from .symbol import symbol_json, whole_graph
from .torch import torch_from_native

__all__ = ['LOWEST_OPSET', 'onnx_model', 'symbol_json', 'torch_from_native', 'whole_graph']
