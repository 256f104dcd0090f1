"""A small ONNX net, made without MXNet, and what it gives by plain NumPy."""
import numpy as np

from gluonfr.data.normalize import normalize
from gluonfr.model_zoo import InputSpec

SPEC = InputSpec((16, 16), (127.5,) * 3, (64.0,) * 3, 'rgb', 6)
KERNEL, CHANNELS = 4, 8


def weights(seed=0):
    """Of a convolution of patches, its slopes, and the layer behind it."""
    random = np.random.RandomState(seed)
    return (random.randn(CHANNELS, 3, KERNEL, KERNEL).astype('float32') / 7,
            random.uniform(0.1, 0.4, CHANNELS).astype('float32'),
            random.randn(SPEC.embedding_size, CHANNELS * 16).astype('float32') / 11)


def write_onnx(path, batch='batch', eight_bit=False, seed=0):
    """Write the net: convolution, PReLU, dense layer; with `eight_bit` the dense layer in QDQ form."""
    import json

    import onnx
    from onnx import TensorProto, helper, numpy_helper
    kernel, slopes, dense = weights(seed)
    tensors = {'kernel': kernel, 'slopes': slopes.reshape(-1, 1, 1)}
    nodes = [helper.make_node('Conv', ['data', 'kernel'], ['conv'], strides=[KERNEL] * 2),
             helper.make_node('PRelu', ['conv', 'slopes'], ['prelu']), helper.make_node('Flatten', ['prelu'], ['flat'])]
    if eight_bit:
        scale = np.float32(np.abs(dense).max() / 127)
        tensors.update(dense8=np.round(dense / scale).astype('int8'), scale=scale, zero=np.int8(0),
                       step=np.float32(8 / 127))
        nodes += [helper.make_node('QuantizeLinear', ['flat', 'step', 'zero'], ['flat8']),
                  helper.make_node('DequantizeLinear', ['flat8', 'step', 'zero'], ['flat32']),
                  helper.make_node('DequantizeLinear', ['dense8', 'scale', 'zero'], ['dense32']),
                  helper.make_node('Gemm', ['flat32', 'dense32'], ['embedding'], transB=1)]
    else:
        tensors['dense'] = dense
        nodes.append(helper.make_node('Gemm', ['flat', 'dense'], ['embedding'], transB=1))
    graph = helper.make_graph(
        nodes, 'net', [helper.make_tensor_value_info('data', TensorProto.FLOAT, (batch,) + SPEC.shape)],
        [helper.make_tensor_value_info('embedding', TensorProto.FLOAT, (batch, SPEC.embedding_size))],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in tensors.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=8, producer_name='gluonfr')
    helper.set_model_props(model, {'input': json.dumps(SPEC._asdict()), 'embedding_size': str(SPEC.embedding_size)})
    onnx.save(model, str(path))
    return str(path)


def by_formula(images, flip='none', seed=0):
    """Embeddings of length 1 of uint8 images (N, H, W, 3)."""
    kernel, slopes, dense = weights(seed)
    rows = []
    for view in [images] if flip == 'none' else [images, images[:, :, ::-1]]:
        patches = normalize(view, SPEC).reshape(len(view), 3, 4, KERNEL, 4, KERNEL)
        maps = np.einsum('ncyixj,kcij->nkyx', patches, kernel)
        maps = np.where(maps > 0, maps, maps * slopes.reshape(-1, 1, 1))
        rows.append(maps.reshape(len(view), -1) @ dense.T)
    rows = np.concatenate(rows, axis=1) if flip == 'concat' else sum(rows)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def faces(count, seed=0):
    """Images of noise for the net."""
    return np.random.RandomState(seed).randint(0, 256, (count,) + SPEC.size + (3,)).astype('uint8')
