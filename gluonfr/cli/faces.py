"""The faces that the options of a command name: in photographs, or aligned already."""
import os

from ..align import Finder, get_detector, open_photos, read_landmarks
from ..data.opening import open_dataset
from ..utils.files import file_sha256

__all__ = ['face_settings', 'make_finder', 'open_faces']


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
