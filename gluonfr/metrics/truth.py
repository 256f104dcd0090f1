"""What is known of the faces of a set: the truth that a protocol measures embeddings against."""
from collections import namedtuple

from .scores import as_numpy, check_issame

__all__ = ['DistractorTruth', 'PairTruth', 'PeopleTruth', 'QualityTruth', 'SearchTruth', 'TemplateSearchTruth',
           'TemplateTruth']

PairTruth = namedtuple('PairTruth', 'first second same group people', defaults=(None, None))
PairTruth.__doc__ = """Pairs of images, in any number and order.

first, second : int array (P,)
    Rows of the embeddings (N, D).
same : bool array (P,)
    Whether both images show one person.
group : array (P,) of str, or None
    Which group a pair belongs to.
people : array (N,) of int or str, or None
    Who is on each image: what intervals over people need.
"""

PeopleTruth = namedtuple('PeopleTruth', 'people')
PeopleTruth.__doc__ = """All N (N - 1) / 2 pairs of the images: (0, 1), (0, 2), ... (N - 2, N - 1).

people : array (N,) of int or str
    Who is on each image.
"""

TemplateTruth = namedtuple('TemplateTruth', 'templates media first second same detector_scores', defaults=(None,))
TemplateTruth.__doc__ = """Pairs of templates, each of one or several images of a person.

templates, media : int array (N,)
    Of each image its template and its medium (a photograph or a video, whose frames count as one).
first, second : int array (P,)
    Templates of each pair.
same : bool array (P,)
    Whether both templates are of one person.
detector_scores : float array (N,), or None
    How sure a detector is of each face.
"""

SearchTruth = namedtuple('SearchTruth', 'gallery_people probe_people')
SearchTruth.__doc__ = """Probes that are searched in a gallery. Embeddings: (those of the gallery, those of the probes).

gallery_people : array (G,) of int or str
    Who is on each image of the gallery; a person may have several.
probe_people : array (Q,) of int or str
    Who is on each probe. One whose person is not in the gallery is non-mated.
"""

TemplateSearchTruth = namedtuple('TemplateSearchTruth', 'templates media galleries probes detector_scores',
                                 defaults=(None,))
TemplateSearchTruth.__doc__ = """Templates that are searched in galleries of templates, such as G1 and G2 of IJB.

templates, media, detector_scores
    As in `TemplateTruth`.
galleries : dict of str to (int array (G,), array (G,) of int or str)
    By name, the templates of a gallery and their people.
probes : (int array (Q,), array (Q,) of int or str)
    Templates of the probes and their people.
"""

DistractorTruth = namedtuple('DistractorTruth', 'people distractors noisy_probes noisy_distractors',
                             defaults=((), ()))
DistractorTruth.__doc__ = """Probes among distractors. Embeddings are (those of the probes, those of the distractors).

people : array (N,) of int or str
    Who is on each probe.
distractors : int
    How many there are; they show none of the people.
noisy_probes, noisy_distractors : sequence of int
    Rows to leave out, such as those of a list of noise.
"""

QualityTruth = namedtuple('QualityTruth', 'first second same quality', defaults=(None,))
QualityTruth.__doc__ = """Pairs of images of different quality.

first, second, same
    As in `PairTruth`.
quality : float array (N,), or None
    Of each image, higher is better; None takes the length of its embedding.
"""


def checked_pairs(truth, name):
    """first, second and same of a truth, as arrays of one length."""
    first, second, same = as_numpy(truth.first), as_numpy(truth.second), check_issame(name, truth.same)
    if not first.shape == second.shape == same.shape:
        raise ValueError('{}: first, second and same must have one length, got shapes {}, {} and {}.'.format(
            name, first.shape, second.shape, same.shape))
    return first, second, same


def check_rows(owner, first, second, embeddings):
    """Raise unless all pairs are of rows that there are."""
    least, last = min(first.min(), second.min()), max(first.max(), second.max())
    if least < 0 or last >= len(embeddings):
        raise ValueError('{}: embeddings must be of all rows of the pairs, {} to {}, got {} rows.'.format(
            owner, least, last, len(embeddings)))
