"""Pictures of a training while it runs."""
import os

from ..utils.check import check_int
from .callbacks import Callback
from .evaluate import embed

__all__ = ['PlotCurves', 'PlotEmbeddings']


class PlotCurves(Callback):
    """Loss and accuracies against the epoch, drawn anew after each epoch.

    Parameters
    ----------
    path : str
        The PNG file; its folder is made.
    title : str
        Title of the picture.
    """

    def __init__(self, path, title=''):
        self._path, self._title = path, title

    def on_epoch_end(self, state):
        """Draw the history so far."""
        from ..viz import plot_curves  # plot libraries load only where pictures are wanted
        plot_curves(state.history, self._path, title=self._title)


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

    def __init__(self, folder, data, every=1, title=''):
        self._folder, self._data, self._title = folder, data, title
        self._every = check_int('PlotEmbeddings', 'every', every, low=1)

    def on_epoch_end(self, state):
        """Draw this epoch's embeddings if it is one to draw."""
        if state.epoch % self._every:
            return
        from ..viz import plot_embeddings
        embeddings, labels = embed(state.net, self._data, state.ctx)
        plot_embeddings(embeddings, labels, os.path.join(self._folder, 'epoch-{:04d}.png'.format(state.epoch)),
                        title='{} epoch {}'.format(self._title, state.epoch).strip())
