"""Weights of an ONNX model whose channels have values of one size, so that 8 bits can tell them apart."""
from collections import Counter, defaultdict

import numpy as np

from .sessions import run_batches, session_of

__all__ = ['equalize']

LEAST = 0.01  # channels with smaller values than this part of the largest count as if they had it: most are dead
KEEP_FACTORS = ('PRelu', 'Relu', 'LeakyRelu', 'MaxPool', 'AveragePool', 'GlobalAveragePool')


def equalize(model, images):
    """Scale channels between two convolutions, so that all have values of one size there.

    The formula and its source are those of `gluonfr.deploy.inference.equalize`, which does it to MXNet's graphs.

    Parameters
    ----------
    model : onnx.ModelProto
        With BatchNorms folded; it is changed, and computes the same but for rounding.
    images : float32 array, (N, C, H, W)
        As they will come.
    """
    from onnx import numpy_helper
    weights = {entry.name: entry for entry in model.graph.initializer}
    made = {name: node for node in model.graph.node for name in node.output}
    uses = Counter(name for node in model.graph.node for name in node.input)
    uses.update(entry.name for entry in model.graph.output)
    paths = [path for path in (_to_convolution(node, made, uses, weights) for node in model.graph.node) if path]
    if not paths:
        return
    largest = _largest(model, sorted({node.output[0] for path in paths for node in path[:-1]}), images)

    def multiply(name, factors, axis):
        value = numpy_helper.to_array(weights[name])
        shape = [1] * value.ndim
        shape[axis] = -1
        weights[name].CopyFrom(numpy_helper.from_array((value * factors.reshape(shape)).astype('float32'), name))

    for path in paths:
        values = np.max([largest[node.output[0]] for node in path[:-1]], axis=0)
        factors = np.maximum(values / max(values.max(), np.finfo('float32').tiny), LEAST)
        for name in path[0].input[1:3]:
            multiply(name, 1 / factors, 0)
        multiply(path[-1].input[1], factors, 0 if _groups(path[-1]) > 1 else 1)


def _groups(node):
    return next((entry.i for entry in node.attribute if entry.name == 'group'), 1)


def _to_convolution(last, made, uses, weights):
    """[convolution, what follows, ..., this convolution] where channels may be scaled in between, or None."""
    if last.op_type != 'Conv' or last.input[1] not in weights:
        return None
    if _groups(last) not in (1, weights[last.input[1]].dims[0]):
        return None
    path = [last]
    while True:
        name = path[-1].input[0]
        if uses[name] != 1 or name not in made:
            return None
        path.append(made[name])
        if made[name].op_type not in KEEP_FACTORS:
            break
    scaled = [*path[-1].input[1:3], last.input[1]]
    known = path[-1].op_type == 'Conv' and all(name in weights and uses[name] == 1 for name in scaled)
    return path[::-1] if known else None


def _largest(model, names, images):
    """{name: (C,) the largest absolute value of each channel} of some values, over all images."""
    copy = type(model)()
    copy.CopyFrom(model)
    for name in names:
        copy.graph.output.add(name=name)
    found = defaultdict(int)
    for rows in run_batches(session_of(copy.SerializeToString()), images, names):
        for name, row in zip(names, rows):
            found[name] = np.maximum(found[name], np.abs(row).max(axis=(0, 2, 3)))
    return found
