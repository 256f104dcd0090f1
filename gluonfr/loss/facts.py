"""What is known of each loss, from its docstring: what lists and tables show."""
import inspect
import re
from collections import namedtuple
from typing import List

from .base import LOSSES
from .by_name import SHARED

__all__ = ['LossFacts', 'loss_facts']

HIDDEN = SHARED | {'weight', 'with_softmax', 'weight_initializer', 'batch_size_per_gpu', 'prefix', 'params'}

LossFacts = namedtuple('LossFacts', 'name aliases title papers formula defaults use lfw')
LossFacts.__doc__ = """A loss in short.

Parameters
----------
name : str
aliases : list of str
title : str
    The first paragraph of the docstring: what it is, and the title of its paper.
papers : list of str
    Their numbers of arXiv.
formula : list of str
    LaTeX, a line each; empty where the title says it.
defaults : dict
    Values of the arguments that are its own.
use : str
    When to use it.
lfw : float or None
    Accuracy on LFW in % in its paper, where that could be checked.
"""


def loss_facts(name: str) -> LossFacts:
    """What is known of a registered loss.

    Parameters
    ----------
    name : str
        A name of `get_loss_list` or an alias of one.

    Returns
    -------
    LossFacts

    Raises
    ------
    ValueError
        Nothing has this name.

    Examples
    --------
    >>> from gluonfr.loss import loss_facts
    >>> facts = loss_facts('cosface')
    >>> facts.name, facts.papers, facts.defaults, facts.lfw
    ('cosloss', ['1801.09414', '1801.05599'], {'m': 0.35, 's': 64}, 99.73)
    """
    name = LOSSES.canonical(name)
    maker = LOSSES.get(name)
    paragraphs = (inspect.getdoc(maker) or '').partition('\nParameters\n')[0].split('\n\n')
    title, use = ' '.join(paragraphs[0].split()), 'When to use it: '
    formula: List[str] = []
    for paragraph in paragraphs:
        if paragraph.startswith('.. math::'):
            formula = [line.strip() for line in paragraph.splitlines()[1:]]
            break
    uses = [' '.join(paragraph.split())[len(use):] for paragraph in paragraphs if paragraph.startswith(use)]
    own = {key: parameter.default for key, parameter in inspect.signature(maker).parameters.items()
           if key not in HIDDEN and parameter.default is not parameter.empty}
    papers = list(dict.fromkeys(re.findall(r'\d{4}\.\d{5}', title)))
    return LossFacts(name, LOSSES.aliases(name), title, papers, formula, own, uses[0] if uses else '',
                     vars(maker).get('lfw'))
