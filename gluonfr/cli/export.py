"""`gluonfr export`: a trained network as a file for other programs."""
import os
import shlex
import sys

from .. import convert
from ..compat import mxnet_problem
from ..convert.from_files import FACTS
from ..convert.int8.export import certificate_path
from ..data.opening import check_apart
from ..deploy import read_card
from ..model_zoo.card_file import CARD_NAME
from ..model_zoo.card_table import choose_card, list_cards
from ..model_zoo.model_store import get_model_file
from ..utils.arguments import parse_arguments
from ..utils.files import advice_on_full_disk
from ..utils.lock import sole_writer
from .options import net_files, open_net

__all__ = ['export']

ADVICE = 'Make room and give the same command again'


def export(args):
    """Write what is asked for, and say what it is."""
    if not (args.onnx or args.symbol or args.torch):
        raise ValueError('say what to write: --onnx FILE, --symbol PREFIX or --torch FILE.')
    if args.torch and (args.normalise or args.flip != 'none' or args.l2):
        raise ValueError('--normalise, --flip and --l2 are for --onnx and --symbol: a state dict holds weights alone.')
    check_int8(args)
    graph = {'normalise': args.normalise, 'flip': args.flip, 'l2': args.l2}
    if args.onnx and (args.int8 or not (args.symbol or args.torch) and mxnet_problem()):
        without_mxnet(args, dict(graph, batch=args.batch, opset=args.opset))
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


def check_int8(args):
    """Raise a ValueError unless the options of 8-bit files belong together."""
    if args.int8 != bool(args.calibrate):
        raise ValueError('--int8 and --calibrate DATA, faces such as will come, must be given together.')
    if args.int8 and (not args.onnx or args.symbol or args.torch):
        raise ValueError('--int8 is for --onnx FILE, alone.')
    if args.int8:
        check_apart('--onnx', args.onnx, args.calibrate)
    if args.verify and not args.int8:
        raise ValueError('--verify is for --int8: `gluonfr verify {} --data {}` measures a network as it is.'.format(
            args.net, args.verify[0]))


def without_mxnet(args, options):
    """Write ONNX from the files of a network alone, in 8 bits if asked for."""
    files = net_files(args.net, args.params, args.network_args)
    if args.net.lower() in list_cards():
        options['licence'] = choose_card(args.net).licence
    with advice_on_full_disk(args.onnx, ADVICE):
        if not args.int8:
            report(convert.to_onnx(files, args.onnx, **options), args.onnx, args.normalise, None, '', args.batch)
            return
        found = convert.to_int8(files, args.onnx, args.calibrate, verify=args.verify,
                                command='gluonfr ' + shlex.join(sys.argv[1:]), **options)
    print('{}: {:,} bytes ({:,} in float32); cosine with float32 on {} faces {:.4f}, lowest {:.4f}'.format(
        args.onnx, found['int8']['bytes'], found['float32']['bytes'], found['calibration']['images'],
        found['calibration']['mean_cosine'], found['calibration']['lowest_cosine']))
    for row in found['verification']:
        before, after = row['float32'], row['int8']
        print('{}: accuracy {:.4f} [{:.4f}, {:.4f}] in float32, {:.4f} [{:.4f}, {:.4f}] in int8; cosine {:.4f}, lowest '
              '{:.4f}'.format(row['set'], before['acc'], *before['interval'], after['acc'], *after['interval'],
                              row['mean_cosine'], row['lowest_cosine']))
    print('certificate: {}'.format(certificate_path(args.onnx)))


def facts(net, params, network_args):
    """What the network's card or the command line says of it."""
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
    """Print what a file takes (`spec`) and how near the network it is; `batch` is 'dynamic' or the images of a call."""
    channels = ', '.join('(x - {:g}) / {:g}'.format(*pair) for pair in sorted(set(zip(spec.mean, spec.std))))
    print('{}: takes ({}, {}, {}, {}) {}, {}; {}'.format(
        path, 'B' if batch == 'dynamic' else batch, *spec.shape, spec.colour, '0 to 255' if normalises else channels,
        'not compared with MXNet' if difference is None else 'differs by {:.1e} in {}'.format(difference, by)))
