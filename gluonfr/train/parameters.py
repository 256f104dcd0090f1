"""The parameters of net, head and loss as one named set: start values, decay multipliers, gradients."""
import re

import mxnet as mx
from mxnet import nd

from .together import rows_of

__all__ = ['apply_wd_mult', 'check_grad_req', 'check_gradients', 'clip_global_norm', 'initialize', 'list_ctx',
           'named_parameters', 'zero_gradients']


def named_parameters(**blocks):
    """Parameters of the blocks by a name that is the same in every process.

    Gluon's own names count the blocks made so far; these follow the attributes, as in 'net/features.0.weight'.

    Parameters
    ----------
    blocks : Block or None
        By the name to prefix.

    Returns
    -------
    dict of str to Parameter
        Every parameter once, also one that two blocks share.
    """
    named, seen = {}, set()
    for prefix, block in blocks.items():
        if block is None:
            continue
        found = list(block._collect_params_with_prefix().items())
        found += [(p.name, p) for p in block.collect_params().values()]  # those that are no attribute
        for name, param in found:
            if id(param) not in seen:
                seen.add(id(param))
                named['{}/{}'.format(prefix, name)] = param
    names = [param.name for param in named.values()]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError('fit: different parameters of net, head and loss must have different names, got {} twice. '
                         'Give one block another prefix.'.format(', '.join(twice[:5])))
    return named


def list_ctx(params):
    """Contexts the first initialised of the parameters lives on, or the current context."""
    for param in params:
        if param._data is not None or param._deferred_init:
            return param.list_ctx()
    return [mx.current_context()]


def initialize(params, ctx, initializer):
    """Give parameters that have no values theirs, and bring all to `ctx`."""
    for param in params:
        if param._data is None and not param._deferred_init:
            param.initialize(ctx=ctx, default_init=initializer)
        elif param.list_ctx() != ctx:
            param.reset_ctx(ctx)


def apply_wd_mult(params, wd_mult):
    """Set `wd_mult` of the parameters whose Gluon name matches a pattern; the last pattern that matches counts.

    Parameters
    ----------
    params : iterable of Parameter
    wd_mult : dict of str to float
        Regular expression (matched from the beginning of the name, as `collect_params` does) -> multiplier >= 0.

    Raises
    ------
    ValueError
        A pattern that matches nothing, or a negative multiplier.
    """
    params = list(params)
    for pattern, value in wd_mult.items():
        if not value >= 0:
            raise ValueError('fit: wd_mult must be >= 0, got {} for {!r}.'.format(value, pattern))
        matching = [param for param in params if re.match(pattern, param.name)]
        if not matching:
            raise ValueError('fit: wd_mult pattern {!r} matches no parameter. The names are {}.'.format(
                pattern, ', '.join(param.name for param in params)))
        for param in matching:
            param.wd_mult = value


def zero_gradients(params, ctx):
    """Zero the gradients on contexts that had no sample in this batch, and count them as computed."""
    for param in params:
        for context in ctx:
            param.grad(context)[:] = 0
            param.data(context)._fresh_grad = True


def check_grad_req(named):
    """Raise ValueError for parameters that sum their gradients over steps: nothing would ever set them to zero."""
    summed = [name for name, param in named.items() if param.grad_req == 'add']
    if summed:
        raise ValueError("fit: grad_req must be 'write' or 'null', got 'add' for {}. Set net.collect_params().setattr("
                         "'grad_req', 'write'); for the gradient of more samples a step give larger batches.".format(
                             ', '.join(summed[:5]) + (', ...' if len(summed) > 5 else '')))


def check_gradients(named):
    """Raise ValueError if the loss does not reach one of the trained parameters."""
    stale = [name for name, param in named.items() if not all(data._fresh_grad for data in param.list_data())]
    if stale:
        raise ValueError("fit: the loss must depend on every trained parameter, got no gradient for {}. Leave the "
                         "unused part out, or freeze it with param.grad_req = 'null'.".format(', '.join(stale)))


def clip_global_norm(params, max_norm, scale, others=(), workers=None):
    """Shrink gradients so that their common 2-norm, times `scale`, is at most `max_norm`; never waits for the device.

    Parameters
    ----------
    params : list of Parameter
        Dense gradients, equal on all contexts (after `Trainer.allreduce_grads`).
    max_norm : float
        Bound, > 0.
    scale : float
        What the optimizer will multiply the gradients with, 1 / batch size: the bound is meant for that product.
    others : list of NDArray
        Gradients that lie elsewhere, of a training on one context.
    workers : Alone or None
        Who have the other rows of tables that are divided (`rows_of`), which are counted, too.
    """
    contexts, whole = params[0].list_ctx(), [param for param in params if rows_of(param) is None]
    divided, of_divided = [param.list_grad()[0] for param in params if rows_of(param) is not None], []
    together = workers is not None and workers.count > 1  # then others are divided, too
    parts = divided + [grad.as_in_context(contexts[0]) for grad in others if together]
    if parts:
        of_divided = [nd.multi_sum_sq(*parts, num_arrays=len(parts)).sum()]
        workers.sum('squares of rows', of_divided)
    for context in contexts:
        grads = [param.grad(context) for param in whole]
        counted = grads if together else grads + [grad.as_in_context(context) for grad in others]
        grads = grads + [grad.as_in_context(context) for grad in others]
        by_dtype = [[grad for grad in counted if grad.dtype == dtype] for dtype in {grad.dtype for grad in counted}]
        squares = [nd.multi_sum_sq(*same, num_arrays=len(same)).sum() for same in by_dtype]
        norm = nd.add_n(*squares, *of_divided).sqrt() * scale
        factor = nd.minimum(max_norm / nd.maximum(norm, 1e-12), 1.0)
        for grad in grads + divided:
            nd.broadcast_mul(grad, factor.astype(grad.dtype, copy=False).reshape((1,) * grad.ndim), out=grad)
        for grad, bounded in zip(others, grads[len(whole):]):
            if bounded is not grad:
                bounded.copyto(grad)
