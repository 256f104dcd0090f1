"""Which loss suits a set of people: from the data to a leaderboard and a command."""
import os
import time
from collections import namedtuple
from typing import Any, Dict, Optional, Sequence, Tuple, Union

import numpy as np

from ..data.opening import check_apart, open_dataset
from ..deploy.net_files import NetFiles, find_net
from ..utils.check import check_int, check_number
from ..utils.files import is_path
from ..utils.lock import sole_writer
from ..utils.messages import counted
from ..utils.types import PathLike
from .board import ALIKE, BETTER, WORSE, make_rows, write_board
from .candidates import LEARNING_RATES, find_losses, list_candidates
from .command import train_command
from .people import choose_far, draw_folds, fold_pairs
from .plan import EPOCHS, MOST_FINETUNE, Plan, Speeds, fit_plan, make_rungs
from .search import FROZEN, Search, agreed_plan, check_folder
from .speed import measure_speeds
from .start import GivenNet, NewNet
from .training import steps_of_epoch

__all__ = ['TuneReport', 'tune']

MOST_MINUTES = 100000
USED = 0.9  # of the minutes; the rest is for the comparisons at the end

TuneReport = namedtuple('TuneReport', 'rows winner command plan notes left_out seconds search known')
TuneReport.__doc__ = """What `tune` found.

Parameters
----------
rows : list of Row
    The leaderboard.
winner : Candidate
command : str
    `gluonfr train` with the winner.
plan : Plan
notes : list of str
    What was assumed, and how the candidates were measured.
left_out : dict of str to str
    Losses that were not tried, and why.
seconds : float
    That all trainings took.
search : Search
    With images, folds and pairs, to try more.
known : list of Candidate
    All that there are, first those that were tried.
"""


