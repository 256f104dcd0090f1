"""Pairs of faces in a grid."""
from typing import Any, Optional, Sequence

import numpy as np

from ..utils.check import check_int
from ..utils.types import ArrayLike
from .figure import as_numpy, new_figure, save_png

__all__ = ['plot_pairs']

MOST = 200  # pairs in a picture
INCHES = 1.15  # of a face


def plot_pairs(first: Sequence[ArrayLike], second: Sequence[ArrayLike], *, scores: Optional[Sequence[float]] = None,
               names: Optional[Sequence[str]] = None, path: Optional[str] = None, columns: int = 4,
               title: str = '') -> Any:
    """Draw pairs of faces side by side, with their scores and names below: the hardest pairs of a model, say.

    Parameters
    ----------
    first, second : sequence of uint8 array, (H,W,3) RGB or (H,W)
        At most 200 of each; the images may differ in size.
    scores : sequence of float or None
        Of each pair.
    names : sequence of str or None
        Of each pair; one that is longer than its faces are wide is cut.
    path : str or None
        The PNG file to write, its folder is made; None gives the figure.
    columns : int
        Pairs in a row, >= 1.
    title : str

    Returns
    -------
    str or matplotlib.figure.Figure
        ``path``, or the figure if that is None.

    Raises
    ------
    ValueError
        No pair or too many, sequences of other lengths, or arrays that are no images.
    """
    check_int('plot_pairs', 'columns', columns, 1)
    lengths = [len(values) for values in (first, second, scores, names) if values is not None]
    if set(lengths) != {len(first)} or not 1 <= len(first) <= MOST:
        raise ValueError('plot_pairs: first, second, scores and names must be of one length in [1, {}], got {}.'.format(
            MOST, ', '.join(map(str, lengths))))
    pairs = [tuple(map(_image, pair)) for pair in zip(first, second)]
    columns = min(columns, len(pairs))
    rows = -(-len(pairs) // columns)
    with new_figure(2 * INCHES * columns + 0.2, (INCHES + 0.42) * rows + 0.35 * bool(title)) as figure:
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes in grid.ravel():
            axes.axis('off')
        for i, (axes, pair) in enumerate(zip(grid.ravel(), pairs)):
            for place, image in zip(((0, 0.98), (1.02, 2)), pair):
                axes.imshow(image, extent=(*place, 0, 0.98), cmap='gray', vmin=0, vmax=255)
            axes.set(xlim=(0, 2), ylim=(0, 0.98))
            words = [] if scores is None else ['{:.4f}'.format(scores[i])]
            words += [] if names is None else [_cut(str(names[i]))]
            axes.text(1, -0.06, '\n'.join(words), ha='center', va='top', fontsize=8, parse_math=False)
        figure.suptitle(title.strip(), fontsize=10.5)
        figure.tight_layout()
        return figure if path is None else save_png(figure, path)


def _image(array):
    image = as_numpy(array)
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.ndim == 3 and image.shape[2] != 3 or not image.size:
        raise ValueError('plot_pairs: images must be uint8 (H,W,3) or (H,W), got {} {}.'.format(
            image.dtype, image.shape))
    return image


def _cut(name):
    return name if len(name) <= 30 else name[:29] + '\u2026'
