"""The converter of published weights, for the store of weights, which lies below it.

`gluonfr/__init__.py`, which knows both, puts it here.
"""

__all__ = ['get_converter', 'set_converter']

_converter = None


def set_converter(convert):
    """Let the store convert what it downloads with `convert` (source, out, model=, spec=) -> path of a card."""
    global _converter
    _converter = convert


def get_converter():
    """What `set_converter` was given last."""
    return _converter
