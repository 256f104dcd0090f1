"""What all interactive pictures of a report share: a figure of Bokeh, styles that do not need colour, and tables."""
from collections import namedtuple

import numpy as np

from ..compat import install_command

__all__ = ['COLOURS', 'DASHES', 'MARKERS', 'Picture', 'Style', 'axis_names', 'new_plot', 'needs_libraries', 'safe_text',
           'style', 'thinned']

# each is seen on white and on near-black: contrast of 3 or more with both
COLOURS = '#2f7ed8', '#c96a00', '#1f9254', '#9b5de0', '#dc4049', '#138a9e', '#9a6b3f', '#78828c'
DASHES = '', '9 4', '2 3', '10 3 2 3', '14 4', '5 2', '10 3 2 3 2 3', '1 2'
MARKERS = 'circle', 'square', 'triangle', 'diamond', 'inverted_triangle', 'plus', 'cross', 'star'
HEIGHT = 380
TOOLS = 'pan,box_zoom,reset,save'
LONGEST_NAME = 60

Style = namedtuple('Style', 'number colour dash marker')

Picture = namedtuple('Picture', 'name title caption plot legend columns rows')
Picture.__doc__ = """A picture of a report.

name : str
    Unique in the report: letters, digits and dashes.
title, caption : str
    What it shows, and how to read it.
plot : bokeh figure
legend : list of (label, Style)
columns, rows : list of str, list of list
    Its main values as a table, for whoever cannot see it.
"""


def needs_libraries() -> None:
    """Raise an ImportError with the command to run where Bokeh or Jinja2 is missing."""
    try:
        import bokeh  # noqa: F401
        import jinja2  # noqa: F401
    except ImportError as error:
        raise ImportError('a report needs the packages bokeh and jinja2 ({}). Run: {}'.format(
            error, install_command('report'))) from error


def style(number):
    """The colour, the dashes and the marker of the curve with a number, from 0."""
    return Style(number, COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)], MARKERS[number % len(MARKERS)])


def new_plot(x_name, y_name, *, tips=(), across=False, printf=(), height=HEIGHT, **more):
    """A figure as wide as the page, which shows `tips` under the mouse; page.js gives it the colours of the scheme.

    Parameters
    ----------
    x_name, y_name : str
    tips : sequence of (str, str)
        Words and column, '@x{0.000}', of a line in the box under the mouse.
    across : bool
        Show what lies above and below the mouse, too.
    printf : sequence of str
        Columns whose format is that of printf: '@x' for '@x{%.3g}'.
    height : int
        In pixels.
    **more
        For ``bokeh.plotting.figure``.
    """
    from bokeh.models import HoverTool, NoOverlap
    from bokeh.plotting import figure
    plot = figure(height=height, sizing_mode='stretch_width', tools=TOOLS, active_drag=None, active_scroll=None,
                  toolbar_location='above', background_fill_color=None, border_fill_color=None,
                  outline_line_color=None, x_axis_label=x_name, y_axis_label=y_name, min_border_right=18, **more)
    plot.toolbar.logo = None
    plot.axis.axis_label_text_font_style = 'normal'
    plot.axis.axis_label_text_font_size = '13px'
    plot.axis.major_label_text_font_size = '12px'
    plot.axis.minor_tick_line_color = None
    plot.axis.major_label_policy = NoOverlap(min_distance=6)  # on a phone
    if tips:
        no_button = 'visible' if 'visible' in HoverTool.properties() else 'toggleable'  # since Bokeh 3.4, and before
        plot.add_tools(HoverTool(tooltips=list(tips), mode='vline' if across else 'mouse',
                                 formatters=dict.fromkeys(printf, 'printf'), **{no_button: False}))
    return plot


def safe_text(text, longest=LONGEST_NAME):
    """A name as Bokeh may draw it: in one line, not too long, and never taken for a formula."""
    text = ' '.join(str(text).split())
    text = text if len(text) <= longest else text[:longest - 1] + '\u2026'
    for mark in ('$$', '\\(', '\\['):
        text = text.replace(mark, mark[0] + '\u200b' + mark[1])
    return text


def axis_names(names):
    """A short label beside an axis for each different name, none of them twice; dict of name to label."""
    labels = {}
    for name in names:
        label = safe_text(name, 24)
        if name not in labels and label in labels.values():
            label = '{} ({})'.format(safe_text(name, 19), len(labels) + 1)
        labels.setdefault(name, label)
    return labels


def thinned(count, most=12):
    """Indices of at most so many of `count` values, evenly, with the first and the last."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype('int64')) if count else []
