"""How many candidates, for how long: successive halving that fits into some minutes, decided before it begins."""
import math
from collections import namedtuple
from typing import List, Optional, Tuple

__all__ = ['EPOCHS', 'FINALISTS', 'Plan', 'Speeds', 'fit_plan', 'make_rungs', 'plan_seconds']

QUARTER = 4      # a rung keeps a quarter of its candidates, and trains them four times as long
FINALISTS = 3    # are fine-tuned
EPOCHS = 8       # of the last rung
LEAST_FINETUNE, MOST_FINETUNE = 10, 2  # steps, epochs
LEAST = 4        # candidates
SHARE = 0.4      # of the time, for the search on embeddings, where the finalists are fine-tuned
START_SHARE, LEAST_START, MOST_START = 0.4, 1, 20  # of the time, and epochs, for a network to begin with

Speeds = namedtuple('Speeds', 'adapt_begin adapt_step finetune_begin finetune_step embed')
Speeds.__doc__ = """Seconds to begin a training on embeddings, a step of it, the same on images, to embed all images."""

Plan = namedtuple('Plan', 'candidates rungs finetune_steps start_steps')
Plan.__doc__ = """What a search does.

Parameters
----------
candidates : int
rungs : list of (int, int)
    How many candidates each rung trains, and for how many steps.
finetune_steps : int
    Of each finalist; 0 for none.
start_steps : int
    Of the network to begin with, for each fold; 0 where it is given.
"""


def make_rungs(candidates: int, rungs: int, steps: int) -> List[Tuple[int, int]]:
    """(candidates, steps) of each rung: a quarter goes on, but at least three, for four times the steps.

    Examples
    --------
    >>> from gluonfr.tune.plan import make_rungs
    >>> make_rungs(40, 3, 800)
    [(40, 50), (10, 200), (3, 800)]
    >>> make_rungs(3, 3, 800)
    [(3, 800)]
    """
    counts = [candidates]
    while len(counts) < rungs and counts[-1] > FINALISTS:
        counts.append(max(FINALISTS, math.ceil(counts[-1] / QUARTER)))
    return [(count, max(1, steps // QUARTER ** (len(counts) - 1 - i))) for i, count in enumerate(counts)]


def plan_seconds(plan: Plan, speeds: Speeds, folds: int) -> float:
    """How long a plan should take."""
    seconds = sum(count * (speeds.adapt_begin + steps * speeds.adapt_step) for count, steps in plan.rungs) * folds
    if plan.finetune_steps:
        finalists = min(plan.candidates, FINALISTS)
        seconds += finalists * (speeds.embed + folds * (
            speeds.finetune_begin + plan.finetune_steps * speeds.finetune_step))
    if plan.start_steps:
        seconds += folds * (speeds.finetune_begin + plan.start_steps * speeds.finetune_step + speeds.embed)
    return seconds


def fit_plan(seconds: float, speeds: Speeds, *, folds: int, available: int, epoch: int, rungs: int,
             finetune: bool = True, start: bool = False, finetune_steps: Optional[int] = None) -> Optional[Plan]:
    """The largest plan that takes no longer, None where even the smallest does.

    Parameters
    ----------
    seconds : float
    speeds : Speeds
    folds, available, epoch, rungs : int
        Folds of people; candidates there are; steps of an epoch; rungs at most.
    finetune, start : bool
        Whether finalists are fine-tuned, and whether a network must be trained to begin with.
    finetune_steps : int or None
        Of each finalist, where it is given; None for as many as fit.

    Examples
    --------
    >>> from gluonfr.tune.plan import Speeds, fit_plan
    >>> fit_plan(900, Speeds(0.5, 0.01, 5, 0.8, 30), folds=3, available=150, epoch=60, rungs=3)
    Plan(candidates=76, rungs=[(76, 30), (19, 120), (5, 480)], finetune_steps=56, start_steps=0)
    >>> fit_plan(60, Speeds(0.5, 0.01, 5, 0.8, 30), folds=3, available=150, epoch=60, rungs=3)
    """
    start_steps = 0
    if start:
        room = START_SHARE * seconds / folds - speeds.finetune_begin - speeds.embed
        start_steps = min(int(room / speeds.finetune_step), MOST_START * epoch)
        if start_steps < LEAST_START * epoch:
            return None
    left = seconds - plan_seconds(Plan(0, [], 0, start_steps), speeds, folds)
    for epochs in (EPOCHS, EPOCHS // 2, EPOCHS // 4, 1):
        most = left * (SHARE if finetune else 1)
        count = next((count for count in range(available, 0, -1) if plan_seconds(
            Plan(count, make_rungs(count, rungs, epochs * epoch), 0, 0), speeds, folds) <= most), 0)
        if count >= min(available, LEAST * (QUARTER if epochs > 1 else 1)):
            break
    else:
        return None
    plan = Plan(count, make_rungs(count, rungs, epochs * epoch), 0, 0)
    if not finetune:
        return plan._replace(start_steps=start_steps)
    beside = plan_seconds(plan._replace(finetune_steps=1), speeds, folds)
    steps = 1 + int((left - beside) / (min(count, FINALISTS) * folds * speeds.finetune_step))
    if steps < (finetune_steps or LEAST_FINETUNE):
        return None
    return plan._replace(finetune_steps=finetune_steps or min(steps, MOST_FINETUNE * epoch), start_steps=start_steps)
