"""Nets of ours with the weights that a reader has found.

Each kind of weights goes the same way: recognise the network, make it, find its parameters, put them in.
"""
import inspect
import logging
import os
from collections import namedtuple

import mxnet as mx
import numpy as np
from mxnet import nd

from ..data.input_spec import describe_spec
from ..data.normalize import changed_spec
from ..graph.convert_error import ConvertError
from ..model_zoo import MODELS, IResNet
from ..utils.messages import describe
from ..utils.params_file import save_whole
from .folded_norms import folded_norms
from .graph_traits import graph_traits
from .match import by_graph, by_name, by_order
from .net_layers import layers_of_net
from .readers.state_names import IR
from .recognise import Unknown, recognise
from .torch_names import EPSILON, ir_table, layer_table
from .torch_traits import completed, is_adaface, se_block, torch_traits

__all__ = ['Native', 'native_from_graph', 'native_from_params', 'native_from_state', 'native_from_torch']

log = logging.getLogger('gluonfr')
OLD = '_gluonfr1'  # behind the name of a network: 1.0's graph
# what MagFace's code gives its nets, and their eps
MAGFACE_INPUT, MAGFACE_EPSILON = {'mean': (0,) * 3, 'std': (255,) * 3, 'colour': 'bgr'}, 2e-5
AS_ONNX = 'Export the network to ONNX (torch.onnx.export) and convert that: it is taken as it is.'


class Native(namedtuple('Native', 'net model arguments folded', defaults=((),))):
    """A network of ours with the weights of a source, and with the `input_spec` that goes with them.

    ``model`` and ``arguments`` are for `MODELS.create`; ``folded`` are the layers of its BatchNorms whose statistics
    the source does not hold.
    """
    __slots__ = ()

    def write_to(self, folder):
        """Write its parameters; returns the path."""
        path = os.path.join(folder, self.model + '.params')
        save_whole(path, self.net.save_parameters)
        return path


def native_from_graph(read, model=None):
    """The Native that a symbol or an ONNX model is; an Unknown says why it is none, or not the one called `model`."""
    try:
        return _native_from_graph(read.weights, read.spec, model)
    except RecursionError as error:
        raise Unknown('it is too deep for its layers to be compared: convert its weights in PyTorch (.pth)') from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:  # of a damaged graph
        raise Unknown('its layers do not fit each other ({})'.format(describe(error))) from error


def _native_from_graph(graph, spec, model):
    spec = _composed(spec, graph.scaling)
    std = spec.std[0] if set(spec.mean) == {127.5} and len(set(spec.std)) == 1 else None
    model, arguments = recognise(graph_traits(graph.output, graph.size, std, model), model)
    try:
        net = _made(model, arguments)
    except (TypeError, ValueError) as error:
        raise Unknown(str(error)) from error
    ours = layers_of_net(net)
    try:
        found = by_graph.match(ours, graph.output)
    except by_graph.Mismatch as error:
        raise Unknown('{}, {}: {}'.format(model, arguments, error)) from error
    _fill(net.collect_params(), found)
    net.input_spec = spec._replace(size=net.input_spec.size, embedding_size=net.input_spec.embedding_size)
    return Native(net, model, arguments, folded_norms(ours, found))


def native_from_state(read, model=None):
    """The Native of a PyTorch state dict, as `native_from_torch` makes it."""
    net, model, arguments, _ = native_from_torch(read.weights, model, read.prefix, read.epsilon)
    net.input_spec = changed_spec('convert', net.input_spec, read.given)
    epsilon = arguments.get('epsilon', inspect.signature(MODELS.get(model)).parameters['epsilon'].default)
    assumed = [] if {'mean', 'std', 'colour'} <= set(read.given) else [
        ('it is given ' + describe_spec(net.input_spec), '--input')]
    if read.epsilon is None:
        assumed.append(('its BatchNorms have eps {:g}'.format(epsilon), '--eps'))
    if assumed:
        log.info('%s: a state dict does not say all of its network: %s, as in the code that such names come from. Give '
                 'anything else as %s.', read.path, *(' and '.join(words) for words in zip(*assumed)))
    return Native(net, model, arguments)


