"""Loss and accuracy against the epoch."""
from typing import Any, Dict, Sequence

from .figure import new_figure, palette, save_png

__all__ = ['plot_curves']

MOST_MARKED = 60  # points of a line that are drawn as points, too


def plot_curves(history: Sequence[Dict[str, Any]], path: str, *, title: str = '',
                verification: Sequence[Dict[str, Any]] = ()) -> str:
    """Draw the loss (left) and the accuracies (right) of a training into a PNG file.

    Parameters
    ----------
    history : list of dict
        For example one per epoch, with the keys 'epoch' (which may be a fraction) and 'loss', and any of
        'train_accuracy' (or else 'accuracy', the running one of the training) and 'test_accuracy', in [0, 1]. Values
        may be strings (rows of a csv file); an absent or empty value leaves a gap.
    path : str
        The PNG file to write; its folder is made.
    title : str
    verification : list of dict
        With the keys 'epoch', 'set' and 'acc' in [0, 1]: a line for each set.

    Returns
    -------
    str
        ``path``.

    Raises
    ------
    ValueError
        No rows, or one without an epoch.
    """
    if not history or any('epoch' not in row for row in history):
        raise ValueError('plot_curves: history must be a non-empty list of dicts with the key \'epoch\', got '
                         '{!r}.'.format(history[:2]))
    with new_figure(9, 3.6) as figure:
        sets = list(dict.fromkeys(row['set'] for row in verification))
        colours = palette(4 + len(sets))
        left, right = figure.subplots(1, 2)
        _line(left, history, 'loss', 1, colours[3], 'loss')
        measured = any(row.get('train_accuracy') not in (None, '') for row in history)
        _line(right, history, 'train_accuracy' if measured else 'accuracy', 100, colours[0], 'train')
        _line(right, history, 'test_accuracy', 100, colours[1], 'test')
        for name, colour in zip(sets, [colours[2], *colours[4:]]):
            _line(right, [row for row in verification if row['set'] == name], 'acc', 100, colour, name)
        left.set(xlabel='epoch', ylabel='loss')
        right.set(xlabel='epoch', ylabel='accuracy in %')
        for axes in (left, right):
            axes.xaxis.get_major_locator().set_params(integer=True)
        if right.lines:
            right.legend(loc='lower right')
        figure.suptitle(title, fontsize=10.5)
        figure.tight_layout()
        return save_png(figure, path)


def _line(axes, history, key, factor, colour, name):
    points = [(float(row['epoch']), factor * float(row[key])) for row in history if row.get(key) not in (None, '')]
    if not points:
        return
    axes.plot(*zip(*points), color=colour, marker='o' if len(points) <= MOST_MARKED else None, markersize=4,
              linewidth=1.6)
    axes.lines[-1].set_label('{}, last {:.2f}'.format(name, points[-1][1]))
