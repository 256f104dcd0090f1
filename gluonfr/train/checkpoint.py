"""Checkpoints: one file that holds all a run needs to go on as if it had never stopped.

A checkpoint is an uncompressed NumPy archive (.npz; nothing in it is unpickled) with
 - 'header': JSON as bytes: position (epoch, batch, step), seed, history, metrics, the sums of the running epoch and log
   interval, the optimizer's class, update counts and changed numbers, the structure of its states, and the list of
   arrays;
 - 'net/...', 'head/...', 'loss/...': a parameter by its place in the block; those with ``grad_req='null'`` (running
   statistics, counters) as (contexts, ...) since each context has its own;
 - 'average/<parameter>': its average over the updates, where the run keeps one;
 - 'optimizer/<parameter>/<i>': the optimizer's state arrays;
 - 'apart/head/...': what a head keeps outside its parameters (`apart.py`), left in the file where nobody asks for it.

The learning-rate schedule stands where the update count says, the sampler where (epoch, batch) say, and all random
numbers follow from (seed, step): see `seed_step`.
"""
import json
import os
import re
import warnings
from collections import namedtuple
from typing import Any, Dict, Optional

import numpy as np
from mxnet import nd
from mxnet.gluon import Block

from ..utils.check import fits
from ..utils.arrays_file import fill_from_npz, read_npz
from ..utils.files import atomic_path, save_npz
from ..utils.messages import counted
from ..utils.params_file import CLASS_LAYER, save_whole
from .apart import APART, apart_arrays, apart_faults, apart_header, fill_apart, finite, keeps_apart, whole_apart
from .optimizer_state import pack_optimizer, unpack_optimizer
from .parameters import named_parameters
from .state import NonFiniteLoss
from .together import check_same, mean_statistics, own_rows_of, whole_tables

__all__ = ['CheckpointError', 'DamagedCheckpoint', 'atomic_path', 'checkpoint_name', 'find_checkpoint',
           'list_checkpoints', 'load_weights', 'read_checkpoint', 'restore', 'save_checkpoint',
           'save_parameters_atomic']

FORMAT = 'gluonfr-checkpoint-1'
AVERAGE = 'average/'
CheckpointFile = namedtuple('CheckpointFile', 'path header arrays')


class CheckpointError(ValueError):
    """A checkpoint that does not fit what it is loaded into."""


class DamagedCheckpoint(CheckpointError):
    """A file that is truncated, altered or no checkpoint."""


