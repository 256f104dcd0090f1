"""Photographs that commands embed: their faces are found first, and a report says what came of each."""
import logging
import os
from functools import partial

from ..align import STATUSES, FaceError, PhotoFaces
from ..align.report import landmarks_of, report_rows, report_settings, run_report
from ..data.file_dataset import check_formats
from ..data.open_images import open_images
from .options import face_settings, make_finder

__all__ = ['open_faces']


def open_faces(args, place, size, out=None):
    """The faces in the photographs of a folder or list, or in one, as a dataset.

    Parameters
    ----------
    args : Namespace
        Of `add_faces` and `on_error`.
    place : str
        What `open_images` takes; with a detector or landmarks no rec.
    size : (int, int)
        Of the net's images.
    out : str or None
        The report goes beside this file, '<out without suffix>.faces.csv', from which a killed run goes on; None for
        no report.

    Returns
    -------
    Dataset
        With `paths`, or `keys`, and `labels`: a `PhotoFaces`, or if the images are aligned already, what `open_images`
        gives.

    Raises
    ------
    FaceError
        With --on-error raise, a photograph without a face that counts; else, all of them.
    """
    finder = make_finder(args, place if os.path.isdir(place) else None)
    dataset = open_images(place, 'raise' if finder else args.on_error)
    if finder is None:
        check_formats(getattr(dataset, 'paths', ()))
        return dataset
    if not hasattr(dataset, 'paths'):
        raise ValueError('--detect and --landmarks need image files, got {}: a rec holds aligned faces.'.format(place))
    tasks = {path: partial(_rows, finder, path) for path in dataset.paths}
    if out is None:
        rows = [row for task in tasks.values() for row in task()]
    else:
        report, settings = os.path.splitext(out)[0] + '.faces.csv', face_settings(args)
        os.makedirs(os.path.dirname(os.path.abspath(report)), exist_ok=True)
        whole = (lambda rows: len(rows) == int(rows[0]['faces'])) if finder.several == 'all' else bool
        rows = run_report(report, settings, tasks, whole, report_settings(report) != settings,
                          False if args.no_progress else 'find faces')
    bad = [row for row in rows if row['status'] != 'ok']
    if bad:
        detail = ' ({})'.format(bad[0]['detail'].rstrip('.')) if bad[0]['detail'] else ''
        said = '{} of {} photographs give no face, the first is {}: {}{}.{}'.format(
            len(bad), len(dataset), bad[0]['path'], STATUSES[bad[0]['status']], detail,
            ' {} lists all.'.format(report) if out else '')
        if args.on_error == 'raise' or len(bad) == len(rows):
            raise FaceError(said + (' --on-error skip leaves them out.' if args.on_error == 'raise' else ''))
        logging.getLogger('gluonfr').warning('%s', said)
    label = dict(zip(dataset.paths, dataset.labels))
    rows = [row for row in rows if row['status'] == 'ok']
    faces = PhotoFaces([row['path'] for row in rows], [landmarks_of(row) for row in rows], size,
                       [label[row['path']] for row in rows])
    # one that is replaced by another of the same size and time is noticed when it is read
    faces.expected = [int(row['stamp'][-8:], 16) if row.get('stamp') else None for row in rows]
    faces.report = report if out else None
    faces.classes = getattr(dataset, 'classes', ())
    faces.skipped = [(row['path'], STATUSES[row['status']]) for row in bad]
    return faces


def _rows(finder, path):
    return report_rows(finder.find(path)[0], path)
