"""From photographs of people to an `Enrolled`, with a row for each that says what came of it."""
import os
from collections import namedtuple
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np

from ..align import STATUSES as FOUND
from ..align import Finder, align_face
from ..data.image import ImageError, read_image
from ..data.walk import walk_images
from ..deploy.advice import advice_of
from ..deploy.gallery import check_one_net, made_by
from ..utils.files import file_sha256
from ..utils.progress import Bar
from .enrolled import Enrolled, is_enrolled, person_name

__all__ = ['ENROLMENTS', 'Enrolment', 'enrol_people', 'people_in']

# status -> what it says of a photograph
ENROLMENTS = {
    **{status: why for status, why in FOUND.items() if status != 'ok'},
    'enrolled': 'it is enrolled now',
    'known': 'the person has it already',
    'wrong-size': 'it is no aligned face of the size of the network: --detect aligns photographs',
    'no-name': 'it lies in no folder with the name of a person',
    'no-photo': 'there is no photograph',
    'ignored': 'it is no photograph by its name',
}

SAME = 0.999  # cosine of what is one photograph, where no threshold is known

Enrolment = namedtuple('Enrolment', 'name path status detail')
Enrolment.__doc__ = """What came of one photograph.

Parameters
----------
name, path : str
status : str
    A key of ENROLMENTS.
detail : str
    What an error said; of an enrolled photo whom else it looks like.
"""


def enrol_people(path: str, people: Iterable[Tuple[str, Sequence[str]]], embedder: Any, finder: Optional[Finder] = None,
                 options: Optional[Dict[str, Any]] = None, progress: bool = False) -> List[Enrolment]:
    """Enrol people by their photographs; a gallery that is not there is made.

    Nothing that is in a photograph ends the run. Killed, the same call goes on: photos that a person has are not
    embedded again.

    Parameters
    ----------
    path : str
        Folder of the gallery.
    people : iterable of (str, sequence of str)
        Names, and paths of photos or of folders of photos.
    embedder : Embedder
    finder : Finder or None
        Finds the face in each photograph; None: they are aligned already.
    options : dict or None
        JSON values that a new gallery keeps.
    progress : bool
        Show a progress bar over people.

    Returns
    -------
    list of Enrolment
        A row for each photograph.

    Raises
    ------
    ValueError
        The gallery is of another net, precision or flip, or is damaged, or the finder gives several faces for a photo.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from gluonfr.data.image import encode
    >>> from gluonfr.deploy import Embedder
    >>> from gluonfr.photos import enrol_people
    >>> digit = np.zeros((28, 28, 3), 'uint8')
    >>> digit[4:24, 13:16] = 255
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     photo = os.path.join(folder, '1.png')
    ...     with open(photo, 'wb') as file:
    ...         size = file.write(encode(digit, '.png'))
    ...     people = [('One', [photo, os.path.join(folder, 'gone.png')])]
    ...     for row in enrol_people(os.path.join(folder, 'gallery'), people, Embedder('lenetplus_arcface')):
    ...         print(row.name, os.path.basename(row.path), row.status)
    One 1.png enrolled
    One gone.png unreadable
    """
    if finder is not None and finder.several == 'all':
        raise ValueError("enrol_people: several must be 'refuse', 'largest' or 'center', got 'all': one photo is of "
                         'one person.')
    made, advice = made_by(embedder), advice_of(embedder)
    gallery = Enrolled(path) if is_enrolled(path) else None
    if gallery is not None:
        check_one_net(path, gallery.net, 'the network', made)
    rows = []
    for name, photos in Bar(people, desc='enrol', unit='person', disable=not progress):
        try:
            name = person_name(name)
        except ValueError as error:
            rows += [Enrolment(name, photo, 'no-name', str(error)) for photo in photos]
            continue
        known = {digest for _, digest, _ in gallery.photos(name)} if gallery is not None and name in gallery else set()
        found, faces = _faces(name, photos, known, embedder.spec.size, finder)
        if faces:
            embeddings = embedder([face for _, _, face in faces])
            if gallery is None:
                gallery = Enrolled.create(path, made, embeddings.shape[1], advice, options)
            like = gallery.search(embeddings, 1, (advice or gallery.advice or [SAME])[0])
            gallery.enrol(name, embeddings, [(photo, digest) for photo, digest, _ in faces])
            like = {face[0]: 'looks like {0.person}, {0.cosine:.4f}'.format(match)
                    for face, matches in zip(faces, like) for match in matches if match.person != name}
            found = [row._replace(detail=like.get(row.path, '')) if row.status == 'enrolled' else row for row in found]
        rows += found
    return rows


def people_in(folder: str) -> Tuple[List[Tuple[str, List[str]]], List[Enrolment]]:
    """The people of a folder of people, (name, paths) each, and rows for what is of nobody.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        There is no such folder.
    """
    found = walk_images(folder, on_error='skip')
    people = {name: [] for name in found.folders}
    rows = _left_out('', folder, found)
    for path in found.images:
        name, _, inside = path.partition(os.sep)
        if inside:
            people[name].append(os.path.join(folder, path))
        else:
            rows.append(Enrolment('', os.path.join(folder, path), 'no-name', ''))
    rows += [Enrolment(name, os.path.join(folder, name), 'no-photo', '') for name, paths in people.items() if not paths]
    return [(name, paths) for name, paths in people.items() if paths], rows


def _left_out(name, folder, found):
    """Rows for what a `Walk` has left out of a folder."""
    return [Enrolment(name, os.path.join(folder, path), status, why)
            for status, left in (('ignored', found.ignored), ('unreadable', found.unreadable)) for path, why in left]


def _faces(name, photos, known, size, finder):
    """Rows of the photos, and (path, SHA-256, image) of those that give a new face."""
    rows, faces = [], []
    for path in photos:
        path = os.path.abspath(os.path.expanduser(path))
        if os.path.isdir(path):
            found = walk_images(path, on_error='skip')
            more, others = _faces(name, [os.path.join(path, image) for image in found.images], known, size, finder)
            rows += more + ([] if found.images else [Enrolment(name, path, 'no-photo', '')])
            rows += _left_out(name, path, found)
            faces += others
            continue
        try:
            digest = file_sha256(path)
        except OSError as error:
            rows.append(Enrolment(name, path, 'unreadable', str(error)))
            continue
        if digest in known:
            rows.append(Enrolment(name, path, 'known', ''))
            continue
        status, detail, face = _face(path, size, finder)
        rows.append(Enrolment(name, path, 'enrolled' if status == 'ok' else status, detail))
        if status == 'ok':
            known.add(digest)
            faces.append((path, digest, face))
    return rows, faces


def _face(path, size, finder):
    """(status, detail, aligned face or None) of a photo."""
    if finder is not None:
        found, image = finder.find(path)
        return found.status, found.detail, (
            align_face(image, found.faces[0].landmarks, size) if found.status == 'ok' else None)
    try:
        face = read_image(path)
    except (ImageError, OSError) as error:
        return 'unreadable', str(error), None
    if np.shape(face) != tuple(size) + (3,):
        return 'wrong-size', 'it has {} x {} pixels, and must have {} x {}'.format(
            *face.shape[:2], *size), None
    return 'ok', '', face
