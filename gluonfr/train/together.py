"""What the workers of a training do together: the same start, summed gradients, one set of running statistics.

Nothing here does anything in a training of one process.
"""
import numpy as np
from mxnet import nd

from ..distributed.class_shards import BLOCK
from ..distributed.shards import Rows
from ..distributed.workers import check_equal
from ..utils.messages import counted

__all__ = ['begin_together', 'call_all', 'check_same', 'gather_rows', 'mean_statistics', 'own_rows_of',
           'rows_of', 'sum_gradients', 'sum_of_step', 'whole_tables']


PIECE = 1 << 16  # statistics that are sent at once


def rows_of(param):
    """The `Rows` that a worker has of a parameter, or of what a block keeps apart; None where it has all."""
    return getattr(param, 'rows', None)


def begin_together(state):
    """Give all workers the parameters of the first one, before the first step, and see that they stand at one step.

    Raises
    ------
    ValueError
        What one process alone can train.
    RuntimeError
        Workers stand elsewhere, such as at checkpoints of folders that they do not share.
    """
    workers = state.workers
    if workers.count == 1:
        return
    alone = [type(block).__name__ for block in state.apart.values() if rows_of(block) is None]
    if alone:
        raise ValueError('fit: {} keeps its class centres in one process. Train in one, or divide the classes over the '
                         'workers (gluonfr.distributed.ShardedPartialFC, --class-shards).'.format(', '.join(alone)))
    for name, param in state.params.items():
        if rows_of(param) is None:
            for data in param.list_data():
                values = data.asnumpy() if workers.first else np.zeros(data.shape, data.dtype)
                data[:] = nd.array(workers.total(_key(name), values), dtype=data.dtype)
    if state.average is not None and not state.average.updates:
        for name, averages in state.average.values.items():
            for average, data in zip(averages, state.params[name].list_data()):
                average[:] = data.astype(average.dtype, copy=False)
    nd.waitall()
    steps = workers.gather([state.epoch, state.batch, state.step])
    if any(one != steps[0] for one in steps):
        raise RuntimeError('fit: all workers must begin at one step, got {}. They must see the same folder with '
                           'checkpoints.'.format(', '.join(str(one[-1]) for one in steps)))


def sum_gradients(state, trained):
    """Sum the gradients of the trained parameters over contexts and workers; of tables in parts each keeps its own."""
    if state.workers.count == 1:
        state.trainer.allreduce_grads()
        return
    for name, param in trained.items():
        if rows_of(param) is None:
            state.workers.sum(_key(name), param.list_grad())


def sum_of_step(workers, sums):
    """`Sums` of all workers, of those of a worker: losses, hits and distances of the step."""
    if workers.count == 1:
        return sums
    lists = [sums.losses, sums.hits, sums.distances]
    none = nd.zeros((1,))
    parts = [nd.add_n(*[one.as_in_context(none.context) for one in each]) if each else none for each in lists]
    array = nd.concat(*parts, dim=0)
    workers.sum('sums', [array])
    return sums._replace(**{name: [array[i:i + 1]] if each else [] for i, (name, each) in enumerate(
        zip(('losses', 'hits', 'distances'), lists))})


def call_all(callbacks, hook, state):
    """Call a hook of all callbacks; where one that the first worker alone has asks for a stop, all stop after it."""
    workers, asked = state.workers, None
    for callback in callbacks:
        before = state.stop_reason
        getattr(callback, hook)(state)
        if workers.count > 1 and not callback.every_worker and state.stop_reason != before:
            asked, state.stop_reason = state.stop_reason, before
    if workers.any(asked is not None):
        state.stop_reason = state.stop_reason or asked or 'the first worker has asked for a stop'


def mean_statistics(state):
    """Give all workers the mean of their running statistics: what training moves beside the gradient.

    Batches being cut alike, the means of a BatchNorm are then those over all samples; its variances lack those between
    the workers' means, as they do with several GPUs.
    """
    workers = state.workers
    if workers.count == 1:
        return
    averages = {} if state.average is None else state.average.values
    arrays = [data for name, param in state.params.items() if param.grad_req == 'null' and rows_of(param) is None
              for data in [*param.list_data(), *averages.get(name, [])]]
    if not arrays:
        return
    values, means = np.concatenate([array.asnumpy().ravel() for array in arrays]).astype('float32'), []
    for start in range(0, len(values), PIECE):
        piece = np.resize(values[start:start + PIECE], PIECE)
        means.append(workers.slots('statistics', piece).mean(axis=0, dtype='float64'))  # of equal ones, the same
    means, start = np.concatenate(means), 0
    for array in arrays:
        array[:] = nd.array(means[start:start + array.size].reshape(array.shape), dtype=array.dtype)
        start += array.size


def check_same(state, arrays):
    """Raise a RuntimeError that names the arrays, NumPy by name, that are not the same in all workers."""
    if state.workers.count > 1:
        whole = {name: array for name, array in arrays.items() if rows_of(state.params[name]) is None}
        check_equal(state.workers, whole, 'after {}'.format(counted(state.step, 'step')))


def gather_rows(workers, rows: Rows, own):
    """The whole table of which each worker has some rows, as NumPy, in the first worker; in the others their own rows.

    It goes through the servers in pieces, so that no worker but the first has more than its own.
    """
    if workers.count == 1:
        return own
    whole = np.empty((rows.whole,) + own.shape[1:], own.dtype) if workers.first else None
    for start in range(0, rows.whole, BLOCK):
        stop = min(start + BLOCK, rows.whole)
        part, low, high = np.zeros((BLOCK,) + own.shape[1:], own.dtype), max(start, rows.start), min(stop, rows.stop)
        if low < high:
            part[low - start:high - start] = own[low - rows.start:high - rows.start]
        part = workers.total('rows of {}'.format(own.shape[1:]), part)
        if workers.first:
            whole[start:stop] = part[:stop - start]
    return whole if workers.first else own


def _key(name):
    return 'parameter {}'.format(name)


def whole_tables(state, arrays):
    """`arrays` of a checkpoint, by name, with the whole of what workers have rows of: in the first worker."""
    found = {}
    for name, array in arrays.items():
        rows = _rows_by_name(name, state.params)
        divided = rows and array.shape[:1] == (rows.stop - rows.start,)
        found[name] = gather_rows(state.workers, rows, array) if divided else array
    return found


def own_rows_of(arrays, params):
    """Those of `arrays`, by name, with the rows that this worker has of tables that others have the rest of."""
    found = {}
    for name, array in arrays.items():
        rows = _rows_by_name(name, params)
        found[name] = array[rows.start:rows.stop] if rows and array.shape[:1] == (rows.whole,) else array
    return found


def _rows_by_name(name, params):
    """The `Rows` of the parameter that an array of a checkpoint belongs to: 'optimizer/head/weight/0' to 'head/weight'.

    An optimizer with one state for each parameter has 'optimizer/head/weight'; an average is 'average/head/weight'.
    """
    kind, _, rest = name.partition('/')
    owner = rest if kind in ('optimizer', 'average') else name
    param = params.get(owner) or params.get(owner.rpartition('/')[0])
    return None if param is None else rows_of(param)
