"""A palette for a file format that has one: made of the colours that were drawn, so that none is lost between them."""
import numpy as np

__all__ = ['apply_palette', 'drawn_palette']

BYTES = np.array([65536, 256, 1], 'int64')


def drawn_palette(pixels, colours):
    """At most ``colours`` of the colours of ``pixels`` that stand for all of them.

    Those that fill a thousandth of the picture are kept as they are. The others are taken by how often they occur, each
    at some distance from all before, the smallest at which they suffice: a rare red is not drawn as the nearest brown.
    Pillow's median cut, in contrast, averages what is rare.

    Parameters
    ----------
    pixels : uint8 array, (...,3)
    colours : int
        In [2, 256].

    Returns
    -------
    uint8 array, (n,3)
        n <= ``colours``.
    """
    codes, counts = np.unique(pixels.reshape(-1, 3) @ BYTES, return_counts=True)
    order = np.argsort(-counts, kind='stable')
    drawn = _split(codes[order])
    plain = min(int((counts >= counts.sum() / 1000).sum()), colours // 2)
    points, distance, taken = drawn.astype('float32'), 0.0, None
    while taken is None:
        taken = _cover(points, plain, distance, colours)
        distance = max(6.0, 1.3 * distance)
    return drawn[taken].astype('uint8')


def apply_palette(pixels, palette):
    """For each of the ``pixels`` (...,3) the index of the nearest colour of the ``palette`` (n,3), as uint8 (...)."""
    codes, indices = np.unique(pixels.reshape(-1, 3) @ BYTES, return_inverse=True)
    drawn, palette = _split(codes).astype('float32'), palette.astype('float32')
    nearest = np.concatenate([((part[:, None] - palette) ** 2).sum(axis=2).argmin(axis=1)
                              for part in np.array_split(drawn, len(drawn) // 4096 + 1)])
    return nearest[indices].reshape(pixels.shape[:-1]).astype('uint8')


def _cover(points, plain, distance, most):
    """Indices of points such that every point is within ``distance`` of one; None if ``most`` are too few.

    The first ``plain`` points are taken in any case, of the others those before first.
    """
    left, taken = np.arange(len(points)), []
    while len(left):
        if len(taken) == most:
            return None
        index = left[0] if len(taken) >= plain else len(taken)
        taken.append(index)
        left = left[((points[left] - points[index]) ** 2).sum(axis=1) > distance ** 2]
    return taken


def _split(codes):
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)
