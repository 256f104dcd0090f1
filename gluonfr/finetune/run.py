"""Fine-tuning from photographs to a network with a card: each step in a file, so that what was killed goes on."""
import hashlib
import json
import os
import shutil
from collections import namedtuple
from typing import Any, Callable, Dict, Optional

import numpy as np

from ..data.opening import check_apart
from ..deploy import Embedder
from ..model_zoo.card_file import CARD_NAME, write_card
from ..model_zoo.net_graph import graph_json
from ..photos import embed_cached
from ..report import needs_libraries, write_report
from ..train import CSVLog, ProgressBar, save_parameters_atomic, teacher_of
from ..utils.files import is_path, read_json, write_text
from ..utils.lock import sole_writer
from ..utils.messages import counted
from ..utils.rows import write_rows
from ..utils.types import PathLike
from .judging import (accuracies, advice_for, best_epoch, held_out_pairs, held_out_result, judge, of_fold,
                      result_of_all, separation)
from .photos import PHOTOS, choose_photos, write_photos
from .plan import deal_folds, make_plan
from .start import open_start
from .training import HeldOut, read_embeddings, steps_of_epoch, train_last_stages

__all__ = ['FineTuned', 'finetune']

RECIPE, RESULT, PARAMS, WORK, REPORT = 'recipe.json', 'finetune.json', 'net.params', 'work', 'report.html'
PERFECT = 1 - 1e-9  # an area under the ROC curve of 1, but for rounding
STARTED, TUNED = 'start', 'finetuned'  # the results on held-out people
FILES = (RECIPE, RESULT, PARAMS, WORK, REPORT, PHOTOS, CARD_NAME, 'card-symbol.json', 'metrics.csv', 'verify.csv',
         *(name + end for name in (STARTED, TUNED) for end in ('.json', '.npz')))

FineTuned = namedtuple('FineTuned', 'card kept why verdict advice said images people')
FineTuned.__doc__ = """What `finetune` made.

Parameters
----------
card : str
    Of the network that was kept.
kept : {'start', 'finetuned'}
why : str
    A sentence.
verdict : dict or None
    Of `judge`; None where there were too few people to measure anything.
advice : list of dict
    Thresholds, as the card has them.
said : list of str
    All sentences: what was left out, what was chosen, what was found.
images, people : int
    That were trained on.
"""


def finetune(people: PathLike, start: PathLike, out: PathLike, *, finder: Any = None,
             settings: Optional[Dict[str, Any]] = None, stretch: bool = False, clean: bool = True, flip: str = 'none',
             teacher: Any = None, distill: float = 1.0, overwrite: bool = False, progress: bool = False,
             tell: Callable[[str], Any] = lambda line: None, command: str = '', **numbers: Any) -> FineTuned:
    """Fine-tune a network to one's own people, and keep it only if it recognises others of them better.

    The people are dealt into folds. For each fold the network is trained on the people of all others, and recognises
    those of the fold. Together these results say after which epoch to stop, and whether the new network is better than
    the start: by a bootstrap over people, at 95 %. If it is, it is trained on all people; else the start is kept.
    Either way `out` holds a network with a card, which all commands take, with thresholds measured on held-out people.

    Each step leaves its result in `out`: after a kill the same call goes on, and ends with the same files.

    Parameters
    ----------
    people : str or Path
        A folder with a folder of images for each person, a list or a .rec. It is not changed.
    start : str or Path
        A network: what `open_start` takes.
    out : str or Path
        A folder: card.json and net.params, report.html, photos.csv with a row for each photograph, clean/ with what was
        found among them.
    finder, settings : Finder or None, dict or None
        What finds faces in photographs, as for `align_folder`; None: the images are aligned faces.
    stretch : bool
        Stretch images to the size that the network takes.
    clean : bool
        Whether copies of a picture are left out.
    flip : {'none', 'sum', 'concat'}
        How the network is going to be used, as in `Embedder`.
    teacher : str, Embedder or None
        A network whose embeddings the new one also learns, of any engine.
    distill : float
        Weight of that.
    overwrite : bool
        Replace a run that is in `out`.
    progress : bool
    tell : callable
        Is called with each sentence.
    command : str
        For the card.
    **numbers
        Of `make_plan`: folds, epochs, lr, ..., seed.

    Returns
    -------
    FineTuned

    Raises
    ------
    ValueError, FileNotFoundError
        There is no such network or no face to train on, or `out` holds another run.
    BlockingIOError
        Another process writes to `out`.

    Examples
    --------
    >>> from gluonfr.finetune import finetune
    >>> found = finetune('PEOPLE', 'w600k_mbf', 'outputs/mine')  # doctest: +SKIP
    """
    people, out = os.path.expanduser(os.fspath(people)), os.path.expanduser(os.fspath(out))
    needs_libraries()
    if not os.path.exists(people):
        raise FileNotFoundError('there is no file or folder {}.'.format(people))
    check_apart('finetune: out', out, people)
    with sole_writer(os.path.join(out, '.lock'), out):
        _make_room(out, overwrite)
        begun = open_start(start, os.path.join(out, 'start'), overwrite)
        embedder = Embedder(begun.net(), begun.spec, normalize=False)
        teacher = Embedder(teacher) if is_path(teacher) else teacher
        run = _Run(out, begun, embedder, flip, teacher, distill, progress, tell, command)
        chosen = choose_photos(people, embedder, out, finder=finder, settings=settings, stretch=stretch, apply=clean,
                               progress=progress)
        return run.go(chosen, make_plan(chosen.people, **numbers), clean)


