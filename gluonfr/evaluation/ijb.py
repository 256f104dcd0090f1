"""IJB-B and IJB-C: lists of templates, pairs, galleries and probes, with images, features or scores."""
import glob
import os
import warnings
from typing import Any, Dict, Optional, Tuple

import numpy as np

from ..align import PhotoFaces
from ..data.image import ImageError, read_header_size
from ..data.lists import read_lines
from ..metrics import TemplateSearchTruth, TemplateTruth
from ..utils.files import file_sha256
from ..utils.messages import counted, names
from .embeddings_file import of_one_length, read_features
from .given import Given, Task
from .score_file import GivenScores, read_score_list

__all__ = ['GivenTemplates', 'given_ijb', 'ijb_lists']

# ends of the names of the files, after 'ijbc_' or 'ijbb_'
FACES, PAIRS, POINTS = 'face_tid_mid.txt', 'template_pair_label.txt', 'name_5pts_score.txt'
GALLERIES, PROBES = '1N_gallery_*.csv', '1N_probe_mixed.csv'
CROPS = 'loose_crop'


class GivenTemplates(Given):
    """Templates of images, pairs of them, and where they are known galleries and probes.

    Parameters
    ----------
    templates, media : int array (N,)
    pairs : (int array (P,), int array (P,), bool array (P,)), or None
        Templates of each pair, and whether they are of one person.
    galleries : dict of str to (int array, array)
    probes : (int array, array), or None
    detector_scores : float array (N,), or None
    **given
        As for `Given`.
    """

    kind = 'templates (IJB)'
    protocols = ('templates', 'identification')

    def __init__(self, name: str, path: str, templates: Any, media: Any, *, pairs: Any = None, galleries: Any = None,
                 probes: Any = None, detector_scores: Any = None, **given: Any):
        super().__init__(name, path, **given)
        self.templates, self.media = np.asarray(templates, np.int64), np.asarray(media, np.int64)
        self.template_pairs, self.galleries, self.probes = pairs, galleries or {}, probes
        self.detector_scores = detector_scores

    def has(self, protocol):
        return self.template_pairs is not None if protocol == 'templates' else bool(self.galleries)

    def task(self, protocol):
        if protocol == 'templates':
            if self.template_pairs is None:
                raise self.refuse(protocol, 'there is no list of pairs (*_{})'.format(PAIRS))
            return Task(TemplateTruth(self.templates, self.media, *self.template_pairs, self.detector_scores))
        if protocol == 'identification':
            if not self.galleries:
                raise self.refuse(protocol, 'there are no lists of a gallery and of probes (*_{}, *_{})'.format(
                    GALLERIES, PROBES))
            return Task(TemplateSearchTruth(self.templates, self.media, self.galleries, self.probes,
                                            self.detector_scores))
        raise self.refuse(protocol)


def ijb_lists(folder: str) -> Optional[Dict[str, str]]:
    """The lists of IJB in a folder, or in its folder meta: {end of the name: path}; None where there are none."""
    for place in (folder, os.path.join(folder, 'meta')):
        found = sorted(glob.glob(os.path.join(glob.escape(place), '*_' + FACES)))
        if found:
            stem = found[0][:-len(FACES)]
            lists = {end: stem + end for end in (FACES, PAIRS, POINTS, PROBES) if os.path.isfile(stem + end)}
            lists['galleries'] = sorted(glob.glob(glob.escape(stem) + GALLERIES))
            return lists
    return None


