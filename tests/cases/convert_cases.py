"""Small nets with random values, and their graphs as other programs write them."""
import json

import mxnet as mx
import numpy as np
from mxnet import nd

from gluonfr.nn.trace import trace
from gluonfr.model_zoo import get_model

MOBILE = dict(blocks=(1, 1, 1, 1), embedding_size=32, input_size=32)
UNITS, BLOCKS = {'units': (1, 1, 1, 1)}, {'blocks': (1, 2, 0, 1)}
IRESNET = dict(units=(1, 1, 1, 1), embedding_size=32, input_size=32)


def random_values(shapes, seed=0):
    """{name: float32 array} that keep a net's embeddings finite and different, by the ends of the names."""
    random, values = np.random.RandomState(seed), {}
    for name, shape in shapes.items():
        if name.endswith('weight'):
            values[name] = random.normal(0, (2 / np.prod(shape[1:])) ** 0.5, shape)
        else:
            low, high = {'gamma': (0.5, 1.5), 'var': (0.5, 2), 'mean': (-0.3, 0.3), 'alpha': (0.1, 0.4)}.get(
                name.rpartition('_')[2], (-0.3, 0.3))
            values[name] = random.uniform(low, high, shape)
    return {name: value.astype('float32') for name, value in values.items()}


def random_net(name, **arguments):
    """A net of the model zoo with random weights and running statistics."""
    net = get_model(name, need_cls_layer=False, **arguments)
    net.initialize()
    params = net.collect_params()
    for key, value in random_values({key: param.shape for key, param in params.items()}).items():
        if params[key].grad_req != 'null' or 'running' in key:  # the last gamma stays 1, and a beta 0
            params[key].set_data(nd.array(value))
    return net


def parameters(net):
    """{structural name: array}"""
    return {name: param.data().asnumpy() for name, param in net._collect_params_with_prefix().items()}