class _Run:
    """The steps after the photographs are chosen."""

    def __init__(self, out, start, embedder, flip, teacher, distill, progress, tell, command):
        self.out, self.start, self.embedder, self.flip = out, start, embedder, flip
        self.teacher, self.distill, self.progress = teacher, distill, progress
        self.command, self._tell, self.said, self.told = command, tell, [], 0

    def path(self, *names):
        return os.path.join(self.out, *names)

    def tell(self, sentences):
        self.said += sentences
        self.told += len(sentences)
        for sentence in sentences:
            self._tell(sentence)

    def go(self, chosen, plan, clean):
        self.tell(['{} of {}'.format(counted(len(chosen.people), 'image'),
                                     counted(len(set(chosen.people)), 'person', 'people')), *chosen.said])
        embedded = embed_cached(chosen.images, self.embedder, self.path('clean'))
        self._begin({'images': len(chosen.people), 'classes': len(set(chosen.people)), 'clean': clean,
                     'digests_sha256': _hash(embedded.digests, chosen.people), 'start_sha256': self.start.sha256,
                     'network': self.start.model, 'loss': 'arcface', 'flip': self.flip,
                     'teacher': self.teacher and self.teacher.fingerprint(), 'distill': self.distill,
                     **{name: value for name, value in plan._asdict().items() if name != 'said'}})
        self.plain = embedded.embeddings
        self.judged = self.plain if self.flip == 'none' else embed_cached(
            chosen.images, Embedder(self.embedder.net, self.start.spec, normalize=False, flip=self.flip),
            self.path('clean')).embeddings
        folds = deal_folds(chosen.people, plan.folds, plan.seed) if plan.folds else None
        write_photos(self.out, chosen, folds)
        if os.path.isfile(self.path(RESULT)):
            return self._found()
        if folds is None:
            several = int((np.unique(chosen.people, return_counts=True)[1] > 1).sum())
            return self._keep_start(chosen, None, None, 'the start network is kept: {} with two images cannot show '
                                    'whether another one is better, which takes four.'.format(
                                        counted(several, 'person', 'people')))
        self.tell(plan.said)
        pairs = held_out_pairs(chosen.people, folds, plan.seed)
        parts = [of_fold(pairs, k) for k in range(plan.folds)]
        if all(separation(self.judged, part) > PERFECT for part in parts):
            self.tell(['the start network tells these people apart without an error: no training can be shown to be '
                       'better, and none is made'])
            plan = plan._replace(epochs=0)
        for k in range(plan.folds if plan.epochs else 0):
            self._train_without(chosen, plan, folds, k)
        after = [self.judged, *(self._embeddings(folds, epoch) for epoch in range(1, plan.epochs + 1))]
        separations = np.array([[separation(embeddings, part) for embeddings in after] for part in parts])
        epoch, new = best_epoch(separations), self.judged.copy()
        for k in range(plan.folds):
            new[folds == k] = after[best_epoch(separations, k)][folds == k]
        verdict = judge(self.judged, new, pairs, chosen.people, epoch)
        results = [held_out_result(embeddings, pairs, chosen.people, chosen.keys, name)
                   for embeddings, name in ((self.judged, STARTED), (new, TUNED))]
        each = steps_of_epoch(len(chosen.people), plan)
        self._write_curve([accuracies(embeddings, pairs) for embeddings in after], each)
        if not verdict.keep_new:
            return self._keep_start(chosen, verdict, results, verdict.sentence)
        net = self.start.net()
        train_last_stages(net, chosen.images, self.plain, plan, self.path(WORK, 'all'), epochs=epoch,
                          callbacks=[CSVLog(self.path('metrics.csv')), *self._bars()], **self._teaching())
        return self._finish(chosen, net, verdict, results, TUNED, verdict.sentence, epoch, epoch * each)

    def _train_without(self, chosen, plan, folds, k):
        """Train on the people of the other folds, and keep embeddings of this fold after each epoch."""
        mine, others = np.flatnonzero(folds == k), np.flatnonzero(folds != k)
        folder = self._work(k)
        if os.path.isfile(os.path.join(folder, 'last.params')):
            return
        self._tell('fold {} of {}: training on {} of {}'.format(
            k + 1, plan.folds, counted(len(others), 'image'),
            counted(len(set(chosen.people[others])), 'person', 'people')))
        held_out = HeldOut(folder, chosen.images.part(mine), self.flip)
        train_last_stages(self.start.net(), chosen.images.part(others), self.plain[others], plan, folder,
                          callbacks=[held_out, *self._bars()], **self._teaching())

    def _embeddings(self, folds, epoch):
        """Of all images after an epoch, each by the network that was trained without its person, (N, D)."""
        found = self.judged.copy()
        for k in range(folds.max() + 1):
            found[folds == k] = read_embeddings(self._work(k), epoch)
        return found

    def _teaching(self):
        if self.teacher is None:
            return {}
        return {'teacher': teacher_of(self.teacher, self.start.spec), 'distill': self.distill}

    def _bars(self):
        return [ProgressBar()] if self.progress else []

    def _work(self, k):
        return self.path(WORK, 'fold-{}'.format(k + 1))

    def _begin(self, recipe):
        """Note what this run is, or refuse to go on with another."""
        path, recipe = self.path(RECIPE), json.loads(json.dumps(recipe))
        before = read_json(path, 'recipe of a fine-tuning') if os.path.isfile(path) else recipe
        changed = [name for name in recipe if before.get(name) != recipe[name]]
        if changed:
            raise ValueError('finetune: out must be a new folder, or that of the same run, got {}, which was begun '
                             'with another {}. Give another folder, or overwrite=True.'.format(
                                 self.out, ', '.join(changed)))
        write_text(path, json.dumps(recipe, indent=1))

    def _write_curve(self, curve, each):
        """The accuracy on held-out people after each epoch, where a report finds it."""
        write_rows(self.path('verify.csv'), ('epoch', 'step', 'set', 'acc', 'std'), [
            (epoch, epoch * each, 'held-out people', '{:.6f}'.format(found.mean()), '{:.6f}'.format(found.std()))
            for epoch, found in enumerate(curve)])

    def _keep_start(self, chosen, verdict, results, why):
        return self._finish(chosen, self.start.net(), verdict, results, STARTED, why, 0, 0)

    def _finish(self, chosen, net, verdict, results, kept, why, epoch, step):
        people = len(set(chosen.people))
        if kept == TUNED:
            advice, said = advice_for(results[1], self.flip)
        elif 1 < people < len(chosen.people):
            advice, said = advice_for(result_of_all(self.judged, chosen.people, chosen.keys, kept), self.flip)
        else:
            advice, said = [], ['no threshold: it takes pairs of one person and of two. Give a threshold yourself.']
        self.said += [why, *said]
        for result, name in zip(results or (), (STARTED, TUNED)):
            if name == kept:
                result.advice = advice
            result.assumed.append(why)
            result.save(self.path(name))
        save_parameters_atomic(net, self.path(PARAMS))
        write_card(self.path(CARD_NAME), self.path(PARAMS), self.start.model, self.start.arguments, self.start.spec,
                   graph=graph_json(net), **self.start.facts, command=self.command, kept=kept, why=why, epoch=epoch,
                   step=step, finetuned_from={'name': self.start.name, 'sha256': self.start.sha256},
                   people=people, images=len(chosen.people), advice=advice)
        write_report([self.out], self.path(REPORT), title='Fine-tuned to {}'.format(
            counted(people, 'person', 'people')))
        write_text(self.path(RESULT), json.dumps({
            'kept': kept, 'why': why, 'epoch': epoch, 'verdict': verdict and verdict._asdict(), 'advice': advice,
            'said': self.said, 'images': len(chosen.people), 'people': people},
            indent=1, ensure_ascii=False))
        return self._found()

    def _found(self):
        """What the run has found, which is at its end: its checkpoints are not needed any more."""
        shutil.rmtree(self.path(WORK), ignore_errors=True)
        found = read_json(self.path(RESULT), 'result of a fine-tuning')
        for sentence in found['said'][self.told:]:
            self._tell(sentence)
        return FineTuned(self.path(CARD_NAME), *(found[name] for name in FineTuned._fields[1:]))