def given_ijb(folder: str, *, size: Optional[Tuple[int, int]] = None, features: Optional[str] = None,
              scores: Optional[str] = None) -> Given:
    """What a folder of IJB gives.

    Parameters
    ----------
    folder : str
        With meta/ijbc_face_tid_mid.txt, meta/ijbc_template_pair_label.txt and loose_crop/, as InsightFace's evaluation
        has it; meta/ijbc_name_5pts_score.txt says the landmarks of the images, meta/ijbc_1N_gallery_G1.csv and others
        what is searched in what. The same of ijbb.
    size : (int, int) or None
        Of the aligned faces.
    features : str or None
        A .npy or .npz of embeddings in the order of face_tid_mid, in place of the images.
    scores : str or None
        Scores in the order of template_pair_label, in place of both: a .npy as InsightFace's evaluation writes it.

    Raises
    ------
    ValueError, FileNotFoundError
        A line is wrong, with its file and number; a list is missing; templates have no images.
    """
    lists = ijb_lists(folder)
    if lists is None:
        raise FileNotFoundError('{} must hold *_{}, or meta with it.'.format(folder, FACES))
    name = os.path.basename(lists[FACES])[:-len(FACES) - 1]
    sha256 = ' '.join(file_sha256(lists[end]) for end in (FACES, PAIRS) if end in lists)
    if scores:
        if PAIRS not in lists:
            raise FileNotFoundError('{} must hold *_{}: whose scores they are.'.format(folder, PAIRS))
        same = _pairs(lists[PAIRS])[2]
        given = GivenScores(name, os.path.abspath(folder), read_score_list(scores, len(same)), same,
                            sha256='{} {}'.format(sha256, file_sha256(scores)))
        given.kind = 'scores of templates (IJB)'
        return given
    faces, templates, media = _faces(lists[FACES])
    landmarks, detector_scores = _points(lists[POINTS], faces) if POINTS in lists else (None, None)
    given_facts: Dict[str, Any] = {'sha256': sha256, 'names': faces}
    lost: Dict[int, str] = {}
    if features:
        given_facts['embeddings'] = read_features(features, len(faces))
        given_facts['sha256'] += ' ' + file_sha256(features)
    else:
        if landmarks is None:
            raise FileNotFoundError('{} must hold *_{}, the landmarks that the images are aligned by.'.format(
                folder, POINTS))
        crops = os.path.join(folder if os.path.isdir(os.path.join(folder, CROPS)) else os.path.dirname(
            os.path.abspath(folder)), CROPS)
        paths = [os.path.join(crops, face) for face in faces]
        lost = _unreadable(paths)
        if len(lost) == len(paths):
            raise FileNotFoundError('{} must hold the images of {}, such as {}.'.format(crops, lists[FACES], faces[0]))
        kept = np.array([i for i in range(len(paths)) if i not in lost])
        templates, media, detector_scores = templates[kept], media[kept], detector_scores[kept]
        given_facts['names'] = [faces[i] for i in kept]
        given_facts['images'] = PhotoFaces([paths[i] for i in kept], landmarks[kept], size or 112)
    there, absent = _there(lists, templates)
    given = GivenTemplates(name, os.path.abspath(folder), templates, media, detector_scores=detector_scores,
                           **there, **given_facts)
    if features and of_one_length(given.embeddings):
        given.assumed.append('{}: all embeddings in {} have one length, so that N, by which longer ones count more, '
                             'changes nothing: give those of the network as they are.'.format(name, features))
    for i, why in lost.items():
        given.leave_out(faces[i], why)
    if lost:
        given.assumed.append('{}: {} cannot be read; templates are made of the others, and what lacks all of its '
                             'images is left out.'.format(name, counted(len(lost), 'image')))
    for what, why in absent:
        given.leave_out(what, why)
        given.assumed.append('{}: {} left out: {}.'.format(name, what, why))
    return given


def _there(lists, templates):
    """Pairs, galleries and probes, of templates that have an image; and [(what, why)] of those left out."""
    known = np.unique(templates)
    pairs, absent = None, []
    if PAIRS in lists:
        first, second, same = _pairs(lists[PAIRS])
        kept = np.isin(first, known) & np.isin(second, known)
        if not kept.any():
            raise ValueError('{}: none of its pairs is of templates in {}.'.format(lists[PAIRS], lists[FACES]))
        pairs = first[kept], second[kept], same[kept]
        if not kept.all():
            absent.append(('{} of {}'.format(counted(int((~kept).sum()), 'pair'), os.path.basename(lists[PAIRS])),
                           'a template of each has no image'))
    galleries = {os.path.basename(path)[:-4].rpartition('_')[2]: _subjects(path, known, absent)
                 for path in lists['galleries']}
    probes = _subjects(lists[PROBES], known, absent) if PROBES in lists else None
    if galleries and probes is None:
        raise FileNotFoundError('{}: there is a gallery, and no list of probes (*_{}) beside it.'.format(
            lists['galleries'][0], PROBES))
    return {'pairs': pairs, 'galleries': galleries, 'probes': probes}, absent


