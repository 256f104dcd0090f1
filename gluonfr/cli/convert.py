"""`gluonfr convert`: weights from elsewhere -> a folder with a card."""
import json
import os

from ..convert import convert
from ..model_zoo import InputSpec
from ..utils.arguments import parse_arguments
from ..utils.lock import sole_writer
from .options import add_command, user_path

__all__ = ['add_commands']

KEYS = ('size', 'mean', 'std', 'colour')


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'convert', run, 'turn weights from elsewhere into a net of the model zoo', """
example:
  gluonfr convert w600k_mbf.onnx --out nets/w600k_mbf --images people/
  gluonfr convert model-symbol.json --out nets/y1
  gluonfr convert old.params --model mobilefacenet_shared --out nets/old

SRC is an MXNet -symbol.json with its .params beside it, an .onnx, a PyTorch state dict (.pth, .pt), or the .params of a
Gluon net with --model. Both sides are run and compared; DIR then holds card.json and the weights, and is what the other
commands take as NET. A graph that is no net of the model zoo is taken as it is: it embeds, but does not train.""")
    parser.add_argument('source', type=user_path, metavar='SRC')
    parser.add_argument('--out', type=user_path, required=True, metavar='DIR', help='a new folder')
    parser.add_argument('--model', metavar='NAME', help='the only net that will do (default: the one that fits)')
    parser.add_argument('--params', type=user_path, metavar='FILE', help='weights of a symbol (default: the newest)')
    parser.add_argument('--images', type=user_path, metavar='DATA',
                        help='a folder or list of aligned faces to compare on, too; where BatchNorms were folded away '
                             'they say what training on starts from')
    parser.add_argument('--input', nargs='+', default=[], metavar='KEY=VALUE',
                        help='what SRC takes, where its graph does not say it: size=112 mean=127.5 std=128 colour=bgr')


def run(args):
    """Convert and say what came of it."""
    with sole_writer(os.path.abspath(args.out) + '.lock', '--out {}'.format(args.out)):
        path = convert(args.source, args.out, args.model, args.params, input_spec(args.input), args.images)
    with open(path, encoding='utf-8') as stream:
        card = json.load(stream)
    print('{}: {}, {} values, input {} x {} {}'.format(path, card['model'], card['embedding_size'],
                                                       *card['input']['size'], card['input']['colour']))
    if card.get('parity'):
        print('largest difference from the source: {:.2g}, on {}'.format(
            card['parity']['max_abs_diff'], ', '.join(card['parity']['images'])))


def input_spec(pairs):
    """The InputSpec of key=value pairs, None without any; one number stands for all channels, or both sides."""
    given = parse_arguments(pairs, '--input')
    wrong = sorted(set(given) - set(KEYS))
    if wrong:
        raise ValueError('--input takes {}, got {}.'.format(', '.join(KEYS), ', '.join(wrong)))
    counts = {'size': 2, 'mean': 3, 'std': 3}
    return InputSpec(**{key: (value,) * counts[key] if isinstance(value, (int, float)) else value
                        for key, value in given.items()}) if given else None
