"""Evaluation: what is given (images, pairs, embeddings, scores) -> embeddings -> protocol -> a result file.

It works without MXNet. The numbers themselves are `gluonfr.metrics`; pages made of results are `gluonfr.report`.
"""
from .result import Result, ResultError

__all__ = ['Result', 'ResultError']