class OnnxWriter:
    """Writes the graph of a net of ours as ONNX, in the forms that exporters give it.

    Parameters
    ----------
    opset : int
    fold : bool
        BatchNorms behind convolutions go into them.
    norms : {'norm', 'affine'}
        'affine': a BatchNorm that is left becomes Mul and Add.
    slopes : {'C', 'C11', '1C11', 'one', 'leaky'}
        Shape of PRelu's slopes; 'one' and 'leaky' (LeakyRelu) for shared ones.
    dense : {'gemm', 'trans', 'alpha', 'matmul', 'transpose', 'conv'}
    head : {'flatten', 'reshape', 'dynamic', 'squeeze'} or (int, int)
        Two numbers: the shape of a Reshape, as PyTorch writes it since 2.9, for the number of images that it has seen.
    constants : {'initializer', 'constant', 'identity', 'half'}
        Where weights lie; 'half': as float16 that is cast.
    scaling : {None, 'scalar', 'channels', 'divide', 'negative'}
        Normalisation in the graph: numbers for all channels or each, multiplied or divided.
    swap : bool
        The other operand of each sum first.
    l2 : {None, 'reduce', 'sum', 'lp'}
        The embedding is divided by its length.
    batch : int or str
    """

    def __init__(self, opset=13, fold=False, norms='norm', slopes='C11', dense='trans', head='flatten',
                 constants='initializer', scaling=None, swap=False, l2=None, batch='batch'):
        self.__dict__.update(locals())
        self.nodes, self.initializers, self.count, self.waiting = [], [], 0, {}

    def node(self, op, *inputs, **attrs):
        from onnx import helper
        self.count += 1
        name = '{}_{}'.format(op, self.count)
        self.nodes.append(helper.make_node(op, list(inputs), [name + '_out'], name, **attrs))
        return name + '_out'

    def constant(self, array, kind=None):
        from onnx import numpy_helper
        self.count += 1
        kind = kind or (self.constants if np.asarray(array).dtype == np.float32 else 'initializer')
        array = np.float16(array) if kind == 'half' else np.asarray(array)
        tensor = numpy_helper.from_array(np.ascontiguousarray(array), 'value_{}'.format(self.count))
        if kind == 'constant':
            return self.node('Constant', value=tensor)
        self.initializers.append(tensor)
        return {'identity': lambda: self.node('Identity', tensor.name), 'initializer': lambda: tensor.name,
                'half': lambda: self.node('Cast', tensor.name, to=1)}[kind]()

    def write(self, net, path):
        import onnx
        from onnx import TensorProto, helper
        symbol, params = trace(net)
        nodes, made, flat = json.loads(symbol.tojson())['nodes'], {}, set()
        values = {name: array.asnumpy() for name, array in params.items()}
        data = self.scaled('data')
        for i, node in enumerate(nodes):
            sources = [made[source[0]] for source in node['inputs']]
            if node['op'] == 'null':
                made[i] = values.get(node['name'], data)
            else:
                made[i] = self.operator(node['op'], node.get('attrs', {}), sources, flat)
        out = self.normalised(made[len(nodes) - 1])
        shape = net.input_spec.shape
        graph = helper.make_graph(
            self.nodes, 'net', [helper.make_tensor_value_info('data', TensorProto.FLOAT, (self.batch,) + shape)],
            [helper.make_tensor_value_info(out, TensorProto.FLOAT, None)], self.initializers)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid('', self.opset)], ir_version=8), path)

    def operator(self, op, attrs, sources, flat):
        x, weights = sources[0], sources[1:]
        if op != 'BatchNorm' and x in self.waiting:  # a convolution without one
            x, weight, conv = self.waiting[x]
            x = self.node('Conv', x, self.constant(weight), **conv)
        if op == 'Convolution':
            pads, kernel, strides = (json.loads(attrs[key].replace('(', '[').replace(')', ']'))
                                     for key in ('pad', 'kernel', 'stride'))
            attrs = dict(pads=pads * 2, kernel_shape=kernel, strides=strides, group=int(attrs['num_group']))
            if not self.fold:
                return self.node('Conv', x, self.constant(weights[0]), **attrs)
            self.waiting[x + '!'] = x, weights[0], attrs  # until its BatchNorm comes
            return x + '!'
        if op == 'BatchNorm':
            gamma, beta, mean, var = weights
            gamma = np.ones_like(gamma) if attrs['fix_gamma'] == 'True' else gamma
            eps = float(attrs['eps'])
            scale = gamma / np.sqrt(var + eps)
            if x in self.waiting:
                x, weight, conv = self.waiting[x]
                return self.node('Conv', x, self.constant(weight * scale[:, None, None, None]),
                                 self.constant(beta - mean * scale), **conv)
            if self.norms == 'affine':
                shape = (-1,) if x in flat else (-1, 1, 1)
                out = self.node('Mul', self.constant(scale.reshape(shape)), x)
                out = self.node('Add', out, self.constant((beta - mean * scale).reshape(shape)))
            else:
                out = self.node('BatchNormalization', x, *map(self.constant, (gamma, beta, mean, var)), epsilon=eps)
            flat.update([out] if x in flat else [])
            return out
        if op == 'LeakyReLU':
            if self.slopes == 'leaky':
                return self.node('LeakyRelu', x, alpha=float(weights[0][0]))
            shape = {'C': (-1,), 'C11': (-1, 1, 1), '1C11': (1, -1, 1, 1), 'one': (1,)}[self.slopes]
            return self.node('PRelu', x, self.constant(weights[0].reshape((-1,) if x in flat else shape)))
        if op == 'elemwise_add':
            return self.node('Add', *(sources[::-1] if self.swap else sources))
        if op == 'FullyConnected':
            return self.fully_connected(x, weights, flat)
        if op == 'Flatten':
            return x if x in flat else self.flattened(x)
        if op == 'Dropout':
            return self.node('Dropout', x)
        assert op in ('Reshape', '_copy'), op
        return x

    def flattened(self, x):
        if self.dense == 'conv':
            return x
        if self.head == 'flatten':
            return self.node('Flatten', x)
        if self.head == 'squeeze':
            axes = np.int64([2, 3])
            return self.node('Squeeze', x, axes=axes) if self.opset < 13 else self.node(
                'Squeeze', x, self.constant(axes))
        shape = self.constant(np.int64(self.head if isinstance(self.head, tuple) else [0, -1]))
        if self.head == 'dynamic':
            count = self.node('Gather', self.node('Shape', x), self.constant(np.int64([0])))
            shape = self.node('Concat', count, self.constant(np.int64([-1])), axis=0)
        return self.node('Reshape', x, shape)

    def fully_connected(self, x, weights, flat):
        weight, bias = weights[0], [self.constant(value) for value in weights[1:]]
        if self.dense == 'conv':
            conv = self.node('Conv', x, self.constant(weight[:, :, None, None]), *bias, kernel_shape=(1, 1))
            out = self.node('Flatten', conv)
        elif self.dense == 'trans':
            out = self.node('Gemm', x, self.constant(weight), *bias, transB=1)
        elif self.dense == 'alpha':
            out = self.node('Gemm', x, self.constant(4 * weight.T), *bias, alpha=0.25, beta=1.0)
        elif self.dense == 'gemm':
            out = self.node('Gemm', x, self.constant(weight.T), *bias)
        else:
            kernel = self.constant(weight.T) if self.dense == 'matmul' else self.node(
                'Transpose', self.constant(weight), perm=[1, 0])
            out = self.node('MatMul', x, kernel)
            out = self.node('Add', bias[0], out) if bias else out
        flat.add(out)
        return out

    def scaled(self, x):
        if self.scaling is None:
            return x
        shape = () if self.scaling == 'scalar' else (1, 3, 1, 1)
        mean, scale = np.full(shape, 127.5, 'float32'), np.full(shape, 1 / 128, 'float32')
        if self.scaling == 'divide':
            return self.node('Div', self.node('Add', x, self.constant(-mean)), self.constant(1 / scale))
        x = self.node('Mul', self.node('Sub', x, self.constant(mean)), self.constant(scale))
        return self.node('Mul', x, self.constant(-scale / scale)) if self.scaling == 'negative' else x

    def normalised(self, x):
        if self.l2 == 'reduce':
            return self.node('Div', x, self.node('ReduceL2', x, axes=[1], keepdims=1))
        if self.l2 == 'sum':
            total = self.node('ReduceSum', self.node('Mul', x, x), self.constant(np.int64([1])))
            return self.node('Div', x, self.node('Sqrt', self.node('Add', total, self.constant(np.float32(1e-12)))))
        return x if self.l2 is None else self.node('LpNormalization', x, axis=1, p=2)


