"""PyTorch state dicts: of InsightFace's arcface_torch in and out, of MagFace and the IR nets in."""
import inspect
import logging
import os
import re
import warnings

import mxnet as mx
import numpy as np
from mxnet import nd

from ..graph.convert_error import ConvertError
from ..model_zoo import (MODELS, InputSpec, IResNet, iresnet18, iresnet34, iresnet50, iresnet100, iresnet200, mbf,
                         mbf_large)
from ..utils.messages import names
from . import torch_ir
from .torch_names import EPSILON, PARAMETERS, ir_table, layer_table

__all__ = ['import_torch', 'load_torch', 'native_from_torch', 'read_torch', 'torch_from_native']

ANCHORS = ('layer1.0.conv1.weight', 'conv_sep.layers.0.weight', torch_ir.FIRST)  # one for each kind of net
MAGFACE = InputSpec(mean=(0,) * 3, std=(255,) * 3, colour='bgr'), 2e-5  # what its code gives its nets, and eps
# of training checkpoints: Lightning's, arcface_torch's, and what others call it
WRAPPERS = ('state_dict', 'state_dict_backbone', 'model_state_dict', 'net_state_dict', 'model', 'net', 'backbone')
COUNTER = 'num_batches_tracked'  # of training steps, in each BatchNorm: no output depends on it


def import_torch():
    """PyTorch, of a version whose ``weights_only`` holds.

    Raises
    ------
    ImportError
        It is missing or too old.
    """
    try:
        import torch
    except ImportError as error:
        raise ImportError("PyTorch files need torch: pip install 'torch>=2.6' 'numpy<2'") from error
    if torch.__version__ < '2.6':  # before, a file could run code in spite of weights_only (CVE-2025-32434)
        raise ImportError("PyTorch files need torch >= 2.6, got {}: pip install 'torch>=2.6'. It wants Python 3.9 or "
                          'newer.'.format(torch.__version__))
    return torch


def load_torch(path):
    """Read the weights in a PyTorch file; nothing in it is run.

    Parameters
    ----------
    path : str
        A state dict as `torch.save` writes it, plain or as 'state_dict', 'state_dict_backbone', 'model' or the like of
        a checkpoint. A prefix of all names of the net, such as 'module.', 'backbone.', 'model.' or 'features.module.',
        is taken away; what else was trained, such as a class layer, is left out.

    Returns
    -------
    dict of str to numpy.ndarray
        float32, whatever float type the file has; counters of training steps are left out.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ConvertError
        It is damaged, or holds anything but tensors by name, such as a whole model or code.
    ImportError
        torch is missing or older than 2.6.
    """
    return read_torch(path)[0]


def read_torch(path):
    """What `load_torch` gives, and the prefix that the names had."""
    torch = import_torch()
    if not os.path.isfile(path):
        raise FileNotFoundError('load_torch: there is no file {}.'.format(path))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of pickles that PyTorch did not write: it refuses them, or they are fine
            state = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # a damaged file may raise any
        raise ConvertError('load_torch: {} must be a PyTorch state dict, whole and of tensors only; files that hold a '
                           'model or other code are refused. Of a checkpoint that you trust, save the weights alone: '
                           "torch.save(torch.load('{}', weights_only=False)['state_dict'], 'weights.pth'). Got {}: {}"
                           .format(path, os.path.basename(path), type(error).__name__,
                                   str(error).strip().partition('\n')[0])) from error
    for key in WRAPPERS:
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not state or not all(
            isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in state.items()):
        raise ConvertError('load_torch: {} must hold tensors by name, got {}.'.format(path, _contents(state)))
    prefix = _prefix(path, state)
    others = [name for name in state if not name.startswith(prefix)]
    if others:
        logging.getLogger('gluonfr').info('%s: left out what is no part of the net: %s', path, names(others))
    return {name[len(prefix):]: value.float().numpy() for name, value in state.items()
            if name.startswith(prefix) and not name.endswith(COUNTER)}, prefix


def _prefix(path, state):
    """What stands before the names of the one net that a state dict holds."""
    found = sorted({name[:-len(anchor)] for name in state for anchor in ANCHORS
                    if name == anchor or name.endswith('.' + anchor)})
    if len(found) > 1:
        raise ConvertError('load_torch: {} must hold one net, got several, with names that begin with {}: save that '
                           'which is meant alone.'.format(path, ', '.join(map(repr, found))))
    return found[0] if found else os.path.commonprefix(
        [re.match(r'((module|backbone)\.)*', name).group() for name in state])


