"""The error of a conversion."""

__all__ = ['ConvertError']


class ConvertError(ValueError):
    """Weights that cannot be converted: damaged, of another network, with names left over or missing, or not equal."""
