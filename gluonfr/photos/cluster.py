"""Faces without names -> groups, one for each person, which can be named."""
import os
import shutil
from collections import Counter, namedtuple
from contextlib import suppress
from typing import Any, List, Optional, Tuple

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

from ..data.image import encode
from ..data.opening import check_apart
from ..data.packing.changes import image_keys, skipped_keys
from ..deploy.advice import advice_of, say_advice
from ..evaluation.hardest import thumbnail
from ..report.sheet import Group, Item, needs_jinja, write_sheet
from ..utils.check import check_int, check_number
from ..utils.files import atomic_path, fitting_name, path_inside
from ..utils.lock import sole_writer
from ..utils.messages import counted
from ..utils.rows import UTF8, RowReader, write_rows
from ..utils.types import PathLike
from ..utils.vectors import unit_rows
from .duplicates import find_copies, near_pairs
from .embeddings import embed_cached
from .mislabelled import impostor_threshold

__all__ = ['ClusterReport', 'cluster', 'group_faces']

FMR = 1e-4  # of pairs of two people, where the card of the net advises no threshold
MOST = 20000  # faces that hang together, each of which is compared with each
SHOWN_GROUPS, SHOWN_FACES = 100, 12
NAMES, GROUPS, PEOPLE = 'names.csv', 'groups.csv', 'people'
NAME_COLUMNS = 'group', 'images', 'example', 'name'
GROUP_COLUMNS = 'image', 'group', 'name', 'file', 'why'

ClusterReport = namedtuple('ClusterReport', 'images new groups alone named left_out threshold said')
ClusterReport.__doc__ = """What `cluster` made.

Parameters
----------
images, new : int
    Faces, and how many of them had to be embedded.
groups : list of int array
    The faces of each group, the largest group first.
alone : int
    Faces in none.
named : int
    Groups that have a name.
left_out : int
    Images that could not be used.
threshold : float
said : str
    Where it comes from.
"""


def group_faces(units: np.ndarray, threshold: float) -> np.ndarray:
    """Which faces are of one person: average linkage (scipy), as long as the mean cosine reaches the threshold.

    Groups cannot reach beyond faces that hang together by single cosines, so that these parts are grouped one by one.

    Parameters
    ----------
    units : float array (N, D)
        Of length 1.
    threshold : float

    Returns
    -------
    int array (N,)
        Group of each face, 0 for the largest, of equal ones for that with the first face.

    Raises
    ------
    ValueError
        More than 20,000 faces hang together.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.photos import group_faces
    >>> group_faces(np.array([[1, 0], [0, 1], [0.6, 0.8], [0, -1.0]]), 0.5).tolist()
    [1, 0, 0, 2]
    """
    apart = np.arange(len(units) * 4, dtype=np.uint64).view(np.uint8).reshape(len(units), 32)  # no equal bytes
    parts = find_copies(apart, near_pairs(units, threshold)[0])[0]
    group, count = np.empty(len(units), np.int64), 0
    order = np.argsort(parts, kind='stable')
    for faces in np.split(order, np.flatnonzero(np.diff(parts[order])) + 1):
        if len(faces) > MOST:
            raise ValueError('group_faces: threshold must be higher, got {:.4f}: {:,} faces hang together by it, and '
                             '{:,} can be compared at once.'.format(threshold, len(faces), MOST))
        found = np.ones(len(faces), int) if len(faces) < 3 else fcluster(
            linkage(np.maximum(pdist(units[faces], 'cosine'), 0), 'average'), 1 - threshold, 'distance')
        group[faces] = count + found - 1
        count += found.max(initial=0)
    _, first, where, sizes = np.unique(group, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), np.int64)
    rank[np.lexsort([first, -sizes])] = np.arange(len(sizes))
    return rank[where]


