"""Pictures of the embeddings while a network trains."""
import os

from ...utils.check import check_int
from ..evaluate import embed
from ..types import Batches
from .base import Callback
from .spare import Spare

__all__ = ['PlotEmbeddings']


class PlotEmbeddings(Callback):
    """The embeddings of a loader: a plane, a space, or the two main directions, by the embedding size.

    Parameters
    ----------
    folder : str
        Where ``epoch-0001.png`` and so on go; it is made.
    data : iterable
        Yields (x, label), in the same order each time; a few thousand samples make a readable picture.
    every : int
        Epochs from picture to picture, >= 1.
    title : str
        Title of the pictures, followed by the epoch.
    """

    def __init__(self, folder: str, data: Batches, every: int = 1, title: str = ''):
        self._folder, self._data, self._title, self._spare = folder, data, title, Spare(folder)
        self._every = check_int('PlotEmbeddings', 'every', every, low=1)

    def on_epoch_end(self, state):
        """Draw this epoch's embeddings if it is one to draw."""
        if state.epoch % self._every:
            return
        from ...viz import plot_embeddings
        with state.averaged():
            embeddings, labels = embed(state.net, self._data, state.ctx)
        with self._spare.writing():
            plot_embeddings(embeddings, labels, os.path.join(self._folder, 'epoch-{:04d}.png'.format(state.epoch)),
                            title='{} epoch {}'.format(self._title, state.epoch).strip())
