"""Circle, SupCon, Multi-Similarity, Proxy Anchor, SphereFace-R and binary losses in plain NumPy, as in `reference`."""
import math

import numpy as np
from reference import class_of, cosine, cross_entropy, log_sum_exp, norm, psi
from reference_pairs import others


def log1p_exp(v):
    """log(1 + exp(v)) without overflow."""
    return max(v, 0.0) + math.log1p(math.exp(-abs(v)))


def log1p_sum_exp(values):
    """log(1 + sum(exp(values)))."""
    return log_sum_exp([0.0, *values])


def cosines(embedding):
    """(B, B) cosines between rows; a zero row has cosine 0 to all."""
    out = np.zeros((len(embedding), len(embedding)))
    for i, a in enumerate(embedding):
        for j, b in enumerate(embedding):
            out[i, j] = cosine(a, b) if np.any(a) and np.any(b) else 0.0
    return out


def hot(label, classes):
    """(B, C) whether a class is the sample's."""
    return np.array([[class_of(y) == j for j in range(classes)] for y in label])


def same_class(label):
    """(B, B) whether two samples are of one class."""
    return np.array([[int(a) == int(b) for b in label] for a in label])


def circle_weights(scores, positive, m):
    """[1 + m - s]_+ of positive scores, [s + m]_+ of the others (2002.10857)."""
    return np.where(positive, np.maximum(1 + m - scores, 0), np.maximum(scores + m, 0))


def circle(pred, label, m, gamma, alpha):
    """log(1 + sum_j exp(gamma alpha_j (s_j - m)) exp(-gamma alpha_y (s_y - 1 + m))), weights given."""
    out = []
    for s, y, a in zip(pred, label, alpha):
        y = class_of(y)
        target = gamma * a[y] * (s[y] - 1 + m)
        out.append(log1p_sum_exp([gamma * a[j] * (s[j] - m) - target for j in range(len(s)) if j != y]))
    return np.array(out)


def circle_pairs(embedding, label, m, gamma, alpha):
    """The same over the pairs of each anchor, weights given."""
    s, out = cosines(embedding), []
    for i in range(len(label)):
        pos, neg = others(label, i)
        out.append(log1p_sum_exp([gamma * alpha[i, n] * (s[i, n] - m) - gamma * alpha[i, p] * (s[i, p] - 1 + m)
                                  for n in neg for p in pos]))
    return np.array(out)


def supcon(embedding, label, tau):
    """Mean over the positives of -log softmax over all others (2004.11362, L_out)."""
    s, out = cosines(embedding) / tau, []
    for i in range(len(label)):
        pos = others(label, i)[0]
        total = log_sum_exp([s[i, a] for a in range(len(label)) if a != i]) if pos else 0.0
        out.append(sum(total - s[i, p] for p in pos) / max(len(pos), 1))
    return np.array(out)


def multi_similarity(embedding, label, alpha, beta, lamda=0.5, epsilon=None):
    """Both logarithms of 1904.06627 over the pairs that its mining keeps; all with epsilon=None."""
    s, out = cosines(embedding), []
    for i in range(len(label)):
        pos, neg = others(label, i)
        if epsilon is not None:
            kept = [n for n in neg if pos and s[i, n] > min(s[i, p] for p in pos) - epsilon]
            pos = [p for p in pos if neg and s[i, p] < max(s[i, n] for n in neg) + epsilon]
            neg = kept
        out.append(log1p_sum_exp([-alpha * (s[i, p] - lamda) for p in pos]) / alpha
                   + log1p_sum_exp([beta * (s[i, n] - lamda) for n in neg]) / beta)
    return np.array(out)


def proxy_anchor(pred, label, alpha, delta):
    """Each class gathers its samples and pushes the others away (2003.13911); the batch's value for every sample."""
    label = [class_of(y) for y in label]
    pull = push = 0.0
    for j in range(pred.shape[1]):
        pull += log1p_sum_exp([-alpha * (s[j] - delta) for s, y in zip(pred, label) if y == j]) / len(set(label))
        push += log1p_sum_exp([alpha * (s[j] + delta) for s, y in zip(pred, label) if y != j]) / pred.shape[1]
    return np.full(len(label), pull + push)


def characteristic(pred, label, m, version):
    """psi of the target and eta of the others: SphereFace (v0) and the two forms of SphereFace-R (2109.05565)."""
    out = np.array(pred, dtype='float64')
    for i, y in enumerate(label):
        for j in range(pred.shape[1]):
            theta = math.acos(pred[i, j])
            if j == class_of(y):
                out[i, j] = dict(v0=psi(pred[i, j], m), v1=math.cos(min(m * theta, math.pi)), v2=pred[i, j])[version]
            elif version == 'v2':
                out[i, j] = math.cos(theta / m)
    return out


def spherefacer(scores, label, s, embedding=None, t=0.0):
    """CE(s scores), or CE(|x| scores) + t ||x| - s|."""
    if embedding is None:
        return cross_entropy(s * scores, label)
    norms = np.array([norm(x) for x in embedding])
    return cross_entropy(norms[:, None] * scores, label) + t * np.abs(norms - s)


def widened(cos, t):
    """g of SphereFace2: 2 ((z + 1) / 2)^t - 1."""
    return np.array([[2 * ((c + 1) / 2) ** t - 1 for c in row] for row in cos])


def sphereface2(g_of_cos, label, bias, m, s, lamda):
    """One binary classifier for each class, with a common bias (2108.01513)."""
    out = []
    for g, y in zip(g_of_cos, label):
        y = class_of(y)
        push = sum(log1p_exp(s * (g[j] + m) + float(bias[0])) for j in range(len(g)) if j != y)
        out.append(lamda / s * log1p_exp(-s * (g[y] - m) - float(bias[0])) + (1 - lamda) / s * push)
    return np.array(out)


def uniface(pred, label, bias, m, s):
    """One threshold bias / s for every class (ICCV 2023)."""
    out = []
    for row, y in zip(pred, label):
        y = class_of(y)
        push = sum(log1p_exp(s * row[j] - float(bias[0])) for j in range(len(row)) if j != y)
        out.append(log1p_exp(-s * (row[y] - m) + float(bias[0])) + push)
    return np.array(out)
