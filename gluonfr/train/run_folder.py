"""The folder of a training run: what may lie in it when a run begins."""
import logging
import os
import shutil

from ..model_zoo.card_file import CARD_NAME
from .checkpoint import list_checkpoints

__all__ = ['RECIPE_NAME', 'open_run']

RECIPE_NAME = 'recipe.json'
BESIDE = '.txt', '.log', '.out', '.err'  # what a shell may write into the folder of a run: nohup.out


def open_run(folder, files, resume=False, overwrite=False):
    """Make the folder of a run; what an earlier run left there is gone on with, replaced, or refused.

    A folder is a run's where recipe.json or checkpoints lie in it. Nothing else but a new or empty folder is taken, and
    of a run's folder nothing is removed but `files`.

    Parameters
    ----------
    folder : str
        What the user gave as --out.
    files : sequence of str
        Names of the files and folders that such a run writes.
    resume, overwrite : bool
        --resume and --overwrite, not both.

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
    begun = os.path.isfile(os.path.join(folder, RECIPE_NAME)) or list_checkpoints(os.path.join(folder, 'checkpoint'))
    strange = sorted(name for name in os.listdir(folder) if not name.startswith('.') and (
        name in files or not name.endswith(BESIDE)))
    if strange and not begun:
        raise ValueError('--out must be a new or empty folder, or that of a run, got {}, which holds {}{}. Give '
                         'another one.'.format(folder, ', '.join(strange[:3]), ', ...' if len(strange) > 3 else ''))
    saved = any(name.endswith(('.npz', '.params', CARD_NAME)) for name in _contents(folder, files))
    if saved and not (resume or overwrite):
        raise ValueError('--out {} holds a run already. Give --resume to go on with it, --overwrite to replace it, or '
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


def _contents(folder, files):
    """Names of the files among `files`, and of those in the folders among them."""
    for name in files:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            yield name
        for _, _, inside in os.walk(path):
            yield from inside
