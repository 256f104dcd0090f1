"""Loss arguments that the data decide, filled in for whoever makes a loss by name."""
from ..utils.check import check_int
from .base import LOSSES

__all__ = ['fill_arguments']


def fill_arguments(name, arguments, *, classes, embedding_size, groups=None, margin_warmup=0):
    """Arguments for ``get_loss(name, ...)``: those given, and those that only data and net can tell.

    Parameters
    ----------
    name : str
        A loss.
    arguments : dict
        What the user said; it wins.
    classes, embedding_size : int
        Of the training set, >= 2, and the net.
    groups : (int, int) or None
        Classes a batch and images of each, where batches are made of groups.
    margin_warmup : int
        Steps in which the margin climbs from 0; 0 for none.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        Fewer than 2 classes, or `margin_warmup` for a loss without a margin that could warm up.
    """
    check_int(name, 'classes', classes, 2)
    accepted = LOSSES.keywords(name)
    if isinstance(arguments.get('loss'), str):  # a loss over another one hands on what that one takes
        accepted = accepted | LOSSES.keywords(arguments['loss'])
    known = {'classes': classes, 'num_classes': classes, 'embedding_size': embedding_size,
             'feature_dim': embedding_size}
    if groups:
        known.update(num_class=groups[0], num_in_class=groups[1])
    if margin_warmup:
        if 'margin_warmup' not in accepted:
            raise ValueError('{} has no margin that could warm up: leave margin_warmup at 0.'.format(name))
        known['margin_warmup'] = margin_warmup
    return {**{key: value for key, value in known.items() if key in accepted}, **arguments}
