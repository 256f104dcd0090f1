"""A case for each protocol of gluonfr.metrics: a small set, the row by plain loops, and what the protocol refuses."""
from collections import namedtuple

import numpy as np
from metrics_cases import (slow_accuracy, slow_cosine, slow_dir, slow_middles, slow_nearest_tar, slow_operating_point,
                           slow_rates, slow_search, slow_templates, slow_trials, slow_val)

from gluonfr.metrics import (DistractorTruth, PairTruth, PeopleTruth, QualityTruth, SearchTruth, TemplateTruth,
                             clopper_pearson)

ProtocolCase = namedtuple('ProtocolCase', 'parameters embeddings truth notes cells scores genuine bad_truths '
                                          'bad_parameters')
ProtocolCase.__doc__ = """What tests/unittests/metrics/test_protocols.py takes.

parameters : dict
    Of the protocol.
embeddings, truth
    Of a set called 'small'; a tuple where they are of a gallery and of probes.
notes : list of str
    What the protocol says beforehand.
cells : list of dict
    Some cells of each row, as slow loops find them.
scores, genuine : sequence
    Of all comparisons.
bad_truths : list of (truth, str)
    What it has no use for, and a part of the message.
bad_parameters : list of (dict, str)
    Out of their range, and a part of the message.
"""


def _kfold():
    """60 pairs in three folds: of a genuine pair the second is a noisy copy of the first."""
    random = np.random.RandomState(0)
    issame = np.arange(60) % 6 < 3
    first = random.randn(60, 6)
    second = np.where(issame[:, None], first + 0.9 * random.randn(60, 6), random.randn(60, 6))
    scores = [slow_cosine(a, b) for a, b in zip(first, second)]
    accuracies, thresholds = slow_accuracy(scores, issame, 3)
    threshold, tar, far = slow_operating_point(scores, issame, 0.1)
    cells = {'pairs': 60, 'impostors': 30, 'folds': 3, 'acc': np.mean(accuracies), 'std': np.std(accuracies),
             'threshold': np.mean(thresholds), 'tar@0.1': tar, 'far_at_0.1': far, 'threshold@0.1': threshold,
             'tar@0.01': None, 'threshold@0.01': None, 'val@1e-3': None}
    assert np.mean(slow_val(scores, issame, 1e-3, 3)[0]) > 0  # a number, but 20 impostors cannot show that FAR
    return ProtocolCase(
        {'nfolds': 3, 'fars': [0.1, 0.01]}, np.stack([first, second], axis=1).reshape(120, 6), issame,
        ['small: 30 impostor pairs cannot show FAR 0.01; the smallest is 0.0334'], [cells], scores, issame,
        [(np.ones(60, bool), 'small: pairs must be of both kinds, got 60 of one person and 0 of two people'),
         (np.array([True, False]), 'nfolds must be at most the number of pairs, 2 in small, got 3')],
        [({'nfolds': 0}, 'nfolds must be >= 1, got 0'), ({'fars': [2]}, r'fars must be in \[0, 1\], got 2'),
         ({'pca': 0}, 'pca must be >= 1, got 0')])


def _noisy(people, spread, seed=0, dimensions=6):
    """Embeddings of images of these people: a direction for each person, and noise."""
    random = np.random.RandomState(seed)
    return random.randn(max(people) + 1, dimensions)[people] + spread * random.randn(len(people), dimensions)


