"""The error of a conversion."""

__all__ = ['ConvertError']


class ConvertError(ValueError):
    """Weights that cannot be converted: damaged, of another net, with names unused or missing, or not equal after."""
