"""Scores of pairs, and the protocols as slow plain loops, that the tests of gluonfr.metrics share."""
import math

import numpy as np
from sklearn.metrics import roc_curve
from sklearn.model_selection import KFold


def case(kind, n=60, seed=0):
    """(scores, issame) of one shape; every fold of ten has pairs of both kinds."""
    rng = np.random.RandomState(seed)
    issame = np.arange(n) % 6 < 3
    scores = rng.randn(n) + 1.3 * issame
    if kind == 'ties':
        scores = np.round(2 * scores) / 2
    elif kind == 'equal':
        scores = np.zeros(n)
    elif kind == 'separable':
        scores = np.where(issame, 5 + rng.rand(n), rng.rand(n))
    elif kind == 'reversed':
        scores = np.where(issame, rng.rand(n), 5 + rng.rand(n))
    elif kind == 'two values':
        scores = np.where(rng.rand(n) < 0.3, issame, ~issame).astype('float64')
    elif kind == 'few impostors':
        issame = (np.arange(n) % 6 != 0)
        scores = rng.randn(n) + issame
    elif kind == 'neighbours':  # no float lies between them
        scores = np.where(rng.rand(n) < 0.3, np.nextafter(1, 2), 1.0)
    return scores, issame


KINDS = ['plain', 'ties', 'equal', 'separable', 'reversed', 'two values', 'few impostors', 'neighbours']


# ---- the slow loops: one candidate and one pair at a time ----

def fold_indices(n, nfolds):
    if nfolds == 1:
        return [(list(range(n)), list(range(n)))]
    return [(list(a), list(b)) for a, b in KFold(nfolds, shuffle=False).split(np.zeros(n))]


def slow_candidates(scores):
    """Thresholds from strict to loose: above all, between neighbours, at the lowest."""
    distinct = sorted(set(scores), reverse=True)
    middles = [b + (a - b) / 2 if b < b + (a - b) / 2 else a for a, b in zip(distinct, distinct[1:])]
    return [math.nextafter(distinct[0], math.inf) if hasattr(math, 'nextafter') else np.nextafter(distinct[0], np.inf),
            *middles, distinct[-1]]


def slow_accuracy(scores, issame, nfolds, grid=None):
    accuracies, thresholds = [], []
    for train, test in fold_indices(len(scores), nfolds):
        best, chosen = -1, None
        for t in slow_candidates([scores[i] for i in train]) if grid is None else sorted(grid, reverse=True):
            right = sum((scores[i] >= t) == issame[i] for i in train)
            if right > best:
                best, chosen = right, t
        thresholds.append(chosen)
        accuracies.append(sum((scores[i] >= chosen) == issame[i] for i in test) / len(test))
    return accuracies, thresholds


def slow_rates(scores, issame, t):
    genuine = [s for s, same in zip(scores, issame) if same]
    impostors = [s for s, same in zip(scores, issame) if not same]
    return tuple(sum(s >= t for s in part) / len(part) if part else math.nan for part in (genuine, impostors))


def slow_operating_point(scores, issame, far, grid=None):
    """(threshold, TAR, FAR) of the loosest candidate whose FAR is at most far."""
    found = (math.inf, 0.0, 0.0)
    for t in slow_candidates(scores) if grid is None else sorted(grid, reverse=True):
        if slow_rates(scores, issame, t)[1] <= far:
            found = (t, *slow_rates(scores, issame, t))
    return found


def slow_val(scores, issame, far, nfolds, grid=None):
    tars, fars = [], []
    for train, test in fold_indices(len(scores), nfolds):
        t = slow_operating_point([scores[i] for i in train], [issame[i] for i in train], far, grid)[0]
        tar, false = slow_rates([scores[i] for i in test], [issame[i] for i in test], t)
        if all(issame[i] for i in train):  # no FAR to choose a threshold by
            tar = false = math.nan
        tars.append(tar)
        fars.append(false)
    return tars, fars


def slow_cosine(a, b):
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def slow_middles(scores):
    """Thresholds between neighbouring scores, from strict to loose, and the lowest."""
    return slow_candidates(scores)[1:]


def slow_nearest_tar(scores, issame, far):
    """TAR at the nearest FAR of scikit-learn's curve; of equally near ones that with more accepted."""
    fpr, tpr, _ = roc_curve(issame, scores)
    best = None
    for x, y in zip(fpr, tpr):
        if best is None or abs(x - far) <= abs(best[0] - far):
            best = x, y
    return best[1]


def slow_templates(embeddings, templates, media, norm=True, detector_scores=None, flip=False):
    """{template: its vector of length 1}, one image and one medium at a time."""
    vectors = {}
    for template in sorted(set(templates)):
        images = {}
        for i, x in enumerate(embeddings):
            if templates[i] == template:
                x = x[:len(x) // 2] + x[len(x) // 2:] if flip else x
                x = x if norm else x / np.sqrt(sum(v * v for v in x))
                x = x if detector_scores is None else x * detector_scores[i]
                images.setdefault(media[i], []).append(x)
        total = sum(sum(frames) / len(frames) for frames in images.values())
        vectors[template] = total / np.sqrt(sum(v * v for v in total))
    return vectors


def slow_trials(probes, people, distractors):
    """For every two probes of a person, whether one scores above all distractors with the other."""
    return [slow_cosine(probes[i], probes[j]) > max(slow_cosine(probes[i], y) for y in distractors)
            for i in range(len(people)) for j in range(len(people)) if i != j and people[i] == people[j]]


def slow_search(gallery, gallery_people, probes, probe_people):
    """[(best score, score of the probe's own person or None, his rank or 0, {person: best score})] of each probe."""
    found = []
    for x, person in zip(probes, probe_people):
        scores = {}
        for y, other in zip(gallery, gallery_people):
            scores[other] = max(scores.get(other, -2), slow_cosine(x, y))
        own = scores.get(person)
        rank = 0 if own is None else sum(score >= own for score in scores.values())
        found.append((max(scores.values()), own, rank, scores))
    return found


def slow_dir(found, fpir):
    """(DIR, FPIR) at the loosest of all thresholds whose FPIR is at most fpir."""
    nonmated, mated = [f for f in found if not f[2]], [f for f in found if f[2]]
    best = 0, 0
    for t in sorted({f[0] for f in found} | {3}, reverse=True):
        reached = sum(f[0] >= t for f in nonmated) / len(nonmated)
        if reached <= fpir:
            best = sum(f[2] == 1 and f[1] >= t for f in mated) / len(mated), reached
    return best
