"""State that lives in the graph: counters and running values that training moves and inference leaves alone.

MXNet has no assignment operator for user graphs. Its optimizer operators do write to one of their inputs, and
`sgd_mom_update` with momentum 1, rate -1 and no decay writes ``state + delta``: an exact in-place sum that works
imperatively, in a hybridized graph and inside somebody else's hybridized block.
"""
import json

import mxnet as mx

__all__ = ['training_flag', 'accumulate', 'follow']


def training_flag(F, like):
    """1 in training mode and 0 in inference, of the shape of ``like`` (an array or Symbol), without gradient.

    Dropout with rate 1/2 turns a one into 0 or 2 in training and leaves it alone in inference: (x - 1)^2 tells which.
    """
    ones = F.ones_like(F.BlockGrad(like))
    return F.BlockGrad(F.square(F.Dropout(ones, p=0.5) - 1))


def accumulate(F, state, delta):
    """Add ``delta`` to ``state`` in place and return the new value, without gradient.

    Parameters
    ----------
    state : NDArray or Symbol
        A parameter with ``grad_req='null'``.
    delta : NDArray or Symbol
        What to add, of the shape of ``state``.

    The result must reach the output of the graph, or the update is pruned from it.
    """
    delta = F.BlockGrad(delta)
    zero = F.zeros_like(delta)
    if F is mx.nd:
        new = F.sgd_mom_update(zero, delta, state, lr=-1.0, momentum=1.0, wd=0.0)
    else:
        new = _update_graph(state.name + '_update')(weight=zero, grad=delta, mom=state)
    return F.BlockGrad(new)


def follow(F, state, value, rate):
    """Move ``state`` towards ``value`` in training.

    Parameters
    ----------
    state : NDArray or Symbol
        A parameter with ``grad_req='null'``.
    value : NDArray or Symbol
        Where to, of the shape of ``state``. NaN and infinity move nothing, so that no bad batch stays in the state.
    rate : number, or NDArray or Symbol of the shape of ``state``
        The part of the way, in [0, 1].

    Returns
    -------
    before, after : NDArray or Symbol
        What the state was and what it is now, without gradient. As for `accumulate`, ``after`` must reach the output.
    """
    before = F.BlockGrad(state + 0)  # a copy that the update waits for: right in whatever order a graph runs
    way = (F.BlockGrad(value) - before) * rate
    way = F.where(F.abs(way) < float('inf'), way, F.zeros_like(way))
    return before, accumulate(F, state, way * training_flag(F, before))


def _update_graph(name):
    # mx.sym.sgd_mom_update cannot be composed by keyword ("Not enough argument"); the same node read from JSON can.
    nodes = [{'op': 'null', 'name': n, 'inputs': []} for n in ('weight', 'grad', 'mom')]
    nodes.append({'op': 'sgd_mom_update', 'name': name, 'attrs': {'lr': '-1', 'momentum': '1', 'wd': '0'},
                  'inputs': [[0, 0, 0], [1, 0, 0], [2, 0, 0]]})
    return mx.sym.load_json(json.dumps({'nodes': nodes, 'arg_nodes': [0, 1, 2], 'heads': [[3, 0, 0]],
                                        'attrs': {'mxnet_version': ['int', 10901]}}))