def native_from_torch(state, model=None, prefix='', epsilon=None):
    """Make the network that a state dict is of, with its weights.

    Where the network has gamma of its last BatchNorm fixed at 1 and the state dict has another, it goes into the fully
    connected layer before.

    Parameters
    ----------
    state : dict of str to array
        Of IResNet or mobilefacenet, with arcface_torch's names, or of an IR network with those of AdaFace, CVLface,
        face.evoLVe and TreB1eN.
    model : str or None
        Name for `get_model`; None finds the network by names and shapes.
    prefix : str
        What stood before the names: 'features.' does in MagFace's files, whose networks take another input, and 'net.'
        in CVLface's, where AdaFace's network takes RGB.
    epsilon : float or None
        Of the BatchNorms; None for that of the code that the names come from.

    Returns
    -------
    (HybridBlock, str, dict, dict)
        The network, its name and arguments for `get_model`, and a report: 'parameters', how many arrays were taken, and
        'unused', names without a use (counters of training steps only).

    Raises
    ------
    ConvertError
        Names are missing or unused, or shapes differ; all are listed.
    """
    try:
        return _native_from_torch(state, model, prefix.split('.'), epsilon)
    except ConvertError as error:
        raise ConvertError('{} {}'.format(error, AS_ONNX)) from error


def _native_from_torch(state, model, prefix, epsilon):
    magface, ir = 'features' in prefix, IR in state
    traits = torch_traits(state, epsilon or (MAGFACE_EPSILON if magface else EPSILON))
    name, arguments = recognise(traits, model)
    try:
        net = _made(name, arguments)
        table = ir_table(net, se_block(state)) if ir and isinstance(net, IResNet) else layer_table(net)
    except (TypeError, ValueError) as error:
        raise ConvertError('native_from_torch: the weights do not fit {}: {}'.format(name, error)) from error
    if net.input_spec.colour != 'grey':
        if magface:
            net.input_spec = changed_spec('convert', net.input_spec, MAGFACE_INPUT)
        elif ir and is_adaface(state) and 'net' not in prefix:
            net.input_spec = net.input_spec._replace(colour='bgr')
    params = net._collect_params_with_prefix()
    found, unused = by_name.match(params, completed(state) if ir else state, table, name)
    _fill(params, found)
    return net, name, arguments, {'parameters': len(params), 'unused': unused}


def native_from_params(read, model=None):
    """The Native called `model` with parameters that Gluon saved of it, gluonfr 1.0 perhaps."""
    if model is None:
        raise ConvertError('{} needs model=, the name of its network: `gluonfr models` lists them.'.format(read.path))
    arguments = {'embedding_size': by_order.embedding_size(read.weights)}
    if read.epsilon is not None:
        if 'epsilon' not in inspect.signature(MODELS.get(model)).parameters:
            raise ConvertError('epsilon cannot be chosen for {}, got {}.'.format(model, read.epsilon))
        arguments['epsilon'] = read.epsilon
    net = _made(model, arguments)
    params = net._collect_params_with_prefix()
    try:
        _fill(params, by_order.match(params, read.weights, model))
    except ConvertError as error:
        if model + OLD not in MODELS:
            raise
        raise ConvertError('{} Those of gluonfr 1.0 are of {}{}.'.format(error, model, OLD)) from error
    if not set(read.weights) <= set(params):
        net.input_spec = net.input_spec._replace(
            mean=(0,) * len(net.input_spec.mean), std=(255,) * len(net.input_spec.std))
        if not {'mean', 'std'} <= set(read.given):
            log.info('%s: the names are those of gluonfr 1.0, whose networks were trained on pixel / 255: that is '
                     'taken as the input. Give anything else as --input.', read.path)
    net.input_spec = changed_spec('convert', net.input_spec, read.given)
    return Native(net, model, arguments)


def _made(model, arguments):
    """A network without a class layer, all its parameters 0."""
    net = MODELS.create(model, need_cls_layer=False, **arguments)
    net.initialize(mx.init.Zero())
    if any(not param.shape or 0 in param.shape for param in net.collect_params().values()):
        net(nd.zeros((1,) + net.input_spec.shape))  # shapes that are left to the first batch
    return net


def _fill(params, found):
    for name, array in found.items():
        params[name].set_data(nd.array(array))


def _composed(spec, scaling):
    """The spec of a network without the scaling of its input that it had before."""
    if scaling.scale is None:
        return spec
    scale, shift = (np.broadcast_to(value, len(spec.mean)) for value in scaling[:2])
    if (scale <= 0).any():
        raise Unknown('it turns its input around, scaling it by {}'.format(scale))
    mean, std = np.float64(spec.mean), np.float64(spec.std)
    rounded = [['{:.6g}'.format(value) for value in values] for values in (mean - shift * std / scale, std / scale)]
    return spec._replace(mean=tuple(map(float, rounded[0])), std=tuple(map(float, rounded[1])))