def _faces(path):
    """Names, templates and media of the images."""
    faces, numbers = [], []
    for number, line in read_lines(path):
        fields = line.split()
        if len(fields) != 3 or not fields[1].lstrip('-').isdecimal() or not fields[2].lstrip('-').isdecimal():
            raise ValueError('{}, line {}: must be an image, its template and its medium, got {!r:.100}.'.format(
                path, number, line))
        faces.append(fields[0])
        numbers.append((int(fields[1]), int(fields[2])))
    if not faces:
        raise ValueError('{} must list at least one image.'.format(path))
    return faces, *np.array(numbers, np.int64).T


def _pairs(path):
    """Templates of each pair, and whether they are of one person; millions of lines are read at once."""
    with open(path, encoding='utf-8', errors='surrogateescape') as file:  # a wrong line is named, not a wrong byte
        text = file.read()
    with warnings.catch_warnings():
        warnings.simplefilter('error', DeprecationWarning)  # what NumPy says of something else than numbers
        try:
            found = np.fromstring(text, np.int64, sep=' ')
        except (DeprecationWarning, ValueError):
            found = np.zeros(0, np.int64)
    lines = text.count('\n') + (not text.endswith('\n'))
    if len(found) != 3 * lines or not len(found) or found[2::3].min() < 0 or found[2::3].max() > 1:
        for number, line in read_lines(path):  # which one is it?
            fields = line.split()
            if len(fields) != 3 or not all(field.isdecimal() for field in fields[:2]) or fields[2] not in ('0', '1'):
                raise ValueError('{}, line {}: must be two templates and 1 or 0, got {!r:.100}.'.format(
                    path, number, line))
        found = np.array([field for _, line in read_lines(path) for field in line.split()], np.int64)
        if not len(found):
            raise ValueError('{} must list at least one pair.'.format(path))
    first, second, same = found.reshape(-1, 3).T
    return first, second, same == 1


def _points(path, faces):
    """Landmarks and detector's scores in the order of the images."""
    landmarks, scores = np.empty((len(faces), 5, 2)), np.empty(len(faces))
    count = 0
    for number, line in read_lines(path):
        fields = line.split()
        try:
            values = np.array(fields[1:], 'float64')
        except ValueError:
            values = np.zeros(0)
        if len(values) != 11 or not np.isfinite(values).all():
            raise ValueError('{}, line {}: must be an image, ten numbers of its five points and a score, got {!r:.100}.'
                             .format(path, number, line))
        if count >= len(faces) or fields[0] != faces[count]:
            raise ValueError('{}, line {}: must be of the image {}, as in the list of templates, got {}.'.format(
                path, number, faces[count] if count < len(faces) else '(there is none left)', fields[0]))
        landmarks[count], scores[count] = values[:10].reshape(5, 2), values[10]
        count += 1
    if count < len(faces):
        raise ValueError('{} must have a line for each of {:,} images, got {:,}.'.format(path, len(faces), count))
    return landmarks, scores


def _subjects(path, known, absent):
    """The different templates of a gallery or of probes, and their people: columns TEMPLATE_ID and SUBJECT_ID.

    What has no image is added to ``absent``.
    """
    found: Dict[int, str] = {}
    for number, line in list(read_lines(path))[1:]:
        fields = [field.strip() for field in line.split(',')]
        if len(fields) < 2 or not fields[0].isdecimal() or not fields[1]:
            raise ValueError('{}, line {}: must begin with a template and its person, got {!r:.100}.'.format(
                path, number, line))
        if found.setdefault(int(fields[0]), fields[1]) != fields[1]:
            raise ValueError('{}, line {}: template {} must be of one person, got {} and {}.'.format(
                path, number, fields[0], found[int(fields[0])], fields[1]))
    known = set(known.tolist())
    there = [template for template in found if template in known]
    if not there:
        raise ValueError('{}: none of its templates has an image; it names {}.'.format(path, names(
            list(map(str, found)), 3)))
    if len(there) < len(found):
        absent.append(('{} of {}'.format(counted(len(found) - len(there), 'template'), os.path.basename(path)),
                       'without an image'))
    return np.array(there, np.int64), np.array([found[template] for template in there])


def _unreadable(paths):
    """{index: why} of images that are missing or no images, by their headers."""
    lost = {}
    for i, path in enumerate(paths):
        try:
            read_header_size(path)
        except (ImageError, OSError) as error:
            lost[i] = str(error)
    return lost
