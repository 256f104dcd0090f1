"""Which loss, with which values and learning rate, suits a set of people: `gluonfr tune`."""
from .candidates import LEARNING_RATES, RANGES, Candidate, find_losses, list_candidates
from .plan import Plan
from .board import Row
from .run import TuneReport, tune

__all__ = ['Candidate', 'LEARNING_RATES', 'Plan', 'RANGES', 'Row', 'TuneReport', 'find_losses', 'list_candidates',
           'tune']