def save_parameters_atomic(block: Block, path: str) -> None:
    """`block.save_parameters(path)` that never leaves half a file; the folder is made, a full disk is an OSError."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with atomic_path(path) as temporary:
        save_whole(temporary, block.save_parameters)


def save_checkpoint(path, state):
    """Write the state of a run, if all of it is finite.

    Parameters
    ----------
    path : str
        File to write, atomically. Of several workers all call this, and the first writes.
    state : TrainState

    Raises
    ------
    NonFiniteLoss
        A loss of the steps so far, a parameter or a running statistic is NaN or infinite. Nothing is written.
    """
    state.read_losses()
    mean_statistics(state)
    arrays = {name: _values(param, param.list_data()) for name, param in state.params.items()}
    apart = apart_arrays(state.apart)
    bad = next((name for name, array in {**arrays, **apart}.items() if not finite(array)), None)
    if state.workers.any(bad is not None):
        raise NonFiniteLoss('parameter {} is not finite after the update'.format(bad or 'of another worker'),
                            state.step, state.epoch + (1 if state.batch else 0), state.learning_rate,
                            state.last_checkpoint)
    check_same(state, arrays)
    header = {'format': FORMAT, 'contexts': len(state.ctx),
              'per_context': [name for name, param in state.params.items() if param.grad_req == 'null'],
              'optimizer': pack_optimizer(state.trainer, state.params, state.optimizer_start, arrays)}
    header.update({name: getattr(state, name) for name in _POSITION + _RECORDS})
    header.update(meter=state.meter.totals(), intervals=state.intervals, data=_data_identity(state),
                  accumulate=state.accumulate)
    if state.average is not None:
        header['average'] = {'decay': state.average.decay, 'updates': state.average.updates}
        arrays.update({AVERAGE + name: _values(state.params[name], values)
                       for name, values in state.average.values.items()})
    header['arrays'] = sorted(arrays)
    arrays = whole_tables(state, arrays)
    if apart:
        apart = whole_apart(state.apart, state.workers)
        header['apart'] = apart_header(state.apart, apart)
    text = json.dumps(header, default=float).encode('utf-8')
    arrays['header'] = np.frombuffer(text, dtype=np.uint8)
    if state.workers.first:
        save_npz(path, {**apart, **arrays})
    state.workers.any(False)  # it is there for all


def read_checkpoint(path, whole=True):
    """Read and check a checkpoint.

    Parameters
    ----------
    path : str
    whole : bool
        Whether to check what lies apart from the parameters, too. It is read through for that, and not kept.

    Returns
    -------
    CheckpointFile
        path, header (dict) and arrays (dict of NumPy arrays).

    Raises
    ------
    DamagedCheckpoint
        The file is truncated, altered (its checksums tell) or no checkpoint.
    FileNotFoundError
        There is none; the message lists the checkpoints beside it.
    """
    if not os.path.isfile(path):
        beside = [os.path.basename(other) for other in list_checkpoints(os.path.dirname(path))]
        raise FileNotFoundError('no checkpoint at {}. The folder holds: {}.'.format(
            path, ', '.join(beside) or 'no checkpoint'))
    try:
        arrays = read_npz(path, leave=APART)
        header = json.loads(arrays.pop('header').tobytes().decode('utf-8'))
        if whole and _has(header, apart=dict):
            fill_from_npz(path, dict.fromkeys(header['apart']['arrays']))
    except (KeyError, RecursionError, ValueError) as error:
        raise DamagedCheckpoint(_damaged(path, error)) from error
    if not _has(header, arrays=list, per_context=list) or header.get('format') != FORMAT \
            or header['arrays'] != sorted(arrays) or not isinstance(header.get('apart', {}), dict):
        raise DamagedCheckpoint(_damaged(path, 'it is of another format or lacks arrays'))
    return CheckpointFile(path, header, arrays)


def checkpoint_name(step):
    """File name of the checkpoint after `step` updates."""
    return 'step-{:08d}.npz'.format(step)


def list_checkpoints(folder):
    """Paths of the checkpoints in a folder, oldest step first."""
    if not os.path.isdir(folder or '.'):
        return []
    names = sorted(name for name in os.listdir(folder or '.') if re.fullmatch(r'step-\d{8,}\.npz', name))
    return [os.path.join(folder, name) for name in sorted(names, key=lambda name: int(name[5:-4]))]


def find_checkpoint(resume, callbacks=(), rename=True):
    """The checkpoint that `resume` means, read; None for a fresh start.

    Parameters
    ----------
    resume : str or None
        A file, a folder, or 'auto' for the `checkpoint_folder` of one of the callbacks. In a folder the newest whole
        checkpoint counts; a damaged newer one is reported and, with `rename`, renamed to '<name>.damaged'.
    """
    if resume is None:
        return None
    if resume == 'auto':
        folders = [callback.checkpoint_folder for callback in callbacks if hasattr(callback, 'checkpoint_folder')]
        if not folders:
            raise ValueError("fit: resume='auto' needs a Checkpoint callback, which says the folder.")
        resume = folders[0]
    elif not os.path.isdir(resume):
        return read_checkpoint(resume)
    paths = list_checkpoints(resume)
    damaged = []
    for path in reversed(paths):
        try:
            found = read_checkpoint(path)
        except DamagedCheckpoint as error:
            warnings.warn('{} Trying the one before.'.format(error), stacklevel=3)
            damaged.append(path)
            continue
        for bad in damaged if rename else []:
            os.replace(bad, bad + '.damaged')
        return found
    if paths:
        raise DamagedCheckpoint('every checkpoint in {} is damaged: {}. Start afresh in another folder.'.format(
            resume, ', '.join(map(os.path.basename, paths))))
    return None


def restore(checkpoint, state):
    """Put a `TrainState` where the checkpoint stands: parameters, optimizer, position, history.

    Raises
    ------
    CheckpointError
        Names every parameter that is missing, unknown or of another shape, or the setting that differs.
    """
    checkpoint = checkpoint._replace(arrays=own_rows_of(checkpoint.arrays, state.params))
    header, path = checkpoint.header, checkpoint.path
    if not _has(header, contexts=int, optimizer=dict, meter=dict, data=dict, history=list,
                **dict.fromkeys(_POSITION, int)) or not {'metrics', 'best'} <= set(header):
        raise CheckpointError('{} lacks what a training needs to go on from it.'.format(path))
    _same_trained(checkpoint, state.params)
    _require(path, 'seed', header['seed'], state.seed)
    _require(path, 'optimizer', header['optimizer']['class'], type(state.trainer.optimizer).__name__)
    _require(path, 'ema', header.get('average', {}).get('decay'), state.average and state.average.decay)
    if header['batch']:
        _require(path, 'accumulate', header.get('accumulate', 1), state.accumulate)
        for name, value in _data_identity(state).items():
            _require(path, 'train_data ' + name, header['data'].get(name), value)
    if header['contexts'] != len(state.ctx):
        warnings.warn('{} was written by a run on {} and continues on {}: running statistics are averaged, so '
                      'the result is not bit-identical.'.format(
                          path, counted(header['contexts'], 'context'), len(state.ctx)), stacklevel=3)
    _fits_apart(checkpoint, state.apart)
    _set_parameters(checkpoint, state.params)
    fill_apart(path, state.apart)
    if state.average is not None:
        _set_average(checkpoint, state)
    unpack_optimizer(header['optimizer'], checkpoint.arrays, state.trainer, state.params)
    for name in _POSITION + _RECORDS:
        setattr(state, name, header[name])
    state.meter.restore(header['meter'])
    state.intervals = header.get('intervals', {})  # the checkpoints of gluonfr 2.0.0.dev0 had none
    state.last_checkpoint = path


def load_weights(path: str, *, net: Optional[Block] = None, head: Optional[Block] = None,
                 loss: Optional[Block] = None) -> Dict[str, Any]:
    """Load the parameters of the given blocks from a checkpoint, to fine-tune, evaluate or export.

    Of a run that averages its weights it takes the averages. The blocks must be initialised (deferred shapes are fine).
    Parts that are None stay in the file, and so does a class layer of a `FrBase` where `net` has none. The class
    centres of a `PartialFC` are read only if it is given.

    Returns
    -------
    dict
        The checkpoint's header: epoch, step, history, metrics, ...

    Raises
    ------
    CheckpointError
        The file is damaged or does not fit, with the names.
    """
    blocks = {name: block for name, block in (('net', net), ('head', head), ('loss', loss)) if block is not None}
    apart = {name: block for name, block in blocks.items() if keeps_apart(block)}
    checkpoint = read_checkpoint(path, whole=bool(apart))
    averages = {name[len(AVERAGE):]: array for name, array in checkpoint.arrays.items() if name.startswith(AVERAGE)}
    checkpoint = checkpoint._replace(arrays={**checkpoint.arrays, **averages})
    if head is not None:
        _fits_apart(checkpoint, apart, settings=False)
    params, layer = named_parameters(**blocks), 'net/' + CLASS_LAYER
    checkpoint = checkpoint._replace(arrays=own_rows_of(checkpoint.arrays, params))
    if not any(name.startswith(layer) for name in params):
        arrays = {name: array for name, array in checkpoint.arrays.items() if not name.startswith(layer)}
        checkpoint = checkpoint._replace(arrays=arrays)
    _set_parameters(checkpoint, params, prefixes=tuple(name + '/' for name in blocks))
    fill_apart(path, apart)
    return checkpoint.header


_POSITION = ('seed', 'epoch', 'batch', 'step')
_RECORDS = ('history', 'metrics', 'best')


def _values(param, arrays):
    """What a checkpoint keeps of a parameter's arrays, one for each context."""
    if param.grad_req == 'null':
        return np.stack([array.asnumpy() for array in arrays])
    return arrays[0].asnumpy()  # equal on all contexts: they took the same updates


