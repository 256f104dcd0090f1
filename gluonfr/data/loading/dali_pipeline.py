"""The DALI graph behind `DALIRecordIter`, which hands over the module `nvidia.dali`: nothing here imports it.

Each class here brings DALI's `apply` to the transform of its name in `transforms`, whose own `draw` decides: so an
image is changed in the same way on either path, up to rounding and but for two things that DALI lacks:

- Crop: where a window reaches beyond the image, the edge is repeated instead of reflected.
- LowResolution: 'area' is a triangle filter on the way down and linear on the way up, Lanczos has 3 lobes instead of 4,
  and the cubic filter is less sharp.
"""
import numpy as np

from .. import transforms
from ..image import shrinks

__all__ = ['build', 'draw', 'translate']

_TYPES = {'float32': 'FLOAT', 'float16': 'FLOAT16', 'int32': 'INT32', 'uint8': 'UINT8'}  # NumPy's names and DALI's


def translate(dali, transform, size):
    """Return the steps of a transform, as `ImageLoader` takes it, for images of `size` (height, width).

    Raises
    ------
    ValueError
        For an augmentation that is not translated.
    """
    steps = []
    for part in _flat(transforms.augmentation(transform if isinstance(transform, (str, list, tuple)) else [transform])):
        make = _STEPS.get(type(part))
        if make is None:
            raise ValueError('DALIRecordIter: transform must be made of {}, got {!r}. Take ImageLoader for others.'
                             .format(', '.join(kind.__name__ for kind in _STEPS), part))
        steps.append(make(dali, part, steps[-1].out_size if steps else size))
    return steps


def draw(steps, randoms):
    """Return the inputs of all steps for the images of a batch, each of which has its own random generator."""
    if not steps:
        return []
    drawn = [[number for step in steps for number in step.draw(random)] for random in randoms]
    kinds = [kind for step in steps for kind in step.inputs]
    return [np.array(values, kind) for kind, values in zip(kinds, zip(*drawn))]


def build(dali, source, steps, spec, dtype, batch_size, threads, device_id):
    """Return a DALI pipeline that gives images and their stored shapes, (height, width, channels).

    Parameters
    ----------
    source : iterator
        Yields a list of the encoded images of a batch, then what `draw` gives.
    steps : list
        Of `translate`.
    spec : InputSpec or None
        None for uint8 (H,W,3).
    dtype : {'float32', 'float16'}
    batch_size, threads : int
    device_id : int or None
        GPU, None for the CPU.
    """
    kinds = ['uint8'] + [kind for step in steps for kind in step.inputs]
    pipeline = dali.Pipeline(batch_size, threads, device_id)
    with pipeline:
        encoded, *inputs = dali.fn.external_source(source, num_outputs=len(kinds), batch=True,
                                                   dtype=[getattr(dali.types, _TYPES[kind]) for kind in kinds])
        images = dali.fn.decoders.image(encoded, device='cpu' if device_id is None else 'mixed',
                                        jpeg_fancy_upsampling=True)  # as OpenCV does on the CPU
        for step in steps:
            images = step.apply(images, *inputs[:len(step.inputs)])
            inputs = inputs[len(step.inputs):]
        if spec is not None:
            images = _normalized(dali, images, spec, getattr(dali.types, _TYPES[dtype]))
        pipeline.set_outputs(images, dali.fn.peek_image_shape(encoded))
    pipeline.build()
    return pipeline


def _normalized(dali, images, spec, dtype):
    fn, types = dali.fn, dali.types
    if spec.colour != 'rgb':
        images = fn.color_space_conversion(images, image_type=types.RGB,
                                           output_type=types.BGR if spec.colour == 'bgr' else types.GRAY)
    return fn.crop_mirror_normalize(images, dtype=dtype, output_layout='CHW', mean=list(spec.mean), std=list(spec.std))


class _Step:
    """A transform in DALI's graph; `inputs` says the type of each number or array that `numbers` gives."""
    inputs = ()

    def __init__(self, dali, transform, size):
        self._fn, self._types, self._transform, self._size = dali.fn, dali.types, transform, size
        self.out_size = transform.out_size(size)

    def draw(self, random):
        """The numbers for an image."""
        return self.numbers(self._transform.draw(random, (*self._size, 3)))

    def numbers(self, drawn):
        """What the transform has drawn, as DALI's operators take it, which work on every image."""
        return ()


class _Mirror(_Step):
    inputs = ('int32',)

    def numbers(self, drawn):
        return (bool(drawn),)

    def apply(self, images, mirrored):
        return self._fn.flip(images, horizontal=mirrored)


class _Crop(_Step):
    inputs = ('float32', 'float32')  # begin and end of the window, (2,) each

    def numbers(self, drawn):
        begin, size = drawn[:2], drawn[2:]
        return begin, np.add(begin, size)

    def apply(self, images, begin, end):
        return self._fn.resize(images, size=self._size, roi_start=begin, roi_end=end, antialias=False)


