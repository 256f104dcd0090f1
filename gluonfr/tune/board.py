"""The leaderboard: what was tried, how far it came, and whether it differs from the winner; as csv, JSON and HTML."""
import json
import logging
import os
from collections import namedtuple
from typing import Any, List, Optional

import numpy as np

from ..metrics import compare_models
from ..report.leaderboard import Line, write_leaderboard
from ..report.sheet import needs_jinja
from ..utils.files import write_text
from ..utils.rows import write_rows
from .candidates import Candidate
from .people import Pairs
from .search import FROZEN, Found, Tried

__all__ = ['ALIKE', 'BETTER', 'BOARD', 'Row', 'WORSE', 'make_rows', 'write_board']

BOARD = 'leaderboard.csv'
DRAWS, FEWER = 1000, 200  # of people, for the last two stages, and for those before
WINNER, ALIKE, WORSE, BETTER, DIVERGED = 'winner', 'no difference shown', 'worse', 'better', 'diverged'

Row = namedtuple('Row', 'place name loss arguments lr stage tar difference low high p verdict')
Row.__doc__ = """A line of the leaderboard.

Parameters
----------
place : int
name, loss, arguments : str
    The candidate, its loss, and 'm=0.3 s=32'; of the network as it is 'the network' and twice ''.
lr : float or None
stage : str
    The last one that the candidate came to.
tar : float or None
    There; None where the training diverged.
difference, low, high, p : float or None
    Of its TAR less that of the winner in the same stage, with the 95 % interval of the paired bootstrap over people.
verdict : str
    'winner', 'no difference shown', 'worse', 'better' or 'diverged'.
"""


def make_rows(found: Found, pairs: Pairs, labels: np.ndarray, far: float) -> List[Row]:
    """The leaderboard: by the last stage that a candidate came to, then by its TAR there.

    Each is compared with the winner where both were measured in the same way; the network as it is with the winner at
    its last stage. Intervals are for one comparison each: of twenty equal ones, one may seem to differ.
    """
    last: dict = {}
    for place, (stage, tried) in enumerate(found.stages.items()):
        for rank, each in enumerate(tried):
            last[each.index] = (-place, rank, stage, each)
    beaten = {stage: next((each for each in tried if each.index == found.winner.index), None)
              for stage, tried in found.stages.items()}
    beaten[FROZEN] = found.winner
    ordered = sorted(last.values(), key=lambda entry: (entry[2] == FROZEN, *entry[:2]))
    late = list(found.stages)[-2:] + [FROZEN]
    return [_row(place, each, stage, beaten[stage], pairs, labels, far, DRAWS if stage in late else FEWER)
            for place, (_, _, stage, each) in enumerate(ordered, 1)]


def _row(place, tried: Tried, stage, winner: Tried, pairs, labels, far, draws):
    candidate: Optional[Candidate] = tried.candidate
    said = ('the network', '', '', None) if candidate is None else (
        str(candidate), candidate.loss, ' '.join('{}={}'.format(*pair) for pair in candidate.arguments), candidate.lr)
    if tried.score is None:
        return Row(place, *said, stage, None, None, None, None, None, DIVERGED)
    if tried is winner:
        return Row(place, *said, stage, tried.score.tar, 0.0, None, None, None, WINNER)
    one = compare_models(winner.scores, tried.scores, pairs.same, labels[pairs.first], labels[pairs.second], far=far,
                         draws=draws)
    verdict = ALIKE if not one.shown else BETTER if one.difference > 0 else WORSE
    return Row(place, *said, stage, tried.score.tar, one.difference, one.low, one.high, one.p, verdict)


def write_board(out: str, report: Any, data: str, far: float) -> None:
    """Write leaderboard.csv, tune.json and leaderboard.html; without Jinja2 the page is said to be left out."""
    measure = 'tar@{:g}'.format(far)
    write_rows(os.path.join(out, BOARD), [measure if name == 'tar' else name for name in Row._fields], [
        ['' if value is None else '{:.6g}'.format(value) if isinstance(value, float) else value for value in row]
        for row in report.rows])
    winner = report.winner
    write_text(os.path.join(out, 'tune.json'), json.dumps({
        'winner': {'loss': winner.loss, 'arguments': dict(winner.arguments), 'lr': winner.lr},
        'command': report.command, 'measure': measure, 'plan': report.plan._asdict(), 'notes': report.notes,
        'left_out': report.left_out, 'leaderboard': [row._asdict() for row in report.rows]}, indent=1) + '\n')
    try:
        needs_jinja()
    except ImportError as error:
        logging.getLogger('gluonfr').info('no leaderboard.html: %s', error)
        return
    write_leaderboard(
        os.path.join(out, 'leaderboard.html'), 'Which loss suits {}?'.format(os.path.basename(os.path.abspath(data))),
        'TAR at FAR {:g} on people that were not trained on'.format(far),
        [Line(row.place, row.name, row.stage, row.tar, row.difference, row.low, row.high, row.verdict)
         for row in report.rows],
        report.notes, ['{}: {}'.format(*pair) for pair in report.left_out.items()], report.command)
