"""The photographs of a fine-tuning: aligned where asked, looked through, and a row for what came of each."""
import os
from collections import namedtuple
from typing import Any, Dict, Optional

import numpy as np

from ..align import STATUSES, align_folder
from ..align.report import read_report
from ..data.opening import open_dataset
from ..data.packing.changes import image_keys
from ..data.subset import Subset
from ..data.walk import walk_images
from ..evaluation.joined import Stretched
from ..evaluation.people import people_of
from ..photos import clean
from ..utils.messages import counted
from ..utils.rows import write_rows

__all__ = ['Chosen', 'PHOTOS', 'choose_photos', 'write_photos']

PHOTOS = 'photos.csv'
COLUMNS = 'photo', 'person', 'result', 'fold', 'why'
SAFE = 'copy', 'near copy'  # findings that do not rest on whom the network takes somebody for
NEVER = 'size', 'norm'  # of these no network has an embedding to learn from

Chosen = namedtuple('Chosen', 'images people keys rows said')
Chosen.__doc__ = """Images that are trained on.

Parameters
----------
images : dataset
    With ``len`` and ``read(i) -> (image, label)``; label i is of person i in the order of their names.
people : array (N,) of str
keys : list of str (N,)
    What photos.csv calls them.
rows : dict of str to (person, result, why)
    All others: what came of them.
said : list of str
    Sentences on what was left out.
"""


def choose_photos(people: str, embedder: Any, out: str, *, finder: Any = None,
                  settings: Optional[Dict[str, Any]] = None, stretch: bool = False, apply: bool = True,
                  progress: bool = False) -> Chosen:
    """Align photographs where there is a finder, look whether they are clean, and choose those that can be trained on.

    Nothing in `people` is changed. What is found stands in out/align and out/clean, as `align_folder` and `clean` write
    it. Copies of a picture are left out: that does not depend on whom the network takes somebody for. Wrong labels and
    the like are only reported.

    Parameters
    ----------
    people : str
        A folder of people, a list or a .rec; with a finder a folder of photographs.
    embedder : Embedder
        Of the start network, with normalize=False.
    out : str
        The folder of the run.
    finder, settings : Finder or None, dict or None
        As for `align_folder`.
    stretch : bool
        Stretch images to the size that the network takes.
    apply : bool
        False trains on copies, too.
    progress : bool

    Returns
    -------
    Chosen

    Raises
    ------
    ValueError, FileNotFoundError, OSError
        There are no photographs, or none can be used.
    """
    rows: Dict[str, Any] = {}
    source, photo_of = people, None
    if finder is not None:
        source, photo_of = _aligned(people, os.path.join(out, 'align'), finder, embedder.spec.size, settings, rows,
                                    progress)
    try:
        report = clean(source, embedder, os.path.join(out, 'clean'), stretch=stretch, progress=progress)
    except ValueError:
        _note_unusable(source, rows)
        write_photos(out, Chosen(None, [], [], rows, []), None)
        raise
    dataset = open_dataset(source, 'skip', people=True)
    keys, whose = image_keys(dataset), people_of(dataset)
    if photo_of is not None:  # what an earlier run left in the folder of faces is no photograph any more
        stale = {i for i, key in enumerate(keys) if key not in photo_of}
        keys = [photo_of.get(key, key) for key in keys]
    else:
        stale = set()
    findings = [finding for finding in report.findings if photo_of is None or not isinstance(finding.image, str)]
    left_out, doubted = _by_findings(findings, keys, rows, apply)  # other files among the faces are our own
    chosen = np.array([i for i in range(len(keys)) if i not in left_out and i not in stale], np.int64)
    for i in left_out:
        rows[keys[i]] = (whose[i], 'left out', left_out[i])
    labels = np.unique(whose[chosen], return_inverse=True)[1]
    images = Subset(Stretched(dataset, embedder.spec.size) if stretch else dataset, chosen, labels)
    return Chosen(images, whose[chosen], [keys[i] for i in chosen], rows, _sentences(rows, left_out, doubted, out))


