"""Writers of networks for other programs: an ONNX model, an MXNet symbol, a PyTorch state dict."""
from ...utils.first_use import on_first_use
from .onnx import LOWEST_OPSET, onnx_model
from .whole import whole_nodes

__all__ = ['LOWEST_OPSET', 'onnx_model', 'symbol_json', 'torch_from_native', 'whole_graph', 'whole_nodes']

__getattr__, __dir__ = on_first_use(__name__, symbol=['symbol_json', 'whole_graph'], torch=['torch_from_native'])
