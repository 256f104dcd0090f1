"""Small graphs that normalise their input, in every usual spelling, as MXNet symbols and as ONNX."""
import mxnet as mx
import numpy as np
import pytest
from mxnet import nd

from gluonfr.deploy import load_symbol
from gluonfr.deploy.onnx_net import OnnxNet

SIZE = 8
WEIGHT = np.random.RandomState(0).normal(0, 1, (6, 3, SIZE, SIZE)).astype('float32')


def spellings(m, s):
    """{name: steps} of (x - m) / s, each step an operator and its constant; 'rsub' is constant - x."""
    return {
        'sub mul': [('sub', m), ('mul', 1 / s)], 'sub div': [('sub', m), ('div', s)],
        'div sub': [('div', s), ('sub', m / s)], 'mul sub': [('mul', 1 / s), ('sub', m / s)],
        'add mul': [('add', -m), ('mul', 1 / s)], 'mul add': [('mul', 1 / s), ('add', -m / s)],
        'rsub mul': [('rsub', m), ('mul', -1 / s)], 'rsub neg div': [('rsub', m), ('neg', None), ('div', s)],
        'norm': [('norm', (m, s))], 'conv of each': [('conv', (m, s, 3))], 'conv': [('conv', (m, s, 1))],
        'same cast sub mul': [('same', None), ('cast', None), ('sub', m), ('mul', 1 / s)],
        'to one first': [('div', 255 + 0 * s), ('sub', m / 255), ('div', s / 255)]}


def conv_weights(mean, std, groups):
    """Weight and bias of a 1 x 1 convolution that does (x - mean) / std."""
    mean, std = (np.broadcast_to(value, 3) for value in (mean, std))
    weight = (1 / std).reshape(3, 1) if groups == 3 else np.diag(1 / std)
    return np.float32(weight)[:, :, None, None], np.float32(-mean / std)


def right(data, m, s):
    """The embeddings of images (N, H, W, 3)."""
    x = (np.stack(data).astype('float64') - m) / s
    return np.einsum('bhwc,dchw->bd', x, WEIGHT)


class Symbol:
    """Writes graphs as MXNet symbols; `form` is that of the constants."""

    forms = ('scalar', 'broadcast', 'reshaped', 'image', 'left')

    def __init__(self, form):
        self.form, self.arrays = form, {}

    def value(self, array):
        if array.ndim < 4:
            array = np.reshape(array, (1, -1, 1, 1)) + np.zeros((1, 3, 1, 1))
        if self.form == 'image':
            array = array + np.zeros((1, 3, SIZE, SIZE))
        array = array.reshape(-1) if self.form == 'reshaped' else array
        name = 'value{}'.format(len(self.arrays))
        self.arrays[name] = nd.array(array)
        var = mx.sym.var(name, shape=array.shape)
        return mx.sym.reshape(var, shape=(1, 3, 1, 1)) if self.form == 'reshaped' else var

    def step(self, x, op, array):
        if op in ('same', 'cast', 'neg'):
            return {'same': mx.sym.identity, 'cast': lambda x: mx.sym.Cast(x, dtype='float32'),
                    'neg': mx.sym.negative}[op](x)
        if op == 'norm':
            mean, std = (np.broadcast_to(value, 3) for value in array)
            self.arrays.update(n_moving_mean=nd.array(mean), n_moving_var=nd.array(std ** 2), n_gamma=nd.ones(3),
                               n_beta=nd.zeros(3))
            return mx.sym.BatchNorm(x, name='n', eps=1e-10, fix_gamma=False)
        if op == 'conv':
            weight, bias = map(nd.array, conv_weights(*array))
            self.arrays.update(s_weight=weight, s_bias=bias)
            return mx.sym.Convolution(x, name='s', kernel=(1, 1), num_filter=3, num_group=array[2])
        if self.form == 'scalar':
            value = float(np.ravel(array)[0])
            return {'sub': lambda: x - value, 'add': lambda: x + value, 'mul': lambda: x * value,
                    'div': lambda: x / value, 'rsub': lambda: value - x}[op]()
        pair = [x, self.value(array)]
        if op == 'rsub' or (self.form == 'left' and op in ('add', 'mul')):
            pair = pair[::-1]
        kind = {'rsub': 'sub', 'sub': 'sub', 'add': 'add', 'mul': 'mul', 'div': 'div'}[op]
        return getattr(mx.sym, 'broadcast_' + kind)(*pair)

    def write(self, steps, folder, weight=WEIGHT, scores=False):
        x = mx.sym.var('data', shape=(0, 3, SIZE, SIZE))
        for step in steps:
            x = self.step(x, *step)
        x = mx.sym.flatten(mx.sym.Convolution(x, name='c', kernel=(SIZE, SIZE), num_filter=len(weight), no_bias=True))
        x = mx.sym.softmax(x) if scores else x
        x.save(str(folder / 'net-symbol.json'))
        states = x.list_auxiliary_states()
        nd.save(str(folder / 'net-0000.params'), {('aux:' if name in states else 'arg:') + name: array for name, array
                                                  in dict(self.arrays, c_weight=nd.array(weight)).items()})
        return str(folder / 'net-symbol.json')

    @staticmethod
    def load(path):
        return load_symbol(path, size=(SIZE, SIZE))


