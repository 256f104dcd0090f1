"""Moving pictures from the pictures of a run."""
import os

import numpy as np

from .colours import drawn_palette
from .figure import with_palette


def make_gif(paths, out, fps=2.0, *, hold=2.0, max_side=480, colours=128):
    """Join PNG files into a GIF that plays for ever.

    Parameters
    ----------
    paths : list of str. The frames, in order; all are brought to the size of the first.
    out : str. The GIF file to write; its folder is made.
    fps : float > 0. Frames a second.
    hold : float >= 0, seconds. How much longer the last frame stays.
    max_side : int. Larger frames are scaled down to this many pixels.
    colours : int in [2, 256]. Colours of all frames together: one palette for the whole file, of colours in the first,
        the middle and the last frame, so that nothing flickers and the file is small.

    Returns
    -------
    ``out``.
    """
    if not paths:
        raise ValueError('make_gif: paths must name at least one picture, got none.')
    if not fps > 0:
        raise ValueError(f'make_gif: fps must be > 0, got {fps}.')
    if not hold >= 0:
        raise ValueError(f'make_gif: hold must be >= 0 seconds, got {hold}.')
    if not 2 <= colours <= 256:
        raise ValueError(f'make_gif: colours must be in [2, 256], got {colours}.')
    missing = [p for p in paths if not os.path.isfile(p)]
    if missing:
        raise FileNotFoundError(f'make_gif: {len(missing)} of {len(paths)} pictures are missing, the first is '
                                f'{missing[0]}.')
    from PIL import Image
    frames = [Image.open(p).convert('RGB') for p in paths]
    scale = min(1.0, max_side / max(frames[0].size))
    size = tuple(max(1, round(side * scale)) for side in frames[0].size)
    frames = [np.asarray(f if f.size == size else f.resize(size, Image.Resampling.LANCZOS)) for f in frames]
    shared = drawn_palette(np.stack([frames[i] for i in sorted({0, len(frames) // 2, len(frames) - 1})]), colours)
    first, *others = (with_palette(f, shared) for f in frames)
    milliseconds = [1000.0 / fps] * len(frames)
    milliseconds[-1] += 1000.0 * hold
    os.makedirs(os.path.dirname(os.path.abspath(out)), exist_ok=True)
    part = f'{out}.{os.getpid()}.part'
    # Pillow takes a list of durations for several frames only
    first.save(part, format='GIF', save_all=True, append_images=others, loop=0, optimize=False,
               duration=milliseconds if others else milliseconds[0])
    os.replace(part, out)
    return out