def write_symbol(symbol, prefix, seed=0, size=32, channels=3, **more):
    """A symbol with random values for its weights as '<prefix>-symbol.json' and '<prefix>-0000.params'."""
    inputs, shape = symbol.list_inputs(), (1, channels, size, size)
    shapes = dict(zip(symbol.list_arguments(), symbol.infer_shape_partial(data=shape)[0]))
    shapes.update(zip(symbol.list_auxiliary_states(), symbol.infer_shape_partial(data=shape)[2]))
    auxiliary = set(symbol.list_auxiliary_states())
    values = random_values({name: shapes[name] for name in inputs if name not in ('data', 'softmax_label')}, seed)
    symbol.save(prefix + '-symbol.json')
    nd.save(prefix + '-0000.params', {('aux:' if name in auxiliary else 'arg:') + name: nd.array(value)
                                      for name, value in dict(values, **more).items()})
    return prefix + '-symbol.json'


def _norm(x, name, eps=2e-5, fixed=False):
    return mx.sym.BatchNorm(x, name=name, eps=eps, fix_gamma=fixed, momentum=0.9)


def lresnet(units=(1, 1, 1, 1), size=32, dimension=32):
    """LResNet-E-IR as InsightFace's symbols have it, scaling its input itself."""
    def conv(x, channels, name, kernel=3, stride=1):
        return mx.sym.Convolution(x, name=name, num_filter=channels, kernel=(kernel,) * 2, stride=(stride,) * 2,
                                  pad=(kernel // 2,) * 2, no_bias=True)

    def prelu(x, name):
        return mx.sym.LeakyReLU(x, act_type='prelu', name=name)

    x = (mx.sym.identity(mx.sym.var('data'), name='id') - 127.5) * 0.0078125
    x = prelu(_norm(conv(x, 64, 'conv0'), 'bn0'), 'relu0')
    for stage, (count, channels) in enumerate(zip(units, (64, 128, 256, 512)), 1):
        for unit in range(1, count + 1):
            name, stride = 'stage{}_unit{}_'.format(stage, unit), 2 if unit == 1 else 1
            y = prelu(_norm(conv(_norm(x, name + 'bn1'), channels, name + 'conv1'), name + 'bn2'), name + 'relu1')
            y = _norm(conv(y, channels, name + 'conv2', stride=stride), name + 'bn3')
            if unit == 1:
                x = _norm(conv(x, channels, name + 'conv1sc', 1, stride), name + 'sc')
            x = y + x
    x = mx.sym.Dropout(_norm(x, 'bn1'), p=0.4)
    return _norm(mx.sym.FullyConnected(x, num_hidden=dimension, name='pre_fc1'), 'fc1', fixed=True)


def mobile(blocks=(2, 1, 1, 1), dimension=32, grid=2, divide=False, l2=False):
    """MobileFaceNet as InsightFace's y1 and y2 symbols have it."""
    def conv(x, channels, name, kernel=1, stride=1, groups=1, pad=0, act=True):
        x = mx.sym.Convolution(x, name=name + '_conv2d', num_filter=channels, kernel=(kernel,) * 2, pad=(pad,) * 2,
                               stride=(stride,) * 2, num_group=groups, no_bias=True)
        x = mx.sym.BatchNorm(x, name=name + '_batchnorm', fix_gamma=False, momentum=0.9)
        return mx.sym.LeakyReLU(x, act_type='prelu', name=name + '_relu') if act else x

    def unit(x, hidden, channels, stride, name):
        x = conv(conv(x, hidden, name + '_sep'), hidden, name + '_dw', 3, stride, hidden, 1)
        return conv(x, channels, name + '_proj', act=False)

    x = mx.sym.var('data') - 127.5
    x = x / 128 if divide else x * 0.0078125
    x = conv(x, 64, 'conv_1', 3, 2, pad=1)
    if blocks[0] == 1:
        x = conv(x, 64, 'conv_2_dw', 3, 1, 64, 1)
    else:
        for i in range(blocks[0]):
            x = x + unit(x, 64, 64, 1, 'res_2_{}'.format(i))
    for stage, (count, (hidden, residual, channels)) in enumerate(zip(
            blocks[1:], ((128, 128, 64), (256, 256, 128), (512, 256, 128))), 3):
        x = unit(x, hidden, channels, 2, 'dconv_{}'.format(stage))
        for i in range(count):
            x = unit(x, residual, channels, 1, 'res_{}_{}'.format(stage, i)) + x
    x = conv(conv(x, 512, 'conv_6sep'), 512, 'conv_6dw', grid, 1, 512, act=False)
    x = _norm(mx.sym.FullyConnected(x, num_hidden=dimension, name='pre_fc1'), 'fc1', fixed=True)
    return mx.sym.L2Normalization(x, name='unit') if l2 else x


def make(name, seed=0, **arguments):
    """A small net with random weights, slopes and running statistics."""
    if name not in ('lenetplus', 'miniresnet18'):
        arguments = dict({'input_size': 32, 'embedding_size': 16}, **arguments)
    net = get_model(name, **dict({'need_cls_layer': False}, **arguments))
    net.initialize()
    net(nd.zeros((1,) + net.input_spec.shape))
    random = np.random.RandomState(seed)
    for key, param in net.collect_params().items():
        # wider, and rounding grows from layer to layer in the deep nets
        low, high = {'gamma': (0.8, 1.2), 'var': (0.8, 1.2), 'alpha': (0.1, 0.4), 'mean': (-0.1, 0.1),
                     'beta': (-0.1, 0.1), 'bias': (-0.1, 0.1)}.get(key.rpartition('_')[2], (None, None))
        if low is not None:
            param.set_data(nd.array(random.uniform(low, high, param.shape)))
    return net
