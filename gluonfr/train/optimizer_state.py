"""The optimizer of a Trainer as plain arrays and JSON, and back."""
from mxnet import nd

__all__ = ['optimizer_numbers', 'pack_optimizer', 'unpack_optimizer']

# Set by every step, or kept elsewhere: no state of their own.
DERIVED = ('rescale_grad', 'num_update', 'begin_num_update', 'aggregate_num')


def pack_optimizer(trainer, params, start, arrays):
    """Describe the optimizer and add its state arrays to `arrays`.

    Parameters
    ----------
    trainer : gluon.Trainer
        Updating on the contexts, not in a key-value store.
    params : dict of str to Parameter
        Names of the parameters.
    start : dict
        `optimizer_numbers` when this run made the optimizer.
    arrays : dict
        Gets 'optimizer/<parameter>/<i>' -> NumPy array. The first context's states stand for all: the contexts
        take the same updates.

    Returns
    -------
    dict
        JSON-ready: class, num_update, counts by parameter, changed (plain numbers among the attributes that the run has
        changed, such as Nadam's running product), states (their nesting, each leaf the name of an array).
    """
    optimizer = trainer.optimizer
    names = _names(trainer, params)
    counts = optimizer._all_index_update_counts[_devices(trainer)[0]] if optimizer.num_update else {}
    return {'class': type(optimizer).__name__, 'num_update': optimizer.num_update,
            'counts': {names[i]: count for i, count in counts.items()},
            'changed': {name: value for name, value in optimizer_numbers(optimizer).items()
                        if value != start.get(name)},
            'states': {names[i]: _pack(state, 'optimizer/' + names[i], arrays)
                       for i, state in trainer._updaters[0].states.items()}}


def unpack_optimizer(packed, arrays, trainer, params):
    """Bring a fresh trainer's optimizer to the packed state.

    Plain numbers are restored only where the run that saved them had changed them since it began; hyper-parameters
    given now stay as given.
    """
    optimizer = trainer.optimizer
    indices = {name: i for i, name in _names(trainer, params).items()}
    counts = {indices[name]: count for name, count in packed['counts'].items()}
    for device in _devices(trainer):
        optimizer._all_index_update_counts[device] = dict(counts)
    optimizer._set_current_context(_devices(trainer)[0])
    optimizer.num_update = packed['num_update']
    vars(optimizer).update(packed['changed'])
    for updater, ctx in zip(trainer._updaters, trainer._contexts):
        updater.states = {indices[name]: _unpack(state, arrays, ctx) for name, state in packed['states'].items()}
        updater.states_synced = dict.fromkeys(updater.states, True)


def optimizer_numbers(optimizer):
    """The plain numbers among an optimizer's attributes."""
    return {name: value for name, value in vars(optimizer).items()
            if type(value) in (bool, int, float) and name not in DERIVED}


def _names(trainer, params):
    by_id = {id(param): name for name, param in params.items()}
    return {i: by_id[id(param)] for i, param in enumerate(trainer._params)}


def _devices(trainer):
    return [ctx.device_id for ctx in trainer._contexts]


def _pack(state, name, arrays):
    if state is None:
        return None
    if isinstance(state, (tuple, list)):
        return [_pack(part, '{}/{}'.format(name, i), arrays) for i, part in enumerate(state)]
    if not isinstance(state, nd.NDArray):
        raise TypeError('the optimizer state of {} must be made of NDArrays to be saved, got {}.'.format(
            name, type(state).__name__))
    arrays[name] = state.asnumpy()
    return name


def _unpack(state, arrays, ctx):
    if state is None:
        return None
    if isinstance(state, list):
        return tuple(_unpack(part, arrays, ctx) for part in state)
    return nd.array(arrays[state], ctx=ctx, dtype=arrays[state].dtype)
