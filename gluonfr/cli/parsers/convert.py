"""Options of `gluonfr convert`."""
from .common import add_command, user_path

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'convert', 'turn weights from elsewhere into a network of the model zoo', """
example:
  gluonfr convert DOWNLOADED/w600k_mbf.onnx --out outputs/w600k_mbf --images PEOPLE
  gluonfr convert DOWNLOADED/model-symbol.json --out outputs/y1
  gluonfr convert DOWNLOADED/old.params --model mobilefacenet_shared --out outputs/old

SRC is an MXNet -symbol.json with its .params beside it, an .onnx, a PyTorch state dict or a checkpoint with one (.pth,
.pt, .ckpt, .pth.tar, .safetensors), or the .params of a Gluon network with --model. A symbol or .onnx and the result
are run and compared; weights without a graph cannot be run, and what they do not say is assumed and printed (--input,
--eps). The other commands then take DIR, with card.json and the weights, as NET. A graph of an unknown architecture is
kept as it is: it embeds, but cannot be trained.""", 'convert:run')
    parser.add_argument('source', type=user_path, metavar='SRC',
                        help='the weights: -symbol.json, .onnx, .pth, .pt, .ckpt, .pth.tar, .safetensors or .params')
    parser.add_argument('--out', type=user_path, required=True, metavar='DIR',
                        help='a new folder for card.json and the weights')
    parser.add_argument('--model', metavar='NAME', help='the model that SRC must be (default: the one that fits)')
    parser.add_argument('--params', type=user_path, metavar='FILE', help='weights of a symbol (default: the newest)')
    parser.add_argument('--images', type=user_path, metavar='DATA',
                        help='also compare on these aligned faces, a folder or list; if BatchNorms were merged into '
                             'convolutions, the faces determine new ones for further training')
    parser.add_argument('--input', nargs='+', default=[], metavar='KEY=VALUE',
                        help='the input of SRC, if its graph does not say it: size=112 mean=127.5 std=128 colour=bgr; '
                             'what is left out stays as it is printed without')
    parser.add_argument('--eps', type=float, metavar='X',
                        help='epsilon of the BatchNorms of SRC, which a state dict or .params does not say')
