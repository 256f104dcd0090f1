"""Options of `gluonfr export`."""
from .common import FLIPS, add_command, add_weights, positive, user_path

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'export', 'write a network as ONNX, an MXNet symbol or a PyTorch state dict', """
example:
  gluonfr export outputs/mine-run --onnx outputs/mine.onnx --normalise --l2
  gluonfr export outputs/mine-run --onnx outputs/mine8.onnx --int8 --calibrate people/ --verify mine.bin

Each file is checked on random images: its embeddings, scaled to length 1, must be those of the network within 1e-4.
ONNX needs the packages onnx and, to be checked, onnxruntime; PyTorch needs torch, and an IResNet or MobileFaceNet, for
which InsightFace's arcface_torch has the same network. A symbol is PREFIX-symbol.json and PREFIX-0000.params. Where
MXNet is not installed, --onnx is written from the files alone. --int8 needs onnxruntime, and leaves a certificate
beside FILE:
cosines with float32, accuracy before and after, sizes and hashes.""", 'export:export')
    add_weights(parser)
    parser.add_argument('--onnx', type=user_path, metavar='FILE', help='write ONNX')
    parser.add_argument('--symbol', type=user_path, metavar='PREFIX', help='write an MXNet symbol and its weights')
    parser.add_argument('--torch', type=user_path, metavar='FILE',
                        help="write a PyTorch state dict with arcface_torch's names")
    parser.add_argument('--normalise', action='store_true',
                        help='take grey levels 0 to 255 and normalise them in the graph')
    parser.add_argument('--flip', choices=FLIPS, default='none',
                        help='sum: add the embedding of the mirror image; concat: put them side by side (default none)')
    parser.add_argument('--l2', action='store_true', help='scale embeddings to length 1')
    parser.add_argument('--batch', type=batch, default='dynamic', metavar='N',
                        help='images a call of the ONNX file takes (default dynamic: any number)')
    parser.add_argument('--int8', action='store_true',
                        help='write the ONNX file with layers in 8 bits (QDQ form), which --calibrate asks for')
    parser.add_argument('--calibrate', type=user_path, metavar='DATA',
                        help='for --int8: a folder, list or rec of faces such as will come; 128 of them count')
    parser.add_argument('--verify', nargs='+', type=user_path, default=[], metavar='BIN',
                        help='for --int8: .bin files of pairs to measure the accuracy on, before and after')
    parser.add_argument('--opset', type=positive, default=13, metavar='N',
                        help="version of ONNX's operators (default 13, the lowest)")


def batch(text):
    """A number of images, or 'dynamic', for argparse."""
    return text if text == 'dynamic' else positive(text)
