"""Where a network lies: what a card, a folder of a training, a name with weights, a symbol or an ONNX file means."""
import os
from collections import namedtuple
from typing import Any, Optional

from ..compat import mxnet_problem
from ..data.walk import is_image
from ..model_zoo.card_file import CARD_NAME, ONNX, SYMBOL, graph_of_card, read_card
from ..model_zoo.card_table import choose_card
from ..model_zoo.model_store import download, get_model_file, is_converted
from ..utils.types import PathLike

__all__ = ['NetFiles', 'find_net']

ALLOWED = ('Give the folder or card of a training or of `gluonfr convert`, a -symbol.json, an .onnx, the name of '
           'pretrained weights (`gluonfr models`), or the name of a model and its params.')

TORCH_SUFFIXES = ('.pth', '.pt', '.ckpt', '.pth.tar', '.safetensors')
TORCH_TO_ONNX = ('PyTorch itself writes its model as ONNX, which runs without MXNet: torch.onnx.export(model.eval(), '
                 "torch.zeros(1, 3, 112, 112), 'net.onnx'), with the package onnxscript.")

NetFiles = namedtuple('NetFiles', 'kind path params spec model arguments caution card', defaults=(None,) * 6)
NetFiles.__doc__ = """The files of a network.

kind : {'onnx', 'symbol', 'zoo'}
path : str
    The ONNX file, the symbol, or what says that it is a network of the zoo: its card or name.
params : str or None
    Its weights; of a symbol None for the newest beside it.
spec : InputSpec or None
    What it takes, where something besides the files says it.
model, arguments : str, dict
    Of a network of the zoo.
caution : str or None
    What is said where it is used.
card : str or None
    The card that says all this, where there is one.
"""


def find_net(source: PathLike, params: Optional[str] = None, root: Optional[str] = None, accept_licence: bool = False,
             **arguments: Any) -> NetFiles:
    """The files of a network; see `load_net` for the parameters, and what is raised."""
    source = os.fspath(source)
    if os.path.isdir(source):
        source = _card_in(source)
    if source.endswith('-symbol.json'):
        return NetFiles('symbol', source, params)
    if source.endswith('.onnx'):
        if not os.path.isfile(source):
            raise FileNotFoundError('load_net: there is no {}.'.format(source))
        return NetFiles('onnx', source)
    a_card = source.endswith('.json')
    if not a_card:
        _refuse_file(source)
        if params is not None:
            return NetFiles('zoo', source, params, None, source, arguments)
    if params is not None or arguments:
        raise ValueError('load_net: a card names its weights and arguments itself, got params or arguments beside {}.'
                         .format(source))
    if a_card:
        return _of_card(source)
    known = choose_card(source)
    if mxnet_problem() and not is_converted(known, root):  # the published file does as it is, but does not train
        files = find_net(download(known.name, root, accept_licence))
        files = files if known.normalises else files._replace(spec=known.spec)
    else:
        files = _of_card(get_model_file(known.name, root, accept_licence))
    if known.photographs:
        return files
    return files._replace(caution='{}: these weights are of {}, not for photographs.'.format(known.name, known.data))


def _card_in(folder):
    """The card in a folder."""
    path = os.path.join(folder, CARD_NAME)
    if not os.path.isfile(path):
        raise FileNotFoundError('load_net: folder {} must hold {}, got: {}. `gluonfr train` writes one at its end.'
                                .format(folder, CARD_NAME, ', '.join(sorted(os.listdir(folder))[:8]) or 'nothing'))
    return path


def _refuse_file(path):
    """Say of a path that is no network what it is instead."""
    if is_image(path, foreign=True):
        raise ValueError('load_net: {} is an image, and the network must be given first. {}'.format(path, ALLOWED))
    if path.endswith(TORCH_SUFFIXES) and os.path.isfile(path):
        raise ValueError('load_net: {} holds weights of PyTorch, without their graph. `gluonfr convert` makes a '
                         'network of them, where MXNet is. {}'.format(path, TORCH_TO_ONNX))
    if os.path.isfile(path):
        raise ValueError('load_net: {} is a file that says no network. {}'.format(path, ALLOWED))
    if os.path.dirname(path):
        raise FileNotFoundError('load_net: there is no folder {}. {}'.format(path, ALLOWED))


def _of_card(source):
    """What a card stands for: a network of the zoo, or a graph that was taken as it is."""
    if not os.path.isfile(source):
        raise FileNotFoundError('load_net: there is no card {}.'.format(source))
    card, params, spec = read_card(source)
    if card['model'] == ONNX:
        return NetFiles('onnx', params, None, spec, card=source)
    if card['model'] == SYMBOL:
        return NetFiles('symbol', graph_of_card(source, card), params, spec, card=source)
    return NetFiles('zoo', source, params, spec, card['model'], card['arguments'], card=source)
