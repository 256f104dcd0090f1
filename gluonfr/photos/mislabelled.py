"""Whose images they are, by their embeddings: wrong labels, one person under two names, two under one.

All in blocks: the memory is that of the embeddings, the time grows with images times people.
"""
from collections import namedtuple
from typing import List, Optional, Tuple

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.special import ndtri


__all__ = ['Centres', 'Judged', 'Mixture', 'impostor_threshold', 'judge_labels', 'mixed_people', 'same_people']

BLOCK = 1 << 24  # cosines computed at a time
SAMPLE = 200000  # pairs of two people
MOST = 2000  # images of a person that are compared, each with each
ROUNDS = 2
NEAREST = 2  # other people whose images an image is compared with
AS_WITHIN = 0.6  # mean cosine between two names of one person, as a share of that within each
NEAREST_PEOPLE = 5  # other people with whom a person is compared

Centres = namedtuple('Centres', 'vectors means members')
Centres.__doc__ = """The middle of each person.

vectors, means : float array (C, D)
    Of length 1, and as the mean of the images is.
members : list of int array
    The images that it is of.
"""

Judged = namedtuple('Judged', 'own other likeness nearest centres')
Judged.__doc__ = """What the embeddings say of labels.

own : float array (N,)
    Median cosine with the person of the label; NaN where there is no other image.
other : int array (N,)
    The other person whom it resembles most.
likeness : float array (N,)
    Median cosine with that one.
nearest : int array (N, 2)
    The other people whose centres are nearest.
centres : Centres
"""

Mixture = namedtuple('Mixture', 'person first second score')
Mixture.__doc__ = """Two groups of images of one name that are not of one person.

person : int
first, second : int arrays
    Images of the larger group, and of the smaller.
score : float
    Mean cosine between the groups.
"""


def impostor_threshold(units: np.ndarray, people: np.ndarray, fmr: float = 1e-3, seed: int = 0) -> float:
    """The cosine that about this share of pairs of two people reaches, from pairs drawn by the seed.

    Wrong labels put pairs of one person among those of two, with high cosines: so the median and the lower half decide,
    as of a normal distribution.

    Parameters
    ----------
    units : float array (N, D)
        Of length 1.
    people : int array (N,)
    fmr : float in (0, 0.5)
    seed : int

    Raises
    ------
    ValueError
        There are fewer than two people.
    """
    if len(np.unique(people)) < 2:
        raise ValueError('impostor_threshold: people must be at least two, got {}.'.format(len(np.unique(people))))
    random, count = np.random.RandomState(seed), len(people)
    first, second = random.randint(0, count, (2, SAMPLE))
    two = people[first] != people[second]
    scores = np.concatenate([np.einsum('ij,ij->i', units[first[part]], units[second[part]])
                             for part in _blocks(np.flatnonzero(two), units.shape[1] * 8)])
    low, middle = np.percentile(scores, [15.866, 50])
    return float(min(middle - ndtri(fmr) * (middle - low), 1))


def judge_labels(units: np.ndarray, people: np.ndarray, threshold: float) -> Judged:
    """How like its own person each image is, and how like the other person whom it resembles most.

    Both are the median cosine with the images of that person, itself left out. In a second round the images that are
    nearer to another person are no longer among those that are compared with: where a person has more wrong images than
    right ones, the first round alone goes astray.

    Parameters
    ----------
    units : float array (N, D)
        Of length 1.
    people : int array (N,)
        0 to C - 1, each with an image.
    threshold : float
        Cosine of pairs of one person.

    Returns
    -------
    Judged
    """
    images_of = _images_of(people)
    own = _with_members(units, people, images_of)
    believed, among, rows = people, own, np.arange(len(people))
    nearest = np.zeros((len(people), min(NEAREST, len(images_of) - 1)), np.int64)
    other, likeness = np.empty(len(people), np.int64), np.empty(len(people))
    for _ in range(ROUNDS):
        centres = _centres(units, believed, among, images_of, threshold)
        left = _with_members(units, people, centres.members)
        own = np.where(np.isnan(left), own, left)
        if believed is not people:  # who is like the others of the person has been compared with other people already
            rows = np.flatnonzero(np.nan_to_num(own, nan=1) < threshold)
        other[rows], likeness[rows], nearest[rows] = _other_people(units, people, centres, rows)
        believed = np.where((likeness >= threshold) & (np.nan_to_num(own, nan=1) < threshold), other, people)
        among = _with_members(units, believed, _images_of(believed, len(images_of)))
    return Judged(own, other, likeness, nearest, _centres(units, believed, among, images_of, threshold))


def _with_members(units, people, members, rows=None):
    """The median cosine of images with the members of a person each, but for itself; NaN where there are none.

    `people` are those of the images `rows`, by default of all.
    """
    rows = np.arange(len(people)) if rows is None else rows
    found = np.full(len(people), np.nan)
    for person, places in enumerate(_images_of(people, len(members))):
        others = _spread(members[person])
        for part in _blocks(places, len(others)):
            cosines = units[rows[part]] @ units[others].T
            itself = rows[part][:, None] == others
            cosines[itself] = -2
            found[part] = _medians(cosines, itself.any(axis=1))
    return found


def _centres(units, people, own, images_of, threshold):
    """The middles of the images that resemble the others of their person; of all, where none does."""
    members = []
    for person, images in enumerate(_images_of(people, len(images_of))):
        trusted = images[np.nan_to_num(own[images], nan=-1) >= threshold]
        members.append(next(part for part in (trusted, images, images_of[person]) if len(part)))
    means = np.stack([units[images].mean(axis=0) for images in members])
    return Centres(means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12), means, members)


