"""Whether a folder of people, or a rec, is clean: a table, a contact sheet, and two files for `gluonfr pack`."""
import os
from collections import Counter, namedtuple
from typing import Any, Optional

import numpy as np

from ..data.opening import check_apart, open_dataset
from ..data.packing.changes import image_keys, skipped_keys, write_excluded, write_relabelled
from ..evaluation import open_given
from ..evaluation.hardest import thumbnail
from ..evaluation.joined import Stretched
from ..evaluation.people import people_of
from ..report.sheet import Group, Item, needs_jinja, write_sheet
from ..utils.check import check_int
from ..utils.lock import sole_writer
from ..utils.messages import counted
from ..utils.rows import write_rows
from ..utils.threads import each
from ..utils.types import PathLike
from .embeddings import Embedded, embed_cached
from .findings import KINDS, Against, Finding, Limits, examine, people_now

__all__ = ['CleanReport', 'clean']

SHOWN = 200  # findings of each kind on the sheet
COLUMNS = 'kind', 'image', 'person', 'score', 'own', 'resembles', 'proposed', 'action', 'why'
SAID = {
    'size': 'They cannot be embedded. Photographs are aligned with `gluonfr align`.',
    'wrong label': 'Left the image, right the one of the other person that it resembles most.',
    'stranger': 'Left the image, right a typical one of its person. The others of the person resemble one another.',
    'two names': 'A typical image of each.',
    'two people': 'Left an image of the smaller group, right one of the larger group.',
    'copy': 'Left the one that is left out, right the one that is kept.',
    'near copy': 'Left the one that is left out, right the one that is kept.'}

CleanReport = namedtuple('CleanReport', 'images people new counts excluded relabelled findings facts')
CleanReport.__doc__ = """What `clean` found.

Parameters
----------
images, people : int
new : int
    Images that had to be embedded.
counts : dict
    Kind of finding -> how many.
excluded, relabelled : int
    Images in exclude.txt and relabel.csv.
findings : list of Finding
facts : dict
    threshold and pairs_threshold (None where they cannot be measured), sentences.
"""


def clean(data: PathLike, embedder: Any, out: PathLike, *, against: Optional[str] = None, stretch: bool = False,
          min_size: Optional[int] = None, root: Optional[str] = None, progress: bool = False,
          **limits: Any) -> CleanReport:
    """Look for wrong labels, copies, bad images and more in a set of people; the set itself stays as it is.

    The folder `out` gets clean.csv with all findings, clean.html with pictures of the worst, and exclude.txt and
    relabel.csv, which `gluonfr pack folder` applies. Embeddings are kept there, too, by the content of the images: what
    was killed goes on, and only new images are embedded the next time.

    Parameters
    ----------
    data : str or Path
        A folder of people with aligned faces, a list, or a .rec.
    embedder : Embedder
        With normalize=False: the lengths of its embeddings are a measure of quality.
    out : str or Path
        A folder, which is made.
    against : str or None
        A test set whose images and people should not be in `data`: what `gluonfr.evaluation.open_given` takes.
    stretch : bool
        Stretch images to the size that the net takes; else those of another size are found.
    min_size : int or None
        Pixels that both sides of an image must have.
    root : str or None
        Folder of the test sets that have names.
    progress : bool
    **limits
        Of `Limits`.

    Returns
    -------
    CleanReport

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such set, no image of it can be used, or a parameter is wrong.
    BlockingIOError
        Another process writes to `out`.

    Examples
    --------
    >>> from gluonfr.deploy import Embedder
    >>> from gluonfr.photos import clean
    >>> report = clean('PEOPLE', Embedder('w600k_mbf', normalize=False), 'outputs/clean')  # doctest: +SKIP
    """
    data, out = (os.path.expanduser(os.fspath(path)) for path in (data, out))
    needs_jinja()
    check_apart('clean: out', out, data)
    limits = Limits(**limits)
    if min_size is not None:
        check_int('clean', 'min_size', min_size, 1)
    with sole_writer(os.path.join(out, '.lock'), out):
        dataset = open_dataset(data, 'skip', people=True)
        findings = _not_there(dataset)
        people, keys = people_of(dataset), image_keys(dataset)
        sizes = _sizes(dataset)
        small = np.zeros(len(sizes), bool) if min_size is None else sizes.min(axis=1) < min_size
        other = ~small & (sizes != embedder.spec.size).any(axis=1) & (not stretch)
        usable = np.flatnonzero(~small & ~other)
        findings += [Finding('size', int(i), people[i], float(sizes[i].min()), action='exclude', why=_size_said(
            sizes[i], embedder.spec.size, min_size if small[i] else None)) for i in np.flatnonzero(small | other)]
        if not len(usable):
            raise ValueError('{}: no image can be used, the first, {}, as {}. Faces are cut out of photographs with '
                             '`gluonfr align`; --stretch stretches aligned faces.'.format(
                                 data, keys[findings[-1].image], findings[-1].why))
        images = Stretched(dataset, embedder.spec.size) if stretch else dataset
        embedded = embed_cached(images, embedder, out, chosen=usable, progress=progress)
        tested = None if against is None else _tested(against, embedder, out, root, progress)
        found, facts = examine(embedded, people[usable], limits, tested)
        findings += [finding._replace(image=int(usable[finding.image]),
                                      other=None if finding.other is None else int(usable[finding.other]))
                     for finding in found]
        excluded, relabelled = _decisions(findings, people, keys)
        _write_table(os.path.join(out, 'clean.csv'), findings, keys)
        write_excluded(os.path.join(out, 'exclude.txt'), excluded)
        write_relabelled(os.path.join(out, 'relabel.csv'), relabelled)
        counts = Counter(finding.kind for finding in findings)
        report = CleanReport(len(dataset), len(np.unique(people)), embedded.new, dict(counts), len(excluded),
                             len(relabelled), findings, facts)
        facts['sentences'] += _quality_said(embedded)
        _write_sheet(os.path.join(out, 'clean.html'), data, report, dataset, keys)
    return report


