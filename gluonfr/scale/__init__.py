"""Trainings with many classes, on paper: memory and time of their class layers, and which one to take.

Nothing here needs MXNet. The formulas and how they were checked: docs/scale.md.
"""
from .memory import dense_memory, network_memory, sampled_memory, sharded_memory
from .plan import Choice, advise, make_plan
from .rates import Rates, measure_rates
from .traffic import Links, Scaling, dense_traffic, predict_scaling, sharded_traffic

__all__ = ['Choice', 'Links', 'Rates', 'Scaling', 'advise', 'dense_memory', 'dense_traffic', 'make_plan',
           'measure_rates', 'network_memory', 'predict_scaling', 'sampled_memory', 'sharded_memory',
           'sharded_traffic']
