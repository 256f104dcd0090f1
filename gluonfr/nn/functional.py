"""The mathematics that heads and losses share."""
import math

__all__ = ['GRADIENTS', 'angular_margin', 'arccos', 'at_least_zero', 'l2_norm', 'log_sum_exp', 'softplus',
           'straight_through', 'times']

GRADIENTS = ('exact', 'straight-through')
NOTHING = -1e30  # stands for the logarithm of 0: an empty sum
# The derivative of arccos is infinite at +-1; this near to them it is taken as 1 (the slope of the cosine itself).
EDGE = 1e-6


def angular_margin(F, cos, m1=1, m2=0, m3=0, easy_margin=False, gradient='exact'):
    r"""The target score of the margin family.

    .. math::
        \psi(\theta) = (-1)^k \cos(m_1 \theta + m_2) - 2k - m_3, \quad k = \lfloor (m_1 \theta + m_2) / \pi \rfloor

    which is :math:`\cos(m_1\theta + m_2) - m_3` between 0 and pi, falls on from there and, with a negative angle m2,
    rises on below 0, so that the loss never rewards moving away from the own centre.

    Parameters
    ----------
    F : module
        mxnet.nd or mxnet.sym.
    cos : NDArray or Symbol
        Cosines of the targets, shape (B,), float32 or float64. Rounding beyond +-1 is harmless.
    m1, m2, m3 : number, or NDArray or Symbol of shape (B,) or (1,)
        Factor of the angle (>= 1), angle in radians, cosine (>= 0).
    easy_margin : bool
        Apply m1 and m2 only where cos > 0. m3 always applies.
    gradient : {'exact', 'straight-through'}
        'straight-through' keeps the value and takes the gradient of the plain cosine: another loss, by name.

    Returns
    -------
    NDArray or Symbol of shape (B,)
    """
    if _is_number(m1, 1) and _is_number(m2, 0):
        return _minus(F, cos, m3)

    def psi(c):
        phi = _plus(F, times(F, F.arccos(c), m1), m2)
        k = F.floor(phi / math.pi)
        sign = 1 - 2 * (k - 2 * F.floor(k / 2))
        return sign * F.cos(phi) - 2 * k

    given = cos
    if gradient == 'straight-through':
        # Cut at the root: MXNet 1.9.1 crashes in the backward pass of a `where` whose output is cut instead.
        cos = F.BlockGrad(cos)
    # The value is exact up to +-1; the gradient comes from a point EDGE inside, where arccos has a finite one.
    inner = F.clip(cos, -1 + EDGE, 1 - EDGE)
    unit = F.clip(cos, -1, 1)
    near = psi(inner) + (cos - inner)
    target = near + F.BlockGrad(psi(unit) + (cos - unit) - near)
    if easy_margin:
        target = F.where(cos > 0, target, cos)
    if gradient == 'straight-through':
        target = given + (target - cos)
    return _minus(F, target, m3)


def _is_number(value, number):
    return isinstance(value, (int, float)) and value == number


def times(F, x, m):
    """``x`` times a number, or an array or Symbol that is broadcast."""
    return x * m if isinstance(m, (int, float)) else F.broadcast_mul(x, m)


def _plus(F, x, m):
    return x + m if isinstance(m, (int, float)) else F.broadcast_add(x, m)


def _minus(F, x, m):
    return x - m if isinstance(m, (int, float)) else F.broadcast_sub(x, m)


def l2_norm(F, x, keepdims=False):
    """Euclidean norm of each row of ``x`` (B, D), with a finite gradient (0) for a row of zeros."""
    return F.sqrt(F.sum(F.square(x), axis=1, keepdims=keepdims) + 1e-12)


def arccos(F, cos):
    """Angles of ``cos``, exact in value up to +-1 and with a finite slope (-1 at the very edge) everywhere."""
    inner = F.clip(cos, -1 + EDGE, 1 - EDGE)
    near = F.arccos(inner) - (cos - inner)
    return near + F.BlockGrad(F.arccos(F.clip(cos, -1, 1)) - near)


def at_least_zero(F, x):
    """``x`` with 0 for the values below 0 that rounding gives, and the gradient of ``x`` as it is.

    oneDNN's log-softmax of a sure class lies some 1e-6 above 0, and minus that is a loss below 0.
    """
    return x + F.BlockGrad(F.relu(-x))


def softplus(F, x):
    """log(1 + exp(x)), finite for every finite x."""
    return F.Activation(x, act_type='softrelu')


def log_sum_exp(F, x, mask, axis):
    """The logarithm of the sum of exp(x) along an axis over the entries that ``mask`` selects.

    -1e30 where it selects none: `softplus` makes 0 of it. ``mask`` holds 0 and 1 and has the shape of ``x``.
    """
    x = F.where(mask, x, F.ones_like(x) * NOTHING)
    top = F.BlockGrad(F.max(x, axis=axis, keepdims=True))
    total = F.sum(F.exp(F.broadcast_sub(x, top)), axis=axis, keepdims=True)  # >= 1, of an empty row, too
    return F.sum(F.broadcast_add(F.log(total), top), axis=axis)


def straight_through(F, x, function):
    """The value of ``function(x)`` with the gradient of x itself."""
    held = F.BlockGrad(x)
    return x + (function(held) - held)
