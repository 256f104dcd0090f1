"""The folder of a training run: what it may hold at the begin, its recipe, its log and its card."""
import json
import os

from ..metrics.pairs import FOLDS
from ..model_zoo import MODELS
from ..model_zoo.card_file import CARD_NAME, write_card
from ..train.run_folder import RECIPE_NAME, open_run
from ..utils.files import atomic_path, read_json
from ..utils.rows import read_rows

__all__ = ['begin', 'finish', 'place', 'recipe']

RUN_FILES = ('log.txt', 'steps.csv', 'metrics.csv', 'verify.csv', 'curves.png', 'profile.csv', 'profile.json',
             'tensorboard', 'checkpoint', RECIPE_NAME, CARD_NAME)
# the options that decide what comes out
DECISIVE = ('network', 'network_args', 'embedding_size', 'loss', 'loss_args', 'margin_warmup', 'finetune', 'freeze',
            'dtype', 'data_iter', 'augment', 'sampler', 'batch_size', 'optimizer', 'lr', 'lr_factor', 'warmup', 'wd',
            'momentum', 'clip', 'seed', 'on_error')
FACTS = 'images', 'classes'  # of the set, beside a hash


def place(args, name):
    """A file of the run."""
    return os.path.join(args.out, name)


def recipe(args, lr_mode, data, sets):
    """What a resumed run must have in common with the first one."""
    said = {name: getattr(args, name) for name in DECISIVE}
    said['lr_mode'] = lr_mode
    if lr_mode == 'step':
        said['lr_steps'] = args.lr_steps  # and the length is free: the rate does not depend on it
    else:
        said.update(epochs=args.epochs, steps=args.steps)
    if sets:
        said.update(eval={name: pairs.sha256[:16] for name, pairs in sets.items()}, eval_flip=args.eval_flip,
                    eval_folds=args.eval_folds or FOLDS)
    return {**data, **said}


def begin(args, said):
    """Make --out and write the recipe; what an earlier run left there is gone on with, replaced, or refused.

    Raises
    ------
    ValueError
        As for `open_run`, or the recipe to resume with differs.
    """
    path = place(args, RECIPE_NAME)
    if open_run(args.out, RUN_FILES, args.resume, args.overwrite):
        if os.path.isfile(path):
            _compare(args, path, json.loads(json.dumps(said)))
        if os.path.exists(place(args, CARD_NAME)):
            os.remove(place(args, CARD_NAME))  # of weights that may soon be others
    with atomic_path(path) as temporary, open(temporary, 'w', encoding='utf-8') as file:
        json.dump(said, file, indent=1)


def _compare(args, path, said):
    before = read_json(path, 'recipe of a training')
    # options that only later versions know do not count; a folder in place of a rec does
    changed = [name for name in before
               if before[name] != said.get(name) and (name in said or name.endswith('_sha256'))]
    if changed:
        longer = ('A {} schedule has its last rate at the last step, so a run of another length has other rates from '
                  'its first step on; runs with --lr-mode step go on for as long as you like. '.format(said['lr_mode'])
                  if {'epochs', 'steps'} & set(changed) else '')
        raise ValueError('--resume must go on with the recipe of the run in {}, got another {}. {}Give the first one, '
                         'or begin another run: --finetune {} --out ...'.format(args.out, ', '.join(
                             '{} ({!r} then, {!r} now)'.format(name if name in FACTS or name.endswith('_sha256') else
                                              '--' + name.replace('_', '-'), before[name], said.get(name))
                             for name in changed), longer, args.out))


def finish(args, state, arguments, spec, command, data):
    """Write the card: of the best weights where there are verification sets, else of the last ones."""
    name, step = ('last.params', state.step) if state.best is None else ('best.params', state.best['step'])
    write_card(place(args, CARD_NAME), os.path.join(place(args, 'checkpoint'), name), MODELS.canonical(args.network),
               arguments, spec, command=command, data=data, step=step,
               metrics=_metrics(place(args, 'verify.csv'), step))


def _metrics(path, step):
    """The verification rows of one step, by set."""
    return {row['set']: {name: _number(value) for name, value in row.items()}
            for row in read_rows(path) if int(row['step']) == step}


def _number(text):
    """A cell of a csv file as an int or a float, if it is one, and None if it is empty."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text or None