def native_from_torch(state, model=None, prefix=''):
    """Make the net that a state dict is of, with its weights.

    Where the net has gamma of its last BatchNorm fixed at 1 and the state dict has another, it goes into the fully
    connected layer before.

    Parameters
    ----------
    state : dict of str to array
        Of IResNet or mobilefacenet, with arcface_torch's names, or of an IR net with those of AdaFace, face.evoLVe and
        TreB1eN.
    model : str or None
        Name for `get_model`; None finds the net by names and shapes.
    prefix : str
        What stood before the names: 'features.' does in MagFace's files, whose nets take another input.

    Returns
    -------
    (HybridBlock, str, dict, dict)
        The net, its name and arguments for `get_model`, and a report: 'parameters', how many arrays were taken, and
        'unused', names without a use (counters of training steps only).

    Raises
    ------
    ConvertError
        Names are missing or unused, or shapes differ; all are listed.
    """
    magface, ir = 'features' in prefix.split('.'), torch_ir.FIRST in state
    name, arguments = _recognise(state, MAGFACE[1] if magface else EPSILON)
    if model is not None:
        name, arguments = model, {key: value for key, value in arguments.items()
                                  if key not in ('units', 'blocks', 'first_hidden')}
    try:
        net = MODELS.create(name, need_cls_layer=False, **arguments)
        table = ir_table(net, torch_ir.se_block(state)) if ir and isinstance(net, IResNet) else layer_table(net)
    except (TypeError, ValueError) as error:
        raise ConvertError('native_from_torch: the weights do not fit {}: {}'.format(name, error)) from error
    if magface:
        net.input_spec = MAGFACE[0]._replace(size=net.input_spec.size, embedding_size=net.input_spec.embedding_size)
    elif ir and torch_ir.is_adaface(state):
        net.input_spec = net.input_spec._replace(colour='bgr')
    state = torch_ir.completed(state) if ir else state
    params = net._collect_params_with_prefix()
    theirs = {ours: _their_name(table, ours) for ours in params}
    _check({theirs[ours]: param.shape for ours, param in params.items()}, state, name)
    values = {ours: np.array(state[theirs[ours]], 'float32') for ours in params}
    _unscale(net, values)
    net.initialize(mx.init.Zero())
    for ours, value in values.items():
        params[ours].set_data(nd.array(value))
    unused = sorted(set(state) - set(theirs.values()))
    return net, name, arguments, {'parameters': len(params), 'unused': unused}


def torch_from_native(net):
    """The weights of a net as a state dict for arcface_torch's net of the same size.

    PyTorch's net has eps 1e-5 in each BatchNorm and no bias before the last one of mobilefacenet: what differs here
    goes into the running variance or mean, so that the outputs are equal. A class layer is left out, and so is the L2
    norm of a net with ``feature_norm``.

    Parameters
    ----------
    net : IResNet or MobileFaceNet
        Without squeeze-and-excitation or a PReLU at the end.

    Returns
    -------
    dict of str to numpy.ndarray
        In PyTorch's order and types; `load_state_dict` takes it with strict=True, as tensors.

    Raises
    ------
    ValueError
        arcface_torch has no such net.
    """
    table = layer_table(net)
    params = {name: param.data(param.list_ctx()[0]).asnumpy().astype('float32')
              for name, param in net._collect_params_with_prefix().items() if not name.startswith('output.')}
    homeless = [name for name in params if name.rpartition('.')[0] not in table]
    if homeless:
        raise ValueError('torch_from_native: arcface_torch has no place for {} of this {}.'.format(
            names(homeless), type(net).__name__))
    state, width = {}, None
    for ours, theirs in table.items():
        layer = _layer(net, ours)
        values = {key: params[ours + '.' + key] for key in PARAMETERS if ours + '.' + key in params}
        if 'gamma' in values:
            width = len(values['gamma'])
            if layer._kwargs['fix_gamma']:
                values['gamma'] = np.ones_like(values['gamma'])
            if layer._kwargs['eps'] != EPSILON:
                values['running_var'] = (values['running_var'] + (layer._kwargs['eps'] - EPSILON)).astype('float32')
        if 'alpha' in values:  # one slope for all channels becomes one for each; a BatchNorm stands before
            values['alpha'] = np.broadcast_to(values['alpha'], (width,)).copy()
        state.update({'{}.{}'.format(theirs, PARAMETERS[key]): value for key, value in values.items()})
        if 'gamma' in values:
            state['{}.{}'.format(theirs, COUNTER)] = np.array(0, 'int64')
    bias = state.pop('features.layers.2.bias', None)
    if bias is not None:
        state['features.layers.3.running_mean'] = state['features.layers.3.running_mean'] - bias
    return state


