"""Losses whose margin or scale follows the data, in plain NumPy loops: the part of ``reference`` that has state."""
import math

import numpy as np

import reference as ref


def targets(x):
    """Cosines of the targets."""
    return [row[ref.class_of(y)] for row, y in zip(x['pred'], x['label'])]


def followed(state, values, part):
    """A running mean after a batch of values: (1 - part) state + part mean."""
    return np.array([(1 - part) * float(state[0]) + part * sum(values) / len(values)])


def curricular(pred, label, m, s, t):
    """Negatives above the target's score become cos (t + cos) (2004.00288)."""
    logits = np.zeros_like(pred)
    for i, y in enumerate(label):
        y = ref.class_of(y)
        target = ref.psi(pred[i, y], m2=m)
        for j, cos in enumerate(pred[i]):
            logits[i, j] = target if j == y else cos * (float(t[0]) + cos) if cos > target else cos
    return ref.cross_entropy(s * logits, label)


def moved_norms(embedding, state, part):
    """AdaFace's mean and std after a batch; the first batch is taken whole."""
    norms = [ref.norm(x) for x in embedding]
    mean = sum(norms) / len(norms)
    std = math.sqrt(sum((a - mean) ** 2 for a in norms) / len(norms))
    part = 1 if float(state['mean'][0]) == 0 else part
    return {'mean': np.array([(1 - part) * float(state['mean'][0]) + part * mean]),
            'std': np.array([(1 - part) * float(state['std'][0]) + part * std])}


def adaface(pred, label, embedding, m, s, h, mean, std):
    """s (cos(theta - m z) - (m + m z)) with z = clip((|x| - mean) / (std / h), -1, 1) (2204.00964)."""
    mean, std, logits = float(mean[0]), float(std[0]), np.array(pred)
    for i, y in enumerate(label):
        y = ref.class_of(y)
        z = 0 if mean == 0 else (ref.norm(embedding[i]) - mean) / (max(std, 1e-6) / h)
        z = min(max(z, -1), 1)
        logits[i, y] = ref.psi(pred[i, y], m2=-m * z, m3=m + m * z)
    return ref.cross_entropy(s * logits, label)


def fixed_scale(classes):
    """AdaCos: sqrt(2) log(C - 1) (1905.00292)."""
    return math.sqrt(2) * math.log(classes - 1)


def cross_entropy_at(x, s):
    """CE(s cos)."""
    return ref.cross_entropy(float(s) * x['pred'], x['label'])


def adacos_scale(x, s):
    """AdaCos: the scale after a batch that came at scale s (1905.00292), in [1, 2 s_0]."""
    sums = [sum(math.exp(float(s[0]) * c) for j, c in enumerate(row) if j != ref.class_of(y))
            for row, y in zip(x['pred'], x['label'])]
    median = float(np.median([math.acos(c) for c in targets(x)]))
    scale = math.log(sum(sums) / len(sums)) / math.cos(min(math.pi / 4, median))
    return np.array([min(max(1.0, scale), 2 * fixed_scale(x['pred'].shape[1]))])


def class_margins(counts, m_min, m_max, lamda):
    """a n^-lamda + b, m_max for the smallest class and m_min for the largest (2010.05350)."""
    sizes = [max(n, 1) for n in counts]
    a = (m_max - m_min) / (min(sizes) ** -lamda - max(sizes) ** -lamda)
    b = m_max - a * min(sizes) ** -lamda
    return np.array([a * n ** -lamda + b for n in sizes])


def dynamic_margin(pred, label, counts, m_min, m_max, lamda, s):
    """ArcFace whose margin is that of the class."""
    margins, logits = class_margins(counts, m_min, m_max, lamda), np.array(pred)
    for i, y in enumerate(label):
        y = ref.class_of(y)
        logits[i, y] = ref.psi(pred[i, y], m2=margins[y])
    return ref.cross_entropy(s * logits, label)
