"""The kind of parser that all commands have, and options that several share."""
import argparse
import difflib
import os
import sys

__all__ = ['FACE_OPTIONS', 'FLIPS', 'NET_OPTIONS', 'Parser', 'add_command', 'add_faces', 'add_net', 'add_weights',
           'chosen', 'natural', 'on_error', 'positive', 'user_path']

# The library has these, too, behind an import of MXNet; a test holds the two together.
FLIPS = ('none', 'sum', 'concat')
PRECISIONS = ('float32', 'bfloat16', 'int8')
ENGINES = ('auto', 'mxnet', 'onnxruntime', 'openvino')
DETECTORS = ('mtcnn', 'yunet')
SEVERAL = ('largest', 'center', 'all', 'refuse')

# What `add_net` and `add_faces` add that makes an embedder and finds faces.
NET_OPTIONS = ('net', 'params', 'network_args', 'flip', 'batch_size', 'engine', 'precision', 'calibrate', 'device',
               'gpu')
FACE_OPTIONS = ('detect', 'detector_model', 'detect_size', 'landmarks', 'several', 'min_face')


class Parser(argparse.ArgumentParser):
    """A parser that knows what was meant by a wrong word, and shows help for `help` or where a command is missing."""

    def parse_known_args(self, args=None, namespace=None):
        """As argparse does, after a look for options that do not exist."""
        args = sys.argv[1:] if args is None else list(args)
        commands = any(isinstance(action, argparse._SubParsersAction) for action in self._actions)
        if commands and not args:
            self.print_help()
            self.exit(2)
        if commands and args[0] == 'help':
            args = args[1:] + ['--help']
        for word in args:
            option = word.partition('=')[0]
            if word == '--' or commands and not word.startswith('-'):
                break  # what follows are no options, or those of a command
            if word.startswith('--') and option not in self._option_string_actions:
                self.error('unknown option {}.{}'.format(option, _meant(option, self._option_string_actions)))
        return super().parse_known_args(args, namespace)

    def error(self, message):
        """As argparse does, and say what each word is that is missing."""
        missing = message.partition('arguments are required: ')[2].split(', ')
        for action in self._actions:
            name = '/'.join(action.option_strings) or action.metavar
            if name in missing:
                message += '\n  {}: {}'.format(name, action.help)
        super().error(message)

    def _check_value(self, action, value):
        if action.choices is not None and value not in action.choices:
            what = 'command' if isinstance(action, argparse._SubParsersAction) else 'value'
            raise argparse.ArgumentError(action if what == 'value' else None, 'unknown {} {!r}.{} Known: {}.'.format(
                what, value, _meant(value, action.choices), ', '.join(map(str, action.choices))))


def _meant(word, words):
    near = difflib.get_close_matches(str(word), [str(word) for word in words], n=1)
    return ' Did you mean {}?'.format(near[0]) if near else ''


def add_command(commands, name, doc, example, run):
    """A subcommand whose help ends in an example; `run`, 'module:function' of gluonfr.cli, does the work."""
    parser = commands.add_parser(name, help=doc, description=doc[0].upper() + doc[1:] + '.', epilog=example,
                                 formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    parser.set_defaults(run=run, parser=parser)
    return parser


def add_weights(parser, name='net', **how):
    """What says which network it is; `open_net` loads it. `name` is '--net' where it may be left out."""
    parser.add_argument(name, type=user_path, metavar='NET', **how,
                        help='folder or card.json of a training or of `gluonfr convert`, an MXNet -symbol.json, an '
                             '.onnx, the name of pretrained weights (`gluonfr models`), or the name of a model with '
                             '--params')
    parser.add_argument('--params', type=user_path, metavar='FILE',
                        help='weights, if NET is the name of a model or they are not beside the symbol')
    parser.add_argument('--network-args', nargs='+', default=[], metavar='KEY=VALUE',
                        help='arguments of the model, such as embedding_size=256')


def add_net(parser, name='net', engines=ENGINES, **how):
    """What says which network embeds, and how; `name` as for `add_weights`, `engines` what --engine may be."""
    add_weights(parser, name, **how)
    parser.add_argument('--flip', choices=FLIPS, default='none',
                        help='sum: add the embedding of the mirror image; concat: put them side by side (default none)')
    parser.add_argument('--batch-size', type=positive, default=64, metavar='N',
                        help='images computed at once (default 64)')
    parser.add_argument('--engine', choices=engines, metavar='NAME',
                        help='what computes: mxnet, onnxruntime, openvino, or auto, the fastest of those installed, '
                             'measured once (default: mxnet, and onnxruntime for an ONNX file or --device cuda, with '
                             'the embeddings of earlier versions to the bit; auto where it is not installed)')
    parser.add_argument('--precision', choices=PRECISIONS, default='float32',
                        help='of the layers; bfloat16 and int8 are faster and a little less exact')
    parser.add_argument('--calibrate', type=user_path, metavar='DATA',
                        help='for int8 by mxnet: a folder, list or rec of typical faces; 128 of them are used')
    parser.add_argument('--device', metavar='NAME', help='cpu, or cuda or cuda:N for an NVIDIA GPU by onnxruntime '
                                                         '(default: the CPU)')
    parser.add_argument('--gpu', default='', metavar='N', help='run on this GPU by mxnet (default: the CPU)')
    parser.add_argument('--verbose', action='store_true', help='say which engine was chosen, and why')


def add_faces(parser):
    """How faces are found in photographs; without these options images are aligned already."""
    group = parser.add_argument_group('photographs')
    group.add_argument('--detect', choices=DETECTORS,
                       help='find faces with this detector: yunet (its weights are a file of 0.2 MB) or mtcnn '
                            '(comes with gluonfr[mtcnn])')
    group.add_argument('--detector-model', type=user_path, metavar='FILE',
                       help='weights of yunet (default face_detection_yunet_2023mar.onnx in ~/.mxnet/models)')
    group.add_argument('--detect-size', type=positive, metavar='PIXELS',
                       help='longer side to which a photograph is scaled for the detector (default 640); a larger one '
                            'finds smaller faces')
    group.add_argument('--landmarks', type=user_path, metavar='FILE',
                       help='instead of a detector: a csv or json file of path -> ten numbers, such as align.csv')
    group.add_argument('--several', choices=SEVERAL, default='largest',
                       help='which face to take of several: the largest, the one nearest to the center, all, or none '
                            '(default largest)')
    group.add_argument('--min-face', type=float, default=0, metavar='PIXELS',
                       help='ignore faces narrower or lower than this (default 0)')


def on_error(parser):
    """What damaged images do."""
    parser.add_argument('--on-error', choices=('raise', 'skip'), default='raise',
                        help='whether a damaged image ends the command or is left out and reported (default raise)')


def chosen(args, names):
    """The values of some options, by their names."""
    return {name: getattr(args, name) for name in names}


def user_path(text):
    """A path, for argparse: the shell leaves the ~ in --out=~/outputs as it is."""
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
