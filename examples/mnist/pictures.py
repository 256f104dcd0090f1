"""Callbacks of the example: pictures while training runs, and one line an epoch."""
import numpy as np
from gluonfr.train import Callback, embed
from mxnet.gluon import Parameter
from report import draw_snapshot, save_snapshot
from tqdm import tqdm

class Snapshots(Callback):
    """Embeds a part of both sets every so many epochs (fractions allowed), stores it and draws it.

    Parameters
    ----------
    folder : str
        The run's folder.
    name : str
        For the titles.
    view : {'angular', 'euclidean'}
        Whether the circle is drawn beside the plane.
    every : float
        Epochs from picture to picture, > 0; the end of the training is drawn in any case.
    loaders : dict
        'train' and 'test' -> ArrayLoader in fixed order, of what is drawn.
    """

    def __init__(self, folder, name, view, every, loaders):
        self._folder, self._name, self._view, self._every, self._loaders = folder, name, view, every, loaders

    def on_step_end(self, state):
        # ends of epochs are drawn when their accuracy is known
        if state.batch < state.steps_per_epoch and self._is_due(state):
            self._take(state, state.step / state.steps_per_epoch, {})

    def on_epoch_end(self, state):
        if state.epoch == state.epochs or self._is_due(state):
            self._take(state, float(state.epoch), state.history[-1])

    def _is_due(self, state):
        """Whether a multiple of ``every`` epochs lies between the step before and this one."""
        steps = self._every * state.steps_per_epoch
        return state.step // steps > (state.step - 1) // steps

    def _take(self, state, epoch, row):
        sets = {}
        for key, loader in self._loaders.items():
            embeddings, labels = embed(state.net, loader, ctx=state.ctx)
            sets[key] = (embeddings, labels, row.get(key + '_accuracy'))
        path = save_snapshot(self._folder, epoch, self._name, self._view, sets, self._centres(state))
        draw_snapshot(self._folder, path)

    def _centres(self, state):
        # In the plane the rows of a class layer are no places that embeddings go to; as directions they are.
        owners = (state.loss, state.head) if self._view == 'angular' else (state.loss,)
        return class_centres(owners)


class EpochLine(Callback):
    """One line on the screen for each epoch, above the progress bar."""

    order = 1

    def on_epoch_end(self, state):
        row = state.history[-1]
        tqdm.write('epoch {}/{}: loss {:.4f}, train {:.2f} %, test {:.2f} %'.format(
            state.epoch, state.epochs, row['loss'], 100 * row['train_accuracy'], 100 * row['test_accuracy']))


def class_centres(owners):
    """Class centres (C,D) of the first of the blocks that has some, or None."""
    for owner in owners:
        for name in ('centers', 'mean', 'weight'):
            centres = getattr(owner, name, None)
            if isinstance(centres, Parameter) and len(centres.shape) == 2:
                return np.asarray(centres.data(centres.list_ctx()[0]).asnumpy())
    return None