def _fits_apart(checkpoint, blocks, settings=True):
    faults = apart_faults(checkpoint.header.get('apart', {}), blocks, settings)
    if faults:
        raise CheckpointError('{} does not fit the model: {}.'.format(checkpoint.path, '; '.join(faults)))


def _same_trained(checkpoint, params):
    """The optimizer has no states of parameters that were frozen; those that do not exist are named elsewhere."""
    before = set(checkpoint.header['per_context'])
    other = ['{} ({} then)'.format(name, 'frozen' if name in before else 'trained') for name, param in params.items()
             if name in checkpoint.arrays and (param.grad_req == 'null') != (name in before)]
    if other:
        raise CheckpointError('{} was written by a run that trained other parameters: {}. Freeze what it froze, or '
                              'start afresh from its weights with load_weights.'.format(
                                  checkpoint.path, ', '.join(other[:5]) + (', ...' if len(other) > 5 else '')))


def _set_parameters(checkpoint, params, prefixes=('net/', 'head/', 'loss/')):
    saved = {name: array for name, array in checkpoint.arrays.items() if name.startswith(prefixes)}
    faults = ['{} is missing'.format(name) for name in params if name not in saved]
    faults += ['{} is not in the model'.format(name) for name in saved if name not in params]
    per_context = set(checkpoint.header['per_context'])
    for name in (name for name in params if name in saved):
        shape = saved[name].shape[1 if name in per_context else 0:]
        if not fits(params[name].shape, shape):
            faults.append('{} is {} and the model has {}'.format(name, shape, params[name].shape))
    if faults:
        raise CheckpointError('{} does not fit the model: {}.'.format(checkpoint.path, '; '.join(faults)))
    for name, param in params.items():
        copies = saved[name] if name in per_context else saved[name][None]
        if param._data is None:
            param.set_data(nd.array(_average(copies), dtype=param.dtype))
            continue
        _write(param.list_data(), copies)


