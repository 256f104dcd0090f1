"""A leaderboard as one file of HTML without scripts: places, values, and intervals of the difference to the winner."""
from collections import namedtuple
from typing import Sequence

from ..utils.files import write_text
from ..utils.types import PathLike
from ..version import __version__
from .numbers import percent
from .page import page_template, style_sheet
from .sheet import needs_jinja

__all__ = ['Line', 'write_leaderboard']

Line = namedtuple('Line', 'place name stage value difference low high verdict')
Line.__doc__ = """A line of a leaderboard.

place : int
name, stage : str
    What was tried, and how far it came.
value, difference, low, high : float or None
    A share; its difference to that of the winner, and the interval of that.
verdict : str
"""


def write_leaderboard(path: PathLike, title: str, subtitle: str, lines: Sequence[Line], notes: Sequence[str],
                      left_out: Sequence[str], command: str) -> PathLike:
    """Write a leaderboard, whole or not at all.

    Parameters
    ----------
    path : str
    title, subtitle : str
    lines : sequence of Line
    notes, left_out : sequence of str
        How it was measured, and what was not.
    command : str
        A command line that uses the winner.

    Examples
    --------
    >>> import os, tempfile
    >>> from gluonfr.report.leaderboard import Line, write_leaderboard
    >>> lines = [Line(1, 'arcface', 'rung 1', 0.9, 0, None, None, 'winner'),
    ...          Line(2, 'softmax', 'rung 1', 0.8, -0.1, -0.2, 0.01, 'no difference shown')]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_leaderboard(os.path.join(folder, 'a.html'), 'Losses', '', lines, [], [], 'gluonfr ...')
    ...     print(os.path.basename(path))
    a.html
    """
    needs_jinja()
    ends = [abs(value) for line in lines for value in (line.low, line.high, line.difference) if value is not None]
    reach = max(ends, default=0) or 1
    shown = [dict(line._asdict(), value=percent(line.value), difference=_points(line.difference),
                  low=_points(line.low), high=_points(line.high),
                  bar=None if line.low is None else [round(100 + 95 * value / reach, 2) for value in (
                      line.low, line.difference, line.high)]) for line in lines]
    page = page_template('leaderboard.html').render(
        title=title, subtitle=subtitle, lines=shown, notes=notes, left_out=left_out, command=command,
        reach='{:.2f}'.format(100 * reach) if any(ends) else '', version=__version__, style_sheet=style_sheet())
    write_text(path, page, errors='replace')
    return path


def _points(share):
    """A difference of shares in percentage points."""
    said = '' if share is None else '{:+.2f}'.format(100 * share)
    return '0.00' if said in ('+0.00', '-0.00') else said