def _pairs():
    """All pairs of 12 images of four people."""
    people = [0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 3]
    embeddings = _noisy(people, 0.6)
    pairs = [(i, j) for i in range(12) for j in range(i + 1, 12)]
    scores = [slow_cosine(embeddings[i], embeddings[j]) for i, j in pairs]
    same = [people[i] == people[j] for i, j in pairs]
    threshold, tar, far = slow_operating_point(scores, same, 0.1)
    low, high = clopper_pearson(round(tar * 13), 13)
    compat = slow_nearest_tar(scores, same, 0.1)
    halves = []
    for k in range(2):  # people 0 and 2, and 1 and 3
        inside, other = ([p for p, (i, j) in enumerate(pairs) if {people[i] % 2, people[j] % 2} == {half}]
                         for half in (k, 1 - k))
        part = [scores[p] for p in other], [same[p] for p in other]
        cut = max([max(part[0]) + 1, *slow_middles(part[0])], key=lambda t: np.diff(slow_rates(*part, t)[::-1])[0])
        halves += [(same[p], (scores[p] >= cut) == same[p]) for p in inside]
    acc = np.mean([np.mean([right for kind, right in halves if kind is is_same]) for is_same in (True, False)])
    cells = {'pairs': 66, 'impostors': 53, 'people': 4, 'tar@0.1': tar, 'tar@0.1_low': low, 'tar@0.1_high': high,
             'far_at_0.1': far, 'threshold@0.1': threshold, 'tar@0.01': None, 'acc': acc,
             'compat_tar@0.1': None if compat == tar else compat}
    return ProtocolCase(
        {'fars': [0.1, 0.01]}, embeddings, PeopleTruth(people),
        ['small: 53 impostor pairs cannot show FAR 0.01; the smallest is 0.0189'], [cells], scores, same,
        [(PeopleTruth([1] * 12), 'small: pairs must be of both kinds, got 66 of one person and 0 of two people'),
         (PeopleTruth(range(12)), 'small: pairs must be of both kinds, got 0 of one person')],
        [({'fars': [-1]}, r'fars must be in \[0, 1\], got -1')])


def _templates():
    """Five templates of three people, of 2 to 4 images on one to three media."""
    templates = np.array([4, 4, 4, 7, 7, 2, 2, 2, 2, 9, 9, 5, 5, 5])
    media = np.array([1, 1, 2, 1, 3, 4, 4, 4, 8, 5, 6, 7, 7, 7])
    people = {4: 0, 7: 0, 2: 1, 9: 1, 5: 2}
    embeddings = _noisy([people[t] for t in templates], 0.7)
    sure = np.linspace(0.2, 1, 14)
    pairs = [(4, 7), (4, 2), (9, 4), (4, 5), (2, 7), (7, 9), (5, 7), (2, 9), (5, 2), (9, 5)]
    first, second = np.array(pairs).T
    vectors = slow_templates(embeddings, templates, media, False, sure)
    scores = [slow_cosine(vectors[a], vectors[b]) for a, b in pairs]
    same = [people[a] == people[b] for a, b in pairs]
    threshold, tar, far = slow_operating_point(scores, same, 0.3)
    low, high = clopper_pearson(round(2 * tar), 2)
    cells = {'pairs': 10, 'impostors': 8, 'templates': 5, 'images': 14, 'tar@0.3': tar, 'tar@0.3_low': low,
             'tar@0.3_high': high, 'far_at_0.3': far, 'threshold@0.3': threshold, 'tar@0.01': None}
    truth = TemplateTruth(templates, media, first, second, same, sure)
    return ProtocolCase(
        {'fars': [0.3, 0.01], 'norm': False}, embeddings, truth,
        ['small: 8 impostor pairs cannot show FAR 0.01; the smallest is 0.125'], [cells], scores, same,
        [(truth._replace(same=[True] * 10), 'small: pairs must be of both kinds, got 10 of one person'),
         (truth._replace(second=first[::-1] + 1), 'small: every template must have an image, got .* first template'),
         (truth._replace(first=first[:-1]), 'small: first, second and same must have one length')],
        [({'fars': [1.5]}, r'fars must be in \[0, 1\], got 1.5')])


