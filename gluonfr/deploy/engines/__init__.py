"""What computes embeddings: an engine for each runtime, by name, and the choice among them."""
from .choice import choose_engine
from .device import Device, parse_device
from .mxnet import MXNetEngine
from .onnxruntime import OnnxRuntimeEngine
from .openvino import OpenVinoEngine
from .parity import compare_once
from .registry import ENGINES, PRECISIONS

__all__ = ['Device', 'ENGINES', 'MXNetEngine', 'OnnxRuntimeEngine', 'OpenVinoEngine', 'PRECISIONS', 'choose_engine',
           'compare_once', 'parse_device']
