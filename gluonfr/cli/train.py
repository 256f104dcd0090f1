"""`gluonfr train`: a face net from a set of people."""
import logging
import os
import shlex
from functools import partial

from tqdm.contrib.logging import logging_redirect_tqdm

from ..model_zoo import MODELS
from ..model_zoo.card_file import CARD_NAME
from ..train import (
    Checkpoint,
    CSVLog,
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
    fit,
)
from ..train.run_folder import CHECKPOINTS, RECIPE_NAME, VERIFICATION, OtherRecipe, begin_run, write_run_card
from ..utils.files import advice_on_full_disk
from ..utils.lock import sole_writer
from .train_plan import make_plan
from .train_recipe import other_recipe

__all__ = ['train']

RUN_FILES = ('log.txt', 'steps.csv', 'metrics.csv', VERIFICATION, 'curves.png', 'profile.csv', 'profile.json',
             'tensorboard', CHECKPOINTS, RECIPE_NAME, CARD_NAME)


def train(args):
    """Train, verify, write the card; returns the state."""
    plan = make_plan(args)  # before anything is written
    command = 'gluonfr ' + ' '.join(map(shlex.quote, args.argv))
    if not args.resume:
        for line in plan.hints:
            print('hint: ' + line)
    inside = partial(os.path.join, args.out)
    log, signals = RunLog(inside('log.txt')), SaveOnSignal(inside(CHECKPOINTS))
    every = args.log_every or min(50, max(1, plan.steps // 10))
    callbacks = [StopAfter(plan.steps), log, LogLine(every, header='{}\n{}'.format(command, plan.summary)),
                 StepCSV(inside('steps.csv'), every), CSVLog(inside('metrics.csv')),
                 TensorBoard(inside('tensorboard'), every),
                 PlotCurves(inside('curves.png'), plan.title, steps=inside('steps.csv'),
                            verification=inside(VERIFICATION)),
                 Checkpoint(inside(CHECKPOINTS), every_steps=args.save_every,
                            monitor='mean_acc' if plan.sets else None), signals]
    if plan.sets:
        callbacks.append(Verify(plan.sets, args.eval_every, inside(VERIFICATION), args.eval_flip, args.eval_folds))
    if args.profile:
        callbacks.append(Profile(args.out))
    if not args.no_progress:
        callbacks.append(ProgressBar())
    with advice_on_full_disk(args.out, 'The checkpoints in it are whole: make room and continue with --resume'), \
            sole_writer(inside('.lock'), '--out {}'.format(args.out)):
        try:
            begin_run(args.out, plan.recipe, RUN_FILES, resume=args.resume, overwrite=args.overwrite)
        except OtherRecipe as error:
            raise ValueError(other_recipe(args.out, error.changed, plan.recipe['lr_mode'])) from error
        with log.writing(), logging_redirect_tqdm([logging.getLogger()]), signals.listening():
            state = fit(plan.net, plan.loss, plan.loader, head=plan.head, epochs=plan.epochs, callbacks=callbacks,
                        optimizer=plan.optimizer, clip_gradient=args.clip, ctx=plan.contexts, seed=args.seed,
                        resume='auto' if args.resume else None)
        card = write_run_card(args.out, state, model=MODELS.canonical(args.network), arguments=plan.arguments,
                              spec=plan.net.input_spec, command=command, data=plan.facts)
    if state.best is not None:
        print('best: mean accuracy {value:.4f} on {sets}, after step {step}; the card takes these weights'.format(
            sets=', '.join(plan.sets), **state.best))
    print('card: {}'.format(card))
    return state
