"""PReLU in a form that is fast on a CPU."""
from typing import Optional

import mxnet as mx
from mxnet.gluon import HybridBlock, ParameterDict
from mxnet.initializer import Initializer

from ..utils.check import check_int
from .forms import DeviceForms, on_cpu, plain_form

__all__ = ['PReLU']

class PReLU(DeviceForms, HybridBlock):
    r"""Parametric ReLU, :math:`f(x) = \max(x, 0) + \alpha \min(x, 0)` ("Delving Deep into Rectifiers", 1502.01852).

    On a CPU, MXNet's own operator leaves oneDNN's blocked layout and takes most of a face network's time. There the
    same function is computed as ``alpha * x + (1 - alpha) * relu(x)``, both products as depthwise 1x1 convolutions,
    which stay in that layout. On a GPU the plain operator is used. The parameter is the same either way, so weights
    interchange; `F.LeakyReLU(act_type='prelu')` and Gluon's ``nn.PReLU`` give the same values and gradients.

    Parameters
    ----------
    channels : int
        Number of slopes: the channels of the input for one slope per channel, or 1 for one shared slope (Gluon's).
    in_channels : int
        Channels of the input. Needed only by the fast form of a shared slope; 0 keeps the plain operator there.
    spatial : bool
        Whether the input is (B, C, H, W). False is for (B, C), where the plain operator is used.
    alpha_initializer : Initializer or None
        Of the slopes; None is 0.25.

    Inputs:
        - **x**: (B, C, H, W), or (B, C) with ``spatial=False``

    Outputs:
        - **out**: the shape of x
    """

    def __init__(self, channels: int = 1, in_channels: int = 0, spatial: bool = True,
                 alpha_initializer: Optional[Initializer] = None, prefix: Optional[str] = None,
                 params: Optional[ParameterDict] = None) -> None:
        super().__init__(prefix=prefix, params=params)
        self._channels = check_int('PReLU', 'channels', channels, 1)
        self._width = check_int('PReLU', 'in_channels', in_channels, 0) or (channels if channels > 1 else 0)
        if channels > 1 and self._width != channels:
            raise ValueError('PReLU: in_channels must equal channels ({}) unless channels is 1, got {}.'.format(
                channels, in_channels))
        self._spatial = spatial
        with self.name_scope():
            self.alpha = self.params.get('alpha', shape=(channels,), init=alpha_initializer or mx.init.Constant(0.25))

    def runs_on_cpu(self):
        """Whether the network is initialised on CPUs only."""
        return on_cpu([self.alpha])

    def hybrid_forward(self, F, x, alpha):
        """The activation of ``x``."""
        if plain_form() or not (self._spatial and self._width and self.runs_on_cpu()):
            return F.LeakyReLU(x, gamma=alpha, act_type='prelu')
        if self._channels == 1:
            alpha = F.broadcast_to(alpha, shape=(self._width,))
        slope = F.reshape(alpha, shape=(-1, 1, 1, 1))
        args = dict(kernel=(1, 1), num_filter=self._width, num_group=self._width, no_bias=True)
        return F.elemwise_add(F.Convolution(x, slope, **args),
                              F.Convolution(F.Activation(x, act_type='relu'), 1 - slope, **args))

    def __repr__(self):
        return 'PReLU({} slope{})'.format(self._channels, '' if self._channels == 1 else 's')
