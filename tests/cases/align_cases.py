"""Photographs with marks in place of faces, and weights with which OpenCV's own YuNet code finds the marks.

A mark is a yellow square of 8 x 8 pixels at multiples of 8. It is a face whose box has a side of 40 pixels, or of 80
if the mark is white, with its centre on that of the mark. The weights are a convolution in ONNX, written byte by byte
here: the real ones are not part of gluonfr.
"""
import numpy as np

from gluonfr.align import template

SIDE = 40
YELLOW, WHITE = (255, 255, 0), (255, 255, 255)
# the five points of a face whose aligned image of 112 x 112 covers a square of SIDE pixels around 0
POINTS = (template(112) - 56) * (SIDE / 112)


def photo(height, width, marks, grey=60):
    """uint8 (H, W, 3) RGB with marks at (x, y) of their corner, or (x, y, colour)."""
    image = np.full((height, width, 3), grey, np.uint8)
    for x, y, *colour in marks:
        image[y:y + 8, x:x + 8] = colour[0] if colour else YELLOW
    return image


def points(x, y, scale=1):
    """The landmarks of the mark with its corner at x, y."""
    return POINTS * scale + [x + 4, y + 4]


def write_yunet(path):
    """Weights for cv2.FaceDetectorYN that find the marks."""
    nodes, tensors, outputs = [], [], []
    for stride in (8, 16, 32):
        zeros = np.zeros((3, stride, stride), 'float32')  # B, G, R
        score, blue = zeros.copy(), zeros.copy()
        score[1] = 1
        blue[0] = 1
        score, blue = (array / (255 * stride ** 2) for array in (score, blue))
        on = float(stride == 8)
        sides = np.array([0, 0, np.log(2), np.log(2)]).reshape(4, 1, 1, 1)
        heads = {'cls': (1.25 * on * score[None], [-0.25]), 'obj': (0 * score[None], [on]),
                 'bbox': (sides * blue, [0.5, 0.5, np.log(SIDE / stride), np.log(SIDE / stride)]),
                 'kps': (POINTS.reshape(10, 1, 1, 1) / stride * blue, POINTS.ravel() / stride + 0.5)}
        for name, (weight, bias) in heads.items():
            name = '{}_{}'.format(name, stride)
            tensors += [_tensor(name + '_w', weight), _tensor(name + '_b', np.asarray(bias))]
            nodes += [_node('Conv', ['input', name + '_w', name + '_b'], name + '_c',
                            kernel_shape=[stride] * 2, strides=[stride] * 2),
                      _node('Transpose', [name + '_c'], name, perm=[0, 2, 3, 1])]
            outputs.append(_value(name, [1, 'h{}'.format(stride), 'w{}'.format(stride), len(bias)]))
    graph = b''.join([_field(1, node) for node in nodes] + [_field(2, 'marks')] +
                     [_field(5, tensor) for tensor in tensors] +
                     [_field(11, _value('input', [1, 3, 'height', 'width']))] +
                     [_field(12, output) for output in outputs])
    path.write_bytes(_field(1, 8) + _field(8, _field(1, '') + _field(2, 13)) + _field(7, graph))
    return str(path)


def _varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))


def _field(number, value):
    """A field of a protocol buffer: an int, bytes or text."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    value = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _tensor(name, array):
    array = array.astype('<f4')
    return b''.join(_field(1, n) for n in array.shape) + _field(2, 1) + _field(8, name) + _field(9, array.tobytes())


def _node(kind, inputs, output, **attributes):
    return b''.join([_field(1, name) for name in inputs] + [_field(2, output), _field(3, output), _field(4, kind)] + [
        _field(5, _field(1, name) + b''.join(_field(8, n) for n in values) + _field(20, 7))
        for name, values in attributes.items()])


def _value(name, shape):
    dims = b''.join(_field(1, _field(2 if isinstance(n, str) else 1, n)) for n in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, dims)))
