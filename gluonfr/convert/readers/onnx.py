"""ONNX models."""
from ...graph.from_onnx import read_onnx as layers_of_onnx
from ...graph.onnx_file import check_embeds, described_input, load_onnx, takes_integers
from ...graph.source import taken_input
from .read import Read

__all__ = ['read_onnx']


def read_onnx(path, params=None, given=None):
    """Read an ONNX model."""
    model = load_onnx(path)
    check_embeds(path, model)
    said = described_input(model.producer_name, {entry.key: entry.value for entry in model.metadata_props})
    layers = layers_of_onnx(model)
    spec = taken_input(path, layers.scaling, said, integers=takes_integers(model), given=given or {})
    return Read(path, layers, spec, layers.unused, program=model)