def write_photos(out: str, chosen: Chosen, folds: Optional[np.ndarray]) -> None:
    """Write photos.csv: a row for each photograph and each other file, in the order of their names."""
    rows = [(key, person, 'used', '' if folds is None else int(folds[i]) + 1, chosen.rows.get(key, ('', '', ''))[2])
            for i, (key, person) in enumerate(zip(chosen.keys, chosen.people))]
    used = set(chosen.keys)
    rows += [(key, person, result, '', why) for key, (person, result, why) in chosen.rows.items() if key not in used]
    write_rows(os.path.join(out, PHOTOS), COLUMNS, sorted(rows))


def _aligned(people, out, finder, size, settings, rows, progress):
    """(folder of faces, {face: photograph}); what has no face gets its row."""
    walk = walk_images(people, on_error='skip')
    for left_out, result in ((walk.ignored, 'ignored'), (walk.unreadable, 'unreadable')):
        rows.update({path.replace(os.sep, '/'): ('', result, why) for path, why in left_out})
    filled = {path.split(os.sep, 1)[0] for path in walk.images}
    rows.update({name: (name, 'no images', 'a person without images') for name in walk.folders if name not in filled})
    try:
        align_folder(people, out, finder, size, settings, progress=progress)
    finally:
        photo_of = {}
        for photo, found in read_report(os.path.join(out, 'align.csv')).items():
            for row in found:
                if row['status'] == 'ok':
                    photo_of[row['out']] = photo
                else:
                    rows[photo] = (_person(photo), row['status'], row['detail'] or STATUSES[row['status']])
    if not photo_of:
        write_photos(os.path.dirname(out), Chosen(None, [], [], rows, []), None)
        raise ValueError('finetune: no face was found in the {} of {}: {} says why of each.'.format(
            counted(len(rows), 'file'), people, os.path.join(os.path.dirname(out), PHOTOS)))
    return out, photo_of


def _person(photo):
    return photo.split('/', 1)[0] if '/' in photo else ''


def _note_unusable(source, rows):
    """Give each image of a set that cannot be used at all a row."""
    try:
        dataset = open_dataset(source, 'skip', people=True)
    except (ValueError, OSError):
        return
    for key, person in zip(image_keys(dataset), people_of(dataset)):
        rows[key] = (person, 'left out', 'of another size than the network takes')


def _by_findings(findings, keys, rows, apply):
    """({image: why it is left out}, how many findings are reported only); findings on other files get their row."""
    left_out: Dict[int, str] = {}
    doubted = 0
    for finding in findings:
        if isinstance(finding.image, str):
            name = finding.image.replace(os.sep, '/')
            rows.setdefault(name, (_person(name), {'left out': 'ignored'}.get(finding.kind, finding.kind), finding.why))
        elif finding.kind in NEVER or (apply and finding.kind in SAFE and finding.action == 'exclude'):
            left_out.setdefault(int(finding.image), '{}: {}'.format(finding.kind, finding.why))
        elif finding.kind != 'few':
            doubted += 1
            rows.setdefault(keys[finding.image], (finding.person, 'used', 'used; {}: {}'.format(
                finding.kind, finding.why)))
    return left_out, doubted


def _sentences(rows, left_out, doubted, out):
    said = []
    gone = sum(1 for _, result, _ in rows.values() if result not in ('used', 'left out')) + len(left_out)
    if gone:
        said.append('{} not used: {} says why of each'.format(
            counted(gone, 'file is', 'files are'), os.path.join(out, PHOTOS)))
    if doubted:
        said.append('{} may be wrong and {} used all the same: look at {}, and give `gluonfr pack folder` its '
                    'exclude.txt and relabel.csv'.format(counted(doubted, 'label'), 'is' if doubted == 1 else 'are',
                                                         os.path.join(out, 'clean', 'clean.html')))
    return said
