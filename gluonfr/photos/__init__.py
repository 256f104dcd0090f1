"""One's own photographs: whether a folder of people is clean, groups of faces without names, galleries that live.

It works without MXNet.
"""
from .enrol import ENROLMENTS, Enrolment, enrol_people, people_in
from .enrol_embeddings import enrol_embeddings
from .enrolled import Enrolled, is_enrolled

__all__ = ['ENROLMENTS', 'Enrolled', 'Enrolment', 'enrol_embeddings', 'enrol_people', 'is_enrolled', 'people_in']