def _identification():
    """14 probes, 10 of them of four people with one or two images in the gallery."""
    gallery_people, probe_people = [3, 1, 0, 2, 1, 3], [0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 4, 5, 6, 6]
    both = _noisy(gallery_people + probe_people, 0.9, seed=2)
    embeddings = both[:6], both[6:]
    found = slow_search(embeddings[0], gallery_people, embeddings[1], probe_people)
    at_one = sum(f[2] == 1 for f in found)
    rate, reached = slow_dir(found, 0.25)
    low, high = clopper_pearson(at_one, 10)
    cells = {'gallery': 6, 'people': 4, 'probes': 14, 'mated': 10, 'rank1': at_one / 10, 'rank1_low': low,
             'rank1_high': high, 'rank2': sum(0 < f[2] <= 2 for f in found) / 10, 'rank5': None, 'dir@0.25': rate,
             'fpir_at_0.25': reached, 'dir@0.1': None}
    assert 0 < rate < at_one / 10 < 1
    truth = SearchTruth(gallery_people, probe_people)
    return ProtocolCase(
        {'ranks': [1, 2, 5], 'fpirs': [0.25, 0.1]}, embeddings, truth,
        ['small: a gallery of 4 people cannot show rank 5',
         'small: 4 non-mated probes cannot show FPIR 0.1; the smallest is 0.25'],
        [cells], [f[0] for f in found], [f[2] == 1 for f in found],
        [(SearchTruth([7, 8, 8, 9, 9, 9], probe_people), 'small: probes of people in the gallery are needed, got 14')],
        [({'ranks': [0]}, 'ranks must be >= 1, got 0'), ({'fpirs': [2]}, r'fpirs must be in \[0, 1\], got 2')])


def _distractors():
    """Nine probes of three people and one of a fourth among 30 distractors, of which two are noise, as is a probe."""
    people = np.array([0, 0, 0, 1, 1, 3, 2, 2, 2, 0])
    faces = _noisy(people.tolist() + list(range(4, 34)), 0.5, seed=3)
    embeddings = faces[:10], faces[10:]
    truth = DistractorTruth(people, 30, [9], [0, 17])
    probes, others = embeddings[0][:9], np.delete(embeddings[1], [0, 17], axis=0)
    pairs = [(i, j) for i in range(9) for j in range(i) if people[i] == people[j]]
    genuine = [slow_cosine(probes[i], probes[j]) for i, j in pairs]
    cells = []
    for size in (5, 20, 28):
        impostors = [slow_cosine(x, y) for x in probes for y in others[:size]]
        right = slow_trials(probes, people[:9], others[:size])
        threshold, tar, far = slow_operating_point(genuine + impostors, [True] * 7 + [False] * len(impostors), 0.03)
        cells.append({'distractors': size, 'probes': 9, 'people': 4, 'trials': 14, 'rank1': np.mean(right),
                      'tar@0.03': tar, 'far_at_0.03': far, 'threshold@0.03': threshold, 'tar@0.001': None})
    near = [max(slow_cosine(x, y) for y in others) for x in probes]
    mate = [max([slow_cosine(probes[i], probes[j]) for j in range(9) if i != j and people[i] == people[j]], default=-2)
            for i in range(9)]
    return ProtocolCase(
        {'sizes': [20, 5, 100], 'fars': [0.03, 0.001]}, embeddings, truth,
        ['small: 28 distractors cannot show 100', 'small: 1 person has one probe, which is searched for by no other',
         'small: 252 pairs of a probe and a distractor cannot show FAR 0.001; the smallest is 0.00397'],
        cells, np.maximum(near, mate), np.array(mate) > near,
        [(truth._replace(people=range(10)), 'small: distractors and a person with two probes are needed'),
         (truth._replace(noisy_distractors=range(30)), 'needed, got 0 distractors and 9 probes of 4 people'),
         (truth._replace(noisy_probes=[10]), r'small: noisy_probes must be rows in \[0, 9\], got 10 to 10')],
        [({'sizes': [0]}, 'sizes must be >= 1, got 0'), ({'fars': [0.2]}, r'fars must be in \[0, 0.1\], got 0.2')])