def cluster(images: Any, embedder: Any, out: PathLike, *, root: PathLike = '', threshold: Optional[float] = None,
            min_images: int = 2, progress: bool = False) -> ClusterReport:
    """Group faces without names by person.

    The folder `out` gets names.csv, a line for each group, where names can be written; groups.csv, a line for each
    image; groups.html, the groups as pictures; and people/NAME, or people/group-001 as long as there is no name, with
    links to the images: `gluonfr pack folder` and `gluonfr embed` take the folder people. The same call again takes the
    names from names.csv, by the example of each group; groups of one name become one person. Embeddings are kept in
    `out`.

    Parameters
    ----------
    images : dataset
        Aligned faces, as `open_dataset` gives them, or `PhotoFaces`; its labels do not count.
    embedder : Embedder
    out : str or Path
        A folder, which is made.
    root : str or Path
        The folder of the images, by which their names get shorter; `out` must not lie in it.
    threshold : float in (-1, 1), or None
        Mean cosine from which on two groups are one. None: what the card of the net advises, else measured on the
        images, as if most pairs of them were of two people.
    min_images : int
        Faces that a group must have; the others are alone.
    progress : bool

    Returns
    -------
    ClusterReport

    Raises
    ------
    ValueError
        No image can be used, names.csv is wrong, or a parameter.
    BlockingIOError
        Another process writes to `out`.
    """
    out = os.path.expanduser(os.fspath(out))
    needs_jinja()
    check_int('cluster', 'min_images', min_images, 1)
    if threshold is not None:
        check_number('cluster', 'threshold', threshold, -1, 1, True, True)
    root = os.path.expanduser(os.fspath(root)) or images.origin
    if root:
        check_apart('cluster: out', out, root)
    with sole_writer(os.path.join(out, '.lock'), out):
        keys, names = _face_keys(images, root), _read_names(os.path.join(out, NAMES))
        sizes = [tuple(images.size_of(i)) for i in range(len(images))]
        left_out = [(key, str(why)) for key, (_, why) in zip(skipped_keys(images, root), images.skipped)]
        left_out += [(str(path), why) for path, why in images.ignored_files]
        left_out += [(keys[i], 'it has {} x {} pixels, and the net takes {} x {}'.format(*size, *embedder.spec.size))
                     for i, size in enumerate(sizes) if size != embedder.spec.size]
        usable = np.array([i for i, size in enumerate(sizes) if size == embedder.spec.size], np.int64)
        if not len(usable):
            raise ValueError('cluster: no image can be used, the first, {}, as {}. --detect finds faces in photographs.'
                             .format(*left_out[-1]) if left_out else 'cluster: there are no images.')
        embedded = embed_cached(images, embedder, out, chosen=usable, progress=progress)
        units = unit_rows(embedded.embeddings)
        threshold, said = _threshold(threshold, embedder, units)
        group = group_faces(units, threshold)
        groups = [usable[group == number] for number in np.flatnonzero(np.bincount(group) >= min_images)]
        examples = [_example(units, np.flatnonzero(group == number)) for number in range(len(groups))]
        called = [_name_of(faces, keys, names) for faces in groups]
        people = [name or 'group-{:03}'.format(number + 1) for number, name in enumerate(called)]
        files = _write_people(out, images, groups, people)
        rows = [[keys[i], number + 1, called[number], files[i], ''] for number, faces in enumerate(groups)
                for i in faces]
        there = {row[0] for row in rows}
        rows += [[keys[i], '', '', '', 'no other face is like it'] for i in usable if keys[i] not in there]
        write_rows(os.path.join(out, GROUPS), GROUP_COLUMNS, rows + [[key, '', '', '', why] for key, why in left_out])
        write_rows(os.path.join(out, NAMES), NAME_COLUMNS, [
            [number + 1, len(faces), keys[usable[examples[number]]], called[number]]
            for number, faces in enumerate(groups)])
        _write_sheet(os.path.join(out, 'groups.html'), images, groups, people, keys, said)
    return ClusterReport(len(usable), embedded.new, groups, len(usable) - sum(map(len, groups)),
                         sum(map(bool, called)), len(left_out), threshold, said)


def _face_keys(images, root):
    """What images are called; the second face in a photograph is 'photo.jpg#2'."""
    seen = Counter()
    keys = image_keys(images, root)
    for i, key in enumerate(keys):
        seen[key] += 1
        keys[i] += '#{}'.format(seen[key]) if seen[key] > 1 else ''
    return keys


