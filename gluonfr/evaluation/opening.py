"""What a path is, among all that can be evaluated."""
import os
from typing import Any, Callable, Optional, Sequence, Tuple

from ..data.image_files import ImageFiles
from ..data.lists import read_lines
from ..data.opening import open_dataset
from ..data.recognition import ENDS, TINYFACE, VERIFICATION, sets_folder
from ..data.tinyface import tinyface_folder
from ..utils.files import file_sha256
from ..utils.types import PathLike
from .bins import given_bin
from .columns import add_groups, add_quality
from .embeddings_file import given_embeddings, of_one_length, read_embeddings, read_features
from .given import Given
from .ijb import given_ijb, ijb_lists
from .joined import Stretched
from .pair_list import given_pair_list
from .people import GivenPeople, given_people, people_of
from .score_file import given_scores, is_score_csv, is_score_npz
from .search_sets import GivenDistractors, GivenSearch, given_tinyface

__all__ = ['open_given']

IJB_NAMES = ('ijbb', 'ijbc')
XQLFW = 'xqlfw_pairs.txt'


def open_given(data: PathLike, *, root: Optional[PathLike] = None, probes: Optional[PathLike] = None,
               distractors: Optional[PathLike] = None, noise: Sequence[PathLike] = (),
               features: Optional[PathLike] = None, scores: Optional[PathLike] = None,
               groups: Optional[PathLike] = None, quality: Optional[str] = None,
               size: Optional[Tuple[int, int]] = None, stretch: bool = False, find: Optional[Callable] = None,
               **people: Any) -> Given:
    """Open what is to be evaluated.

    Parameters
    ----------
    data : str or Path
        A .bin or .xz of pairs; a folder of people, a list of images and labels, or a .rec; a list of pairs; a .npz of
        embeddings; a .csv or .npz of scores; a folder of IJB or of TinyFace; or the name of a set in `root`.
    root : str, Path or None
        Folder of the sets that have names, and of the images that a list of pairs names.
    probes : str, Path or None
        `data` is a gallery, and these are searched in it: people, as images or embeddings.
    distractors : str, Path or None
        Faces of others: images or a .npz of embeddings.
    noise : sequence of str or Path
        Text files that list images of `data` and of the distractors which are left out.
    features : str, Path or None
        A .npy or .npz of embeddings in the order of the images, in place of a network.
    scores : str, Path or None
        Scores of the pairs of IJB, in their order.
    groups : str, Path or None
        A file of image or person, and group.
    quality : str or None
        'norm', the length of the embedding; a column of the .npz; or a file of image and number.
    size : (int, int) or None
        Of the images that the network takes.
    stretch : bool
        Stretch images to that size.
    find : callable or None
        path -> dataset of the faces found in the photographs there (`PhotoFaces`).
    **people
        most_pairs, unknown and seed of `GivenPeople`; unknown goes with people only.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such thing, it is damaged, or what is given does not go together; the message says what to do.
    """
    probes, distractors, features, scores, groups = (
        path and os.path.expanduser(os.fspath(path)) for path in (probes, distractors, features, scores, groups))
    if probes:
        people['of_pairs'] = False
    given = _open(data, root=root, features=features, scores=scores, size=size, find=find, people=people)
    if features and given.embeddings is None:
        given.embeddings, given.images = read_features(features, given.count), None
        given.sha256 = ' '.join(filter(None, (given.sha256, file_sha256(features))))
    if probes:
        if distractors:
            raise ValueError('open_given: probes and distractors must not come together: measure one after the other.')
        given = GivenSearch(given, _open(probes, find=find, people=people))
        given.say_few_people()
    for wanted, protocol in ((groups, 'groups'), (quality, 'quality')):
        if wanted and protocol not in given.protocols:
            raise given.refuse(protocol)
    if people.get('unknown') is not None and not isinstance(given, GivenPeople):
        raise ValueError('open_given: unknown must come with people, from whom a gallery is made, got {}.'.format(
            given.kind))
    if groups:
        add_groups(given, groups)
    given.by_quality = bool(quality)
    if quality == 'norm' and given.embeddings is not None and of_one_length(given.embeddings):
        raise ValueError('{}: all embeddings have one length, which says nothing of quality: give those of the network '
                         'as they are.'.format(given.path))
    if quality and quality != 'norm':
        add_quality(given, quality)
    if noise and not distractors:
        raise ValueError('open_given: noise must come with distractors, got {}.'.format(', '.join(map(str, noise))))
    if distractors:
        given = GivenDistractors(given, _others(distractors, find), list(map(os.fspath, noise)))
    if (stretch or given.kind == 'TinyFace') and given.images is not None and size is not None:
        given.images = Stretched(given.images, size)
        given.assumed.append('{}: images are stretched to {} x {} pixels where they have another size.'.format(
            given.name, *size))
    return given


