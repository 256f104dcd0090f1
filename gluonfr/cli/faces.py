"""The faces that the options of a command name: in photographs, or aligned already."""
import os

from ..align import Finder, get_detector, open_photos, read_landmarks
from ..data.opening import open_dataset
from ..utils.files import file_sha256

__all__ = ['face_settings', 'make_finder', 'open_faces']


def make_finder(*, detect, detector_model, detect_size, landmarks, several, min_face, root=None):
    """The `Finder` that the options of `add_faces` ask for, None if images are aligned already.

    `root` is what the paths in --landmarks are relative to, None for the folder of that file.
    """
    if detect and landmarks:
        raise ValueError('--detect and --landmarks must not be given together.')
    given = {name: value for name, value in (('model', detector_model), ('max_side', detect_size)) if value}
    if detect:
        return Finder(get_detector(detect, **given), None, several, min_face)
    if given:
        raise ValueError('--detector-model and --detect-size need --detect.')
    if landmarks:
        return Finder(None, read_landmarks(landmarks, root), several, min_face)
    if several != 'largest' or min_face:
        raise ValueError('--several and --min-face need --detect or --landmarks.')
    return None


def face_settings(*, detect, detector_model, detect_size, landmarks, several, min_face):
    """What of the options of `add_faces` decides which faces are found, as JSON values."""
    return {'detect': detect, 'detect_size': detect_size, 'several': several, 'min_face': min_face,
            'model_sha256': detector_model and file_sha256(detector_model),
            'landmarks_sha256': landmarks and file_sha256(landmarks)}


def open_faces(path, size, found_by, *, on_error, progress, report=None):
    """The faces that a path names, as a dataset: found in photographs, or aligned already.

    Parameters
    ----------
    path : str
        A folder, list or image.
    size : (int, int)
        Of the network's images.
    found_by : dict
        The options of `add_faces` by their names.
    on_error : {'raise', 'skip'}
    progress : bool
    report : str or None
        Where it is said what came of each photograph.
    """
    finder = make_finder(root=path if os.path.isdir(path) else None, **found_by)
    if finder is None:
        dataset = open_dataset(path, on_error)
        dataset.check_formats()
        return dataset
    return open_photos(path, finder, size, report=report, settings=face_settings(**found_by), on_error=on_error,
                       progress=progress)
