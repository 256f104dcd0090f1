"""Embeddings of made-up people, and a small net, for tests of what is judged by them."""
import numpy as np
from evaluation_cases import PixelNet

from gluonfr.data.input_spec import InputSpec
from gluonfr.model_zoo.card_file import ONNX, write_card
from gluonfr.photos import Embedded


def made_up(people=8, images=6, size=32, spread=0.5, seed=0):
    """Unit vectors (N, D) around a direction for each person, and the persons (N,); cosines within are about 0.8."""
    random = np.random.RandomState(seed)
    centres = np.linalg.qr(random.randn(max(people, size), size).T)[0].T[:people]
    codes = np.repeat(np.arange(people), images)
    noise = random.randn(len(codes), size) / np.sqrt(size)
    units = centres[codes] + spread * noise
    return (units / np.linalg.norm(units, axis=1, keepdims=True)).astype('float32'), codes


def as_images(units, lengths=None, seed=0):
    """`Embedded` of such vectors, all with other bytes and pictures."""
    random, count = np.random.RandomState(seed), len(units)
    lengths = np.full(count, 10.0) if lengths is None else np.asarray(lengths)
    return Embedded((units * lengths[:, None]).astype('float32'), random.randint(0, 256, (count, 32)).astype('uint8'),
                    np.linspace(100, 200, count).astype('float32'),
                    random.randint(0, 256, (count, 256)).astype('uint8'), count)


def write_plain_net(folder, size=64):
    """A folder with card and ONNX net: a random projection of the pixels of 16 x 16, which tells `face`s apart."""
    import json

    from onnx import TensorProto, helper, numpy_helper, save
    spec = InputSpec((16, 16), (127.5,) * 3, (64.0,) * 3, 'rgb', size)
    matrix = np.random.RandomState(0).randn(size, 768).astype('float32') / 28
    graph = helper.make_graph(
        [helper.make_node('Flatten', ['data'], ['flat']),
         helper.make_node('Gemm', ['flat', 'dense'], ['embedding'], transB=1)], 'net',
        [helper.make_tensor_value_info('data', TensorProto.FLOAT, ('batch',) + spec.shape)],
        [helper.make_tensor_value_info('embedding', TensorProto.FLOAT, ('batch', size))],
        [numpy_helper.from_array(matrix, 'dense')])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=8, producer_name='gluonfr')
    helper.set_model_props(model, {'input': json.dumps(spec._asdict()), 'embedding_size': str(size)})
    save(model, str(folder / 'net.onnx'))
    write_card(str(folder / 'card.json'), str(folder / 'net.onnx'), ONNX, {}, spec, licence='mine')
    return folder


class CountingNet(PixelNet):
    """Counts what it embeds; may fail at the n-th batch."""

    batch_size = 4

    def __init__(self, fails_at=99, **net):
        super().__init__(**net)
        self.seen, self.fails_at = [], fails_at

    def batches(self, images, start=0, progress=False):
        for begin in range(start, len(images), self.batch_size):
            if begin // self.batch_size == self.fails_at:
                raise OSError('killed')
            rows = range(begin, min(begin + self.batch_size, len(images)))
            self.seen += [images.paths[i] for i in rows]
            pixels = np.stack([images.read(i)[0] for i in rows]).astype('float64')
            yield begin, (pixels.reshape(len(rows), -1) - 127.5) @ self._matrix
