"""`gluonfr export`: a trained net as a file for other programs."""
import os

from .. import convert
from ..compat import mxnet_problem
from ..convert.from_files import FACTS
from ..deploy import read_card
from ..model_zoo.card_file import CARD_NAME
from ..model_zoo.card_table import choose_card
from ..model_zoo.model_store import get_model_file
from ..utils.arguments import parse_arguments
from ..utils.files import advice_on_full_disk
from ..utils.lock import sole_writer
from .options import open_net

__all__ = ['export']

ADVICE = 'Make room and give the same command again'


def export(args):
    """Write what is asked for, and say what it is."""
    if not (args.onnx or args.symbol or args.torch):
        raise ValueError('say what to write: --onnx FILE, --symbol PREFIX or --torch FILE.')
    if args.torch and (args.normalise or args.flip != 'none' or args.l2):
        raise ValueError('--normalise, --flip and --l2 are for --onnx and --symbol: a state dict holds weights alone.')
    graph = {'normalise': args.normalise, 'flip': args.flip, 'l2': args.l2}
    if args.onnx and not (args.symbol or args.torch) and mxnet_problem():
        with advice_on_full_disk(args.onnx, ADVICE):
            spec = convert.to_onnx(args.net, args.onnx, params=args.params, batch=args.batch, opset=args.opset, **graph)
        report(spec, args.onnx, args.normalise, None, 'ONNX Runtime', args.batch)
        return
    net = open_net(args.net, args.params, args.network_args)
    if args.onnx:
        with advice_on_full_disk(args.onnx, ADVICE):
            difference = convert.export_onnx(net, args.onnx, batch=args.batch, opset=args.opset, **graph,
                                     **facts(args.net, args.params, args.network_args))
        report(net.input_spec, args.onnx, args.normalise, difference, 'ONNX Runtime', args.batch)
    if args.symbol:
        with sole_writer(args.symbol + '.lock', '--symbol {}'.format(args.symbol)), \
                advice_on_full_disk(args.symbol, ADVICE):
            difference = convert.export_symbol(net, args.symbol, **graph)
        report(net.input_spec, args.symbol + '-symbol.json', args.normalise, difference, 'MXNet')
    if args.torch:
        with advice_on_full_disk(args.torch, ADVICE):
            difference = convert.export_torch(net, args.torch)
        report(net.input_spec, args.torch, False, difference, 'the way back')


def facts(net, params, network_args):
    """What the net's card or the command line says of it."""
    path, known = net, {}
    if path.endswith(('-symbol.json', '.onnx')):
        return known
    if params is not None:
        return {'model': net, 'arguments': parse_arguments(network_args, '--network-args')}
    if os.path.isdir(path):
        path = os.path.join(path, CARD_NAME)
    elif not path.endswith('.json'):
        known['licence'] = choose_card(net).licence
        path = get_model_file(net)
    card = read_card(path)[0]
    return dict(known, **{key: card[key] for key in FACTS if key in card})


def report(spec, path, normalises, difference, by, batch='dynamic'):
    """Print what a file takes (`spec`) and how near it is to the net; `batch` is 'dynamic' or the images of a call."""
    channels = ', '.join('(x - {:g}) / {:g}'.format(*pair) for pair in sorted(set(zip(spec.mean, spec.std))))
    print('{}: takes ({}, {}, {}, {}) {}, {}; {}'.format(
        path, 'B' if batch == 'dynamic' else batch, *spec.shape, spec.colour, '0 to 255' if normalises else channels,
        'not compared with MXNet' if difference is None else 'differs by {:.1e} in {}'.format(difference, by)))
