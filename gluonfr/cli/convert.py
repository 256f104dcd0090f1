"""`gluonfr convert`: weights from elsewhere -> a folder with a card."""
import json
import os

from .. import convert
from ..compat import mxnet_problem
from ..deploy.net_files import TORCH_SUFFIXES, TORCH_TO_ONNX
from ..utils.arguments import parse_arguments
from ..utils.files import advice_on_full_disk
from ..utils.lock import sole_writer
from ..utils.messages import counted

__all__ = ['run']


def run(args):
    """Convert and say what came of it."""
    problem = mxnet_problem()
    if problem:
        way = TORCH_TO_ONNX if args.source.endswith(TORCH_SUFFIXES) else (
            'Without it an .onnx is a network as it is, and `gluonfr export NET --onnx FILE` makes one of a symbol.')
        raise ImportError('{}. {}'.format(problem.rstrip('.'), way))
    with sole_writer(os.path.abspath(args.out) + '.lock', '--out {}'.format(args.out)), \
            advice_on_full_disk(args.out, 'Make room and give the same command again'):
        path = convert.convert(args.source, args.out, args.model, args.params, parse_arguments(args.input, '--input'),
                               args.images, epsilon=args.eps)
    with open(path, encoding='utf-8') as stream:
        card = json.load(stream)
    print('{}: {}, {}, input {} x {} {}'.format(path, card['model'], counted(card['embedding_size'], 'dimension'),
                                                *card['input']['size'], card['input']['colour']))
    if card.get('parity'):
        print('largest difference from the source: {:.2g}, on {}'.format(
            card['parity']['max_abs_diff'], ', '.join(card['parity']['images'])))
    elif 'parity' in card:
        print('not compared with the source: nothing here runs {}'.format(args.source))
