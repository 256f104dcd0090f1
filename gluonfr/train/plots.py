"""Pictures of a training while it runs."""
import os

from ..utils.check import check_int
from ..utils.rows import read_rows
from .callbacks import Callback
from .evaluate import embed

__all__ = ['PlotCurves', 'PlotEmbeddings']


class PlotCurves(Callback):
    """Loss and accuracies against the epoch, drawn anew after each epoch and at the end.

    Parameters
    ----------
    path : str
        The PNG file; its folder is made.
    title : str
        Title of the picture.
    steps : str or None
        The file of a `StepCSV`, whose rows are drawn in place of one point an epoch; for loaders with a length.
    verification : str or None
        The file of a `Verify`, for a line of each set.
    """

    def __init__(self, path, title='', *, steps=None, verification=None):
        self._path, self._title = path, title
        self._steps, self._verification = steps, verification
        self._drawn = None

    def on_epoch_end(self, state):
        """Draw what there is so far."""
        history = self._rows(self._steps, state) or state.history
        self._drawn = state.step
        if history:
            from ..viz import plot_curves  # plot libraries load only where pictures are wanted
            plot_curves(history, self._path, title=self._title, verification=self._rows(self._verification, state))

    def on_train_end(self, state):
        """Draw what came after the last epoch."""
        if self._drawn != state.step:
            self.on_epoch_end(state)

    @staticmethod
    def _rows(path, state):
        """The rows of a csv file, with the epoch as a fraction."""
        if path is None or not state.steps_per_epoch:
            return []
        return [dict(row, epoch=int(row['step']) / state.steps_per_epoch) for row in read_rows(path)]


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
