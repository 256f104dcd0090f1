"""Options of `gluonfr convert`."""
from .common import add_command, user_path

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'convert', 'turn weights from elsewhere into a net of the model zoo', """
example:
  gluonfr convert w600k_mbf.onnx --out nets/w600k_mbf --images people/
  gluonfr convert model-symbol.json --out nets/y1
  gluonfr convert old.params --model mobilefacenet_shared --out nets/old

SRC is an MXNet -symbol.json with its .params beside it, an .onnx, a PyTorch state dict or a checkpoint with one (.pth,
.pt, .ckpt, .pth.tar), or the .params of a Gluon net with --model. Both sides are run and compared; DIR then holds
card.json and the weights, and is what the other commands take as NET. A graph that is no net of the model zoo is taken
as it is: it embeds, but does not train.""", 'convert:run')
    parser.add_argument('source', type=user_path, metavar='SRC',
                        help='the weights: -symbol.json, .onnx, .pth, .pt, .ckpt, .pth.tar or .params')
    parser.add_argument('--out', type=user_path, required=True, metavar='DIR',
                        help='a new folder for card.json and the weights')
    parser.add_argument('--model', metavar='NAME', help='the only net that will do (default: the one that fits)')
    parser.add_argument('--params', type=user_path, metavar='FILE', help='weights of a symbol (default: the newest)')
    parser.add_argument('--images', type=user_path, metavar='DATA',
                        help='a folder or list of aligned faces to compare on, too; where BatchNorms were folded away '
                             'they say what training on starts from')
    parser.add_argument('--input', nargs='+', default=[], metavar='KEY=VALUE',
                        help='what SRC takes, where its graph does not say it: size=112 mean=127.5 std=128 colour=bgr')