def _groups():
    """40 pairs of two groups, one of which is harder, and two genuine pairs of a third."""
    random = np.random.RandomState(7)
    same = np.append(np.arange(40) % 4 < 2, [True, True])
    group = np.where(np.arange(42) % 2, 'east', 'west')
    group[40:] = 'few'
    first = random.randn(42, 6)
    noise = np.where(group == 'east', 1.3, 0.5)[:, None] * random.randn(42, 6)
    embeddings = np.concatenate([first, np.where(same[:, None], first, random.randn(42, 6)) + noise])
    scores = np.array([slow_cosine(a, b) for a, b in zip(embeddings, embeddings[42:])])
    common = slow_operating_point(scores, same, 0.1)[0]
    cells = []
    for name in ('east', 'west'):
        part = group == name
        accuracies, thresholds = slow_accuracy(scores[part], same[part], 2)
        tar, far = slow_rates(scores[part], same[part], common)
        threshold, own, reached = slow_operating_point(scores[part], same[part], 0.1)
        cells.append({'group': name, 'pairs': 20, 'impostors': 10, 'folds': 2, 'acc': np.mean(accuracies),
                      'std': np.std(accuracies), 'threshold': np.mean(thresholds), 'tar@0.1': own,
                      'threshold@0.1': threshold, 'common_threshold@0.1': common, 'common_far@0.1': far,
                      'common_tar@0.1': tar, 'acc_gap': None})
    a, b = (cell['acc'] for cell in cells)
    assert a < b < 1
    gap = abs(cells[0]['common_tar@0.1'] - cells[1]['common_tar@0.1'])
    cells.append({'group': None, 'pairs': 40, 'folds': None, 'acc': (a + b) / 2, 'acc_deviation': (b - a) / np.sqrt(2),
                  'acc_gap': b - a, 'error_ratio': (1 - a) / (1 - b), 'common_tar_gap@0.1': gap})
    truth = PairTruth(np.arange(42), np.arange(42, 84), same, group)
    return ProtocolCase(
        {'nfolds': 2, 'fars': [0.1]}, embeddings, truth,
        ['small: group few has 2 genuine and 0 impostor pairs: it is left out'], cells, scores, same,
        [(truth._replace(group=None), 'small: groups are needed, the group of each pair, got None'),
         (truth._replace(group=group[1:]), 'small: group and same must have one length'),
         (truth._replace(group=np.where(same, 'a', 'b')), 'group with pairs of both kinds is needed, got 2 groups'),
         (truth._replace(same=same | True), 'small: pairs must be of both kinds, got 42 of one person')],
        [({'nfolds': 0}, 'nfolds must be >= 1, got 0'), ({'fars': [2]}, r'fars must be in \[0, 1\], got 2')])


def _quality():
    """20 genuine pairs, the worse the lower their quality, two of which are equal, and 20 impostor pairs."""
    random = np.random.RandomState(5)
    same, quality = np.arange(40) < 20, np.concatenate([np.linspace(0.1, 2, 20), random.rand(20), np.full(40, 3.0)])
    quality[1] = quality[0]
    first = random.randn(40, 6)
    noise = random.randn(40, 6) / quality[:40, None]
    embeddings = np.concatenate([first, np.where(same[:, None], first, random.randn(40, 6)) + noise])
    scores = np.array([slow_cosine(a, b) for a, b in zip(embeddings, embeddings[40:])])
    threshold = slow_operating_point(scores, same, 0.1)[0]
    cells = {'pairs': 40, 'impostors': 20, 'quality': 'given', 'fmr': 0.1, 'threshold': threshold}
    for share, rejected in ((0, 0), (0.05, 0), (0.1, 2), (0.3, 6)):  # one of the two equal ones cannot go alone
        left = scores[rejected:20]
        cells['fnmr@{:g}'.format(share)] = np.mean(left < threshold)
        cells['rejected_at_{:g}'.format(share)] = rejected / 20
    assert cells['fnmr@0'] > cells['fnmr@0.3'] > 0
    truth = QualityTruth(np.arange(40), np.arange(40, 80), same, quality)
    return ProtocolCase(
        {'fmr': 0.1, 'rejects': [0, 0.05, 0.1, 0.3]}, embeddings, truth, [], [cells], scores, same,
        [(truth._replace(quality=np.append(quality[1:], np.nan)), 'small: quality must be finite, got 1 .* in row 79'),
         (truth._replace(same=~(same | True)), 'small: pairs must be of both kinds, got 0 of one person')],
        [({'fmr': 0}, r'fmr must be in \(0, 1\], got 0'), ({'rejects': [1]}, r'rejects must be in \[0, 1\), got 1')])


PROTOCOL_CASES = {'distractors': _distractors, 'groups': _groups, 'identification': _identification, 'kfold': _kfold,
                  'pairs': _pairs, 'quality': _quality, 'templates': _templates}
