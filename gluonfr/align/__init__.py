"""From photographs to aligned faces: detectors, landmarks, and the similarity transform to the standard template."""
from .detectors import DETECTORS, DetectorError, Face, get_detector
from .find import STATUSES, Finder, Found
from .folder import align_folder
from .geometry import align_face, align_faces, similarity, template
from .landmarks import read_landmarks
from .photos import FaceError, PhotoFaces, find_faces, open_photos

__all__ = ['DETECTORS', 'DetectorError', 'Face', 'FaceError', 'Finder', 'Found', 'PhotoFaces', 'STATUSES', 'align_face',
           'align_faces', 'align_folder', 'find_faces', 'get_detector', 'open_photos', 'read_landmarks', 'similarity',
           'template']
