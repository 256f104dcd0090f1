"""`gluonfr export`: a trained net as a file for other programs."""
import os

from ..convert import export_onnx, export_symbol, export_torch
from ..deploy import read_card
from ..model_zoo.card_file import CARD_NAME
from ..model_zoo.model_store import choose_card, get_model_file
from ..utils.arguments import parse_arguments
from ..utils.files import advice_on_full_disk
from ..utils.lock import sole_writer
from .options import load_weights

__all__ = ['export']

ADVICE = 'Make room and give the same command again'
FACTS = ('model', 'arguments', 'licence', 'source')  # of a card, that go into the file's metadata


def export(args):
    """Write what is asked for, and say what it is."""
    if not (args.onnx or args.symbol or args.torch):
        raise ValueError('say what to write: --onnx FILE, --symbol PREFIX or --torch FILE.')
    if args.torch and (args.normalise or args.flip != 'none' or args.l2):
        raise ValueError('--normalise, --flip and --l2 are for --onnx and --symbol: a state dict holds weights alone.')
    net = load_weights(args)
    graph = {'normalise': args.normalise, 'flip': args.flip, 'l2': args.l2}
    if args.onnx:
        with advice_on_full_disk(args.onnx, ADVICE):
            difference = export_onnx(net, args.onnx, batch=args.batch, opset=args.opset, **graph, **facts(args))
        report(net, args.onnx, args.normalise, difference, 'ONNX Runtime', args.batch)
    if args.symbol:
        with sole_writer(args.symbol + '.lock', '--symbol {}'.format(args.symbol)), \
                advice_on_full_disk(args.symbol, ADVICE):
            difference = export_symbol(net, args.symbol, **graph)
        report(net, args.symbol + '-symbol.json', args.normalise, difference, 'MXNet')
    if args.torch:
        with advice_on_full_disk(args.torch, ADVICE):
            difference = export_torch(net, args.torch)
        report(net, args.torch, False, difference, 'the way back')


def facts(args):
    """What the net's card or the command line says of it."""
    place, known = args.net, {}
    if place.endswith(('-symbol.json', '.onnx')):
        return known
    if args.params is not None:
        return {'model': place, 'arguments': parse_arguments(args.network_args, '--network-args')}
    if os.path.isdir(place):
        place = os.path.join(place, CARD_NAME)
    elif not place.endswith('.json'):
        known['licence'] = choose_card(place).licence
        place = get_model_file(place)
    card = read_card(place)[0]
    return dict(known, **{key: card[key] for key in FACTS if key in card})


def report(net, path, normalises, difference, by, batch='dynamic'):
    """Print what a file takes and how near it is to the net; `batch` is 'dynamic' or the images of a call."""
    spec = net.input_spec
    channels = ', '.join('(x - {:g}) / {:g}'.format(*pair) for pair in sorted(set(zip(spec.mean, spec.std))))
    print('{}: takes ({}, {}, {}, {}) {}, {}; {}'.format(
        path, 'B' if batch == 'dynamic' else batch, *spec.shape, spec.colour, '0 to 255' if normalises else channels,
        'unverified' if difference is None else 'differs by {:.1e} in {}'.format(difference, by)))
