"""The folder of a training run: what may lie in it when a run begins, its recipe and its card."""
import json
import logging
import os
import shutil
from typing import Any, Collection, Dict, Sequence, Tuple

from ..data.input_spec import InputSpec
from ..model_zoo.card_file import CARD_NAME, write_card
from ..model_zoo.net_graph import graph_json
from ..utils.files import read_json, write_text
from ..utils.rows import number_in, read_rows
from .checkpoint import list_checkpoints
from .state import TrainState

__all__ = ['CHECKPOINTS', 'OtherRecipe', 'RECIPE_NAME', 'VERIFICATION', 'begin_run', 'open_run', 'write_run_card']

RECIPE_NAME = 'recipe.json'
CHECKPOINTS = 'checkpoint'  # the folder of the `Checkpoint` callback
VERIFICATION = 'verify.csv'  # the file of the `Verify` callback
BESIDE = '.txt', '.log', '.out', '.err'  # what a shell may write into the folder of a run: nohup.out


def open_run(folder: str, files: Sequence[str], resume: bool = False, overwrite: bool = False,
             settings: Collection[str] = ()) -> bool:
    """Make the folder of a run; what an earlier run left there is gone on with, replaced, or refused.

    A folder is a run's where checkpoints lie in it, or a recipe.json with such settings. Nothing else but a new or
    empty folder is taken, and of a run's folder nothing is removed but `files`.

    Parameters
    ----------
    folder : str
        What the user gave as --out.
    files : sequence of str
        Names of the files and folders that such a run writes.
    resume, overwrite : bool
        --resume and --overwrite, not both.
    settings : collection of str
        Names of what the recipe of such a run says; versions may differ in half of them. Other tools, too, have files
        that are called recipe.json.

    Returns
    -------
    bool
        Whether there is a run to go on with. Else none of `files` is left.

    Raises
    ------
    ValueError
        The folder holds a run and neither `resume` nor `overwrite` is true, or other files and no run.
    """
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise ValueError('--out must be a folder, got the file {}.'.format(folder))
    os.makedirs(folder, exist_ok=True)
    begun = list_checkpoints(os.path.join(folder, CHECKPOINTS)) or _is_recipe(os.path.join(folder, RECIPE_NAME),
                                                                              settings)
    strange = sorted(name for name in os.listdir(folder) if not name.startswith('.') and (
        name in files or not name.endswith(BESIDE)))
    if strange and not begun:
        raise ValueError('--out must be a new or empty folder, or that of a run, got {}, which holds {}{}. Give '
                         'another one.'.format(folder, ', '.join(strange[:3]), ', ...' if len(strange) > 3 else ''))
    saved = any(name.endswith(('.npz', '.params', CARD_NAME)) for name in _contents(folder, files))
    if saved and not (resume or overwrite):
        raise ValueError('--out {} holds a run already. Give --resume to continue it, --overwrite to replace it, or '
                         'another folder.'.format(folder))
    if saved and resume:
        return True
    if resume:
        logging.getLogger('gluonfr').info('--resume: %s holds no checkpoint, so the run starts from the beginning',
                                          folder)
    for name in files:
        path = os.path.join(folder, name)
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.remove(path)
    return False


def _is_recipe(path, settings):
    """Whether a file says at least half of the settings that a recipe of ours has."""
    try:
        said = read_json(path, 'recipe of a training')
    except (OSError, ValueError):
        return False
    return 2 * len(set(said) & set(settings)) >= len(settings)


class OtherRecipe(ValueError):
    """A run to go on with was begun with another recipe.

    Attributes
    ----------
    changed : dict of str to (then, now)
        What differs.
    """

    def __init__(self, folder: str, changed: Dict[str, Tuple[Any, Any]]):
        super().__init__('--resume must continue the recipe of the run in {}, got another {}.'.format(
            folder, ', '.join('{} ({!r} then, {!r} now)'.format(name, *both) for name, both in changed.items())))
        self.changed = changed


def begin_run(folder: str, recipe: Dict[str, Any], files: Sequence[str], *, resume: bool = False,
              overwrite: bool = False, free: Sequence[str] = ()) -> None:
    """Make the folder of a run with its recipe.json; a card of weights that may soon be others goes.

    Parameters
    ----------
    folder, files, resume, overwrite
        As for `open_run`.
    recipe : dict
        JSON values by the name of a setting: what a run that goes on must have in common with the first one.
    free : sequence of str
        Names that may differ all the same.

    Raises
    ------
    OtherRecipe
        The recipe to resume with differs. Settings that only later versions know do not count.
    ValueError
        As `open_run`.
    """
    path, card = os.path.join(folder, RECIPE_NAME), os.path.join(folder, CARD_NAME)
    if open_run(folder, files, resume, overwrite, list(recipe)):
        before = read_json(path, 'recipe of a training') if os.path.isfile(path) else {}
        now = json.loads(json.dumps(recipe))
        changed = {name: (value, now.get(name)) for name, value in before.items() if value != now.get(name)
                   and name not in free and (name in now or name.endswith('_sha256'))}  # a folder in place of a rec
        if changed:
            raise OtherRecipe(folder, changed)
        if os.path.exists(card):
            os.remove(card)
    write_text(path, json.dumps(recipe, indent=1))


def write_run_card(folder: str, state: TrainState, *, model: str, arguments: Dict[str, Any], spec: InputSpec,
                   command: str, data: Dict[str, Any]) -> str:
    """Write the card of a trained network: with the best weights where a metric was monitored, else with the last ones.

    Parameters
    ----------
    folder : str
        Of the run, with its `CHECKPOINTS`, and `VERIFICATION` where there are verification sets.
    state : TrainState
        At the end of training.
    model, arguments : str, dict
        The canonical name of the network and what it was made with.
    spec : InputSpec
        Of its input.
    command : str
        The command line, for the card.
    data : dict
        JSON values that tell what it was trained on.

    Returns
    -------
    str
        The path of the card.
    """
    name, step = ('last.params', state.step) if state.best is None else ('best.params', state.best['step'])
    metrics, graph = _verified(os.path.join(folder, VERIFICATION), step), graph_json(state.net)
    path = os.path.join(folder, CARD_NAME)
    write_card(path, os.path.join(folder, CHECKPOINTS, name), model, arguments, spec, graph=graph, command=command,
               data=data, step=step, metrics=metrics)
    return path


def _verified(path, step):
    """The verification rows of one step, by set."""
    return {row['set']: {name: number_in(text) for name, text in row.items()}
            for row in read_rows(path) if int(row['step']) == step}


def _contents(folder, files):
    """Names of the files among `files`, and of those in the folders among them."""
    for name in files:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            yield name
        for _, _, inside in os.walk(path):
            yield from inside
