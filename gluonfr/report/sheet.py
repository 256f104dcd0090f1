"""Contact sheets: small pictures with what is said of each, in one file of HTML without scripts."""
from collections import namedtuple
from typing import Any, Sequence

from ..compat import install_command
from ..utils.files import write_text
from ..utils.types import PathLike
from ..version import __version__
from .page import page_template, style_sheet

__all__ = ['Group', 'Item', 'needs_jinja', 'write_sheet']

Group = namedtuple('Group', 'title said shown more')
Group.__doc__ = """A part of a sheet: its title, a sentence, the items shown, and how many more there are."""

Item = namedtuple('Item', 'faces score lines')
Item.__doc__ = """Pictures side by side, and what is said of them.

faces : list of (str, str)
    A JPEG in base64, and what it is.
score : str
lines : list of str
"""


def needs_jinja() -> None:
    """Raise an ImportError with the command to run where Jinja2 is missing."""
    try:
        import jinja2  # noqa: F401
    except ImportError as error:
        raise ImportError('a contact sheet needs the package jinja2 ({}). Run: {}'.format(
            error, install_command('report'))) from error


def write_sheet(path: PathLike, title: str, subtitle: str, groups: Sequence[Group], notes: Sequence[str] = (),
                counts: Sequence[Any] = ()) -> PathLike:
    """Write a contact sheet, whole or not at all.

    Parameters
    ----------
    path : str
    title, subtitle : str
    groups : sequence of Group
    notes : sequence of str
    counts : sequence of (str, int)
        What the sheet says at its top.
    """
    needs_jinja()
    page = page_template('sheet.html').render(title=title, subtitle=subtitle, groups=groups, notes=notes,
                                              counts=counts, version=__version__, style_sheet=style_sheet())
    write_text(path, page, errors='replace')
    return path
