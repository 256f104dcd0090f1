"""The search: rungs on embeddings, fine-tuning of the best, everything in files so that it can go on where it ended."""
import json
import logging
import os
import time
from collections import namedtuple
from typing import Any, Callable, Dict, List, Sequence

import numpy as np

from ..utils.files import read_json, save_npz, write_text
from ..utils.messages import counted
from ..utils.progress import Bar
from ..utils.vectors import unit_rows
from .candidates import Candidate
from .people import Pairs, measure
from .plan import FINALISTS, Plan
from .training import adapt, finetune

__all__ = ['FROZEN', 'Found', 'Search', 'Tried', 'agreed_plan', 'check_folder']

FROZEN = 'as it is'  # the network before any training
FINETUNED = 'fine-tuned'
PLAN, UNITS = 'plan.json', 'units'
log = logging.getLogger('gluonfr')

Tried = namedtuple('Tried', 'index candidate stage scores score')
Tried.__doc__ = """A candidate after a stage.

index : int or None
    Its number; None for the network as it is.
candidate : Candidate or None
stage : str
    'as it is', 'rung 1', ..., 'fine-tuned'.
scores : float32 array (P,), or None
    Cosines of the pairs; None where the training diverged.
score : Score or None
"""

Found = namedtuple('Found', 'stages winner')
Found.__doc__ = """{stage: list of Tried, the best first}, and the winner, a Tried of the last stage."""


def check_folder(out: str) -> None:
    """A ValueError if a folder holds what no search has written: names that a search writes would be replaced."""
    if os.path.isfile(os.path.join(out, PLAN)):
        return  # `agreed_plan` looks at whose it is
    strange = sorted(name for name in os.listdir(out) if not name.startswith(('.', 'embeddings-')))
    if strange:
        raise ValueError('tune: out must be a new or empty folder, or that of a search, got {}, which holds {}. Give '
                         'another one.'.format(out, ', '.join(strange[:3])))


def agreed_plan(out: str, facts: Dict[str, Any], make: Callable[[], Plan]) -> Plan:
    """The plan in a folder, if it was made for the same data, network and options; else `make()`, which is written.

    Raises
    ------
    ValueError
        The folder has a plan for something else.
    """
    path = os.path.join(out, PLAN)
    facts = json.loads(json.dumps(facts))
    if os.path.isfile(path):
        known = read_json(path, 'plan of a search')
        changed = [name for name in facts if known.get('facts', {}).get(name) != facts[name]]
        if changed:
            raise ValueError('tune: {} holds a search with another {}: {}. Give another folder, or the options of that '
                             'search to go on with it.'.format(out, ' and '.join(changed), '; '.join(
                                 '{} {!r} then, {!r} now'.format(name, known.get('facts', {}).get(name), facts[name])
                                 for name in changed)))
        return Plan(**dict(known['plan'], rungs=[tuple(rung) for rung in known['plan']['rungs']]))
    plan = make()
    write_text(path, json.dumps({'facts': facts, 'plan': plan._asdict()}, indent=1) + '\n')
    return plan


