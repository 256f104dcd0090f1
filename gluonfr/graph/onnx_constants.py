"""What an ONNX graph computes from no input: constants, which a few hostile bytes may make fill all memory."""
from math import ceil, prod
from typing import Any, Dict, Iterable, Optional

import numpy as np

from .convert_error import ConvertError

__all__ = ['constants_of']

ROOM = 1 << 26  # values that constants may have besides four times as many as the file has
AS_MANY = set('Abs And ArgMax ArgMin BatchNormalization Cast Ceil Clip Concat Constant Cos CumSum DepthToSpace '
              'DequantizeLinear Dropout Erf Exp Flatten Floor GatherElements Identity IsNaN Log Neg Not QuantizeLinear '
              'Reciprocal ReduceL1 ReduceL2 ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu '
              'Reshape Round ScatterElements ScatterND Shape Sigmoid Sign Sin Size Slice Softmax SpaceToDepth Split '
              'Sqrt Squeeze Tanh Transpose Trilu Unsqueeze'.split())  # values at most as there are in their inputs
BROADCAST = set('Add Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or PRelu Pow Sub Sum Where '
                'Xor'.split())


def constants_of(model: Any, wanted: Optional[Iterable[str]] = None) -> Dict[str, np.ndarray]:
    """{name: array} of all that depends on no input: initializers, and what operators make of them.

    Operators of which it is not known how much they make are left out, and so are loops and what is random.

    Parameters
    ----------
    model : onnx.ModelProto
    wanted : iterable of str or None
        Only these names, and what leads to them.

    Raises
    ------
    ConvertError
        They would be out of all proportion to the file.
    """
    from onnx import helper, numpy_helper
    leading = list(model.graph.node)
    if wanted is not None:
        wanted = set(wanted)
        for node in reversed(model.graph.node):
            if wanted.intersection(node.output):
                wanted.update(node.input)
        leading = [node for node in leading if wanted.intersection(node.output)]
    arrays = {entry.name: numpy_helper.to_array(entry) for entry in model.graph.initializer
              if wanted is None or entry.name in wanted}
    room = ROOM + 4 * sum(array.size for array in arrays.values())
    for node in leading:
        if node.op_type == 'CastLike' and node.input[0] in arrays:  # its other input says nothing but the type
            node = helper.make_node('Identity', node.input[:1], node.output)
        if node.domain not in ('', 'ai.onnx') or not all(name in arrays for name in node.input if name):
            continue
        given = {name: arrays[name] for name in node.input if name}
        most = _most_values(node, [given[name] for name in node.input if name])
        if most is None:
            continue
        room -= abs(most)
        if room < 0:
            raise ConvertError('the ONNX graph is damaged or hostile: {} {!r} makes a constant of {:,} values.'.format(
                node.op_type, node.name or node.output[0], most))
        arrays.update(zip(node.output, _run(node, given, model.opset_import)))
    return arrays


def _run(node, given, opsets):
    """What a node makes of arrays."""
    from onnx import TensorProto, helper
    from onnx.reference import ReferenceEvaluator
    inputs = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
              for name, array in given.items()]
    outputs = [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in node.output]
    part = helper.make_model(helper.make_graph([node], 'constant', inputs, outputs), opset_imports=opsets)
    return ReferenceEvaluator(part).run(None, given)


def _most_values(node, arrays):
    """How many values an operator makes of arrays, at most; None of one that is not known here."""
    op, sizes = node.op_type, [array.size for array in arrays]
    attrs = {entry.name: entry for entry in node.attribute}
    if op == 'Constant':
        return None if 'sparse_value' in attrs else 0  # else it is in the file
    if op in AS_MANY:
        return sum(sizes)
    if op in BROADCAST:
        return prod(np.broadcast_shapes(*(array.shape for array in arrays)))
    if op == 'ConstantOfShape':
        return prod(arrays[0].tolist())
    if op == 'Expand':
        return prod(np.broadcast_shapes(arrays[0].shape, tuple(arrays[1].tolist())))
    if op == 'Tile':
        return sizes[0] * prod(arrays[1].tolist())
    if op == 'Range':
        start, limit, delta = (float(array) for array in arrays)
        return max(ceil((limit - start) / delta), 0)
    if op == 'Gather':
        axis = attrs['axis'].i if 'axis' in attrs else 0
        return sizes[1] * (sizes[0] // max(arrays[0].shape[axis], 1))
    if op in ('Gemm', 'MatMul'):
        shared = max(min(arrays[0].shape + arrays[1].shape, default=1), 1) if op == 'Gemm' else arrays[0].shape[-1]
        return (sizes[0] // shared) * (sizes[1] // shared)
    if op == 'NonZero':
        return sizes[0] * max(arrays[0].ndim, 1)
    return None
