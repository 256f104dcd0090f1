"""What the options that several commands share stand for: nets, embedders, finders of faces and what they find."""
import os

import numpy as np

from ..align import Finder, get_detector, open_photos, read_landmarks
from ..data.opening import open_dataset
from ..data.sizes import other_sizes
from ..deploy import Embedder, load_net
from ..model_zoo import MODELS
from ..model_zoo.card_table import list_cards
from ..utils.arguments import parse_arguments
from ..utils.files import file_sha256
from .gpus import parse_gpus

__all__ = ['check_size', 'face_settings', 'make_embedder', 'make_finder', 'open_faces', 'open_net', 'weights_of']


def open_net(net, params, network_args, ctx=None):
    """The net that the options of `add_weights` say; of a model alone it is not said which weights are meant."""
    if not params and net in MODELS and not os.path.isdir(net):
        raise ValueError('{} is a model, and its weights must be given: --params FILE, the folder of a training of it, '
                         'or the name of pretrained weights in its place: {}.'.format(net, weights_of(net)))
    return load_net(net, params, ctx=ctx, **parse_arguments(network_args, '--network-args'))


def weights_of(model):
    """The names of a model's pretrained weights, for a message."""
    mine = [card.name + ('' if card.photographs else ' (not for photographs)') for card in list_cards().values()
            if card.model == MODELS.canonical(model)]
    return ', '.join(mine) or 'there are none'


def make_embedder(args):
    """The `Embedder` that the options of `add_net` ask for."""
    ctx = parse_gpus(args.gpu)[0]
    net = open_net(args.net, args.params, args.network_args, ctx)
    if (args.precision == 'int8') != bool(args.calibrate):
        raise ValueError('--precision int8 and --calibrate DATA must be given together.')
    calibration = open_dataset(args.calibrate) if args.calibrate else None
    return Embedder(net, batch_size=args.batch_size, flip=args.flip, ctx=ctx, precision=args.precision,
                    calibration=calibration)


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


def open_faces(args, path, size, report=None):
    """The faces that a path names, as a dataset: found by the options of `add_faces`, or aligned already.

    `size` is that of the net's images; `report` is where it is said what came of each photograph, None for nowhere.
    """
    finder = make_finder(args, path if os.path.isdir(path) else None)
    if finder is None:
        dataset = open_dataset(path, args.on_error)
        dataset.check_formats()
        return dataset
    return open_photos(path, finder, size, report=report, settings=face_settings(args), on_error=args.on_error,
                       progress=not args.no_progress)


def check_size(option, pairs, net, size, progress):
    """Raise a ValueError if images of a set of pairs have not the size that a net takes, by their headers."""
    other = other_sizes(pairs.size_of, np.arange(len(pairs.images)), size, progress)
    if other:
        raise ValueError('{} {}: {} takes images of {} x {} pixels, and {:,} of {:,} have another size, the first, '
                         'image {}, {} x {}. `gluonfr pack pairs ... --resize {}` stretches them.'.format(
                             option, pairs.path, net, *size, other.count, other.looked, other.index, *other.size,
                             size[0]))
