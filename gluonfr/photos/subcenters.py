"""What a class layer with several centres for each person says of the labels that it was trained on."""
from collections import namedtuple

import numpy as np

from ..utils.check import check_int
from ..utils.vectors import unit_rows

__all__ = ['SubCenters', 'subcenter_angles']

SubCenters = namedtuple('SubCenters', 'angle nearest dominant')
SubCenters.__doc__ = """Images and the centres of their people.

angle : float array (N,)
    Degrees from each image to the dominant centre of its person.
nearest : int array (N,)
    The centre of its person that an image is nearest to, from 0.
dominant : int array (C,)
    The centre that most images of a person are nearest to; -1 where there is no image.
"""


def subcenter_angles(weight: np.ndarray, embeddings: np.ndarray, labels: np.ndarray, classes: int) -> SubCenters:
    """How far images are from the centre of their label that most of its images are nearest to.

    Trained with Sub-center ArcFace (ECCV 2020), wrong labels and hard images end at other centres than the clean ones.
    The paper drops images at more than 75 degrees, and trains again with one centre.

    Parameters
    ----------
    weight : float array (C * K, D)
        Of a trained `gluonfr.nn.SubCenterDense`: the K rows of a class follow each other.
    embeddings : float array (N, D)
        Of the images, by the network that was trained with it; of any length.
    labels : int array (N,)
        In [0, C).
    classes : int
        C, >= 2.

    Returns
    -------
    SubCenters

    Raises
    ------
    ValueError
        Shapes or labels that do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.photos import subcenter_angles
    >>> weight = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, -1, 0]])  # two people with two centres each
    >>> found = subcenter_angles(weight, np.array([[5, 0, 0], [1, 0, 1], [0, 3, 0]]), [0, 0, 0], classes=2)
    >>> found.angle.round().tolist(), found.dominant.tolist()
    ([0.0, 45.0, 90.0], [0, -1])
    """
    check_int('subcenter_angles', 'classes', classes, 2)
    weight, embeddings, labels = np.asarray(weight), np.asarray(embeddings), np.asarray(labels)
    if weight.ndim != 2 or len(weight) % classes or embeddings.shape[1:] != weight.shape[1:]:
        raise ValueError('subcenter_angles: weight must be ({} K, D) and embeddings (N, D), got shapes {} and {}.'
                         .format(classes, weight.shape, embeddings.shape))
    if labels.shape != embeddings.shape[:1] or not ((labels >= 0) & (labels < classes)).all():
        raise ValueError('subcenter_angles: labels must be N numbers in [0, {}).'.format(classes))
    centres = unit_rows(weight.astype('float64')).reshape(classes, -1, weight.shape[1])
    cosines = np.einsum('nkd,nd->nk', centres[labels], unit_rows(embeddings.astype('float64')))  # (N, K)
    nearest = cosines.argmax(axis=1)
    counts = np.zeros(centres.shape[:2], dtype='int64')  # (C, K)
    np.add.at(counts, (labels, nearest), 1)
    dominant = np.where(counts.any(axis=1), counts.argmax(axis=1), -1)
    own = cosines[np.arange(len(labels)), dominant[labels]]
    return SubCenters(np.degrees(np.arccos(np.clip(own, -1, 1))), nearest, dominant)
