"""From a net to files that other programs read: ONNX, an MXNet symbol, a PyTorch state dict."""
import errno
import json
import logging

import mxnet as mx
import numpy as np
from mxnet import nd

from ..compat import install_command
from ..data.normalize import check_spec
from ..graph.convert_error import ConvertError
from ..graph.from_onnx import import_onnx
from ..graph.symbol_file import INPUT, block_of_symbol, load_arrays, read_symbol_file
from ..metrics.scores import FLIPS
from ..nn.trace import trace
from ..utils.check import check_choice, check_int
from ..utils.files import atomic_path
from ..utils.messages import error_sentence
from ..utils.params_file import save_whole
from ..utils.precision import is_half
from .check import TOLERANCE, unit
from .onnx_writer import LOWEST_OPSET, onnx_model
from .torch_weights import import_torch, load_torch, native_from_torch, torch_from_native

__all__ = ['export_onnx', 'export_symbol', 'export_torch']


def export_onnx(net, path, *, batch='dynamic', normalise=False, flip='none', l2=False, opset=13, **facts):
    """Write a net as ONNX and check the file with ONNX Runtime on random images.

    The file takes 'data' (B, C, H, W), float32, RGB, and gives 'embedding' (B, D). Its metadata say what the input is:
    'input' (size, mean, std and colour order, as JSON) and 'embedding_size', besides what is known of the net.

    Parameters
    ----------
    net : HybridBlock
        With `input_spec` and weights, float32; of a net with a class layer the embedding is exported.
    path : str
    batch : 'dynamic' or int
        Images a call takes: any number, or this one, >= 1.
    normalise : bool
        Take grey levels 0 to 255 and normalise them in the graph.
    flip : {'none', 'sum', 'concat'}
        As in `Embedder`: add the embedding of the mirror image, or put it beside (2 D).
    l2 : bool
        Scale the result to length 1.
    opset : int
        Version of ONNX's operators, >= 13 and known to the installed onnx.
    **facts
        Further metadata: model, arguments, licence, ... (JSON values)

    Returns
    -------
    float or None
        The largest difference of any value of embeddings of length 1; None where onnxruntime is missing, which is
        logged: then nobody has checked the file.

    Raises
    ------
    ConvertError
        ONNX Runtime's embeddings differ by more than 1e-4; no file is written.
    ImportError
        onnx is missing.
    TypeError, ValueError
        An argument that is not allowed, a net without input_spec, or one with an operator that has no form here.
    """
    onnx = import_onnx()
    check_int('export_onnx', 'opset', opset, LOWEST_OPSET, onnx.defs.onnx_opset_version())
    count = None if batch == 'dynamic' else check_int('export_onnx', 'batch', batch, 1)
    reference = _Reference('export_onnx', net, normalise, flip, l2)
    symbol, params, spec = _graph(net, reference.spec, normalise, flip, l2)
    structural = {param.name: name for name, param in net._collect_params_with_prefix().items()}

    def rename(name):
        return structural.get(name, name[len(net.prefix):] if name.startswith(net.prefix) else name)

    model = onnx_model(symbol, params, spec.shape, opset, count, rename, dict(
        facts, input={'size': spec.size, 'mean': spec.mean, 'std': spec.std, 'colour': spec.colour},
        embedding_size=spec.embedding_size))
    with atomic_path(path) as temporary:
        onnx.save(model, temporary)
        try:
            import onnxruntime
        except ImportError:
            logging.getLogger('gluonfr').warning('%s is unverified: to check it, %s and export again', path,
                                                 install_command('onnx'))
            return None
        try:
            session = onnxruntime.InferenceSession(temporary, providers=['CPUExecutionProvider'])
        except Exception as error:  # its errors have no base of their own
            raise ValueError('export_onnx: opset must be one that the installed ONNX Runtime {} runs, so that the file '
                             'can be checked, got {}: {}'.format(onnxruntime.__version__, opset,
                                                                 error_sentence(error))) from error
        return reference.compare(lambda x: session.run(None, {'data': x})[0], count or 3)


def export_symbol(net, prefix, *, normalise=False, flip='none', l2=False):
    """Write a net as '<prefix>-symbol.json' and '<prefix>-0000.params', and check them through SymbolBlock.

    `mxnet.gluon.SymbolBlock.imports`, MXNet's C predict API and `load_net` load them. The input is 'data' (B, C, H, W);
    an attribute of it says what it takes, which `load_net` reads.

    Parameters
    ----------
    net, normalise, flip, l2
        As for `export_onnx`.
    prefix : str
        Of both paths.

    Returns
    -------
    float
        As of `export_onnx`.

    Raises
    ------
    ConvertError, TypeError, ValueError
        As `export_onnx`.
    """
    reference = _Reference('export_symbol', net, normalise, flip, l2)
    symbol, params, spec = _graph(net, reference.spec, normalise, flip, l2)
    states = set(symbol.list_auxiliary_states())
    with atomic_path(prefix + '-symbol.json') as graph, atomic_path(prefix + '-0000.params') as weights:
        with open(graph, 'w', encoding='utf-8') as stream:
            stream.write(_with_input(symbol, spec))
        named = {('aux:' if name in states else 'arg:') + name: value for name, value in params.items()}
        save_whole(weights, lambda path: nd.save(path, named))
        block = block_of_symbol(read_symbol_file(graph), 'data', load_arrays(weights), mx.cpu())
        return reference.compare(lambda x: block(nd.array(x)).asnumpy())