class _Photometric(_Step):
    inputs = ('float32',) * 4

    def numbers(self, drawn):
        brightness, contrast, saturation, hue = self._transform.changes(drawn, 360)
        return 1 + saturation, -hue, (1 + brightness) * (1 + contrast), -(1 + brightness) * contrast

    def apply(self, images, saturation, hue, gain, shift):
        fn, types = self._fn, self._types
        grey = fn.reductions.mean(fn.color_space_conversion(images, image_type=types.RGB, output_type=types.GRAY))
        images = fn.color_twist(images, saturation=saturation, hue=hue, dtype=types.FLOAT)
        return fn.cast(images * _beside(images, gain) + grey * _beside(images, shift), dtype=types.UINT8)


class _LowResolution(_Step):
    inputs = ('float32', 'int32', 'float32') * 2  # down, then up: size (2,), filter, where its grid begins (2,)

    def __init__(self, dali, transform, size):
        super().__init__(dali, transform, size)
        self._down = {name: int(getattr(dali.types, 'INTERP_' + kind)) for name, kind in (
            ('nearest', 'NN'), ('linear', 'LINEAR'), ('area', 'TRIANGULAR'), ('cubic', 'CUBIC'),
            ('lanczos', 'LANCZOS3'))}
        self._up = dict(self._down, area=self._down['linear'])

    def numbers(self, drawn):
        small, down, up = drawn or (self._size, 'nearest', 'nearest')  # in the same size: no change
        return (*self._resized(self._size, small, self._down[down]), *self._resized(small, self._size, self._up[up]))

    def _resized(self, old, new, kind):
        # DALI takes the pixel nearest to the middle of the new one, OpenCV the one nearest to its corner
        begin = [1e-3 - 0.5 * a / b if kind == self._down['nearest'] else 0 for a, b in zip(old, new)]
        return new, kind, begin

    def apply(self, images, *inputs):
        fn, types = self._fn, self._types
        old = types.Constant(self._size, dtype=types.FLOAT)
        for size, kind, begin in (inputs[:3], inputs[3:]):
            images = fn.resize(images, size=size, interp_type=fn.reinterpret(kind, dtype=types.INTERP_TYPE),
                               roi_start=begin, roi_end=begin + old, antialias=False)
            old = size
        return images


class _JPEGQuality(_Step):
    inputs = ('int32', 'uint8', 'uint8')  # quality, and 1, 0 to take the compressed image or 0, 1 not to

    def numbers(self, drawn):
        return (100, 0, 1) if drawn is None else (drawn, 1, 0)

    def apply(self, images, quality, taken, left):
        changed = self._fn.jpeg_compression_distortion(images, quality=quality)
        return changed * _beside(images, taken) + images * _beside(images, left)


class _Erase(_Step):
    def __init__(self, dali, transform, size):
        super().__init__(dali, transform, size)
        # corner and size of the rectangle, (2,) each; then the noise in it, black around
        self.inputs = ('float32', 'float32') + ('uint8',) * (transform.fill is None)

    def numbers(self, drawn):
        window, fill = drawn or (transforms.Window(0, 0, 0, 0), 0)
        corner, sides = window[:2], window[2:]
        if self._transform.fill is not None:
            return corner, sides
        noise = np.zeros((*self._size, 3), np.uint8)  # whole images: DALI broadcasts a batch of mixed shapes wrongly
        window.of(noise)[:] = fill
        return corner, sides, noise

    def apply(self, images, corner, sides, noise=None):
        images = self._fn.erase(images, anchor=corner, shape=sides, fill_value=self._transform.fill or 0)
        return images if noise is None else images + _beside(images, noise)


class _Resize(_Step):
    def apply(self, images):
        types = self._types
        return self._fn.resize(images, size=self.out_size, antialias=False, interp_type=(
            types.INTERP_TRIANGULAR if shrinks(self._size, self.out_size) else types.INTERP_LINEAR))


class _CenterCrop(_Step):
    def apply(self, images):
        return self._fn.crop(images, crop=self.out_size, rounding='truncate')


_STEPS = {transforms.Mirror: _Mirror, transforms.Crop: _Crop, transforms.Photometric: _Photometric,
          transforms.LowResolution: _LowResolution, transforms.JPEGQuality: _JPEGQuality, transforms.Erase: _Erase,
          transforms.Resize: _Resize, transforms.CenterCrop: _CenterCrop}


def _flat(transform):
    if isinstance(transform, transforms.Compose):
        return [part for inner in transform.transforms for part in _flat(inner)]
    return [transform]


def _beside(images, node):
    """`node` where the images are: arithmetic does not mix CPU and GPU."""
    return node.gpu() if images.device == 'gpu' else node
