"""The way of images into a network: from bytes to the numbers, the layout and the colour order that it wants."""
import cv2
import numpy as np

from ..utils.check import check_choice, check_int, check_number
from .input_spec import InputSpec

__all__ = ['GREY', 'changed_spec', 'check_spec', 'given_fields', 'normalize', 'normalizer']

FIELDS = ('size', 'mean', 'std', 'colour')  # of an InputSpec, that can be given one by one
LARGEST = 1 << 14  # side of an image, in pixels
GREY = (0.299, 0.587, 0.114)  # luma of R, G, B (ITU-R BT.601), as OpenCV and JPEG have it


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


def given_fields(owner, spec):
    """What is given of an InputSpec: a dict of some of its fields, of a whole one all of them, nothing of None."""
    given = {} if spec is None else spec._asdict() if isinstance(spec, InputSpec) else dict(spec)
    given.pop('embedding_size', None)
    wrong = sorted(set(given).difference(FIELDS))
    if wrong:
        raise ValueError('{}: spec takes {}, got {}.'.format(owner, ', '.join(FIELDS), ', '.join(wrong)))
    return given


def changed_spec(owner, spec, given):
    """An InputSpec with what `given_fields` gave in its place, a number standing for both sides or all channels."""
    counts = {'size': 2, 'mean': len(spec.mean), 'std': len(spec.std)}
    given = {name: (value,) * counts[name] if name in counts and isinstance(value, (int, float)) else value
             for name, value in given.items()}
    try:
        changed = InputSpec(**dict(spec._asdict(), **given))
    except (TypeError, ValueError) as error:
        raise ValueError('{}: spec must hold numbers for size, mean and std, got {}: {}'.format(
            owner, given, error)) from error
    return check_spec(owner, changed)


def check_spec(owner, spec):
    """Return `spec` if images can be brought into its form, else raise a ValueError or TypeError."""
    if not all(hasattr(spec, name) for name in ('size', 'mean', 'std', 'colour')):
        raise TypeError("{}: spec must be an InputSpec (a network's input_spec), got {!r}.".format(owner, spec))
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
