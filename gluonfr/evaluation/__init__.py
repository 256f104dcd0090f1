"""Evaluation: what is given (images, pairs, embeddings, scores) -> embeddings -> protocol -> a result file.

It works without MXNet. The numbers themselves are `gluonfr.metrics`; pages made of results are `gluonfr.report`.
"""
from .advice import advise
from .comparison import compare_results
from .evaluate import Evaluation, evaluate, plan_protocols
from .given import Given, GivenPairs
from .ijb import GivenTemplates
from .opening import open_given
from .overlap import find_overlap
from .people import GivenPeople
from .result import Result, ResultError
from .score_file import GivenScores
from .search_sets import GivenDistractors, GivenSearch

__all__ = ['Evaluation', 'Given', 'GivenDistractors', 'GivenPairs', 'GivenPeople', 'GivenScores', 'GivenSearch',
           'GivenTemplates', 'Result', 'ResultError', 'advise', 'compare_results', 'evaluate', 'find_overlap',
           'open_given', 'plan_protocols']
