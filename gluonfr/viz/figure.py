"""What all pictures share: a figure without pyplot, one palette, checks, and small PNG files."""
import io
from contextlib import contextmanager

import numpy as np

from ..utils.check import check_int
from ..utils.files import atomic_path
from ..utils.messages import counted
from .colours import apply_palette, drawn_palette

__all__ = ['as_numpy', 'checked', 'new_figure', 'palette', 'save_png', 'several_curves', 'with_palette']

DPI = 96
PNG_COLOURS = 256


@contextmanager
def new_figure(width, height):
    """A matplotlib figure of a size in inches, on the Agg canvas, that pyplot does not know of.

    Meanwhile the style is seaborn's 'whitegrid'; nothing global changes.
    """
    import matplotlib
    import seaborn
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    with matplotlib.rc_context({**seaborn.axes_style('whitegrid'), 'axes.edgecolor': '.6', 'grid.color': '.92',
                                'font.size': 10.}):
        figure = Figure(figsize=(width, height), dpi=DPI)
        FigureCanvasAgg(figure)
        yield figure


def palette(classes):
    """So many well-separated RGB colours: seaborn's ten, or its husl circle beyond ten."""
    import seaborn
    return seaborn.color_palette('tab10' if classes <= 10 else 'husl', classes)


def save_png(figure, path):
    """Write the figure to ``path``, whole or not at all, and return that.

    A PNG of at most 256 of the colours drawn has a third of the size of full colour.
    """
    from PIL import Image
    buffer = io.BytesIO()
    figure.savefig(buffer, format='png', facecolor='white')
    buffer.seek(0)
    pixels = np.asarray(Image.open(buffer).convert('RGB'))
    image = with_palette(pixels, drawn_palette(pixels, PNG_COLOURS))
    with atomic_path(path) as temporary:
        image.save(temporary, format='PNG', optimize=True)
    return path


def with_palette(pixels, colours):
    """A Pillow image in which each pixel (H,W,3) has the nearest of the ``colours`` (n,3)."""
    from PIL import Image
    image = Image.fromarray(apply_palette(pixels, colours))
    image.putpalette(colours.tobytes())
    return image


def checked(owner, embeddings, labels, max_points):
    """Embeddings (N,D) float and labels (N,) int as NumPy arrays, checked, thinned evenly to ``max_points``."""
    embeddings, labels = as_numpy(embeddings), as_numpy(labels).astype('int64')
    if embeddings.ndim != 2 or len(embeddings) == 0 or embeddings.shape[1] < 1:
        raise ValueError('{}: embeddings must be (N,D) with N >= 1 and D >= 1, got {}.'.format(owner, embeddings.shape))
    if labels.shape != embeddings.shape[:1]:
        raise ValueError('{}: labels must be (N,) = ({},), got {}.'.format(owner, len(embeddings), labels.shape))
    bad = (~np.isfinite(embeddings)).any(axis=1).sum()
    if bad:
        raise ValueError('{}: embeddings must be finite, got {} with NaN or infinity.'.format(
            owner, counted(bad, 'row')))
    if max_points is not None and len(labels) > check_int(owner, 'max_points', max_points, 1):
        # evenly spaced, not random: the same images in every epoch
        keep = np.linspace(0, len(labels) - 1, max_points).round().astype('int64')
        embeddings, labels = embeddings[keep], labels[keep]
    return embeddings, labels


def several_curves(owner, names, **columns):
    """One curve or several as a list of (name, column, ...), checked; only a rank may be above 1."""
    several = any(len(values) and np.ndim(values[0]) for values in columns.values())
    columns = {name: [as_numpy(part).astype('float64') for part in (values if several else [values])]
               for name, values in columns.items()}
    count = {len(parts) for parts in columns.values()}
    names = [''] * max(count) if names is None else [names] if isinstance(names, str) else list(names)
    if count != {len(names)} or not names:
        raise ValueError('{}: {} and names must be of one number of curves, got {} and {}.'.format(
            owner, ', '.join(columns), ', '.join(str(len(parts)) for parts in columns.values()), len(names)))
    for name, parts in columns.items():
        for part, first in zip(parts, next(iter(columns.values()))):
            if part.ndim != 1 or part.shape != first.shape or not part.size:
                raise ValueError('{}: {} must be (M,), M >= 1, got {} and {}.'.format(
                    owner, ' and '.join(columns), first.shape, part.shape))
            if not np.isfinite(part).all() or part.min() < 0 or name != 'rank' and part.max() > 1:
                raise ValueError('{}: {} must be finite and in [0, 1], got {:g} to {:g}.'.format(
                    owner, name, part.min(), part.max()))
    return list(zip(names, *columns.values()))


def as_numpy(array):
    """An NDArray or anything array-like as a NumPy array; floats as float64."""
    array = np.asarray(array.asnumpy() if hasattr(array, 'asnumpy') else array)
    return array.astype('float64') if array.dtype.kind == 'f' else array
