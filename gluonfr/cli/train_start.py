"""The weights that `gluonfr train --finetune` begins with."""
import os
import shlex

from ..model_zoo import MODELS, get_model_file
from ..model_zoo.card_file import CARD_NAME, ONNX, SYMBOL, read_card
from ..model_zoo.model_store import list_cards
from ..model_zoo.parameters import differing_arguments, load_parameters
from ..train import load_weights
from ..utils.arguments import parse_arguments
from ..utils.files import read_json
from .options import weights_of
from .train_run import RECIPE_NAME

__all__ = ['find_start', 'load_start']

ALLOWED = ('the --out of a run, the folder of `gluonfr convert`, a card (.json), a checkpoint (.npz), weights '
           '(.params), or the name of pretrained weights (`gluonfr models`)')
FOREIGN = ('-symbol.json', '.onnx', '.pth', '.pt', '.ckpt', '.pth.tar')


def find_start(args, net, arguments):
    """The file of weights that --finetune names, of the net that --network asks for.

    A card tells the input, too: the net takes it over.

    Parameters
    ----------
    args : Namespace
        Of `gluonfr train`.
    net : FrBase
        That of --network.
    arguments : dict
        What it was made with.

    Raises
    ------
    FileNotFoundError, ValueError
        There is nothing of that name, or it is of another net.
    """
    source = args.finetune
    if source.endswith(FOREIGN):
        raise ValueError('--finetune takes {}, got {}. `gluonfr convert` makes such a folder of it.'.format(
            ALLOWED, source))
    place = os.path.join(source, CARD_NAME) if os.path.isdir(source) else source
    if not os.path.exists(source) and source.lower() in list_cards():
        place = get_model_file(source)
    if place.endswith('.json') and os.path.isfile(place):
        card, path, spec = read_card(place)
        _compare(args, arguments, card['model'], card['arguments'])
        net.input_spec = spec
        return path
    path = os.path.join(source, 'checkpoint', 'last.params') if os.path.isdir(source) else source
    if not os.path.isfile(path) and source in MODELS:
        raise ValueError('--finetune {}: it is a model, and weights must be given: a run, a file, or the name of '
                         'pretrained weights: {}.'.format(source, weights_of(source)))
    if not os.path.isfile(path):
        raise FileNotFoundError('--finetune: there is no {}. Give {}.'.format(path, ALLOWED))
    recipe = os.path.join(source, RECIPE_NAME)
    if os.path.isfile(recipe):  # a run that is not at its end has no card
        said = read_json(recipe, 'recipe of a training')
        size = {'embedding_size': said['embedding_size']} if said['embedding_size'] else {}
        _compare(args, arguments, said['network'], dict(parse_arguments(said['network_args']), **size))
    return path


def _compare(args, arguments, model, needed):
    """Raise a ValueError unless the net of the weights is the one asked for."""
    if model in (ONNX, SYMBOL):
        raise ValueError('--finetune {}: these are weights of a graph that was taken as it is ({}), no net of the '
                         'model zoo, and it does not train.'.format(args.finetune, model))
    asked, model = MODELS.canonical(args.network), MODELS.canonical(model)
    if asked != model:
        raise ValueError('--finetune {}: these are weights of {}, and --network is {}. Give --network {}{}.'.format(
            args.finetune, model, asked, model, _option(needed)))
    differing = differing_arguments(model, needed, arguments)
    if differing:
        raise ValueError('--finetune {}: these are weights of {} with {}, and --network has {}. Give{}.'.format(
            args.finetune, model, _said({name: pair[0] for name, pair in differing.items()}),
            _said({name: pair[1] for name, pair in differing.items()}),
            _option(needed) or ' no --network-args and no --embedding-size'))


def _said(arguments):
    return ' '.join(shlex.quote('{}={}'.format(*item)) for item in arguments.items())


def _option(arguments):
    others = {name: value for name, value in arguments.items() if name != 'embedding_size'}
    return ''.join((' --embedding-size {embedding_size}'.format(**arguments) if others != arguments else '',
                    ' --network-args ' + _said(others) if others else ''))


def load_start(path, net, contexts):
    """Load the net's weights from a checkpoint or a file of weights."""
    if path.endswith('.npz'):
        net.initialize(ctx=contexts)
        load_weights(path, net=net)
    else:
        load_parameters(net, path, contexts)
