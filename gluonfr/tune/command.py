"""The command line that uses the winner."""
import math
import shlex
from typing import Any, Dict

from ..loss import loss_keywords
from .candidates import Candidate
from .plan import Plan
from .training import AUGMENT, CLIP, SLOWER, batch_of, steps_of_epoch

__all__ = ['train_command']

NEW_EPOCHS, TUNED_EPOCHS = 20, 4


def train_command(data: str, out: str, start: Dict[str, Any], candidate: Candidate, plan: Plan, images: int) -> str:
    """`gluonfr train` on all people, as a shell takes it.

    Parameters
    ----------
    data, out : str
        The set, and the folder for the run.
    start : dict
        Options that begin with the network of the search: network and, where weights are given, finetune and freeze.
    candidate : Candidate
        The winner.
    plan : Plan
    images : int
        Of the set.

    Examples
    --------
    >>> from gluonfr.tune import Candidate
    >>> from gluonfr.tune.command import train_command
    >>> print(train_command('PEOPLE', 'run', {'network': 'lenetplus'}, Candidate('arcface', (('m', 0.3),), 0.1), None,
    ...                     5000))
    gluonfr train --dataset PEOPLE --network lenetplus --loss arcface --loss-args m=0.3 --lr 0.1 --warmup auto \
--clip 5 --batch-size 64 --augment mirror --epochs 20 --margin-warmup auto --out run
    """
    words = ['gluonfr', 'train', '--dataset', data]
    for name, value in start.items():
        values = ['{}={}'.format(*pair) for pair in value.items()] if isinstance(value, dict) else (
            value if isinstance(value, list) else [value])
        words += ['--' + name, *values] if values else []
    words += ['--loss', candidate.loss]
    if candidate.arguments:
        words += ['--loss-args', *('{}={}'.format(*pair) for pair in candidate.arguments)]
    new = 'finetune' not in start
    words += ['--lr', '{:g}'.format(candidate.lr), '--warmup', 'auto', '--clip', '{:g}'.format(CLIP),
              '--batch-size', str(batch_of(images)), '--augment', AUGMENT,
              '--epochs', str(NEW_EPOCHS if new else _epochs(plan, images))]
    if not new:
        words += ['--lr-mult', 'net/={:g}'.format(SLOWER)]
    if new and 'margin_warmup' in loss_keywords(candidate.loss):
        words += ['--margin-warmup', 'auto']
    return ' '.join(map(shlex.quote, words + ['--out', out]))


def _epochs(plan, images):
    """As long as the finalists were trained, but at least some epochs."""
    return max(TUNED_EPOCHS, math.ceil(plan.finetune_steps / steps_of_epoch(images)))
