"""The way of images into a net: from bytes to the numbers, the layout and the colour order that it wants."""
import cv2
import numpy as np
from mxnet import nd
from mxnet.gluon import HybridBlock

from ..utils.check import check_choice, check_int, check_number

__all__ = ['GREY', 'ToTensor', 'check_spec', 'normalize', 'normalizer']

LARGEST = 1 << 14  # side of an image, in pixels
GREY = (0.299, 0.587, 0.114)  # luma of R, G, B (ITU-R BT.601), as OpenCV and JPEG have it


class ToTensor(HybridBlock):
    """Images as they are stored -> the input of a net: (pixel - mean) / std, channels first, in the spec's order.

    It has no parameters, so it may stand before a net, which then takes bytes: a quarter of the memory and of the way
    to the device.

    Parameters
    ----------
    spec : InputSpec
        A net's `input_spec`: `mean` and `std` for each channel in grey levels, `colour` 'rgb', 'bgr' or 'grey'
        (0.299 R + 0.587 G + 0.114 B).

    Inputs:
        - **x**: uint8 (B, H, W, 3) or (H, W, 3), RGB

    Outputs:
        - **out**: float32 (B, 3, H, W), or (B, 1, H, W) if grey; B = 1 for a single image
    """

    def __init__(self, spec, prefix=None, params=None):
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


def normalize(images, spec):
    """`ToTensor` for NumPy, the same to the bit, on the host.

    Parameters
    ----------
    images : uint8 array, (B,H,W,3) RGB
    spec : InputSpec

    Returns
    -------
    float32 array, (B,3,H,W), or (B,1,H,W) if grey
    """
    out = np.empty((len(images), len(spec.mean)) + images.shape[1:3], np.float32)
    write = normalizer(spec, images.shape[1:3])
    for image, planes in zip(images, out):
        write(image, planes)
    return out


def normalizer(spec, size):
    """A function (uint8 image (H,W,3) RGB, float32 array (C,H,W)) that writes an image of a size, normalised, into an
    array.

    An image at a time stays in the cache, which is several times as fast as a whole batch; and few calls do it, because
    each gives the interpreter to another thread and has to wait for it afterwards. A function is for one thread.
    """
    levels = np.arange(256, dtype=np.float32)
    tables = [np.divide(levels - np.float32(mean), std, dtype=np.float32) for mean, std in zip(spec.mean, spec.std)]
    alike = len(set(zip(spec.mean, spec.std))) == 1
    kept = np.empty((3,) + tuple(size), np.uint8)
    rows = -1, size[1]
    channels = list(kept[::-1] if spec.colour == 'bgr' else kept)

    def write(image, planes):
        cv2.split(image, channels)
        if spec.colour == 'grey':
            red, green, blue = (plane * np.float32(weight) for plane, weight in zip(channels, GREY))
            grey = red + green + blue
            np.divide(np.subtract(grey, spec.mean[0], dtype=np.float32), spec.std[0], out=planes[0], dtype=np.float32)
        elif alike:
            cv2.LUT(kept.reshape(rows), tables[0], dst=planes.reshape(rows))
        else:
            for plane, channel, table in zip(planes, kept, tables):
                cv2.LUT(channel, table, dst=plane)

    return write


def check_spec(owner, spec):
    """Return `spec` if images can be brought into its form, else raise a ValueError or TypeError."""
    if not all(hasattr(spec, name) for name in ('size', 'mean', 'std', 'colour')):
        raise TypeError("{}: spec must be an InputSpec (a net's input_spec), got {!r}.".format(owner, spec))
    check_choice(owner, 'spec.colour', spec.colour, ('rgb', 'bgr', 'grey'))
    if len(spec.size) != 2:
        raise ValueError('{}: spec.size must be (height, width), got {!r:.100}.'.format(owner, spec.size))
    for side in spec.size:
        check_int(owner, 'spec.size', side, 1, LARGEST)
    wanted = 1 if spec.colour == 'grey' else 3
    for name, values in (('mean', spec.mean), ('std', spec.std)):
        if len(values) != wanted:
            raise ValueError('{}: spec.{} must have a value for each channel, {} for colour {!r}, got {}.'.format(
                owner, name, wanted, spec.colour, len(values)))
    for mean, std in zip(spec.mean, spec.std):
        check_number(owner, 'spec.mean', mean)
        check_number(owner, 'spec.std', std, 0, low_open=True)
    return spec