def tune(data: PathLike, out: PathLike, *, net: Union[PathLike, NetFiles, None] = None, network: str = 'mobilefacenet',
         network_args: Optional[Dict[str, Any]] = None, losses: Optional[Sequence[str]] = None, minutes: float = 30,
         candidates: Optional[int] = None, rungs: int = 3, epochs: int = EPOCHS, finetune_steps: Optional[int] = None,
         folds: int = 3, seed: int = 0, on_error: str = 'raise', progress: bool = False) -> TuneReport:
    """Search for the loss, its arguments and the learning rate that suit a set of people.

    The people are divided into folds, and each candidate is trained for each fold on the people of the others and
    measured on pairs of the people of that fold, by TAR at a FAR. Successive halving (Jamieson and Talwalkar,
    arXiv:1502.07943): all candidates are trained shortly, a quarter of them four times as long, and so on. Up to there
    what is trained is a linear layer, which begins as the identity, on the embeddings of the network, and the class
    layer. The last part of the network itself is then fine-tuned by the best three.

    `out` gets leaderboard.csv, leaderboard.html (where Jinja2 is), tune.json, and what is computed, in files: the same
    call goes on where it was killed, and comes to the same end. How much fits into `minutes` is decided once, by a
    short measurement at the beginning, and kept in plan.json; with `candidates` nothing depends on the clock.

    Parameters
    ----------
    data : str or Path
        A folder of people with aligned faces, a list, or a .rec.
    out : str or Path
        A folder, which is made.
    net : str, Path, NetFiles or None
        A trained network, what `load_net` takes. None: `network` is trained with softmax for each fold first.
    network : str
        The network without `net`, or where that does not train; a name of the model zoo.
    network_args : dict or None
        What it is made with.
    losses : sequence of str or None
        Names of losses, or sums of them; None for all that class labels are enough for.
    minutes : float > 0
        What the search may take, about, unless `candidates` is given.
    candidates : int or None
        So many, whatever it takes.
    rungs : int
        At most.
    epochs : int
        Of the last rung and of a new network, with `candidates`.
    finetune_steps : int or None
        Updates of each finalist's network; 0: none is fine-tuned. None: by `minutes`, or two epochs with `candidates`.
    folds : int
        >= 2; fewer where the people are too few.
    seed : int
        Of folds, pairs, candidates and trainings.
    on_error : {'raise', 'skip'}
        What becomes of damaged images.
    progress : bool

    Returns
    -------
    TuneReport

    Raises
    ------
    ValueError
        Too few people or images, too few minutes (the message says how many there must be), no loss, images of another
        size than the network takes, or a folder with the search of something else or other files.
    FileNotFoundError, BlockingIOError
        There is no such set or network; another process writes to `out`.

    Examples
    --------
    >>> from gluonfr.tune import tune
    >>> report = tune('PEOPLE', 'outputs/tune', net='w600k_mbf', minutes=30)  # doctest: +SKIP
    """
    began = time.monotonic()
    data, out = (os.path.expanduser(os.fspath(path)) for path in (data, out))
    check_number('tune', 'minutes', minutes, 0, MOST_MINUTES, low_open=True)
    for name, value, low in (('candidates', candidates, 1), ('rungs', rungs, 1), ('epochs', epochs, 1),
                             ('finetune_steps', finetune_steps, 0), ('folds', folds, 2), ('seed', seed, 0)):
        if value is not None:
            check_int('tune', name, value, low, 2 ** 32 - 1)
    check_apart('tune: out', out, data)
    with sole_writer(os.path.join(out, '.lock'), out):
        check_folder(out)
        images = open_dataset(data, on_error, people=True)
        labels, notes = _labels(images, data)
        fold, folds = _folds(labels, folds, seed, notes)
        pairs = fold_pairs(labels, fold, seed)
        far = choose_far(pairs)
        files = find_net(net) if is_path(net) else net
        start = NewNet(network, network_args or {}, out) if files is None else GivenNet(files, network, out)
        inside = int(np.bincount(fold).max())
        size = start.spec.embedding_size
        names, left_out = find_losses(losses, len(np.unique(labels)), size)
        known = list_candidates(names, None, seed)
        epoch = steps_of_epoch(len(labels) - inside)
        if files is not None:
            start.embeddings(images, 0, progress)
        if not start.trains:
            notes.append('The network is a graph of another toolkit and no network of the model zoo, so it is not '
                         'fine-tuned: the search ends with the last rung on its embeddings, and the command trains '
                         'a new {}.'.format(network))
        tunes = start.trains and finetune_steps != 0

        def make():
            if candidates is not None:
                count = min(candidates, len(known))
                steps = (finetune_steps or MOST_FINETUNE * epoch) if tunes else 0
                return Plan(count, make_rungs(count, rungs, epochs * epoch), steps,
                            epochs * epoch if files is None else 0)
            speeds = measure_speeds(start, images, labels, np.flatnonzero(fold != 0), known[0], size, tunes)
            return _planned(minutes, time.monotonic() - began, speeds, folds=folds, available=len(known), epoch=epoch,
                            rungs=rungs, finetune=tunes, start=files is None, finetune_steps=finetune_steps)

        facts = dict(images.identity(), images=len(labels), losses=names, minutes=None if candidates else minutes,
                     candidates=candidates, rungs=rungs, epochs=epochs, finetune_steps=finetune_steps, folds=folds,
                     seed=seed, **start.identity())
        plan = agreed_plan(out, facts, make)
        start.steps = plan.start_steps
        for k in range(folds if files is None else 0):
            start.train(images, labels, fold, k, seed, progress)
        search = Search(start, images, labels, fold, pairs, far, out, seed=seed, progress=progress)
        found = search.run(known, plan)
        notes += _said(plan, len(known), labels, pairs, far, folds)
        rows = make_rows(found, pairs, labels, far)
        notes.append(_against_itself(rows, files is None))
        command = train_command(data, os.path.join(out, 'train'), start.options(), found.winner.candidate, plan,
                                len(labels))
        report = TuneReport(rows, found.winner.candidate, command, plan, notes, left_out, search.seconds,
                            search, known)
        write_board(out, report, data, far)
    return report


