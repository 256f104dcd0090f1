"""From MXNet's graph of a network to ONNX, for the operators that our networks are made of."""
import ast
from collections import defaultdict

import numpy as np

from ...graph.onnx_file import import_onnx, note
from ...graph.operators import NOTHING, pair, scalar

__all__ = ['LOWEST_OPSET', 'onnx_model']

LOWEST_OPSET = 13  # from it on, every operator here has one form
TO_THE_BEGIN = np.iinfo('int64').min  # end of a Slice that goes backwards over the whole axis


def onnx_model(nodes, head, shape, opset, batch=None, rename=str, facts=None):
    """Make the ONNX model of a graph: (batch, C, H, W) 'data' -> (batch, D) 'embedding', float32.

    Parameters
    ----------
    nodes : list of Node
        Each behind its inputs: 'data', weights, and operators.
    head : Node
        That of the embedding.
    shape : tuple of int
        Of one image, (C, H, W).
    opset : int
        Version of ONNX's operators, >= 13.
    batch : int or None
        Images a call takes; None for any number.
    rename : function of str -> str
        From a name of the graph to that in the file.
    facts : dict of str to object or None
        Metadata of the model; what is no str is written as JSON.

    Returns
    -------
    onnx.ModelProto

    Raises
    ------
    ValueError
        An operator, or an argument of one, that this writer does not know.
    """
    onnx = import_onnx()
    helper = onnx.helper
    writer = Writer(nodes, head, rename)
    rows = [dict(row, outputs=[writer.finished(name) for name in row['outputs']],
                 inputs=[writer.finished(name) for name in row['inputs']]) for row in writer.rows]
    nodes = [helper.make_node(row['op'], row['inputs'], row['outputs'], name=row['name'], **row['attrs'])
             for row in rows]
    batch = batch or 'batch'
    graph = helper.make_graph(
        nodes, 'net', [helper.make_tensor_value_info('data', onnx.TensorProto.FLOAT, (batch,) + tuple(shape))],
        [helper.make_tensor_value_info('embedding', onnx.TensorProto.FLOAT, (batch, writer.size))],
        [onnx.numpy_helper.from_array(value, name) for name, value in writer.tensors.items()])
    versions = [helper.make_opsetid('', opset)]
    model = helper.make_model(graph, opset_imports=versions, ir_version=helper.find_min_ir_version_for(versions))
    note(model, facts or {})
    onnx.checker.check_model(model)
    return model