def _threshold(given, embedder, units) -> Tuple[float, str]:
    """The threshold, and where it comes from."""
    if given is not None:
        return given, 'threshold {:.4f}, as given'.format(given)
    advice = advice_of(embedder)
    if advice is not None:
        return advice.threshold, say_advice(advice)
    if len(units) < 2:
        return 1.0, 'there is one face only'
    measured = impostor_threshold(units, np.arange(len(units)), FMR)
    return measured, ('threshold {:.4f}: measured on these images, as the card of the network advises none; about {:g} '
                      'of pairs of two people reach it, if most pairs are of two people'.format(measured, FMR))


def _example(units, faces):
    """The most typical face of a group."""
    return faces[(units[faces] @ units[faces].mean(axis=0)).argmax()]


def _read_names(path):
    """{example: name} of names.csv; none where there is no such file."""
    if not os.path.isfile(path):
        return {}
    with open(path, **UTF8) as file:
        reader = RowReader(file)
        if not {'example', 'name'} <= set(reader.fieldnames or ()):
            raise ValueError('{} must have the columns {}, got {}.'.format(
                path, ', '.join(NAME_COLUMNS), ', '.join(reader.fieldnames or ()) or 'nothing'))
        names = {row['example']: (row['name'] or '').strip() for row in reader}
    for name in names.values():
        if name.startswith('.') or any(mark in name for mark in '/\\\n\0'):
            raise ValueError('{}: a name must be that of a folder, without / and no dot first, got {!r}.'.format(
                path, name))
    return names


def _name_of(faces, keys, names):
    """The name of the first example among the faces that has one."""
    return next((names[keys[i]] for i in faces if names.get(keys[i])), '')


def _write_people(out, images, groups, people) -> dict:
    """Links to the images of each person, in place of those of the last time; {image: file}."""
    for path in _files_before(out):
        if os.path.lexists(path):
            os.remove(path)
        if os.path.isdir(os.path.dirname(path)) and not os.listdir(os.path.dirname(path)):
            os.rmdir(os.path.dirname(path))
    files, names = {}, images.names
    for faces, person in zip(groups, people):
        os.makedirs(os.path.join(out, PEOPLE, person), exist_ok=True)
        for i in faces:
            stem, suffix = os.path.splitext(os.path.basename(names[i]))
            linked = hasattr(images, 'paths') and not hasattr(images, 'landmarks')
            files[i] = fitting_name('/'.join((PEOPLE, person, '{:06}-{}{}'.format(
                i, stem, suffix if linked else '.png'))))
            path = os.path.join(out, files[i])
            if not linked:  # a face in a photograph, or a record
                with atomic_path(path) as temporary, open(temporary, 'wb') as file:
                    file.write(encode(images.read(int(i))[0], '.png'))
            elif not os.path.lexists(path):
                _link(os.path.abspath(images.paths[i]), path)
    return files


def _link(source, path):
    try:
        os.symlink(source, path)
    except (OSError, NotImplementedError):  # Windows without the right to do so
        shutil.copyfile(source, path)


def _files_before(out) -> List[str]:
    """The files that groups.csv of an earlier call names, within the folder of people."""
    path, found = os.path.join(out, GROUPS), []
    if not os.path.isfile(path):
        return []
    with open(path, **UTF8) as file:
        files = [row.get('file') or '' for row in RowReader(file)]
    for name in files:
        with suppress(ValueError):  # a file that comes from elsewhere: what it names is not ours to remove
            found += [path_inside(out, name, links=False)] if name.startswith(PEOPLE + '/') else []
    return found


def _write_sheet(path, images, groups, people, keys, said):
    shown = [Group('{} ({})'.format(person, counted(len(faces), 'image')), '', [
        Item([(thumbnail(images.read(int(i))[0]), keys[i])], '', [keys[i]]) for i in faces[:SHOWN_FACES]],
        max(len(faces) - SHOWN_FACES, 0)) for faces, person in list(zip(groups, people))[:SHOWN_GROUPS]]
    write_sheet(path, 'Groups of faces', '{} of {}; write their names into {}'.format(
        counted(len(groups), 'group'), counted(sum(map(len, groups)), 'face'), NAMES), shown, [said])