class Search:
    """What is the same for all candidates: images, folds, pairs, the network, and the folder of results.

    Parameters
    ----------
    start : GivenNet or NewNet
    images : data set
    labels, fold : int arrays (N,)
    pairs : Pairs
    far : float
    out : str
    seed : int
    progress : bool
    """

    def __init__(self, start: Any, images: Any, labels: np.ndarray, fold: np.ndarray, pairs: Pairs, far: float,
                 out: str, *, seed: int = 0, progress: bool = False):
        self.start, self.images, self.labels, self.fold, self.pairs = start, images, labels, fold, pairs
        self.far, self.out, self.seed, self.progress = far, out, seed, progress
        self.folds = int(fold.max()) + 1
        self.seconds = 0.0  # that the trainings took, those of earlier calls included
        self._bar = Bar(disable=True)

    def run(self, candidates: Sequence[Candidate], plan: Plan) -> Found:
        """Go through the rungs, then fine-tune; what is in files is not computed again."""
        steps = sum(count for count, _ in plan.rungs) + min(plan.candidates, FINALISTS) * bool(plan.finetune_steps)
        with Bar(total=steps * self.folds, unit='training', desc='tune', disable=not self.progress) as self._bar:
            stages = {FROZEN: [self._tried(None, None, FROZEN, 0)]}
            alive = list(enumerate(candidates[:plan.candidates]))
            for number, (count, length) in enumerate(plan.rungs, 1):
                stage = 'rung {}'.format(number)
                alive = self._stage(stages, stage, alive[:count], length)
            if plan.finetune_steps:
                alive = self._stage(stages, FINETUNED, alive[:FINALISTS], plan.finetune_steps)
        winner = list(stages.values())[-1][0]
        if winner.score is None:
            raise ValueError('tune: at least one candidate must be trained without a loss that is NaN or infinite, got '
                             '{} of which none was.'.format(counted(plan.candidates, 'candidate')))
        return Found(stages, winner)

    def grid(self, candidates: Sequence[Candidate], stage: str, steps: int, bar: Bar) -> List[Tried]:
        """All candidates in one stage, the best first; a bar shows how far it is."""
        self._bar = bar
        return ranked([self._tried(i, candidate, stage, steps) for i, candidate in enumerate(candidates)])

    def _stage(self, stages, stage, alive, steps):
        """Try those that are left; returns them, the best first, without those that diverged."""
        stages[stage] = ranked([self._tried(i, candidate, stage, steps) for i, candidate in alive])
        return [(tried.index, tried.candidate) for tried in stages[stage] if tried.score is not None] or alive

    def _tried(self, index, candidate, stage, steps):
        scores = np.zeros(len(self.pairs.same), np.float32)
        for k in range(self.folds):
            found = self._unit(index, candidate, stage, steps, k)
            if not len(found):
                scores = None
                break
            scores[self.pairs.fold == k] = found
        self._bar.update(self.folds if candidate else 0)
        return Tried(index, candidate, stage, scores,
                     None if scores is None else measure(scores, self.pairs, self.far))

    def _unit(self, index, candidate, stage, steps, k):
        """Cosines of the pairs of fold `k` (empty if the training diverged), from a file or by training."""
        name = '{}-{}-{}.npz'.format(stage.replace(' ', ''), 'net' if index is None else index, k)
        path = os.path.join(self.out, UNITS, name)
        if not os.path.isfile(path):
            self._bar.set_postfix_str('{} {}, fold {}'.format(stage, candidate or '', k + 1))
            began = time.perf_counter()
            scores = self._train(candidate, stage, steps, k)
            save_npz(path, {'scores': scores, 'seconds': np.float64(time.perf_counter() - began)})
        with np.load(path) as saved:
            self.seconds += float(saved['seconds'])
            return saved['scores']

    def _train(self, candidate, stage, steps, k):
        embeddings = self.start.embeddings(self.images, k, self.progress)
        first, second = (side[self.pairs.fold == k] for side in (self.pairs.first, self.pairs.second))
        train = np.flatnonzero(self.fold != k)
        if stage == FINETUNED:
            test = np.unique([first, second])
            found = finetune(candidate, self.start.net(k), self.images, embeddings, self.labels, train, test,
                             steps=steps, frozen=self.start.frozen, seed=self.seed)
            first, second = np.searchsorted(test, first), np.searchsorted(test, second)
        elif stage == FROZEN:
            found = embeddings
        else:
            found = adapt(candidate, embeddings, self.labels, train, steps=steps, seed=self.seed)
        if found is None or not np.isfinite(found).all():
            log.info('%s: %s diverged', stage, candidate)
            return np.zeros(0, np.float32)
        units = unit_rows(found)
        return np.einsum('ij,ij->i', units[first], units[second]).astype(np.float32)


def ranked(tried: Sequence[Tried]) -> List[Tried]:
    """The best first; of equal ones the first, and last those that diverged."""
    return sorted(tried, key=lambda each: (0, -each.score.tar, -each.score.auc, each.index) if each.score else
                  (1, 0, 0, each.index))
