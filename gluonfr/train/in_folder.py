"""A training that writes all there is to know of it into a folder."""
import logging
import os
from contextlib import ExitStack
from functools import partial
from typing import Any, Callable, Dict, Optional, Sequence, Union

from mxnet.gluon import Block
from mxnet.optimizer import Optimizer
from tqdm.contrib.logging import logging_redirect_tqdm

from ..data.pairs import BinFile
from ..distributed.workers import join_workers
from ..model_zoo.card_file import CARD_NAME
from ..utils.files import advice_on_full_disk
from ..utils.lock import sole_writer
from ..utils.progress import Bar
from .callbacks import (
    Callback,
    Checkpoint,
    CSVLog,
    Doctor,
    LogLine,
    PlotCurves,
    Profile,
    ProgressBar,
    RunLog,
    SaveOnSignal,
    StepCSV,
    StopAfter,
    TensorBoard,
    Verify,
)
from .loop import fit
from .run_folder import CHECKPOINTS, RECIPE_NAME, VERIFICATION, begin_run, write_run_card
from .state import TrainState
from .types import Batches, Contexts

__all__ = ['train_in_folder']

RUN_FILES = ('log.txt', 'steps.csv', 'metrics.csv', VERIFICATION, 'curves.png', 'profile.csv', 'profile.json',
             'report.html', 'tensorboard', CHECKPOINTS, RECIPE_NAME, CARD_NAME)


def train_in_folder(folder: str, net: Block, loss: Block, train_data: Batches, *, recipe: Dict[str, Any],
                    card: Dict[str, Any], head: Optional[Block] = None, steps: int, epochs: int,
                    optimizer: Union[str, Optimizer] = 'sgd', clip_gradient: Optional[float] = None,
                    ctx: Optional[Contexts] = None, seed: int = 0, sets: Optional[Dict[str, BinFile]] = None,
                    eval_every: Optional[int] = None, eval_flip: str = 'none', eval_folds: Optional[int] = None,
                    log_every: Optional[int] = None, save_every: Optional[int] = None, title: str = '',
                    header: str = '', profile: bool = False, progress: bool = True,
                    callbacks: Sequence[Callback] = (), resume: bool = False, overwrite: bool = False,
                    precision: str = 'float32', auto: bool = False, lr_mult: Optional[Dict[str, float]] = None,
                    accumulate: int = 1, ema: Optional[float] = None, teacher: Optional[Callable] = None,
                    distill: float = 1.0) -> TrainState:
    """Train by `fit`; log, csv files, curves, checkpoints and the card of the network go into a folder.

    Parameters
    ----------
    folder : str
        New, empty, or with a run to `resume` or to `overwrite`.
    net, loss, train_data, head, epochs, optimizer, clip_gradient, ctx, seed, precision, lr_mult, accumulate, ema,
    teacher, distill
        As for `fit`.
    recipe : dict
        JSON values by name: what a run that goes on must have in common with the first one.
    card : dict
        model, arguments, command and data, as for `write_run_card`.
    steps : int
        Where to stop, >= 1.
    sets : dict of str to BinFile or None
        Verification sets by name; the weights that are best on them go into the card.
    eval_every, eval_flip, eval_folds
        Steps between verifications, flip and folds, as for `Verify`.
    log_every : int or None
        Steps between log lines; None for 50, or a tenth of a run that is shorter than 500.
    save_every : int or None
        Steps between checkpoints within an epoch.
    title, header : str
        Of the curves, and of the log.
    profile, progress : bool
        Whether to measure the operators of 20 steps, and to show a bar.
    callbacks : sequence of Callback
        Further ones.
    auto : bool
        Whether to go back and on with a lower learning rate where the loss is not finite, as for `Doctor`.
    resume, overwrite : bool
        What to do with a run that is in the folder, as for `begin_run`.

    Returns
    -------
    TrainState

    Raises
    ------
    OtherRecipe, ValueError, BlockingIOError
        The folder holds what is not replaced, or another process writes there.
    """
    inside = partial(os.path.join, folder)
    log, signals = RunLog(inside('log.txt')), SaveOnSignal(inside(CHECKPOINTS))
    every = log_every or min(50, max(1, steps // 10))
    written = [StopAfter(steps), log, LogLine(every, header=header), StepCSV(inside('steps.csv'), every),
               CSVLog(inside('metrics.csv')), TensorBoard(inside('tensorboard'), every),
               PlotCurves(inside('curves.png'), title, steps=inside('steps.csv'), verification=inside(VERIFICATION)),
               Doctor(every, auto),
               Checkpoint(inside(CHECKPOINTS), every_steps=save_every, monitor='mean_acc' if sets else None), signals]
    if sets:
        written.append(Verify(sets, eval_every, inside(VERIFICATION), eval_flip, eval_folds))
    if profile:
        written.append(Profile(folder))
    if progress:
        written.append(ProgressBar())
    workers = join_workers()
    with advice_on_full_disk(folder, 'The checkpoints in it are whole: make room and continue with --resume'), \
            workers.working(), ExitStack() as first:
        if workers.first:
            first.enter_context(sole_writer(inside('.lock'), '--out {}'.format(folder)))
            begin_run(folder, recipe, RUN_FILES, resume=resume, overwrite=overwrite)
            first.enter_context(log.writing())
        workers.any(False)  # the others find the folder as it is to be
        with logging_redirect_tqdm([logging.getLogger()], Bar), signals.listening():
            state = fit(net, loss, train_data, head=head, epochs=epochs, callbacks=[*written, *callbacks],
                        optimizer=optimizer, clip_gradient=clip_gradient, ctx=ctx, seed=seed,
                        resume='auto' if resume else None, precision=precision, lr_mult=lr_mult,
                        accumulate=accumulate, ema=ema, teacher=teacher, distill=distill)
        if workers.first:
            write_run_card(folder, state, spec=net.input_spec, **card)
    return state
