"""The error of a conversion."""

__all__ = ['ConvertError', 'describe', 'names']


class ConvertError(ValueError):
    """Weights that cannot be converted: damaged, of another net, with names unused or missing, or not equal after."""


def names(found, most=12):
    """Names for a message, of many the first ones and how many more there are."""
    more = len(found) - most
    return ', '.join(found[:most]) + (' and {} more'.format(more) if more > 0 else '') or 'none'


def describe(error):
    """What an error of another package says, in a line."""
    return '{}: {:.300}'.format(type(error).__name__, ' '.join(str(error).split()))
