"""The way of images into a network as a block of MXNet."""
from typing import Optional

import numpy as np
from mxnet import nd
from mxnet.gluon import HybridBlock, ParameterDict

from ..input_spec import InputSpec
from ..normalize import GREY, check_spec

__all__ = ['ToTensor']


class ToTensor(HybridBlock):
    """Images as they are stored -> the input of a network: (pixel - mean) / std, channels first, in the spec's order.

    It has no parameters, so it may stand before a network, which then takes bytes: a quarter of the memory and of the
    way to the device.

    Parameters
    ----------
    spec : InputSpec
        A network's `input_spec`: `mean` and `std` for each channel in grey levels, `colour` 'rgb', 'bgr' or 'grey'
        (0.299 R + 0.587 G + 0.114 B).

    Inputs:
        - **x**: uint8 (B, H, W, 3) or (H, W, 3), RGB

    Outputs:
        - **out**: float32 (B, 3, H, W), or (B, 1, H, W) if grey; B = 1 for a single image

    Examples
    --------
    >>> import mxnet as mx
    >>> from gluonfr.data import ToTensor
    >>> from gluonfr.data.input_spec import InputSpec
    >>> spec = InputSpec(size=(112, 112), mean=(127.5,) * 3, std=(127.5,) * 3)
    >>> x = ToTensor(spec)(mx.nd.full((2, 112, 112, 3), 255, dtype='uint8'))
    >>> print(x.shape, x.max().asscalar())
    (2, 3, 112, 112) 1.0
    """

    def __init__(self, spec: InputSpec, prefix: Optional[str] = None, params: Optional[ParameterDict] = None):
        super().__init__(prefix=prefix, params=params)
        self._spec = check_spec('ToTensor', spec)

    def forward(self, x):
        """The tensor of NDArrays (checked) or Symbols."""
        if isinstance(x, nd.NDArray) and (x.dtype != np.uint8 or x.ndim not in (3, 4) or x.shape[-1] != 3):
            raise ValueError('ToTensor: x must be uint8 of shape (B,H,W,3) or (H,W,3), got {} of shape {}.'.format(
                np.dtype(x.dtype).name, x.shape))
        return super().forward(x)

    def hybrid_forward(self, F, x):
        """The tensor."""
        x = F.reshape(x, shape=(-1, 0, 0, 0), reverse=True)  # the axes from the right, so that an image becomes a batch
        x = F.transpose(F.cast(x, 'float32'), axes=(0, 3, 1, 2))
        if self._spec.colour == 'bgr':
            x = F.reverse(x, axis=1)
        elif self._spec.colour == 'grey':
            red, green, blue = (F.slice_axis(x, axis=1, begin=c, end=c + 1) * GREY[c] for c in range(3))
            x = red + green + blue
        return F.image.normalize(x, mean=self._spec.mean, std=self._spec.std)

    def __repr__(self):
        return 'ToTensor({})'.format(self._spec)
