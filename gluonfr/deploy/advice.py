"""Thresholds that an evaluation has written into a network's card."""
import json
import os
from collections import namedtuple
from typing import Any, Dict, List, Optional

from ..model_zoo.card_file import CardError, read_card
from ..model_zoo.card_table import SHIPPED
from ..utils.files import lies_in, write_text

__all__ = ['Advice', 'advice_of', 'say_advice', 'write_advice']

Advice = namedtuple('Advice', 'threshold fmr low high data')
Advice.__doc__ = """A threshold at a false match rate.

threshold : float
    Cosine from which on two images count as one person.
fmr : float
    Share of pairs of two people that reach it.
low, high : float
    95 % interval of the threshold over people.
data : str
    What it was measured on.
"""

SETTINGS = ('flip', 'precision')  # that change the scores


def write_advice(card: Optional[str], advice: List[Dict[str, Any]]) -> None:
    """Write thresholds into a card, in place of those that it has; the first is what commands use.

    Parameters
    ----------
    card : str or None
    advice : list of dict
        fmr, threshold, low, high, people, data, data_sha256, flip, precision.

    Raises
    ------
    ValueError
        There is no card, or it comes with gluonfr.
    """
    if card is None:
        raise ValueError('write_card: the network has no card to write to. A training and `gluonfr convert` write one.')
    if lies_in(card, SHIPPED):
        raise ValueError('write_card: the card {} comes with gluonfr and is not changed: copy its folder.'.format(card))
    read_card(card)  # a damaged one is not made worse
    with open(card, encoding='utf-8') as file:
        content = json.load(file)
    write_text(card, json.dumps({**content, 'advice': advice}, indent=1, ensure_ascii=False) + '\n')


def advice_of(embedder: Any) -> Optional[Advice]:
    """The threshold that the card of an embedder's network advises for its flip and precision; None where it has none.

    Raises
    ------
    CardError
        The card says something else than a threshold.
    """
    card = embedder.files.card if embedder.files else None
    if card is None or not os.path.isfile(card):
        return None
    advice = read_card(card)[0].get('advice')
    if not advice:
        return None
    try:
        found = advice[0]
        if any(found[name] != getattr(embedder, name) for name in SETTINGS):
            return None
        return Advice(*(float(found[name]) for name in Advice._fields[:4]), str(found['data']))
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise CardError('{}: advice must hold fmr, threshold, low, high, data, flip and precision, got {!r:.200}.'
                        .format(card, advice)) from error


def say_advice(advice: Advice) -> str:
    """What stands behind a threshold, in a sentence."""
    return ('threshold {:.4f} [{:.4f}, {:.4f}]: that of the card, which about {:g} of pairs of two people reach, as '
            'measured on {}'.format(advice.threshold, advice.low, advice.high, advice.fmr, advice.data))
