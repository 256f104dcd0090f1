"""The DALI graph behind `DALIRecordIter`, which hands over the module `nvidia.dali`: nothing here imports it.

Each class here does what the one of its name in `transforms` does. `draw` takes from `random` what that one takes, by
the same calls, and gives its decision as numbers for DALI's operators, which `apply` adds to the graph. So an image is
changed in the same way on either path, up to rounding and but for two things that DALI lacks:

- Crop: where a window reaches beyond the image, the edge is repeated instead of reflected.
- LowResolution: 'area' is a triangle filter on the way down and linear on the way up, Lanczos has 3 lobes instead of 4,
  and the cubic filter is less sharp.
"""
import numpy as np

from .. import transforms

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
    drawn = [[value for step in steps for value in step.draw(random)] for random in randoms]
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
    """One augmentation; `inputs` says the type of each number or array that `draw` gives."""
    inputs = ()

    def __init__(self, dali, transform, size):
        self._dali = dali
        self._transform = transform
        self._size = self.out_size = size

    def draw(self, random):
        return ()


class _Mirror(_Step):
    inputs = ('int32',)

    def draw(self, random):
        return (random.random_sample() < self._transform._p,)

    def apply(self, images, mirrored):
        return self._dali.fn.flip(images, horizontal=mirrored)


class _Crop(_Step):
    inputs = ('float32', 'float32')  # begin and end of the window, (2,) each

    def draw(self, random):
        scale = random.uniform(*self._transform._scale)
        pad, window = self._transform._pad, [transforms._scaled(side, scale) for side in self._size]
        begin = [random.randint(0, side + 2 * pad - part + 1) - pad for side, part in zip(self._size, window)]
        return begin, np.add(begin, window)

    def apply(self, images, begin, end):
        return self._dali.fn.resize(images, size=self._size, roi_start=begin, roi_end=end, antialias=False)


class _Photometric(_Step):
    inputs = ('float32',) * 4

    def draw(self, random):
        t = self._transform
        brightness, contrast, saturation, hue = random.uniform(-1, 1, 4) * (
            t._brightness, t._contrast, t._saturation, 360 * t._hue)
        return 1 + saturation, -hue, (1 + brightness) * (1 + contrast), -(1 + brightness) * contrast

    def apply(self, images, saturation, hue, gain, shift):
        fn, types = self._dali.fn, self._dali.types
        grey = fn.reductions.mean(fn.color_space_conversion(images, image_type=types.RGB, output_type=types.GRAY))
        images = fn.color_twist(images, saturation=saturation, hue=hue, dtype=types.FLOAT)
        return fn.cast(images * _beside(images, gain) + grey * _beside(images, shift), dtype=types.UINT8)


class _LowResolution(_Step):
    inputs = ('float32', 'int32', 'float32') * 2  # down, then up: size (2,), filter, where its grid begins (2,)

    def __init__(self, dali, transform, size):
        super().__init__(dali, transform, size)
        types = dali.types  # in the order of LowResolution._METHODS
        self._down = [int(kind) for kind in (types.INTERP_NN, types.INTERP_LINEAR, types.INTERP_TRIANGULAR,
                                             types.INTERP_CUBIC, types.INTERP_LANCZOS3)]
        self._up = self._down[:2] + [int(types.INTERP_LINEAR)] + self._down[3:]

    def draw(self, random):
        small, down, up = self._size, 0, 0  # nearest neighbours in the same size: no change
        if random.random_sample() < self._transform._p:
            scale = random.uniform(*self._transform._scale)
            small = tuple(transforms._scaled(side, scale) for side in self._size)
            down, up = random.randint(0, len(self._down), 2)
        return (*self._resized(self._size, small, self._down[down]), *self._resized(small, self._size, self._up[up]))

    def _resized(self, old, new, kind):
        # DALI takes the pixel nearest to the middle of the new one, OpenCV the one nearest to its corner
        begin = [1e-3 - 0.5 * a / b if kind == self._down[0] else 0 for a, b in zip(old, new)]
        return new, kind, begin

    def apply(self, images, *inputs):
        fn, types = self._dali.fn, self._dali.types
        old = types.Constant(self._size, dtype=types.FLOAT)
        for size, kind, begin in (inputs[:3], inputs[3:]):
            images = fn.resize(images, size=size, interp_type=fn.reinterpret(kind, dtype=types.INTERP_TYPE),
                               roi_start=begin, roi_end=begin + old, antialias=False)
            old = size
        return images


