"""Moving pictures from the pictures of a run."""
import os
from typing import Sequence

import numpy as np

from ..utils.check import check_int, check_number
from ..utils.files import atomic_path
from .colours import drawn_palette
from .figure import with_palette

__all__ = ['make_gif']


def make_gif(paths: Sequence[str], out: str, fps: float = 2.0, *, hold: float = 2.0, max_side: int = 480,
             colours: int = 128) -> str:
    """Join PNG files into a GIF that plays for ever.

    Parameters
    ----------
    paths : list of str
        The frames, in order; all are brought to the size of the first.
    out : str
        The GIF file to write; its folder is made.
    fps : float
        Frames a second, > 0.
    hold : float
        Seconds that the last frame stays longer, >= 0.
    max_side : int
        Larger frames are scaled down to this many pixels, >= 1.
    colours : int
        Colours of all frames together, in [2, 256]: one palette for the whole file, of colours in the first, the middle
        and the last frame, so that nothing flickers and the file is small.

    Returns
    -------
    str
        ``out``.

    Raises
    ------
    ValueError
        No pictures, or a number out of range.
    FileNotFoundError
        A picture that is not there.
    """
    from PIL import Image
    if not paths:
        raise ValueError('make_gif: paths must name at least one picture, got none.')
    check_number('make_gif', 'fps', fps, 0, low_open=True)
    check_number('make_gif', 'hold', hold, 0)
    check_int('make_gif', 'max_side', max_side, 1)
    check_int('make_gif', 'colours', colours, 2, 256)
    missing = [path for path in paths if not os.path.isfile(path)]
    if missing:
        raise FileNotFoundError('make_gif: {} of {} pictures are missing, the first is {}.'.format(
            len(missing), len(paths), missing[0]))
    frames = [Image.open(p).convert('RGB') for p in paths]
    scale = min(1.0, max_side / max(frames[0].size))
    size = tuple(max(1, round(side * scale)) for side in frames[0].size)
    frames = [np.asarray(f if f.size == size else f.resize(size, Image.Resampling.LANCZOS)) for f in frames]
    shared = drawn_palette(np.stack([frames[i] for i in sorted({0, len(frames) // 2, len(frames) - 1})]), colours)
    first, *others = (with_palette(f, shared) for f in frames)
    milliseconds = [1000.0 / fps] * len(frames)
    milliseconds[-1] += 1000.0 * hold
    with atomic_path(out) as temporary:
        # Pillow takes a list of durations for several frames only
        first.save(temporary, format='GIF', save_all=True, append_images=others, loop=0, optimize=False,
                   duration=milliseconds if others else milliseconds[0])
    return out
