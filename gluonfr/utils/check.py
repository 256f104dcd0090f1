"""Value checks that speak one error grammar: whose, what is allowed, what came."""
import math
import numbers

__all__ = ['check_number', 'check_int', 'check_choice', 'fits']


def check_number(owner, name, value, low=None, high=None, low_open=False, high_open=False):
    """Return ``value`` if it is a real number in the interval, else raise.

    Parameters
    ----------
    owner, name : str
        Whose parameter it is and what it is called, for the message.
    value : object
        What the user gave.
    low, high : float or None
        Bounds of the interval, None for no bound.
    low_open, high_open : bool
        Whether a bound itself is excluded.

    Raises
    ------
    TypeError
        ``value`` is no real number (a bool is none).
    ValueError
        ``value`` is NaN, infinite or outside the interval.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError('{}: {} must be a number, got {!r}.'.format(owner, name, value))
    too_low = low is not None and (value <= low if low_open else value < low)
    too_high = high is not None and (value >= high if high_open else value > high)
    if not math.isfinite(value) or too_low or too_high:
        raise ValueError('{}: {} must be {}, got {}.'.format(
            owner, name, _interval(low, high, low_open, high_open), value))
    return value


def check_int(owner, name, value, low=None, high=None):
    """Return ``value`` as an int if it is a whole number in [low, high], else raise as `check_number` does."""
    check_number(owner, name, value, low, high)
    if int(value) != value:
        raise ValueError('{}: {} must be a whole number, got {}.'.format(owner, name, value))
    return int(value)


def check_choice(owner, name, value, choices):
    """Return ``value`` if it is one of ``choices``, else raise a ValueError that lists them."""
    if value not in choices:
        raise ValueError('{}: {} must be one of {}, got {!r}.'.format(
            owner, name, ', '.join(repr(c) for c in choices), value))
    return value


def fits(known, shape):
    """Whether a parameter's shape, with 0 or -1 where it is not known yet, can be `shape`."""
    return known is None or (len(known) == len(shape) and all(a == b or a < 1 for a, b in zip(known, shape)))


def _interval(low, high, low_open, high_open):
    if low is None and high is None:
        return 'a finite number'
    if high is None:
        return '{} {}'.format('>' if low_open else '>=', low)
    if low is None:
        return '{} {}'.format('<' if high_open else '<=', high)
    return 'in {}{:.6g}, {:.6g}{}'.format('(' if low_open else '[', low, high, ')' if high_open else ']')
