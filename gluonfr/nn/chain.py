"""Layers in sequence, of which BatchNorm, PReLU and convolution are computed together on a CPU."""
import math

import mxnet as mx
import numpy as np
from mxnet.gluon import nn

from .forms import DeviceForms, plain_form
from .prelu import PReLU

__all__ = ['Chain']

TINY = 1e-20  # in place of 0, of which a ReLU would give no gradient
# oneDNN lays out channels in blocks of so many. It finds no backward pass where those of a BatchNorm with ReLU fill
# them and those of the convolution behind it do not ("could not create a primitive descriptor iterator")
BLOCK = 16


class Chain(DeviceForms, nn.HybridSequential):
    r"""A HybridSequential that trains PReLU networks faster on a CPU; structure, parameters and values are the same.

    A PReLU between a BatchNorm and a convolution is free of PReLU's products there. With
    :math:`\sigma = \mathrm{sign}(1 - \alpha)` for each channel, and as :math:`y = \gamma \hat{x} + \beta`,

    .. math:: \sigma\,\mathrm{PReLU}(y) = \sigma y + \mathrm{relu}(-|1 - \alpha|\,y)

    is the sum of two BatchNorms of the same input, the second with a ReLU that oneDNN applies as it writes, each with
    parameters scaled by a number for each channel. The convolution takes :math:`\sigma` back by its weights. That
    saves more than half of what PReLU costs, and the output of BatchNorm need not be kept for the backward pass.

    Chains in a chain are gone through layer by layer; other blocks stay as they are, and so does everything on a GPU,
    in other types than float32 and within `plain_operators`.

    Inputs and outputs are those of its layers.
    """

    def hybrid_forward(self, F, x):
        """Apply the layers."""
        layers = list(_layers(self))
        i = 0
        while i < len(layers):
            if len(layers) - i > 2 and _together(*layers[i:i + 3]):
                x = _norm_prelu_conv(F, x, *layers[i:i + 3])
                i += 3
            else:
                x = layers[i](x)
                i += 1
        return x


def _layers(chain):
    for layer in chain._children.values():
        if isinstance(layer, Chain):
            yield from _layers(layer)
        else:
            yield layer


def _together(norm, prelu, conv):
    """Whether three layers are what can be computed together, on a CPU and in float32."""
    if not (type(norm) is nn.BatchNorm and isinstance(prelu, PReLU) and type(conv) is nn.Conv2D):
        return False
    kwargs, groups, width = norm._kwargs, conv._kwargs['num_group'], norm.gamma.shape[0]
    if width % BLOCK == 0 and conv._kwargs['num_filter'] % BLOCK:
        return False
    params = [norm.gamma, norm.beta, norm.running_mean, norm.running_var, prelu.alpha, conv.weight]
    return (kwargs['axis'] == 1 and not kwargs['fix_gamma'] and not kwargs['use_global_stats'] and not plain_form()
            and prelu.runs_on_cpu() and prelu.alpha.shape[0] in (1, width) and groups in (1, width)
            and all(np.dtype(param.dtype) == np.float32 and math.prod(param.shape) > 0 for param in params))


def _norm_prelu_conv(F, x, norm, prelu, conv):
    def value(param):
        return param.var() if F is mx.sym else param.data(x.context)

    alpha, width = value(prelu.alpha), norm.gamma.shape[0]
    if prelu.alpha.shape[0] != width:
        alpha = F.broadcast_to(alpha, shape=(width,))
    rest = 1 - alpha
    sign = F.BlockGrad((rest >= 0) * 2 - 1)
    bend = F.negative(rest * sign + (rest == 0) * TINY)
    gamma, beta, mean, var = (value(p) for p in (norm.gamma, norm.beta, norm.running_mean, norm.running_var))
    # both update the running statistics, each by half a step
    kwargs = dict(norm._kwargs, momentum=math.sqrt(norm._kwargs['momentum']))
    x = F.elemwise_add(F.BatchNorm(x, gamma * sign, beta * sign, mean, var, **kwargs),
                       F.contrib.BatchNormWithReLU(x, gamma * bend, beta * bend, mean, var, **kwargs))
    shape = (1, -1, 1, 1) if conv._kwargs['num_group'] == 1 else (-1, 1, 1, 1)
    # a broadcast_mul would take seven times as long for its gradient
    weight = F.elemwise_mul(value(conv.weight), F.broadcast_to(F.reshape(sign, shape=shape), shape=conv.weight.shape))
    bias = [] if conv.bias is None else [value(conv.bias)]
    x = F.Convolution(x, weight, *bias, **conv._kwargs)
    return x if conv.act is None else conv.act(x)
