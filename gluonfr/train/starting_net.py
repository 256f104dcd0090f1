"""The network that a training begins with, and its weights if there are any."""
import os
import shlex
from typing import Any, Dict, Optional, Sequence

from mxnet import Context
from mxnet.gluon import Block

from ..model_zoo import MODELS, get_model_file
from ..model_zoo.card_file import CARD_NAME, ONNX, SYMBOL, read_card
from ..model_zoo.making import differing_arguments
from ..model_zoo.card_table import list_cards, weights_of
from ..model_zoo.parameters import load_parameters
from ..utils.arguments import parse_arguments
from ..utils.files import read_json
from .checkpoint import load_weights
from .run_folder import CHECKPOINTS, RECIPE_NAME

__all__ = ['starting_net']

ALLOWED = ('the folder of a run, the folder of `gluonfr convert`, a card (.json), a checkpoint (.npz), weights '
           '(.params), or the name of pretrained weights (`gluonfr models`)')
FOREIGN = ('-symbol.json', '.onnx', '.pth', '.pt', '.ckpt', '.pth.tar')


def starting_net(network: str, network_args: Dict[str, Any], *, ctx: Sequence[Context], finetune: Optional[str] = None,
                 dtype: str = 'float32') -> Block:
    """A network of the zoo as a training begins with it: to be initialised, or with the weights of another training.

    A card of the weights tells the input, too: the network takes it over.

    Parameters
    ----------
    network, network_args : str, dict
        A name of `gluonfr models`, and what the network is made with.
    ctx : list of Context
        Where to load the weights.
    finetune : str or None
        The folder of a run, a file or the name of pretrained weights.
    dtype : {'float32', 'float16'}
        Of the layers.

    Raises
    ------
    ValueError, FileNotFoundError
        There are no such weights, or they are of another network; float16 on a CPU.
    """
    if dtype == 'float16' and ctx[0].device_type == 'cpu':
        raise ValueError("dtype='float16' needs GPUs: MXNet has no float16 layers on the CPU.")
    net = MODELS.create(network, **dict(network_args, need_cls_layer=False))
    if finetune:
        path, made, spec = _find_weights(finetune)
        if made:
            _check_made(finetune, network, network_args, *made)
        if spec:
            net.input_spec = spec
        if path.endswith('.npz'):
            net.initialize(ctx=ctx)
            load_weights(path, net=net)
        else:
            load_parameters(net, path, ctx)
    if dtype == 'float16':
        net.cast('float16')
    return net


def _find_weights(source):
    """What weights a path or a name means.

    Returns
    -------
    (str, (str, dict) or None, InputSpec or None)
        The file of weights, the network that it is of with its arguments, and the input, as far as they are known.

    Raises
    ------
    FileNotFoundError, ValueError
        There is nothing of that name, or no weights that train.
    """
    if source.endswith(FOREIGN):
        raise ValueError('finetune takes {}, got {}. `gluonfr convert` makes such a folder of it.'.format(
            ALLOWED, source))
    path = os.path.join(source, CARD_NAME) if os.path.isdir(source) else source
    if not os.path.exists(source) and source.lower() in list_cards():
        path = get_model_file(source)
    elif not os.path.exists(source) and source in MODELS:
        raise ValueError('finetune={!r}: it is a model, and weights must be given: a run, a file, or the name of '
                         'pretrained weights: {}.'.format(source, weights_of(source)))
    if path.endswith('.json') and os.path.isfile(path):
        card, path, spec = read_card(path)
        return path, (card['model'], card['arguments']), spec
    path = os.path.join(source, CHECKPOINTS, 'last.params') if os.path.isdir(source) else source
    if not os.path.isfile(path):
        raise FileNotFoundError('finetune: there is no {}. Give {}.'.format(path, ALLOWED))
    recipe = os.path.join(source, RECIPE_NAME)
    if not os.path.isfile(recipe):
        return path, None, None
    options = read_json(recipe, 'recipe of a training')  # a run that is not at its end has no card
    size = {'embedding_size': options['embedding_size']} if options['embedding_size'] else {}
    return path, (options['network'], dict(parse_arguments(options['network_args']), **size)), None


def _check_made(source, network, arguments, model, needed):
    """Raise a ValueError unless the network of the weights, `model` made with `needed`, is the one asked for."""
    if model in (ONNX, SYMBOL):
        raise ValueError('finetune={!r}: these are weights of a graph that was taken as it is ({}), no network of the '
                         'model zoo, and it does not train.'.format(source, model))
    asked, model = MODELS.canonical(network), MODELS.canonical(model)
    if asked != model:
        raise ValueError('finetune={!r}: these are weights of {}, and network is {}. Give network={!r}{}.'.format(
            source, model, asked, model, _option(needed)))
    differing = differing_arguments(model, needed, arguments)
    if differing:
        raise ValueError('finetune={!r}: these are weights of {} with {}, and network has {}. Give{}.'.format(
            source, model, _shown({name: pair[0] for name, pair in differing.items()}),
            _shown({name: pair[1] for name, pair in differing.items()}),
            _option(needed) or ' no network_args and no embedding_size'))


def _option(arguments):
    others = {name: value for name, value in arguments.items() if name != 'embedding_size'}
    return ''.join((' embedding_size={embedding_size}'.format(**arguments) if others != arguments else '',
                    ' network_args ' + _shown(others) if others else ''))


def _shown(arguments):
    return ' '.join(shlex.quote('{}={}'.format(*item)) for item in arguments.items())