def _set_average(checkpoint, state):
    """Put the averages of the weights where the checkpoint's are."""
    per_context = set(checkpoint.header['per_context'])
    for name, values in state.average.values.items():
        saved = checkpoint.arrays[AVERAGE + name]
        _write(values, saved if name in per_context else saved[None])
    state.average.updates = checkpoint.header['average']['updates']


def _write(arrays, copies):
    """Fill the arrays of all contexts; `copies` are one for all, or one for each context of the run that was saved."""
    if len(copies) not in (1, len(arrays)):
        copies = _average(copies)[None]
    for i, array in enumerate(arrays):
        array[:] = nd.array(copies[i % len(copies)], dtype=array.dtype)


def _average(copies):
    return copies[0] if len(copies) == 1 else copies.mean(axis=0).astype(copies.dtype)


def _data_identity(state):
    return {'batches per epoch': state.steps_per_epoch, 'seed': getattr(state.train_data, 'seed', None)}


def _has(header, **kinds):
    """Whether a header is an object with entries of these kinds."""
    return isinstance(header, dict) and all(isinstance(header.get(name), kind) for name, kind in kinds.items())


def _require(path, what, saved, given):
    if saved != given:
        raise CheckpointError('{} was written by a run whose {} was {}, got {}. Resume with the same one, or start '
                              'afresh from its weights with load_weights.'.format(path, what, saved, given))


def _damaged(path, why):
    older = [other for other in list_checkpoints(os.path.dirname(path)) if os.path.basename(other) <
             os.path.basename(path)]
    hint = 'The checkpoint before it is {}.'.format(older[-1]) if older else 'There is no older one beside it.'
    return 'checkpoint {} is damaged ({}). {}'.format(path, why, hint)
