"""What blocks learn outside their parameters, such as the class centres of `gluonfr.nn.PartialFC`, in a checkpoint.

It is written from where it lies and read to where it will lie, piece by piece: there is never a second copy in memory.
"""
import numpy as np

from ..utils.arrays_file import fill_from_npz
from .together import gather_rows, rows_of

__all__ = ['APART', 'apart_arrays', 'apart_faults', 'apart_header', 'begin_apart', 'fill_apart', 'finite',
           'keeps_apart', 'whole_apart']

APART = 'apart/'  # what the names of its arrays begin with
METHODS = 'begin', 'gradients', 'update', 'form', 'settings', 'arrays'
LOOK = 1 << 22  # values looked at together for one that is not finite


def keeps_apart(block):
    """Whether a block keeps what it learns outside its parameters, and moves it itself: see `gluonfr.nn`."""
    return all(hasattr(block, method) for method in METHODS)


def begin_apart(blocks, ctx, optimizer, seed, accumulate):
    """What comes before the first step of such blocks; a ValueError says what they do not go with."""
    for block in blocks:
        if accumulate > 1:
            raise ValueError('fit: accumulate must be 1 with {}, which samples its classes anew in each batch, got {}.'
                             .format(type(block).__name__, accumulate))
        block.begin(ctx, optimizer, seed)


def apart_arrays(blocks):
    """The arrays of such blocks by their names in a checkpoint, as they lie in memory."""
    return {full: array for name, block in blocks.items() for full, array in _named(name, block.arrays()).items()}


def whole_apart(blocks, workers):
    """`apart_arrays` for a checkpoint: of tables that are divided over the workers the whole, in the first worker."""
    found = apart_arrays({name: block for name, block in blocks.items() if rows_of(block) is None})
    for name, block in blocks.items():
        if rows_of(block) is not None:
            whole = block.whole_arrays(lambda rows, own: gather_rows(workers, rows, own))
            found.update(_named(name, whole))
    return found


def apart_header(blocks, arrays):
    """What a checkpoint says of such blocks and of the names of their arrays."""
    return {'form': {name: block.form() for name, block in blocks.items()},
            'settings': {name: block.settings() for name, block in blocks.items()},
            'arrays': list(arrays)}


def apart_faults(saved, blocks, settings=True):
    """In what the blocks differ from those that a checkpoint is of, as a list of phrases.

    Parameters
    ----------
    saved : dict
        What `apart_header` gave; empty for a checkpoint of none.
    blocks : dict of str to Block
    settings : bool
        Whether the settings must agree, too, as for a run that goes on.
    """
    forms = saved.get('form', {})
    faults = ['the table of {} is missing'.format(name) for name in blocks if name not in forms]
    faults += ['the table of {} is not in the model'.format(name) for name in forms if name not in blocks]
    for name in (name for name in blocks if name in forms):
        pairs = [(forms[name], blocks[name].form())]
        pairs += [(saved['settings'][name], blocks[name].settings())] if settings else []
        faults += ['{} of {} was {} and is {}'.format(what, name, then.get(what), value) for then, now in pairs
                   for what, value in now.items() if value != then.get(what)]
    return faults


def fill_apart(path, blocks):
    """Read the arrays of such blocks from a checkpoint that fits them."""
    for name, block in blocks.items():
        def read(arrays, name=name):
            fill_from_npz(path, _named(name, arrays))

        if rows_of(block) is None:
            read(block.arrays(drawn=False))
        else:
            block.fill(read)


def _named(name, arrays):
    """Arrays of a block by their names in a checkpoint."""
    return {'{}{}/{}'.format(APART, name, part): array for part, array in arrays.items()}


def finite(array):
    """Whether all values of an array are; a large one needs little memory for that."""
    flat = array.reshape(-1)
    return all(np.isfinite(flat[start:start + LOOK]).all() for start in range(0, flat.size, LOOK))