def _other_people(units, people, centres, rows):
    """(other person, median cosine, people with the nearest centres (n, NEAREST)) of some images."""
    persons = len(centres.members)
    most = min(NEAREST, persons - 1)
    nearest = np.concatenate([np.zeros((0, most), np.int64)] + [
        _best(units[part] @ centres.vectors.T, people[part], most) for part in _blocks(rows, persons)])
    other, likeness = nearest[:, 0].copy(), np.full(len(rows), -1.0)
    for k in range(most):
        found = _with_members(units, nearest[:, k], centres.members, rows)
        better = np.nan_to_num(found, nan=-1) > likeness
        other[better], likeness[better] = nearest[better, k], found[better]
    return other, likeness, nearest


def same_people(centres: Centres, least: float) -> List[Tuple[int, int, float]]:
    """Pairs of people who look like one person, the surest first.

    Each person is compared with the five nearest. What counts is the mean cosine between the images of the two; many
    images make it surer: it is weighted with ``sqrt(3 / (1 + 1 / n + 1 / m))`` for n and m images, 1 where both have
    one. Relatives look alike, too: the mean cosine must be 0.6 of that within each of the two; of a person with one
    image, of that within half of the people.

    Parameters
    ----------
    centres : Centres
    least : float
        Weighted cosine from which on a pair is given.

    Returns
    -------
    list of (int, int, float)
        Person with more images, person with fewer, mean cosine.
    """
    persons = len(centres.members)
    sizes, most = np.array(list(map(len, centres.members))), min(NEAREST_PEOPLE, persons - 1)
    pairs = np.concatenate([
        np.column_stack([np.repeat(rows, most), _best(centres.vectors[rows] @ centres.vectors.T, rows, most).ravel()])
        for rows in _blocks(np.arange(persons), persons)])
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    fewer = sizes[pairs[:, 0]] < sizes[pairs[:, 1]]
    pairs[fewer] = pairs[fewer, ::-1]
    # the mean of all cosines between two sets of unit vectors is the product of their means
    scores = np.einsum('ij,ij->i', centres.means[pairs[:, 0]], centres.means[pairs[:, 1]])
    weighted = scores * np.sqrt(3 / (1 + (1 / sizes[pairs]).sum(axis=1)))
    several = sizes > 1
    within = (sizes * np.einsum('ij,ij->i', centres.means, centres.means) - 1) / np.maximum(sizes - 1, 1)
    within[~several] = np.median(within[several]) if several.any() else 0
    weighted[scores < AS_WITHIN * within[pairs].min(axis=1)] = -2
    order = np.argsort(-weighted, kind='stable')
    return [(*pairs[i].tolist(), float(scores[i])) for i in order if weighted[i] >= least]


def mixed_people(units: np.ndarray, people: np.ndarray, images: Optional[np.ndarray], threshold: float,
                 smallest: int = 2) -> List[Mixture]:
    """People under whose name there are two, the surest first: two groups of images, each alike within itself.

    Groups are joined as long as the mean cosine between them reaches the threshold (average linkage).

    Parameters
    ----------
    units : float array (N, D)
    people : int array (N,)
    images : bool array (N,) or None
        Those that are looked at.
    threshold : float
    smallest : int
        Images that the smaller group must have.
    """
    found = []
    for person, mine in enumerate(_images_of(people)):
        mine = _spread(mine if images is None else mine[images[mine]])
        if len(mine) < 2 * smallest:
            continue
        cosines = units[mine] @ units[mine].T
        if cosines.min() >= threshold:
            continue
        distances = np.maximum(1 - cosines[np.triu_indices(len(mine), 1)], 0)
        group = fcluster(linkage(distances, 'average'), 1 - threshold, 'distance')
        sizes = np.bincount(group)
        first, second = np.argsort(-sizes, kind='stable')[:2]
        if sizes[second] >= smallest:
            first, second = mine[group == first], mine[group == second]
            found.append(Mixture(person, first, second, float((units[first] @ units[second].T).mean())))
    return sorted(found, key=lambda mixture: mixture.score)


def _images_of(people, persons=None):
    """The images of each person 0 to C - 1."""
    persons = int(people.max()) + 1 if persons is None else persons
    order = np.argsort(people, kind='stable')
    return np.split(order, np.searchsorted(people[order], np.arange(persons + 1)))[1:-1]


def _spread(images):
    """At most 2,000 of the images of a person."""
    return images if len(images) <= MOST else images[np.linspace(0, len(images) - 1, MOST).astype(int)]


def _blocks(rows, width):
    """Rows in parts, of each of which a product with `width` others has room."""
    step = max(1, BLOCK // max(width, 1))
    return (rows[start:start + step] for start in range(0, len(rows), step))


def _medians(values, without_lowest):
    """The median of each row; where it is said so, without the lowest value. NaN where none is left."""
    found = np.full(len(values), np.nan)
    for skipped in (0, 1):
        rows, left = np.flatnonzero(without_lowest == skipped), values.shape[1] - skipped
        if len(rows) and left:
            middle = sorted({skipped + (left - 1) // 2, skipped + left // 2})
            found[rows] = np.partition(values[rows], middle, axis=1)[:, middle].mean(axis=1)
    return found


def _best(cosines, own, most):
    """The columns of the highest values of each row, (n, most), without its own column; the cosines are changed."""
    here, found = np.arange(len(cosines)), np.empty((len(cosines), most), np.int64)
    cosines[here, own] = -2
    for k in range(most):
        found[:, k] = cosines.argmax(axis=1)
        cosines[here, found[:, k]] = -2
    return found
