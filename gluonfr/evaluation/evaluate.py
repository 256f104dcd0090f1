"""Evaluation: a set, a network and protocols -> a `Result`."""
import datetime
import platform
import time
from collections import namedtuple
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Union

import numpy as np

from ..compat import usable_cores
from ..compat.machine import processor
from ..metrics import PROTOCOLS, get_protocol
from ..metrics.cosines import listed_cosines, unit_embeddings
from ..utils.messages import counted
from ..utils.vectors import unit_rows
from ..version import __version__
from .embed_given import embed_given, facts_of_file, model_facts, row_facts
from .given import Given
from .hardest import HARDEST, find_hardest
from .plane import plane_map
from .result import Result
from .score_file import GivenScores

__all__ = ['Evaluation', 'evaluate', 'plan_protocols']

SCALED = 'kfold'  # gets embeddings of length 1, as `verify_pairs` gives it; others scale them, or look at their length
Planned = namedtuple('Planned', 'name protocol task notes')
Evaluation = namedtuple('Evaluation', 'result embeddings digests')
Evaluation.__doc__ = """What `evaluate` found: a `Result`; the embeddings (N, D) as the network gives them, or None; and
the SHA-256 of each image as uint8 (N, 32), or None."""


def plan_protocols(given: Given, protocols: Optional[Sequence[str]] = None, **parameters: Any) -> List[Planned]:
    """What is to be measured on a set, with what is said beforehand.

    Parameters
    ----------
    given : Given
    protocols : sequence of str, or None
        Names of ``gluonfr.metrics.PROTOCOLS``; None: those that fit the set.
    **parameters
        Of the protocols: each takes those that it has.

    Returns
    -------
    list of Planned : namedtuple (name, protocol, task, notes)

    Raises
    ------
    ValueError
        A protocol that was asked for does not fit, or none does; a parameter is out of its range.
    """
    asked = protocols is not None
    given.nfolds = parameters.get('nfolds')
    chosen = [PROTOCOLS.canonical(name) for name in protocols] if asked else [
        name for name in given.protocols if name in PROTOCOLS and given.has(name)]
    unknown = [key for key, value in parameters.items() if value is not None and not any(
        key in PROTOCOLS.keywords(name) for name in chosen)]
    if unknown:
        raise ValueError('plan_protocols: {} must be of a protocol that is measured: {}.'.format(
            ' and '.join(unknown), ', '.join(chosen)))
    planned, faults = [], []
    for name in dict.fromkeys(chosen):
        known = PROTOCOLS.keywords(name)
        try:
            task = given.task(name)
            protocol = get_protocol(name, **{key: value for key, value in {**parameters, **task.parameters}.items()
                                             if key in known and value is not None})
            notes = protocol.notes(given.truth(task) if isinstance(given, GivenScores) else task.truth, given.name)
        except ValueError as error:
            if asked:
                raise _with_left_out(error, given) from error
            faults.append(error)
            given.assumed.append('{} is not measured: {}'.format(name, error))
            continue
        planned.append(Planned(name, protocol, task, notes))
    if not planned:
        raise _with_left_out(faults[0], given) if faults else given.refuse('nothing')
    return planned


def _with_left_out(error, given):
    """The error; where something was left out, it says so: perhaps nothing was missing but for that."""
    if not given.left_out:
        return error
    return ValueError('{} Of what was given, {} left out, first {what}: {why}.'.format(
        error, counted(len(given.left_out), 'thing was', 'things were'), **given.left_out[0]))