class Onnx:
    """Writes graphs as ONNX."""

    forms = ('scalar', 'broadcast', 'reshaped', 'image', 'left', 'constant')

    def __init__(self, form):
        self.onnx = pytest.importorskip('onnx', reason='pip install onnx')
        pytest.importorskip('onnxruntime', reason='pip install onnxruntime')
        self.form, self.nodes, self.tensors, self.kind = form, [], [], 'FLOAT'

    def node(self, op, *inputs, **attrs):
        out = 'out{}'.format(len(self.nodes))
        self.nodes.append(self.onnx.helper.make_node(op, list(inputs), [out], **attrs))
        return out

    def tensor(self, array):
        name = 'value{}'.format(len(self.tensors))
        self.tensors.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def value(self, array):
        array = np.float32(array)
        if self.form == 'scalar':
            return self.tensor(array.ravel()[0])
        if self.form == 'image':
            return self.tensor(np.broadcast_to(array.reshape(1, -1, 1, 1), (1, 3, SIZE, SIZE)))
        if self.form == 'reshaped':
            return self.node('Unsqueeze', self.tensor(array), self.tensor(np.int64([1, 2])))
        if self.form == 'constant':
            return self.node('Constant', value=self.onnx.numpy_helper.from_array(array.reshape(3, 1, 1)))
        return self.tensor(array if array.ndim == 4 else array.reshape(1, 3, 1, 1))

    def step(self, x, op, array):
        if op in ('same', 'cast', 'neg'):
            return self.node(*{'same': ('Identity', x), 'cast': ('Cast', x), 'neg': ('Neg', x)}[op],
                             **({'to': 1} if op == 'cast' else {}))
        if op == 'norm':
            return self.node('BatchNormalization', x, *map(self.tensor, np.float32(
                [np.ones(3), np.zeros(3), 0 * np.ones(3) + array[0], np.ones(3) * array[1] ** 2])), epsilon=1e-10)
        if op == 'conv':
            return self.node('Conv', x, *map(self.tensor, conv_weights(*array)), group=array[2])
        pair = [x, self.value(array)]
        if op == 'rsub' or (self.form == 'left' and op in ('add', 'mul')):
            pair = pair[::-1]
        return self.node({'rsub': 'Sub'}.get(op, op.capitalize()), *pair)

    def write(self, steps, folder, weight=WEIGHT, scores=False):
        x = 'data'
        for step in steps:
            x = self.step(x, *step)
        out = self.node('Flatten', self.node('Conv', x, self.tensor(weight)))
        out = self.node('Softmax', out) if scores else out
        make, path = self.onnx.helper, str(folder / 'net.onnx')
        graph = make.make_graph(self.nodes, 'net', [make.make_tensor_value_info(
            'data', getattr(self.onnx.TensorProto, self.kind), ('b', 3, SIZE, SIZE))],
            [make.make_tensor_value_info(out, 1, None)], self.tensors)
        self.onnx.save(make.make_model(graph, opset_imports=[make.make_opsetid('', 13)], ir_version=8), path)
        return path

    load = staticmethod(OnnxNet)
