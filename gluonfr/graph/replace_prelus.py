"""PReLUs of ONNX models as operators that ONNX Runtime computes several times as fast on CPUs."""
from typing import Any, Callable, Optional, Tuple

import numpy as np

__all__ = ['in_convolutions', 'in_sums', 'replace_prelus']


def in_convolutions(slopes: np.ndarray) -> Optional[Tuple[dict, list]]:
    """a x + relu((1 - a) x), both products as depthwise convolutions, or None for other slopes than one a channel.

    ONNX Runtime lets the sum and the ReLU be parts of the convolutions, and keeps the layout of those around them.
    """
    if slopes.dtype != np.float32 or slopes.shape[-2:] != (1, 1) or slopes.size == 1:
        return None
    slopes = slopes.reshape(-1, 1, 1, 1)
    constants = {'slopes': slopes, 'others': np.abs(1 - slopes)}
    depthwise = {'group': len(slopes), 'kernel_shape': [1, 1]}
    nodes = [('Conv', ('x', 'others'), 'scaled', depthwise), ('Relu', ('scaled',), 'positive', {})]
    positive = 'positive'
    if (slopes > 1).any():  # the rest is taken off there
        constants['signs'] = np.sign(1 - slopes)
        nodes.append(('Conv', ('positive', 'signs'), 'signed', depthwise))
        positive = 'signed'
    return constants, nodes + [('Conv', ('x', 'slopes'), 'line', depthwise), ('Add', ('line', positive), 'y', {})]


def in_sums(slopes: np.ndarray) -> Tuple[dict, list]:
    """x + (a - 1) min(x, 0)."""
    constants = {'zero': np.zeros((), 'float32'), 'slopes_minus_1': (slopes - 1).astype('float32')}
    return constants, [('Min', ('x', 'zero'), 'negative', {}), ('Mul', ('negative', 'slopes_minus_1'), 'term', {}),
                       ('Add', ('x', 'term'), 'y', {})]


def replace_prelus(model: Any, form: Callable) -> None:
    """Replace the operators PRelu of a model whose slopes are constants.

    Parameters
    ----------
    model : onnx.ModelProto
        It is changed.
    form : callable
        `in_convolutions` or `in_sums`: slopes -> ({name: constant}, [(operator, names of its inputs, of its output,
        attributes)]), where 'x' and 'y' are what goes into the PReLU and what comes out; None leaves it as it is.
    """
    from onnx import helper, numpy_helper
    weights = {entry.name: entry for entry in model.graph.initializer}
    nodes, gone = [], set()
    for node in model.graph.node:
        found = None
        if node.op_type == 'PRelu' and node.input[1] in weights:
            found = form(numpy_helper.to_array(weights[node.input[1]]))
        if found is None:
            nodes.append(node)
            continue
        gone.add(node.input[1])
        prefix, named = (node.name or node.output[0]) + '_', {'x': node.input[0], 'y': node.output[0]}
        model.graph.initializer.extend(
            numpy_helper.from_array(array, prefix + name) for name, array in found[0].items())
        for operator, inputs, output, attributes in found[1]:
            nodes.append(helper.make_node(operator, [named.get(name, prefix + name) for name in inputs],
                                          [named.get(output, prefix + output)], prefix + output, **attributes))
    gone -= {name for node in nodes for name in node.input}
    graph = model.graph  # whose inputs hold the constants, too, before IR version 4
    kept = [[entry for entry in field if entry.name not in gone] for field in (graph.initializer, graph.input)]
    for field, values in zip((graph.node, graph.initializer, graph.input), [nodes] + kept):
        values = [type(value).FromString(value.SerializeToString()) for value in values]
        del field[:]
        field.extend(values)