def evaluate(given: Given, net: Any = None, *, protocols: Optional[Sequence[str]] = None, name: str = '',
             hardest: int = HARDEST, faces: bool = True, plane: Optional[str] = 'pca', command: str = '',
             progress: bool = False, tell: Callable[[str], Any] = lambda line: None,
             **parameters: Any) -> Evaluation:
    """Measure a network, embeddings or scores on a set.

    Parameters
    ----------
    given : Given
        From `open_given`.
    net : Embedder or None
        With normalize=False. None where the set is of embeddings or scores.
    protocols : sequence of str, or None
        See `plan_protocols`.
    name : str
        What the network is called.
    hardest : int
        How many pairs of each kind are kept as the hardest.
    faces : bool
        Whether thumbnails of them are kept.
    plane : {'pca', 'tsne', 'umap'} or None
        How embeddings are brought to the plane.
    command : str
        What is to be given again for this result.
    progress : bool
        Show a progress bar.
    tell : callable
        Is called with each sentence: what the set cannot show, before anything is embedded, and what was found.
    **parameters
        Of the protocols, such as fars and nfolds.

    Returns
    -------
    Evaluation : namedtuple (result, embeddings, digests)

    Raises
    ------
    ValueError
        A protocol does not fit the set, or the set and the network do not fit each other; the message says what to do.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.evaluation import GivenPeople, evaluate
    >>> random = np.random.RandomState(0)
    >>> people = np.repeat(['ann', 'bob', 'eve', 'tom'], 5)
    >>> embeddings = np.eye(4).repeat(5, axis=0) + 0.3 * random.randn(20, 4)
    >>> given = GivenPeople('mine', '', people, embeddings=embeddings, names=list(map(str, range(20))))
    >>> row = evaluate(given, protocols=['pairs'], fars=[0.1]).result.rows[0]
    >>> print('{}: {} pairs, TAR {:.3f}'.format(row['set'], row['pairs'], row['tar@0.1']))
    mine: 190 pairs, TAR 0.925
    """
    begin = time.time()
    planned = plan_protocols(given, protocols, **parameters)
    for note in (note for plan in planned for note in plan.notes):
        tell(note)
    if net is not None and net.flip != 'concat' and any(getattr(plan.protocol, 'flip', False) for plan in planned):
        raise ValueError("evaluate: flip must be 'concat' of a network whose mirror images a protocol adds (flip=True)"
                         ', got {!r}.'.format(net.flip))
    embeddings, digests = (None, None) if isinstance(given, GivenScores) else embed_given(given, net, progress)
    model = facts_of_file(given) if net is None else model_facts(name, net)
    facts = row_facts(model, given.sha256)
    sections, measured = [], {}
    for plan in planned:
        if isinstance(given, GivenScores):
            rows = slice(None) if plan.task.rows is None else plan.task.rows
            found = plan.protocol.measure_scores(given.scores[rows], given.same[rows], name=given.name,
                                                 **plan.task.truth)
        else:
            rows = _rows(unit_rows(embeddings) if plan.name == SCALED else embeddings, plan.task.rows)
            found = plan.protocol.measure(rows, plan.task.truth, given.name)
        measured[plan.name] = found
        sections.append(_section(plan, found, {**facts, 'command': command}))
        for line in sections[-1]['lines']:
            tell(line)
    arrays = _arrays(given, embeddings, measured)
    shown = None
    if 'first' in arrays:
        shown = find_hardest(given, arrays, _threshold(sections), hardest, faces,
                             embeddings[:len(given.people)] if given.of_all_pairs else None)
    result = Result(
        {'command': command, 'gluonfr': __version__,
         'date': datetime.datetime.now(datetime.timezone.utc).isoformat(timespec='seconds'),
         'seconds': round(time.time() - begin, 3),
         'machine': {'processor': processor(), 'cores': usable_cores(), 'system': platform.platform(),
                     'python': platform.python_version(), 'numpy': np.__version__}},
        model,
        {'name': given.name, 'kind': given.kind, 'path': given.path, 'sha256': given.sha256, 'images': given.count,
         'people': len(np.unique(given.people)) if given.are_named else None, 'left_out': given.left_out},
        sections, hardest=shown, assumed=given.assumed, arrays=arrays,
        map=None if plane is None or embeddings is None or given.people is None else plane_map(
            unit_rows(embeddings), given.people, plane))
    return Evaluation(result, embeddings, digests)


def _rows(embeddings, rows):
    if rows is None:
        return embeddings
    return tuple(embeddings[part] for part in rows) if isinstance(rows, tuple) else embeddings[rows]


def _section(plan, found, facts):
    """What a result says of a protocol."""
    rows = [dict(row, protocol=plan.name, version=plan.protocol.version, **{
        key: value for key, value in facts.items() if key not in row}) for row in found.rows]
    parameters = {key: value for key, value in vars(plan.protocol).items() if not key.startswith('_')}
    return {'protocol': plan.name, 'version': plan.protocol.version, 'parameters': parameters, 'rows': rows,
            'notes': plan.notes, 'lines': [line for row in rows for line in plan.protocol.lines(row)],
            'curves': found.curves}


def _threshold(sections: Iterable[Dict[str, Any]]) -> Optional[float]:
    """The threshold that the accuracy was measured with."""
    return next((row['threshold'] for section in sections for row in section['rows']
                 if row.get('threshold') is not None), None)


def _arrays(given, embeddings, measured) -> Dict[str, Union[np.ndarray, None]]:
    """The scores that are kept, and whose they are."""
    if isinstance(given, GivenScores):
        arrays = {'scores': given.scores, 'same': given.same}
        if given.group is not None:
            arrays['group'] = np.asarray(given.group).astype(str)
        if given.people0 is not None:
            people, codes = np.unique(np.concatenate([given.people0, given.people1]), return_inverse=True)
            arrays.update(people=people.astype(str), first_person=codes[:len(given.same)].astype(np.int32),
                          second_person=codes[len(given.same):].astype(np.int32))
        return arrays
    pairs = given.pairs()
    if pairs is not None:
        scores = listed_cosines(unit_embeddings('evaluate', embeddings), pairs.first, pairs.second)
        arrays = {'scores': scores, 'same': pairs.same, 'first': pairs.first.astype(np.int32),
                  'second': pairs.second.astype(np.int32)}
        if pairs.people is not None:
            arrays['people'] = np.asarray(pairs.people).astype(str)
        return arrays
    found = measured.get('templates')
    return {} if found is None else {'scores': found.scores, 'same': found.genuine}