def _not_there(dataset):
    """What the set holds beside images of people."""
    found = []
    for key, (_, why) in zip(skipped_keys(dataset), dataset.skipped):
        empty = why == 'a person without images' or key.endswith('/')  # of a folder that cannot be read
        found.append(Finding('no images', key, '', None, why=why) if empty else
                     Finding('unreadable', key, '', None, action='exclude', why=why))
    return found + [Finding('left out', str(path), '', None, why=why) for path, why in dataset.ignored_files]


def _sizes(dataset):
    """Height and width of each image, (N, 2), by the headers."""
    return np.array(list(each(dataset.size_of, range(len(dataset)))), np.int64).reshape(-1, 2)


def _size_said(size, wanted, least):
    if least is not None:
        return 'it has {} x {} pixels, less than {}'.format(*size, least)
    return 'it has {} x {} pixels, and the net takes {} x {}'.format(*size, *wanted)


def _tested(path, embedder, out, root, progress):
    """The test set that should not overlap."""
    given = open_given(path, root=root, size=embedder.spec.size, stretch=True)
    if given.images is None:
        if given.embeddings is None:
            raise ValueError('clean: against must be images or embeddings, got {}: {}.'.format(given.kind, path))
        return Against(given.name, given.names, None, given.embeddings, given.people)
    embedded = embed_cached(given.images, embedder, out, progress=progress)
    return Against(given.name, given.names, embedded.digests, embedded.embeddings, given.people)


def _decisions(findings, people, keys):
    """(images to leave out, rows of images to give to others); an image that is left out is given to nobody."""
    excluded = {keys[finding.image] if isinstance(finding.image, int) else finding.image: None
                for finding in findings if finding.action == 'exclude'}
    why = {finding.person: finding.why for finding in findings if finding.kind == 'two names'}
    why.update({finding.image: finding.why for finding in reversed(findings)
                if finding.action == 'relabel' and finding.kind != 'two names'})
    relabelled = [(key, now, person, why.get(i) or why[person]) for i, (key, person, now) in enumerate(
        zip(keys, people.tolist(), people_now(findings, people.tolist()))) if now != person and key not in excluded]
    return list(excluded), relabelled


def _write_table(path, findings, keys):
    write_rows(path, COLUMNS, [
        [finding.kind, keys[finding.image] if isinstance(finding.image, int) else finding.image, finding.person,
         _number(finding.score), _number(finding.own),
         keys[finding.other] if finding.other is not None else finding.resembles,
         finding.proposed, finding.action, finding.why] for finding in findings])


def _number(value):
    return '' if value is None else '{:.6g}'.format(value)


def _quality_said(embedded: Embedded):
    """How long and how sharp the worst are, by which thresholds can be chosen."""
    lengths = np.linalg.norm(embedded.embeddings, axis=1)
    said = ['Sharpness: 1 % of the images have less than {:.4g}, half of them less than {:.4g}.'.format(
        *np.percentile(embedded.sharpness, [1, 50]))]
    if np.ptp(lengths) <= 1e-4 * lengths.max():
        return said + ['The net gives embeddings of one length, which says nothing of quality.']
    return said + ['Length of the embedding: 1 % of the images have less than {:.4g}, half of them less than {:.4g}.'
                   .format(*np.percentile(lengths, [1, 50]))]


def _write_sheet(path, data, report, dataset, keys):
    groups = []
    for kind, title in KINDS.items():
        found = [finding for finding in report.findings if finding.kind == kind]
        if found:
            groups.append(Group('{} ({:,})'.format(title, len(found)), SAID.get(kind, ''), [
                _item(finding, dataset, keys) for finding in found[:SHOWN]], max(len(found) - SHOWN, 0)))
    facts = report.facts
    notes = list(facts['sentences'])
    if facts['threshold'] is not None:
        notes.append('Two images count as of one person from a cosine of {:.4f} on.'.format(facts['threshold']))
    write_sheet(path, 'Is {} clean?'.format(os.path.basename(os.path.abspath(data))),
                '{} of {}; the worst first'.format(counted(report.images, 'image'),
                                                   counted(report.people, 'person', 'people')),
                groups, notes, [('images to leave out (exclude.txt)', report.excluded),
                                ('images to give to others (relabel.csv)', report.relabelled)])


def _item(finding, dataset, keys):
    shown = [i for i in (finding.image, finding.other) if isinstance(i, int)]
    lines = [keys[i] for i in shown] or [finding.image]
    score = '' if finding.score is None else '{:.4g}'.format(finding.score)
    return Item([(thumbnail(dataset.read(i)[0]), keys[i]) for i in shown],
                score, lines + ([finding.resembles] if finding.resembles else []) + [finding.why])
