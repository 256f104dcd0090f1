"""Symbols of one operator with attributes at random, right and wrong ones: MXNet itself says which it takes."""
import ctypes
import json
import re

from gluonfr.graph.symbol_check import OPERATORS

NUMBERS = '0', '1', '2', '3', '5', '16', '-1', '-2', '65536', '2147483647', '-2147483648', '4294967296'
SHAPES = (1,), (3,), (4,), (99,), (1, 3, 16, 16), (1, 3, 1, 1), (4, 3, 3, 3), (4, 3), (4, 768), (2, 2), (1, 2, 4, 4)
GOOD = {'kernel': '(3,3)', 'num_filter': '4', 'num_hidden': '4', 'scalar': '2', 'shape': '(0,-1)', 'begin': '(0,0)',
        'end': '(1,2)', 'block_size': '4', 'scale': '2', 'pad_width': '(0,0,0,0,1,1,1,1)', 'num_outputs': '1',
        'reps': '(1,1,1,2)', 'repeats': '2', 'depth': '3', 'input_dim': '5', 'output_dim': '4', 'axis': '1'}


def arguments(op):
    """(name, type) of all that an operator takes."""
    from mxnet.base import _LIB, check_call
    handle, count = ctypes.c_void_p(), ctypes.c_uint()
    texts, lists = [ctypes.c_char_p() for _ in range(4)], [ctypes.POINTER(ctypes.c_char_p)() for _ in range(3)]
    check_call(_LIB.NNGetOpHandle(op.encode(), ctypes.byref(handle)))
    places = [ctypes.byref(place) for place in (*texts[:2], count, *lists, *texts[2:])]
    check_call(_LIB.MXSymbolGetAtomicSymbolInfo(handle, *places))
    return [(lists[0][i].decode(), lists[1][i].decode()) for i in range(count.value)]


def known_operators():
    """{operator that may be in a file: its arguments}, without those that MXNet was built without."""
    return {op: arguments(op) for op in sorted(OPERATORS - {'CuDNNBatchNorm'})}


def value(kind, rng):
    choices = re.match(r'\{(.*?)\}', kind)
    if choices and rng.random() < 0.8:
        return rng.choice([text.strip().strip("'") for text in choices.group(1).split(',')])
    if 'Shape' in kind or 'tuple' in kind:
        return '({})'.format(','.join(rng.choice(NUMBERS) for _ in range(rng.choice((1, 2, 2, 2, 3, 4)))))
    return rng.choice(NUMBERS + ('True', 'nan', '1e30', '0.5', 'None', 'x'))


def random_graph(operators, rng):
    """(the JSON of a symbol of one operator, {weight: shape})."""
    op = rng.choice(list(operators))
    odd, nodes, inputs, attrs, weights = rng.choice((0.03, 0.1, 0.3)), [{'op': 'null', 'name': 'data'}], [], {}, {}
    for name, kind in operators[op]:
        if kind.startswith(('NDArray', 'Symbol')):
            for _ in range(rng.randrange(1, 4) if '[]' in kind else 1):
                if inputs and rng.random() < 0.75:
                    shape = rng.choice(SHAPES)
                    nodes.append({'op': 'null', 'name': 'w{}'.format(len(nodes)),
                                  'attrs': {'__shape__': str(shape)} if rng.random() < 0.5 else {}})
                    weights[nodes[-1]['name']] = shape
                    inputs.append([len(nodes) - 1, 0, 0])
                else:
                    inputs.append([0, 0, 0])
        elif 'required' in kind and rng.random() < 0.75 and name in GOOD:
            attrs[name] = GOOD[name]
        elif 'required' in kind or rng.random() < odd:
            attrs[name] = value(kind, rng)
    if 'num_args' in dict(operators[op]):
        attrs['num_args'] = str(len(inputs))
    at, weights['more'] = len(nodes), (1, 1)  # a weight for those that take none
    nodes += [{'op': op, 'name': 'x', 'attrs': attrs, 'inputs': inputs},
              {'op': 'null', 'name': 'more', 'attrs': {'__shape__': '(1, 1)'}},
              {'op': 'Flatten', 'name': 'f', 'inputs': [[at, rng.choice((0, 0, 0, 0, 0, 1)), 0]]},
              {'op': 'broadcast_add', 'name': 'y', 'inputs': [[at + 2, 0, 0], [at + 1, 0, 0]]}]
    return json.dumps({'nodes': nodes, 'heads': [[len(nodes) - 1, 0, 0]],
                       'attrs': {'mxnet_version': ['int', 10901]}}), weights
