"""What the options that several commands share stand for: networks, embedders, finders of faces and what they find."""
import os

from ..compat import install_command, mxnet_problem
from ..data.opening import open_dataset
from ..deploy.embedder import Embedder
from ..deploy.net_files import find_net
from ..deploy.trained_net import TrainedNet
from ..model_zoo.card_table import is_model, list_cards, weights_of
from ..utils.arguments import parse_arguments
from ..utils.gpu import parse_gpus

__all__ = ['make_embedder', 'net_files', 'open_net']


def open_net(net, params, network_args):
    """The network that the options of `add_weights` say, as a block of MXNet."""
    from ..deploy.load import load_files
    return load_files(net_files(net, params, network_args))


def net_files(net, params, network_args):
    """The files of the network that the options of `add_weights` say; a model alone does not say which are meant."""
    if not params and not os.path.exists(net) and net.lower() not in list_cards() and is_model(net):
        raise ValueError('{} is a model, and its weights must be given: --params FILE, the folder of a training of it, '
                         'or the name of pretrained weights in its place: {}.'.format(net, weights_of(net)))
    return find_net(net, params, **parse_arguments(network_args, '--network-args'))


def make_embedder(*, net, params, network_args, flip, batch_size, engine, precision, calibrate, device, gpu,
                  normalize=True):
    """The `Embedder` that the options of `add_net` ask for."""
    if gpu and device:
        raise ValueError('--gpu and --device must not be given together: --gpu is a GPU for MXNet.')
    if gpu and mxnet_problem():
        raise ImportError('--gpu is a GPU for MXNet, which is not there. --device cuda:{} computes on it by ONNX '
                          'Runtime: {}'.format(gpu, install_command('onnx-gpu')))
    if calibrate and precision != 'int8':
        raise ValueError('--calibrate is for --precision int8, got {}.'.format(precision))
    ctx = parse_gpus(gpu)[0] if gpu else None
    trained = TrainedNet(net_files(net, params, network_args), ctx)
    if precision == 'int8' and not calibrate and not trained.is_onnx:
        raise ValueError('--precision int8 needs --calibrate DATA, faces such as will come, for a network of MXNet.')
    calibration = open_dataset(calibrate) if calibrate else None
    return Embedder(trained, batch_size=batch_size, flip=flip, normalize=normalize, ctx=ctx, precision=precision,
                    calibration=calibration, engine=engine, device=device)