class Writer:
    """Goes over the nodes of a graph in their order and writes for each the ONNX nodes that compute it.

    ``rows`` are these nodes as dicts, ``tensors`` the weights they take, ``size`` is D.
    """

    def __init__(self, nodes, head, rename):
        self.rows, self.tensors, self.size = [], {}, head.shape[1]
        self._head, self._rename = head, rename
        self._taken = set()
        self._made = {}  # node of the graph -> name of its value
        self._flat = set()  # values known to be (B, D) or (B, D, 1, 1), which are kept as (B, D)
        self._users = defaultdict(set)
        for node in nodes:
            for source, _ in node.inputs:
                self._users[source].add(node.op)
        for node in nodes:
            if node.op != 'null':
                self._made[node] = self._rule(node)(node)

    def finished(self, name):
        """The name of a value in the file."""
        return 'embedding' if name == self._made[self._head] else name

    def _rule(self, node):
        if pair(node.op) or scalar(node.op):
            return self._arithmetic
        if node.op in SIMPLE:
            return self._simple
        if node.op in NOTHING:
            return self._same
        if node.op not in RULES:
            raise ValueError('export_onnx: operators must be {} or arithmetic, got {} ({}).'.format(
                ', '.join(sorted({*SIMPLE, *NOTHING, *RULES})), node.op, node.name))
        return RULES[node.op].__get__(self)

    def _add(self, node, op, inputs, suffix='', **attrs):
        """Write a node; returns the name of its output."""
        name = self._rename(node.name) + suffix
        while name in self._taken:  # two nodes of MXNet may have one name
            name += '_again'
        self._taken.add(name)
        self.rows.append({'op': op, 'name': name, 'inputs': inputs, 'outputs': [name + '_out'], 'attrs': attrs})
        return name + '_out'

    def _constant(self, name, value):
        """The name of a tensor of the file with this value."""
        name = self._rename(name)
        while name in self.tensors and not np.array_equal(self.tensors[name], value):
            name += '_again'
        self.tensors[name] = value
        return name

    def _input(self, node, number=0, shape=None):
        """The name of an input's value; a weight becomes a tensor of the file, of this shape."""
        source = node.inputs[number][0]
        if source.value is None:
            return self._made.get(source, source.name)
        value = source.value.astype('float32')
        return self._constant(source.name, value if shape is None else value.reshape(shape))

    def _simple(self, node):
        return self._add(node, SIMPLE[node.op], [self._input(node, i) for i in range(len(node.inputs))])

    def _arithmetic(self, node):
        inputs, with_number = [self._input(node, i) for i in range(len(node.inputs))], scalar(node.op)
        if with_number:
            inputs.append(self._constant(node.name + '_scalar', np.float32(node.attrs['scalar'])))
            if with_number[1]:
                inputs.reverse()
        return self._add(node, (with_number[0] if with_number else pair(node.op)).capitalize(), inputs)

    def _same(self, node):
        """In inference the output is the input."""
        return self._input(node)

    def _activation(self, node):
        kind = _known(node, 'act_type', None, {'relu': 'Relu', 'sigmoid': 'Sigmoid', 'tanh': 'Tanh',
                                               'softsign': 'Softsign', 'softrelu': 'Softplus'})
        return self._add(node, kind, [self._input(node)])

    def _convolution(self, node):
        _known(node, 'layout', 'NCHW', {'NCHW': None, 'None': None})
        inputs = [self._input(node, i) for i in range(2 if node.flag('no_bias', False) else 3)]
        return self._add(node, 'Conv', inputs, kernel_shape=_tuple(node, 'kernel'), strides=_tuple(node, 'stride', 1),
                         pads=2 * _tuple(node, 'pad', 0), dilations=_tuple(node, 'dilate', 1),
                         group=int(node.attrs.get('num_group', 1)))

    def _batch_norm(self, node):
        _known(node, 'axis', '1', {'1': None})
        names = [self._input(node, i) for i in range(5)]
        if node.flag('fix_gamma', True):
            self.tensors[names[1]] = np.ones_like(self.tensors[names[1]])
        out = self._add(node, 'BatchNormalization', names, epsilon=float(node.attrs.get('eps', 1e-3)))
        if names[0] in self._flat:
            self._flat.add(out)
        return out

    def _prelu(self, node):
        if _known(node, 'act_type', 'leaky', {'prelu': False, 'leaky': True}):
            return self._add(node, 'LeakyRelu', [self._input(node)], alpha=float(node.attrs.get('slope', 0.25)))
        return self._add(node, 'PRelu', [self._input(node), self._input(node, 1, (-1,) + (1,) * (len(node.shape) - 2))])

    def _pooling(self, node):
        kind = _known(node, 'pool_type', 'max', {'max': 'Max', 'avg': 'Average'})
        if node.flag('global_pool', False):
            return self._add(node, 'Global{}Pool'.format(kind), [self._input(node)])
        attrs = {'kernel_shape': _tuple(node, 'kernel'), 'strides': _tuple(node, 'stride', 1),
                 'pads': 2 * _tuple(node, 'pad', 0),
                 'ceil_mode': _known(node, 'pooling_convention', 'valid', {'valid': 0, 'full': 1})}
        if kind == 'Average':
            attrs['count_include_pad'] = int(node.flag('count_include_pad', True))
        return self._add(node, kind + 'Pool', [self._input(node)], **attrs)

    def _flatten(self, node, suffix=''):
        source = self._input(node)
        if source not in self._flat:
            source = self._add(node, 'Flatten', [source], suffix, axis=1)
            self._flat.add(source)
        return source

    def _dense(self, node):
        source = self._flatten(node, '_flatten') if len(node.inputs[0][0].shape) > 2 else self._input(node)
        inputs = [source] + [self._input(node, i) for i in range(1, 2 if node.flag('no_bias', False) else 3)]
        out = self._add(node, 'Gemm', inputs, transB=1)
        self._flat.add(out)
        return out

    def _reshape(self, node):
        shape, source = ast.literal_eval(node.attrs['shape']), self._input(node)
        if shape == (0, 0, 1, 1) and source in self._flat and self._users[node] == {'BatchNorm'}:
            return source  # EmbeddingNorm: ONNX's takes (B, D) as it is
        if min(shape) < -1 or node.flag('reverse', False):
            raise ValueError('export_onnx: shape of Reshape must hold sizes, 0 and -1, got {} ({}).'.format(
                shape, node.name))
        return self._add(node, 'Reshape', [source, self._constant(node.name + '_shape', np.array(shape, 'int64'))])

    def _l2_normalization(self, node):
        _known(node, 'mode', 'instance', {'instance': None})
        x = self._input(node)
        axes = self._constant(node.name + '_axes', np.arange(1, len(node.shape), dtype='int64'))
        tiny = self._constant(node.name + '_eps', np.float32(node.attrs.get('eps', 1e-10)))
        total = self._add(node, 'ReduceSum', [self._add(node, 'Mul', [x, x], '_square'), axes], '_sum', keepdims=1)
        norm = self._add(node, 'Sqrt', [self._add(node, 'Add', [total, tiny], '_plus_eps')], '_sqrt')
        return self._add(node, 'Div', [x, norm])

    def _resize(self, node):
        """To a height and width, with the corner pixels of both maps on each other, as in MXNet."""
        _known(node, 'mode', 'size', {'size': None})
        _known(node, 'align_corners', 'True', {'True': None, '1': None})
        factors = [1, 1]
        for size, side in zip((node.attrs['height'], node.attrs['width']), node.inputs[0][0].shape[2:]):
            factor = np.float32(int(size) / side)
            # ONNX rounds side * factor down
            factors.append(factor if int(factor * side) >= int(size) else np.nextafter(factor, np.float32(np.inf)))
        scales = self._constant(node.name + '_scales', np.array(factors, 'float32'))
        return self._add(node, 'Resize', [self._input(node), '', scales], mode='linear',
                         coordinate_transformation_mode='align_corners')

    def _concat(self, node):
        return self._add(node, 'Concat', [self._input(node, i) for i in range(len(node.inputs))],
                         axis=int(node.attrs.get('dim', 1)))

    def _transpose(self, node):
        return self._add(node, 'Transpose', [self._input(node)], perm=ast.literal_eval(node.attrs['axes']))

    def _sum(self, node):
        axes = self._constant(node.name + '_axes', _axes(node))
        return self._add(node, 'ReduceSum', [self._input(node), axes], keepdims=int(node.flag('keepdims', False)))

    def _reverse(self, node):
        axes = _axes(node)
        inputs = [self._constant('{}_{}'.format(node.name, name), np.full(len(axes), value, 'int64'))
                  for name, value in (('starts', -1), ('ends', TO_THE_BEGIN), ('axes', axes), ('steps', -1))]
        return self._add(node, 'Slice', [self._input(node)] + inputs)


