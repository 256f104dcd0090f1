"""What all pictures share: a figure without pyplot, one palette, checks, and small PNG files."""
import io
import os

import numpy as np

from .colours import apply_palette, drawn_palette

DPI = 96
PNG_COLOURS = 256


def new_figure(width, height):
    """A matplotlib figure on the Agg canvas that pyplot does not know of; sizes in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def palette(classes):
    """``classes`` well-separated RGB colours: seaborn's ten, or its husl circle beyond ten."""
    import seaborn
    return seaborn.color_palette('tab10' if classes <= 10 else 'husl', classes)


def style():
    """Settings of seaborn's 'whitegrid' for ``matplotlib.rc_context``; nothing global changes."""
    import seaborn
    return {**seaborn.axes_style('whitegrid'), 'axes.edgecolor': '.6', 'grid.color': '.92', 'font.size': 10.}


def save_png(figure, path):
    """Write the figure to ``path`` as a PNG of at most 256 of the colours drawn: a third of the size of full colour.

    The file appears whole or not at all (written beside, then renamed). Returns ``path``.
    """
    from PIL import Image
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    buffer = io.BytesIO()
    figure.savefig(buffer, format='png', facecolor='white')
    buffer.seek(0)
    pixels = np.asarray(Image.open(buffer).convert('RGB'))
    image = with_palette(pixels, drawn_palette(pixels, PNG_COLOURS))
    part = f'{path}.{os.getpid()}.part'
    image.save(part, format='PNG', optimize=True)
    os.replace(part, path)
    return path


def with_palette(pixels, colours):
    """A Pillow image in which each pixel (H,W,3) has the nearest of the ``colours`` (n,3)."""
    from PIL import Image
    image = Image.fromarray(apply_palette(pixels, colours))
    image.putpalette(colours.tobytes())
    return image


def checked(who, embeddings, labels, max_points):
    """Embeddings (N,D) float and labels (N,) int as NumPy arrays, checked, thinned evenly to ``max_points``."""
    embeddings, labels = as_numpy(embeddings), as_numpy(labels).astype('int64')
    if embeddings.ndim != 2 or len(embeddings) == 0 or embeddings.shape[1] < 1:
        raise ValueError(f'{who}: embeddings must be (N,D) with N >= 1 and D >= 1, got {embeddings.shape}.')
    if labels.shape != embeddings.shape[:1]:
        raise ValueError(f'{who}: labels must be (N,) = ({len(embeddings)},), got {labels.shape}.')
    if not np.isfinite(embeddings).all():
        bad = (~np.isfinite(embeddings)).any(axis=1).sum()
        raise ValueError(f'{who}: embeddings must be finite, got {bad} rows with NaN or infinity.')
    if max_points is not None:
        if max_points < 1:
            raise ValueError(f'{who}: max_points must be >= 1 or None, got {max_points}.')
        if len(labels) > max_points:
            # evenly spaced, not random: the same images in every epoch
            keep = np.linspace(0, len(labels) - 1, max_points).round().astype('int64')
            embeddings, labels = embeddings[keep], labels[keep]
    return embeddings, labels


def as_numpy(array):
    """An NDArray or anything array-like as a NumPy array; floats as float64."""
    array = np.asarray(array.asnumpy() if hasattr(array, 'asnumpy') else array)
    return array.astype('float64') if array.dtype.kind == 'f' else array
