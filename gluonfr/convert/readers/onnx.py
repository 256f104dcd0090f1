"""ONNX models."""
from ...graph.from_onnx import read_onnx as layers_of_onnx
from ...graph.onnx_file import described_input, load_onnx, takes_integers
from ...graph.source import assumed_input
from .read import Read

__all__ = ['read_onnx']


def read_onnx(path, params=None, spec=None):
    """Read an ONNX model."""
    model = load_onnx(path)
    spec = spec or described_input(model.producer_name, {entry.key: entry.value for entry in model.metadata_props})
    layers = layers_of_onnx(model)
    spec = spec or assumed_input(path, layers.scaling, takes_integers(model))
    return Read(path, layers, spec, layers.unused, program=model)