SIMPLE = {'relu': 'Relu', 'sigmoid': 'Sigmoid', 'tanh': 'Tanh', 'softsign': 'Softsign', 'exp': 'Exp', 'log': 'Log',
          'sqrt': 'Sqrt', 'add_n': 'Sum', 'ElementWiseSum': 'Sum', '_grad_add': 'Sum'}
RULES = {'Activation': Writer._activation, 'BatchNorm': Writer._batch_norm, 'Concat': Writer._concat,
         'Convolution': Writer._convolution, 'Flatten': Writer._flatten, 'FullyConnected': Writer._dense,
         'L2Normalization': Writer._l2_normalization, 'LeakyReLU': Writer._prelu, 'Pooling': Writer._pooling,
         'Reshape': Writer._reshape, '_contrib_BilinearResize2D': Writer._resize, 'concat': Writer._concat,
         'flatten': Writer._flatten, 'reshape': Writer._reshape, 'reverse': Writer._reverse, 'sum': Writer._sum,
         'transpose': Writer._transpose}


def _tuple(node, name, default=None):
    """Height and width of an argument."""
    value = ast.literal_eval(node.attrs.get(name, '()')) or (default,) * 2
    if len(value) != 2:
        raise ValueError('export_onnx: {} of {} must be two numbers, got {} ({}).'.format(
            name, node.op, value, node.name))
    return list(value)


def _axes(node):
    axes = ast.literal_eval(node.attrs['axis'])
    return np.array([axes] if isinstance(axes, int) else axes, 'int64')


def _known(node, name, default, values):
    """What stands for an argument of an operator; one that has no form in ONNX is refused."""
    value = str(node.attrs.get(name, default))
    if value not in values:
        raise ValueError('export_onnx: {} of {} must be {}, got {} ({}).'.format(
            name, node.op, ' or '.join(values), value, node.name))
    return values[value]