def _open(data, *, people, find, root=None, features=None, scores=None, size=None):
    path = os.path.expanduser(os.fspath(data))
    if not os.path.exists(path) and os.sep not in path:
        path = _named(path, root)
    if scores and not (os.path.isdir(path) and ijb_lists(path)):
        raise ValueError('open_given: scores must be those of the pairs of a folder of IJB; give a file of other '
                         'scores as data.')
    if path.endswith('.npz'):
        return given_scores(path) if is_score_npz(path) else given_embeddings(path, **people)
    if path.endswith(('.csv', '.tsv')) and os.path.isfile(path) and is_score_csv(path):
        return given_scores(path)
    if path.endswith(ENDS):
        return given_bin(path)
    if os.path.isdir(path):
        if ijb_lists(path):
            return given_ijb(path, size=size, features=features, scores=scores)
        if tinyface_folder(path):
            return given_tinyface(path)
        if os.path.isfile(os.path.join(path, XQLFW)):
            return given_pair_list(os.path.join(path, XQLFW), _xqlfw_images(path), _finder(find))
    elif os.path.isfile(path) and _is_pair_list(path):
        return given_pair_list(path, root, _finder(find))
    return given_people(path, images=find(path) if find else None, **people)


def _named(name, root):
    """The path of a set that is called by its name."""
    folder = sets_folder(root)
    for place in (folder / name, folder / name.upper()):
        if place.is_dir():
            return str(place)
    for end in ENDS:
        found = [folder / (name + end), *sorted(folder.glob('*/' + name + end))]
        if any(path.is_file() for path in found):
            return str(next(path for path in found if path.is_file()))
    known = sorted({*VERIFICATION, *IJB_NAMES, TINYFACE})
    raise FileNotFoundError('there is no file or folder {0}, and no set of that name in {1} ({0}.bin, or a folder '
                            '{0}); sets that are known by name: {2}.'.format(name, folder, ', '.join(known)))


def _is_pair_list(path):
    """Whether the first line of a text file is of pairs: LFW's, or two paths and 0 or 1."""
    if path.endswith(('.rec', '.npy')) or os.path.splitext(path)[1].lower() in ('.jpg', '.jpeg', '.png'):
        return False
    try:
        _, line = next(read_lines(path), (0, ''))
    except ValueError:  # it holds other data: whoever opens it says so
        return False
    fields = line.replace(',', ' ').split()
    if all(field.isdecimal() for field in fields):
        return 1 <= len(fields) <= 2
    if len(fields) == 4:
        return fields[1].isdecimal() and fields[3].isdecimal()
    return len(fields) == 3 and not fields[0].isdecimal() and not _is_number(fields[0]) and (
        fields[2].lower() in ('0', '1', 'true', 'false') or fields[1].isdecimal() and fields[2].isdecimal())


def _is_number(text):
    return text.replace('.', '', 1).isdecimal()


def _xqlfw_images(folder):
    """The folder of XQLFW's images: that of the faces that are aligned, before others."""
    for name in ('xqlfw_aligned_112', 'lfw_original_imgs_min_qual0.85variant11'):
        if os.path.isdir(os.path.join(folder, name)):
            return os.path.join(folder, name)
    return folder


def _finder(find):
    """What finds the faces of listed photographs, of what finds those of a path."""
    if find is None:
        return None

    def found(paths):
        images = find(paths)
        return images, dict(images.skipped)
    return found


def _others(path, find):
    """Faces of nobody that is known."""
    if path.endswith('.npz'):
        saved, embeddings, names = read_embeddings(path)
        names = names if 'names' in saved else ['distractor ' + number for number in names]
        return Given('distractors', path, sha256=file_sha256(path), embeddings=embeddings, names=names)
    images = find(path) if find else open_dataset(path, 'skip')
    given = Given('distractors', path, images=images)
    if isinstance(images, ImageFiles) and images.classes:
        given.people = people_of(images)
    for what, why in images.skipped:
        given.leave_out(what, why)
    return given


