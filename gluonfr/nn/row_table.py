"""A table of rows in NumPy memory, of which an update touches a few: gathered, moved, and written back in place."""
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, Iterator, Optional, Tuple

import numpy as np

from ..compat import threads_to_use

__all__ = ['RowTable']

PIECE = 1 << 28   # elements of one array, 1 GiB: MXNet 1.9.1 takes fewer than 2^31
BLOCK = 1 << 17   # elements handled at a time: three such arrays stay in the cache of a core
DRAWN = 4096      # rows whose start values are drawn together, by (seed, block of rows)
EPS = 1e-10       # under the root of a norm, as MXNet's L2Normalization has it


class RowTable:
    """Weights (rows, width) and their momentum, float32, in pieces of which none has more than `piece` elements.

    The pieces are drawn, with a normal distribution, when they are first used, by (seed, block of rows). Where these
    are a part of a larger table, `first` is the number of their first row in it: they start as they do in the whole.

    Work on rows goes in blocks that stay in a core's cache, over the cores; each row is handled alone, so that results
    do not depend on the blocks.

    Parameters
    ----------
    rows, width : int
        >= 1.
    sigma : float
        Standard deviation of the weights drawn.
    piece : int or None
        Elements of a piece at most, >= width; None for 2^28.
    """

    def __init__(self, rows: int, width: int, sigma: float, piece: Optional[int] = None) -> None:
        self.rows, self.width, self.seed, self.first = rows, width, 0, 0
        self._sigma, self.rows_of_piece = sigma, max(1, (piece or PIECE) // width)
        self._pieces = self._pool = None

    @property
    def pieces(self) -> Tuple[Tuple[np.ndarray, np.ndarray], ...]:
        """(weight, momentum) of each piece, to read and to write; drawn by `seed` if they were not."""
        if self._pieces is None:
            tasks, first = [], self.first
            for weight, _ in self._allocated():
                blocks = range(first // DRAWN, -(-(first + len(weight)) // DRAWN))
                tasks += [(block, weight, block * DRAWN - first) for block in blocks]
                first += len(weight)
            with ThreadPoolExecutor(threads_to_use()) as pool:
                for _ in pool.map(self._draw, *zip(*tasks)):
                    pass
        return self._pieces

    def arrays(self, drawn: bool = True) -> Dict[str, np.ndarray]:
        """The arrays by name, to save or, with `drawn` false, to be filled: then nothing is drawn first."""
        pieces = self.pieces if drawn else self._allocated()
        return {'{}-{}'.format(name, i): array for i, piece in enumerate(pieces)
                for name, array in zip(('weight', 'momentum'), piece)}

    def gather(self, ids: np.ndarray, out: np.ndarray, unit: bool) -> Optional[np.ndarray]:
        """Copy rows into `out`; with `unit`, scaled to length 1.

        Parameters
        ----------
        ids : numpy.ndarray of int64, (K,)
            In rising order.
        out : numpy.ndarray, (K, width)
        unit : bool

        Returns
        -------
        numpy.ndarray of float32, (K,), or None
            The lengths, with `unit`.
        """
        lengths = np.empty(len(ids), 'float32') if unit else None

        def work(block):
            piece, local, place = block
            part = out[place]
            np.take(self.pieces[piece][0], local, axis=0, out=part, mode='clip')
            if unit:
                length = np.sqrt(np.einsum('ij,ij->i', part, part) + np.float32(EPS))
                part /= length[:, None]
                lengths[place] = length

        self._over_blocks(work, ids)
        return lengths

    def step(self, ids: np.ndarray, gradient: np.ndarray, *, lr: float, momentum: float = 0.0, wd: float = 0.0,
             scale: float = 1.0, clip: Optional[float] = None) -> None:
        r"""One step of SGD with momentum on some rows; the others, and their momentum, stay as they are.

        .. math::
            v \leftarrow momentum\, v - lr\,(clip(scale\, g) + wd\, w), \quad w \leftarrow w + v

        Parameters
        ----------
        ids : numpy.ndarray of int64, (K,)
            In rising order, each once.
        gradient : numpy.ndarray, (K, width)
            Of the rows; it is overwritten.
        lr, momentum, wd, scale : float
        clip : float or None
            Bound of each element of the scaled gradient.
        """
        momentum, decay = np.float32(momentum), np.float32(lr * wd)

        def work(block):
            piece, local, place = block
            table, velocity = self.pieces[piece]
            move, weight = gradient[place], table[local]
            if clip is None:
                move *= np.float32(-lr * scale)
            else:
                move *= np.float32(scale)
                np.clip(move, -clip, clip, out=move)
                move *= np.float32(-lr)
            if decay:
                move -= decay * weight
            if momentum:
                move += momentum * velocity[local]
                velocity[local] = move
            weight += move
            table[local] = weight

        self._over_blocks(work, ids)

    def _draw(self, block, weight, place):
        """Rows that are drawn together, into `weight` from `place` on: as many of them as lie there."""
        random = np.random.Generator(np.random.PCG64(np.random.SeedSequence((self.seed, 0, block))))
        drawn = random.standard_normal((DRAWN, self.width), 'float32')
        low, high = max(0, place), min(len(weight), place + DRAWN)
        np.multiply(drawn[low - place:high - place], np.float32(self._sigma), out=weight[low:high])

    @property
    def _block(self):
        return max(1, BLOCK // self.width)

    def _allocated(self):
        """The pieces, made if they are not there. Momentum is written, so that its memory is there from the start."""
        if self._pieces is None:
            counts = [min(self.rows_of_piece, self.rows - start) for start in range(0, self.rows, self.rows_of_piece)]
            self._pieces = tuple(tuple(np.empty((count, self.width), 'float32') for _ in range(2)) for count in counts)
            for _, momentum in self._pieces:
                momentum.fill(0)
        return self._pieces

    def _over_blocks(self, work, ids):
        """Call work((piece, rows in it, place among ids)) for all blocks, on all cores where there is enough to do."""
        blocks = list(self._blocks(ids))  # draws the pieces, if need be, before threads ask for them
        if len(blocks) < 4:
            for block in blocks:
                work(block)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(threads_to_use())
        for _ in self._pool.map(work, blocks):
            pass

    def _blocks(self, ids) -> Iterator[Tuple[int, np.ndarray, slice]]:
        bounds = np.searchsorted(ids, np.arange(len(self.pieces) + 1) * self.rows_of_piece)
        for piece, (start, end) in enumerate(zip(bounds, bounds[1:])):
            for first in range(start, end, self._block):
                place = slice(first, min(first + self._block, end))
                yield piece, ids[place] - piece * self.rows_of_piece, place
