"""What takes a network from one form to another, for those who lie below it.

`gluonfr/__init__.py`, which knows both, puts it here.
"""

__all__ = ['get_converter', 'get_onnx_writer', 'set_converter']

_converter, _onnx_writer = None, None


def set_converter(convert, to_onnx):
    """Say what converts weights that the store downloads, and what writes networks for engines that run ONNX alone.

    Parameters
    ----------
    convert : callable
        (source, out, model=, spec=) -> path of a card.
    to_onnx : callable
        (network in memory or its files, spec) -> an ONNX model, bytes.
    """
    global _converter, _onnx_writer
    _converter, _onnx_writer = convert, to_onnx


def get_converter():
    """The first of what `set_converter` was given last."""
    return _converter


def get_onnx_writer():
    """The second of what `set_converter` was given last."""
    return _onnx_writer
