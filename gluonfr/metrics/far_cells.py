"""The cells of a row for each FAR, and what so few impostors cannot show."""
import math

import numpy as np

from .intervals import clopper_pearson
from .roc import allowed

__all__ = ['cannot_show', 'check_kinds', 'far_cells', 'far_columns', 'far_lines', 'nearest_tar', 'shown']


def far_columns(far):
    """The columns of a FAR: TAR, the ends of its interval, FAR reached, threshold."""
    return [form.format(far) for form in ('tar@{:g}', 'tar@{:g}_low', 'tar@{:g}_high', 'far_at_{:g}',
                                          'threshold@{:g}')]


def far_cells(points, compat=None):
    """The cells of `OperatingPoints`; with ``compat`` (F,), what public scripts give, also where that differs."""
    cells = {}
    for i, far in enumerate(points.target):
        known = shown(far, points.impostors)
        low, high = clopper_pearson(int(points.true_accepts[i]), int(points.genuine))
        found = [round(float(rate), 5) for rate in (points.tar[i], low, high)]
        found += [float(points.far[i]), float(points.thresholds[i])]
        cells.update(zip(far_columns(far), found if known else [None] * len(found)))
        if compat is not None:
            other = round(float(compat[i]), 5)
            cells['compat_tar@{:g}'.format(far)] = other if known and other != found[0] else None
    return cells


def far_lines(row, fars):
    """A sentence for each FAR that the row can show."""
    for far in fars:
        tar, low, high, _, threshold = (row[column] for column in far_columns(far))
        if tar is not None:
            yield '{}: TAR {:.4f} [{:.4f}, {:.4f}] at FAR <= {:g}, threshold {:.4f} (exact, all pairs)'.format(
                row['set'], tar, low, high, far, threshold)


def nearest_tar(roc, genuine, impostors, fars):
    """The TAR at the FAR that is nearest to each x, which may lie above it: what public scripts print.

    They take the points of scikit-learn's ``roc_curve``, which leaves out those inside a run of equal steps, and of
    equally near ones the last.
    """
    accepted = np.rint([roc.tpr[1:] * genuine, roc.fpr[1:] * impostors])
    if accepted.shape[1] > 2:
        turns = np.diff(accepted, 2).any(axis=0)
        accepted = accepted[:, np.concatenate([[True], turns, [True]])]
    tar, far = (np.concatenate([[0], part / total])[::-1] for part, total in zip(accepted, (genuine, impostors)))
    return np.array([tar[np.argmin(np.abs(far - x))] for x in fars])


def shown(rate, count):
    """Whether so many impostors can show a rate: one of them accepted must not be more already."""
    return rate == 0 or int(allowed(rate, count)) > 0


def cannot_show(name, rates, count, what='impostor pairs', rate='FAR'):
    """A sentence, in a list, on the rates that so many impostors cannot show, and the smallest that they can."""
    small = [x for x in rates if not shown(x, count)]
    if not small:
        return []
    digits = 10 ** (2 - math.floor(math.log10(1 / count)))  # three, rounded up
    least = math.ceil(digits / count) / digits
    return ['{}: {} {} cannot show {} {}; the smallest is {:.3g}'.format(
        name, count, what, rate, ' and '.join('{:g}'.format(x) for x in small), least)]


def check_kinds(name, genuine, impostors):
    """Raise unless there are pairs of both kinds."""
    if not genuine or not impostors:
        raise ValueError('{}: pairs must be of both kinds, got {} of one person and {} of two people: there is no '
                         'accuracy to measure.'.format(name, genuine, impostors))
