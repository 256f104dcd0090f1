"""Reports: result files of `gluonfr evaluate` and training runs -> one HTML file that opens from disk.

It works without MXNet but for `RunReport`, a callback of a training; Bokeh and Jinja2 are imported when a report is
written.
"""
from typing import TYPE_CHECKING

from ..utils.first_use import on_first_use
from .page import write_report
from .pictures import needs_libraries

if TYPE_CHECKING:
    from .callback import RunReport

__all__ = ['RunReport', 'needs_libraries', 'write_report']

__getattr__, __dir__ = on_first_use(__name__, callback=['RunReport'])