class _JPEGQuality(_Step):
    inputs = ('int32', 'uint8', 'uint8')  # quality, and 1, 0 to take the compressed image or 0, 1 not to

    def draw(self, random):
        if random.random_sample() >= self._transform._p:
            return 100, 0, 1
        low, high = self._transform._quality
        return random.randint(low, high + 1), 1, 0

    def apply(self, images, quality, taken, left):
        changed = self._dali.fn.jpeg_compression_distortion(images, quality=quality)
        return changed * _beside(images, taken) + images * _beside(images, left)


class _Erase(_Step):
    def __init__(self, dali, transform, size):
        super().__init__(dali, transform, size)
        # corner and size of the rectangle, (2,) each; then the noise in it, black around
        self.inputs = ('float32', 'float32') + ('uint8',) * (transform._fill is None)

    def draw(self, random):
        t, corner, sides = self._transform, [0, 0], [0, 0]
        erased = random.random_sample() < t._p
        if erased:
            area = random.uniform(*t._area) * self._size[0] * self._size[1]
            ratio = np.exp(random.uniform(*t._log_ratio))
            sides = [min(int(round(side)), most) for side, most in zip(((area * ratio) ** 0.5, (area / ratio) ** 0.5),
                                                                       self._size)]
            corner = [random.randint(0, most - side + 1) for most, side in zip(self._size, sides)]
        if t._fill is not None:
            return corner, sides
        noise = np.zeros(self._size + (3,), np.uint8)  # whole images: DALI broadcasts a batch of mixed shapes wrongly
        if erased:
            window = noise[corner[0]:corner[0] + sides[0], corner[1]:corner[1] + sides[1]]
            window[:] = random.randint(0, 256, window.shape, np.uint8)
        return corner, sides, noise

    def apply(self, images, corner, sides, noise=None):
        images = self._dali.fn.erase(images, anchor=corner, shape=sides, fill_value=self._transform._fill or 0)
        return images if noise is None else images + _beside(images, noise)


class _Resize(_Step):
    def __init__(self, dali, transform, size):
        super().__init__(dali, transform, size)
        self.out_size = transform._size

    def apply(self, images):
        fn, types = self._dali.fn, self._dali.types
        smaller = self.out_size[0] < self._size[0] and self.out_size[1] < self._size[1]
        return fn.resize(images, size=self.out_size, antialias=False,
                         interp_type=types.INTERP_TRIANGULAR if smaller else types.INTERP_LINEAR)


class _CenterCrop(_Step):
    def __init__(self, dali, transform, size):
        super().__init__(dali, transform, size)
        self.out_size = transform._size

    def apply(self, images):
        return self._dali.fn.crop(images, crop=self.out_size, rounding='truncate')


_STEPS = {transforms.Mirror: _Mirror, transforms.Crop: _Crop, transforms.Photometric: _Photometric,
          transforms.LowResolution: _LowResolution, transforms.JPEGQuality: _JPEGQuality, transforms.Erase: _Erase,
          transforms.Resize: _Resize, transforms.CenterCrop: _CenterCrop}


def _flat(transform):
    if isinstance(transform, transforms.Compose):
        return [part for inner in transform._transforms for part in _flat(inner)]
    return [transform]


def _beside(images, node):
    """`node` where the images are: arithmetic does not mix CPU and GPU."""
    return node.gpu() if images.device == 'gpu' else node
