"""State dicts of the IR and IR-SE nets, as AdaFace, face.evoLVe and TreB1eN's InsightFace_Pytorch define them.

Their unit is that of `IResNet`, with or without its BatchNorm in the middle; the shortcut of the first stage takes
every second pixel, and AdaFace's last BatchNorm learns nothing.
"""
import re

import numpy as np

from ..graph.convert_error import ConvertError
from .torch_names import EPSILON

__all__ = ['FIRST', 'completed', 'ir_arguments', 'is_adaface', 'se_block']

FIRST = 'input_layer.0.weight'
WIDTHS = (64, 128, 256, 512)


def ir_arguments(state, shape):
    """What `IResNet` must be given to be the net of a state dict.

    Parameters
    ----------
    state : dict of str to array
    shape : function (name) -> tuple
        Of an array, or the error that it is missing.

    Raises
    ------
    ConvertError
        It is another kind of IR net.
    """
    places = map(re.compile(r'body\.(\d+)\.res_layer\.').match, state)
    units = sorted({int(place.group(1)) for place in places if place})
    first = [shape('body.{}.res_layer.1.weight'.format(unit)) for unit in units]
    if any(one[2:] != (3, 3) for one in first) or {one[0] for one in first} != set(WIDTHS):
        raise ConvertError(
            'native_from_torch: IR nets must have units of two 3x3 convolutions with 64 to 512 channels, got first '
            "convolutions of {}, such as the bottlenecks of AdaFace's IR-152 and IR-200. Export it to ONNX and convert "
            'that: it is taken as it is.'.format(' and '.join(sorted({'x'.join(map(str, one)) for one in first}))))
    embedding_size, inputs = shape('output_layer.3.weight')
    return {'units': tuple(sum(one[0] == width for one in first) for width in WIDTHS), 'epsilon': EPSILON,
            'input_size': 16 * round((inputs / 512) ** 0.5), 'embedding_size': embedding_size,
            'middle_norm': is_adaface(state), 'subsample': 'body.0.shortcut_layer.0.weight' not in state,
            'use_se': bool(se_block(state))}


def is_adaface(state):
    """Whether there is a BatchNorm in the middle of each unit, which only AdaFace's nets have."""
    return 'body.0.res_layer.2.running_mean' in state


def se_block(state):
    """What squeeze-and-excitation is called inside of a res_layer; empty if there is none."""
    found = next((name for name in state if name.startswith('body.0.') and name.endswith('.fc1.weight')), '')
    return found[len('body.0.res_layer.'):-len('.fc1.weight')]


def completed(state):
    """A state dict with what our net has and theirs computes without: biases and slopes of 0, gammas of 1."""
    more = {}
    for name, array in state.items():
        if name.endswith(('.fc1.weight', '.fc2.weight')):
            more[name[:-len('weight')] + 'bias'] = np.zeros(len(array), 'float32')
        if name.endswith('.fc1.weight'):  # a ReLU follows
            more[name[:-len('fc1.weight')] + 'relu.weight'] = np.zeros(1, 'float32')
    width = len(state['output_layer.4.running_mean']) if 'output_layer.4.running_mean' in state else 0
    more.update({'output_layer.4.weight': np.ones(width, 'float32'), 'output_layer.4.bias': np.zeros(width, 'float32')})
    return {**more, **state}