def export_torch(net, path):
    """Write the weights of an IResNet or MobileFaceNet as a PyTorch state dict with arcface_torch's names.

    Parameters
    ----------
    net : IResNet or MobileFaceNet
        As for `torch_from_native`.
    path : str
        For ``load_state_dict(torch.load(path))``.

    Returns
    -------
    float
        As of `export_onnx`, after the way back by `load_torch` and `native_from_torch`.

    Raises
    ------
    ConvertError, ImportError, ValueError
        As `export_onnx`; torch is missing or too old, or arcface_torch has no such net.
    """
    torch = import_torch()
    state = torch_from_native(net)
    reference = _Reference('export_torch', net)
    with atomic_path(path) as temporary:
        try:
            torch.save({name: torch.from_numpy(value) for name, value in state.items()}, temporary)
        except RuntimeError as error:  # PyTorch's own, of a full disk, too
            raise OSError(errno.ENOSPC, '{} cannot be written whole: is the disk full?'.format(path)) from error
        again = native_from_torch(load_torch(temporary))[0]
        return reference.compare(lambda x: again(nd.array(x)).asnumpy())


class _Reference:
    """What a net makes of random images, to compare the exported one with."""

    def __init__(self, owner, net, normalise=False, flip='none', l2=False):
        self.spec = check_spec(owner, getattr(net, 'input_spec', None))
        check_choice(owner, 'flip', flip, FLIPS)
        if is_half(net):
            raise ValueError("{}: the net must be float32, got float16. Say net.cast('float32').".format(owner))
        self._owner, self._net, self._normalise, self._flip, self._l2 = owner, net, normalise, flip, l2
        params = list(net.collect_params().values())
        if not params:
            raise ValueError('{}: the net must have weights in MXNet, {} has none.'.format(owner, type(net).__name__))
        self._ctx = params[0].list_ctx()[0]
        self._embed(np.zeros((1,) + self.spec.shape, 'float32'))  # fixes shapes that were left to the first batch

    def compare(self, run, count=3):
        """Run another implementation on `count` images; returns the largest difference, if it may be so large."""
        levels = np.random.RandomState(0).randint(0, 256, (count,) + self.spec.shape).astype('float32')
        mean, std = (np.array(values, 'float32').reshape(-1, 1, 1) for values in (self.spec.mean, self.spec.std))
        x = (levels - mean) / std
        views = [self._embed(view) for view in ([x] if self._flip == 'none' else [x, x[..., ::-1]])]
        wanted = np.concatenate(views, axis=1) if self._flip == 'concat' else sum(views)
        found = run(levels if self._normalise else x)
        if found.shape != wanted.shape:
            raise ConvertError('{}: embeddings must be {}, got {}.'.format(self._owner, wanted.shape, found.shape))
        difference = float(np.abs(unit(wanted) - (found if self._l2 else unit(found))).max())
        if not difference <= TOLERANCE:
            raise ConvertError('{}: embeddings must be those of the net within {:g}, got a difference of {:.3g}: '
                               'nothing is written. A net that is not trained can amplify rounding so much.'.format(
                                   self._owner, TOLERANCE, difference))
        return difference

    def _embed(self, x):
        out = self._net(nd.array(x, self._ctx))
        return (out[0] if isinstance(out, (tuple, list)) else out).asnumpy()


def _graph(net, spec, normalise, flip, l2):
    """(symbol, weights, InputSpec) of a net with what is asked for before and after it."""
    symbol, params = trace(net)
    size = symbol.infer_shape(data=(1,) + spec.shape)[1][0][1]
    data = x = mx.sym.var('data', dtype='float32')
    if normalise:
        # called as in InsightFace's files, by which its own reader knows a net that normalises
        x = _by_channel(params, x, mx.sym.broadcast_sub, mx.sym._internal._minus_scalar, '_minus_mean', spec.mean)
        x = _by_channel(params, x, mx.sym.broadcast_mul, mx.sym._internal._mul_scalar, '_mul_std',
                        [1 / value for value in spec.std])
        spec = spec._replace(mean=(0,) * len(spec.mean), std=(1,) * len(spec.std))
    if flip != 'none':
        x = mx.sym.concat(x, mx.sym.reverse(x, axis=3), dim=0)
    symbol = symbol if x is data else symbol(data=x)
    if flip != 'none':
        symbol = mx.sym.reshape(symbol, shape=(2, -1, size))
    if flip == 'sum':
        symbol = mx.sym.sum(symbol, axis=0)
    elif flip == 'concat':
        size *= 2
        symbol = mx.sym.reshape(mx.sym.transpose(symbol, axes=(1, 0, 2)), shape=(-1, size))
    if l2:
        symbol = mx.sym.L2Normalization(symbol, mode='instance', eps=1e-24)
    return symbol, params, spec._replace(embedding_size=size)


def _with_input(symbol, spec):
    """A symbol as JSON, whose input says what it takes."""
    graph = json.loads(symbol.tojson())
    data = next(node for node in graph['nodes'] if node['op'] == 'null' and node['name'] == 'data')
    said = {'size': spec.size, 'mean': spec.mean, 'std': spec.std, 'colour': spec.colour}
    data['attrs'] = dict(data.get('attrs', {}), **{INPUT: json.dumps(said)})
    return json.dumps(graph, indent=2)


def _by_channel(params, x, array_operator, scalar_operator, name, values):
    """`x` and a value for each channel, or one for all, which is easier to read."""
    if len(set(values)) == 1:
        return scalar_operator(x, scalar=values[0], name=name)
    params[name + '_values'] = nd.array(np.reshape(values, (1, -1, 1, 1)))
    return array_operator(x, mx.sym.var(name + '_values', shape=(1, len(values), 1, 1)), name=name)