def _recognise(state, epsilon):
    """(model, arguments) of a state dict; arguments that are the model's own defaults are left out."""
    def shape(name):
        if name not in state:
            raise ConvertError('native_from_torch: {} is missing.'.format(name))
        return np.shape(state[name])

    def count(pattern):
        return len({match.group(1) for match in map(re.compile(pattern).match, state) if match})

    makers = {inspect.signature(maker).parameters['units'].default: maker
              for maker in (iresnet18, iresnet34, iresnet50, iresnet100, iresnet200)}
    if 'layer1.0.conv1.weight' in state:
        embedding_size, inputs = shape('fc.weight')
        side = round((inputs / 512) ** 0.5)
        arguments = {'units': tuple(count(r'layer{}\.(\d+)\.'.format(stage)) for stage in (1, 2, 3, 4)),
                     'input_size': 16 * side, 'embedding_size': embedding_size, 'epsilon': epsilon}
        maker = makers.get(arguments['units'], iresnet50)
    elif torch_ir.FIRST in state:
        arguments = torch_ir.ir_arguments(state, shape)
        maker = makers.get(arguments['units'], iresnet50)
    elif 'conv_sep.layers.0.weight' in state:
        height, width = shape('features.layers.0.layers.0.weight')[2:]
        plain = 'layers.1.layers.0.weight' in state
        arguments = {'blocks': (1 if plain else count(r'layers\.1\.layers\.(\d+)\.'),) + tuple(
                         count(r'layers\.{}\.layers\.(\d+)\.'.format(stage)) for stage in (3, 5, 7)),
                     'scale': shape('layers.0.layers.0.weight')[0] // 64,
                     'input_size': 16 * height if height == width else (16 * height, 16 * width),
                     'embedding_size': shape('features.layers.2.weight')[0], 'epsilon': EPSILON}
        maker = mbf if plain else mbf_large
        if not plain:
            arguments['first_hidden'] = shape('layers.1.layers.0.layers.0.layers.0.weight')[0]
    else:
        raise ConvertError("native_from_torch: the names must be those of arcface_torch's IResNet "
                           '(layer1.0.conv1.weight, ...) or mobilefacenet (conv_sep.layers.0.weight, ...), or of the '
                           'IR nets of AdaFace, face.evoLVe and TreB1eN (input_layer.0.weight, ...), got {}. Export '
                           'another net to ONNX and convert that: it is taken as it is.'.format(names(list(state))))
    defaults = inspect.signature(maker).parameters
    return maker.__name__, {key: value for key, value in arguments.items() if value != defaults[key].default}


def _their_name(table, ours):
    layer, _, key = ours.rpartition('.')
    return '{}.{}'.format(table[layer], PARAMETERS[key]) if layer in table else ours


def _check(wanted, state, model):
    """Raise a ConvertError unless a state dict has exactly these names, with these shapes."""
    missing = [name for name in wanted if name not in state]
    unused = [name for name in state if name not in wanted and not name.endswith(COUNTER)]
    shapes = ['{} must be {}, got {}'.format(name, shape, np.shape(state[name])) for name, shape in wanted.items()
              if name in state and np.shape(state[name]) != shape]
    faults = ['{}: {}'.format(what, names(found)) for what, found in (
        ('missing', missing), ('unused', unused), ('shapes', shapes)) if found]
    if faults:
        raise ConvertError('native_from_torch: the weights do not fit {}: {}.'.format(model, '; '.join(faults)))


def _unscale(net, values):
    """Put gamma of the last BatchNorm, where the net has none of its own, into the layer before."""
    last = len(net.features) - 1
    dense, norm = 'features.{}.'.format(last - 1), 'features.{}.'.format(last)
    gamma = values[norm + 'gamma']
    if net.features[last]._kwargs['fix_gamma'] and (gamma != 1).any():
        for name in (dense + 'weight', dense + 'bias', norm + 'running_mean'):
            if name in values:
                values[name] = values[name] * gamma.reshape((-1,) + (1,) * (values[name].ndim - 1))
        values[norm + 'gamma'] = np.ones_like(gamma)


def _layer(net, name):
    for part in name.split('.'):
        net = net[int(part)] if part.isdigit() else getattr(net, part)
    return net


def _contents(state):
    if not isinstance(state, dict):
        return type(state).__name__
    return names(['{} ({})'.format(name, type(value).__name__) for name, value in state.items()])