def _labels(images: Any, data: str) -> Tuple[np.ndarray, list]:
    labels = np.asarray(images.labels)
    if (labels < 0).any():
        raise ValueError('tune: data must name the person of each image, got {} of nobody in {}.'.format(
            counted(int((labels < 0).sum()), 'image'), data))
    counts = np.unique(labels, return_counts=True)[1]
    alone = int((counts == 1).sum())
    if len(counts) < 2:
        raise ValueError('tune: data must show at least four people, got {} in {}.'.format(len(counts), data))
    if alone == len(counts):
        raise ValueError('tune: data must hold people with two images or more, got one image of each of {} people in '
                         '{}: there is no pair of one person to measure by.'.format(len(counts), data))
    notes = []
    if alone:
        notes.append('{:,} of {:,} people have one image only: they are trained on, and are part of pairs of two '
                     'people alone.'.format(alone, len(counts)))
    return labels, notes


def _folds(labels, folds, seed, notes):
    """(fold of each image, how many there are)."""
    counts = np.unique(labels, return_counts=True)[1]
    fitting = max(2, min(folds, len(counts) // 2, int((counts > 1).sum())))
    if fitting < folds:
        notes.append('{} folds of people in place of {}: each needs two people, and one of them two images.'.format(
            fitting, folds))
    return draw_folds(labels, fitting, seed), fitting


def _planned(minutes: float, spent: float, speeds: Speeds, **asked: Any) -> Plan:
    """The largest plan for what is left of the minutes, or a ValueError that says how many it takes."""
    plan = fit_plan(60 * USED * minutes - spent, speeds, **asked)
    if plan is not None:
        return plan
    new = asked['start']
    needed = next((m for m in np.geomspace(minutes, 10000 * minutes, 300)
                   if fit_plan(60 * USED * m - spent, speeds, **asked)), 10000 * minutes)
    raise ValueError('tune: minutes must be at least {:.3g} for the smallest search of these images on this machine{}, '
                     'got {:g}. Give more minutes, fewer people or images, fewer folds{}.'.format(
                         needed, ', which trains a network first' if new else '', minutes,
                         ', or a trained network (net)' if new else ' or finetune_steps=0'))


def _against_itself(rows, new):
    """Whether the winner is better than the network that it began with."""
    winner, same = rows[0], next(row for row in rows if row.stage == FROZEN)
    said = '{:.2f} % with the winner, {:.2f} % as it is'.format(100 * winner.tar, 100 * same.tar)
    name = 'The new network' if new else 'The network'
    return {WORSE: '{} became better by the winner: {}.',
            ALIKE: '{} did not become better, as far as can be shown: {}.',
            BETTER: '{} became worse by every candidate: {}. Keep it as it is, or train on more people.'}[
                same.verdict].format(name, said)


def _said(plan, known, labels, pairs, far, folds):
    people = len(np.unique(labels))
    rungs = ', then '.join('{} for {}'.format(counted(count, 'candidate'), counted(steps, 'step'))
                           for count, steps in plan.rungs)
    return ['{} of {} in {} folds of people: nobody is measured by a training that saw them.'.format(
                counted(len(labels), 'image'), counted(people, 'person', 'people'), folds),
            'Measured by TAR at FAR {:g} of {:,} pairs of one person and {:,} of two; of a person at most ten images '
            'are in pairs.'.format(far, np.count_nonzero(pairs.same), np.count_nonzero(~pairs.same)),
            'On embeddings: {}{}. {:,} of {:,} combinations of losses, arguments and {} learning rates were '
            'candidates.'.format(rungs, ', then fine-tuning of the best for {}'.format(
                counted(plan.finetune_steps, 'step')) if plan.finetune_steps else '', plan.candidates, known,
                len(LEARNING_RATES))]
