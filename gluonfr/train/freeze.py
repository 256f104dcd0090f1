"""Layers that training leaves as they are."""
import re
from typing import List, Optional, Sequence, Union

from mxnet.gluon import Block, HybridBlock
from mxnet.gluon.nn import BatchNorm

from .parameters import named_parameters

__all__ = ['NORMS', 'freeze', 'freeze_parts', 'unfreeze']

NORMS = r'net/.*(gamma|beta)$'  # of all BatchNorms, whose statistics then stay, too
BACKBONE = r'net/(?!output\.)'  # the class layer of a face network is named output


def freeze(patterns: Union[str, Sequence[str]], *, net: Block, head: Optional[Block] = None,
           loss: Optional[Block] = None) -> List[str]:
    """Keep parameters as they are: no gradient is computed for them and no optimizer has them.

    A BatchNorm whose gamma and beta are both kept normalises by its running statistics from now on, in training as in
    inference, and leaves those as they are, too. Dropout in kept layers stays at work. Call this before `fit`; the
    parameters need no values yet.

    Parameters
    ----------
    patterns : str or sequence of str
        'backbone' for all of the network but its class layer, or regular expressions, matched from the beginning of the
        names that `fit` and its checkpoints use: r'net/features\\.[0-9]\\.' for the first ten layers of the features,
        'head/'.
    net, head, loss : Block or None
        As they go to `fit`.

    Returns
    -------
    list of str
        The names of the parameters that were trained and are kept now; `unfreeze` takes them.

    Raises
    ------
    ValueError
        A pattern that is no regular expression, or matches no trained parameter; the message lists what there is.

    Examples
    --------
    >>> from gluonfr.model_zoo import get_model
    >>> from gluonfr.nn import get_head
    >>> from gluonfr.train import freeze, unfreeze
    >>> net, head = get_model('lenetplus'), get_head('cosine', 10, 2)
    >>> kept = freeze('backbone', net=net, head=head)
    >>> kept[0], net.features[0].weight.grad_req, head.weight.grad_req
    ('net/features.0.weight', 'null', 'write')
    >>> unfreeze(kept, net=net, head=head)
    """
    blocks = dict(net=net, head=head, loss=loss)
    trained = [name for name, param in named_parameters(**blocks).items() if param.grad_req != 'null']
    kept = set()
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        try:
            found = [name for name in trained if re.match(BACKBONE if pattern == 'backbone' else pattern, name)]
        except re.error as error:
            raise ValueError('freeze: a pattern must be a regular expression, got {!r} ({}).'.format(
                pattern, error)) from error
        if not found:
            raise ValueError("freeze: a pattern must be 'backbone' or match trained parameters from the beginning of "
                             'their names, got {!r}. The names begin with {}.'.format(
                                 pattern, ', '.join(_beginnings(trained))))
        kept.update(found)
    _set([name for name in trained if name in kept], blocks, 'null')
    return [name for name in trained if name in kept]


def freeze_parts(patterns: Sequence[str], *, net: Block, head: Optional[Block], loss: Block, loss_name: str) -> None:
    """Keep parameters as they are, by `freeze`, but not all of them.

    Raises
    ------
    ValueError
        A pattern fits nothing, or nothing is left to train.
    """
    freeze(patterns, net=net, head=head, loss=loss)
    blocks = [block for block in (net, head, loss) if block is not None]
    if all(param.grad_req == 'null' for block in blocks for param in block.collect_params().values()):
        raise ValueError('freeze={!r} leaves nothing to train with loss={!r}.'.format(' '.join(patterns), loss_name))


def unfreeze(names: Sequence[str], *, net: Block, head: Optional[Block] = None, loss: Optional[Block] = None) -> None:
    """Train parameters again that `freeze` has kept.

    Parameters
    ----------
    names : sequence of str
        What `freeze` returned, or a part of it.
    net, head, loss : Block or None
        As for `freeze`.
    """
    _set(names, dict(net=net, head=head, loss=loss), 'write')


def _set(names, blocks, grad_req):
    named = named_parameters(**blocks)
    params = [named[name] for name in names]
    for param in params:
        param.grad_req = grad_req
    changed = {id(param) for param in params}

    def visit(block):
        if isinstance(block, BatchNorm) and changed & {id(block.gamma), id(block.beta)}:
            block._kwargs['use_global_stats'] = block.gamma.grad_req == block.beta.grad_req == 'null'
        if isinstance(block, HybridBlock):
            block._clear_cached_op()  # its graph has BatchNorms as they were

    for block in blocks.values():
        if block is not None:
            block.apply(visit)


def _beginnings(names):
    """The first two parts of names, each once: 'net/features.0', 'head/weight'."""
    return list(dict.fromkeys('.'.join(name.split('.')[:2]) for name in names))
