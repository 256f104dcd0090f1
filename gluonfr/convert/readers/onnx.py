"""ONNX models."""
from ...graph.from_onnx import described_input, load_onnx, read_onnx as read_graph, takes_integers
from ...graph.source import assumed_input
from .read import Read

__all__ = ['read_onnx']


def read_onnx(path, params=None, spec=None):
    """Read an ONNX model.

    Parameters
    ----------
    path : str
    params : None
        Its weights lie in it.
    spec : InputSpec or None
        What it takes, None for what it says.

    Returns
    -------
    Read

    Raises
    ------
    ConvertError
        It is damaged, was exported for training or is too old.
    ImportError
        The onnx package is missing.
    """
    model = load_onnx(path)
    spec = spec or described_input(model.producer_name, {entry.key: entry.value for entry in model.metadata_props})
    graph = read_graph(model)
    spec = spec or assumed_input(path, graph.scaling, takes_integers(model))
    return Read(path, graph, spec, graph.unused, original=model)