def _make_room(out, overwrite):
    """Take a new folder or that of a run; remove the files of a run that is replaced."""
    there = [name for name in os.listdir(out) if not name.startswith('.')]
    known = {PHOTOS, 'clean', 'start', *(FILES if _is_recipe(os.path.join(out, RECIPE)) else ()),
             *(['align'] if os.path.isfile(os.path.join(out, 'align', 'align.json')) else [])}
    strange = sorted(set(there) - known)
    if strange:
        raise ValueError('finetune: out must be a new or empty folder, or that of a fine-tuning, got {}, which holds '
                         '{}. Give another one.'.format(out, ', '.join(strange[:3])))
    for folder in (out, os.path.join(out, 'clean'), os.path.join(out, 'align')):
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            if name.startswith('.') and name.endswith('.tmp'):  # of a run that was killed while it wrote
                _remove(os.path.join(folder, name))
    for name in set(there) - {'clean', 'start'} if overwrite else ():  # these know what is new by its content
        _remove(os.path.join(out, name))


def _is_recipe(path):
    """Whether a file is the recipe of a fine-tuning: other tools write files of these names, too."""
    try:
        return 'start_sha256' in read_json(path, 'recipe of a fine-tuning')
    except (OSError, ValueError):
        return False


def _remove(path):
    shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)


def _hash(digests, people):
    names = '\n'.join(map(str, people)).encode('utf-8', 'surrogateescape')
    return hashlib.sha256(digests.tobytes() + names).hexdigest()
