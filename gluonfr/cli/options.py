"""Options and helpers that several commands share."""
import argparse
import os

from ..align import DETECTORS, Finder, get_detector, read_landmarks
from ..align.find import SEVERAL
from ..data.open_images import open_images
from ..deploy import Embedder, load_net
from ..deploy.lower import PRECISIONS
from ..metrics.scores import FLIPS
from ..train import parse_gpus
from ..utils.arguments import parse_arguments
from ..utils.files import file_sha256

__all__ = ['add_command', 'add_faces', 'add_net', 'add_weights', 'face_settings', 'load_weights', 'make_embedder',
           'make_finder', 'natural', 'on_error', 'positive', 'user_path']


def add_command(commands, name, run, doc, example):
    """A subcommand whose help ends in an example; `run(args)` does the work."""
    parser = commands.add_parser(name, help=doc, description=doc[0].upper() + doc[1:] + '.', epilog=example,
                                 formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    parser.set_defaults(run=run)
    return parser


def add_weights(parser, name='net'):
    """What says which net it is; `load_weights` loads it. `name` is '--net' where it may be left out."""
    parser.add_argument(name, type=user_path, metavar='NET',
                        help='folder or card.json of a training or of `gluonfr convert`, an MXNet -symbol.json, an '
                             '.onnx, the name of pretrained weights (`gluonfr models`), or the name of a model with '
                             '--params')
    parser.add_argument('--params', type=user_path, metavar='FILE', help='weights, where NET does not say them')
    parser.add_argument('--network-args', nargs='+', default=[], metavar='KEY=VALUE',
                        help='for the name of a model: embedding_size=256')


def load_weights(args, ctx=None):
    """The net that the options of `add_weights` say."""
    return load_net(args.net, args.params, ctx=ctx, **parse_arguments(args.network_args, '--network-args'))


def add_net(parser, name='net'):
    """What says which net embeds, and how; `name` as for `add_weights`."""
    add_weights(parser, name)
    parser.add_argument('--flip', choices=FLIPS, default='none',
                        help='sum: add the embedding of the mirror image; concat: put them side by side (default none)')
    parser.add_argument('--batch-size', type=positive, default=64, metavar='N', help='images a step (default 64)')
    parser.add_argument('--precision', choices=PRECISIONS, default='float32',
                        help='of the layers on a CPU; bfloat16 and int8 are faster and a little less exact')
    parser.add_argument('--calibrate', type=user_path, metavar='DATA',
                        help='for int8: a folder, list or rec of faces such as will come; 128 of them are used')
    parser.add_argument('--gpu', default='', metavar='N', help='run on this GPU (default: the CPU)')


def make_embedder(args):
    """The `Embedder` that the options of `add_net` ask for."""
    ctx = parse_gpus(args.gpu)[0]
    net = load_weights(args, ctx)
    if (args.precision == 'int8') != bool(args.calibrate):
        raise ValueError('--precision int8 and --calibrate DATA must be given together.')
    calibration = open_images(args.calibrate) if args.calibrate else None
    return Embedder(net, batch_size=args.batch_size, flip=args.flip, ctx=ctx, precision=args.precision,
                    calibration=calibration)


def add_faces(parser):
    """How faces are found in photographs; without these options images are aligned already."""
    group = parser.add_argument_group('photographs')
    group.add_argument('--detect', choices=DETECTORS.names(),
                       help='find faces with this detector: yunet (its weights are a file of 0.2 MB) or mtcnn '
                            '(comes with gluonfr[mtcnn])')
    group.add_argument('--detector-model', type=user_path, metavar='FILE',
                       help='weights of yunet (default face_detection_yunet_2023mar.onnx in ~/.mxnet/models)')
    group.add_argument('--detect-size', type=positive, metavar='PIXELS',
                       help='longer side of a photograph in the detector (default 640): more finds smaller faces')
    group.add_argument('--landmarks', type=user_path, metavar='FILE',
                       help='in place of a detector: a csv or json of path -> ten numbers, such as align.csv')
    group.add_argument('--several', choices=SEVERAL, default='largest',
                       help='which of several faces counts: the largest, that nearest to the center, all, or none '
                            '(default largest)')
    group.add_argument('--min-face', type=float, default=0, metavar='PIXELS',
                       help='faces less wide or high do not count (default 0)')


def make_finder(args, root=None):
    """The `Finder` that the options of `add_faces` ask for, None if images are aligned already.

    `root` is what the paths in --landmarks are relative to, None for the folder of that file.
    """
    if args.detect and args.landmarks:
        raise ValueError('--detect and --landmarks must not be given together.')
    given = {name: value for name, value in (('model', args.detector_model), ('max_side', args.detect_size)) if value}
    if args.detect:
        return Finder(get_detector(args.detect, **given), None, args.several, args.min_face)
    if given:
        raise ValueError('--detector-model and --detect-size need --detect.')
    if args.landmarks:
        return Finder(None, read_landmarks(args.landmarks, root), args.several, args.min_face)
    if args.several != 'largest' or args.min_face:
        raise ValueError('--several and --min-face need --detect or --landmarks.')
    return None


def face_settings(args):
    """What of the options of `add_faces` decides which faces are found, as JSON values."""
    return {'detect': args.detect, 'detect_size': args.detect_size, 'several': args.several, 'min_face': args.min_face,
            'model_sha256': args.detector_model and file_sha256(args.detector_model),
            'landmarks_sha256': args.landmarks and file_sha256(args.landmarks)}


def on_error(parser):
    """What damaged images do."""
    parser.add_argument('--on-error', choices=('raise', 'skip'), default='raise',
                        help='what a damaged image does: end the command, or be left out and reported')


def user_path(text):
    """A path, for argparse: the shell leaves the ~ in --out=~/runs as it is."""
    return os.path.expanduser(text)


def positive(text, low=1):
    """An int >= 1, for argparse."""
    value = int(text)
    if value < low:
        raise argparse.ArgumentTypeError('must be >= {}, got {}'.format(low, value))
    return value


def natural(text):
    """An int >= 0, for argparse."""
    return positive(text, 0)
