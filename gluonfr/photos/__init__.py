"""One's own photographs: whether a folder of people is clean, groups of faces without names, galleries that live.

It works without MXNet.
"""
from .clean import CleanReport, clean
from .cluster import ClusterReport, cluster, group_faces
from .embeddings import Embedded, embed_cached
from .enrol import ENROLMENTS, Enrolment, enrol_people, people_in
from .enrol_embeddings import enrol_embeddings
from .enrolled import Enrolled, is_enrolled
from .findings import Finding, Limits, examine
from .subcenters import SubCenters, subcenter_angles

__all__ = ['CleanReport', 'ClusterReport', 'ENROLMENTS', 'Embedded', 'Enrolled', 'Enrolment', 'Finding', 'Limits',
           'SubCenters', 'clean', 'cluster', 'embed_cached', 'enrol_embeddings', 'enrol_people', 'examine',
           'group_faces', 'is_enrolled', 'people_in', 'subcenter_angles']
