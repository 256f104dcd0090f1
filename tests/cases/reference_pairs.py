"""The losses over pairs, triplets and groups in plain NumPy, as in `reference`."""
import math

import numpy as np
from reference import squared, cosine, relu


def contrastive(anchor, positive, label, margin):
    """y d^2 + (1 - y) max(m - d, 0)^2 (Hadsell 2006)."""
    out = []
    for a, b, y in zip(anchor, positive, label):
        d = math.sqrt(squared(a, b))
        out.append(y * d ** 2 + (1 - y) * relu(margin - d) ** 2)
    return np.array(out)


def others(label, i):
    """(positions of i's class without i, positions of the other classes)."""
    same = [j for j in range(len(label)) if j != i and int(label[j]) == int(label[i])]
    return same, [j for j in range(len(label)) if int(label[j]) != int(label[i])]


def mean_or_zero(values):
    """Mean; 0 of nothing."""
    values = list(values)
    return sum(values) / len(values) if values else 0.0


def contrastive_mined(embedding, label, margin):
    """Per anchor: mean d^2 of its positives + mean max(m - d, 0)^2 of its negatives."""
    out = []
    for i, x in enumerate(embedding):
        pos, neg = others(label, i)
        out.append(mean_or_zero(squared(x, embedding[j]) for j in pos)
                   + mean_or_zero(relu(margin - math.sqrt(squared(x, embedding[j]))) ** 2 for j in neg))
    return np.array(out)


def triplet(pred, positive, negative, margin):
    """max(|a - p|^2 - |a - n|^2 + m, 0) (1503.03832)."""
    return np.array([relu(squared(a, p) - squared(a, n) + margin) for a, p, n in zip(pred, positive, negative)])


def triplet_batch_hard(embedding, label, margin):
    """Farthest positive against nearest negative."""
    out = []
    for i, x in enumerate(embedding):
        pos, neg = others(label, i)
        if pos and neg:
            far, near = max(squared(x, embedding[j]) for j in pos), min(squared(x, embedding[j]) for j in neg)
            out.append(relu(far - near + margin))
        else:
            out.append(0.0)
    return np.array(out)


def triplet_semi_hard(embedding, label, margin):
    """Each positive against the nearest negative beyond it, else the farthest negative; mean over the positives."""
    out = []
    for i, x in enumerate(embedding):
        pos, neg = others(label, i)
        if not neg:
            pos = []
        terms = []
        for p in pos:
            d_ap = squared(x, embedding[p])
            distances = [squared(x, embedding[n]) for n in neg]
            beyond = [d for d in distances if d > d_ap]
            terms.append(relu(d_ap - (min(beyond) if beyond else max(distances)) + margin))
        out.append(mean_or_zero(terms))
    return np.array(out)


def triplet_batch_all(embedding, label, margin):
    """Mean over the anchor's triplets whose loss is positive."""
    out = []
    for i, x in enumerate(embedding):
        pos, neg = others(label, i)
        terms = [squared(x, embedding[p]) - squared(x, embedding[n]) + margin for p in pos for n in neg]
        out.append(mean_or_zero(t for t in terms if t > 0))
    return np.array(out)


def range_intra(embedding, num_class, num_in_class, top_k):
    """Sum over classes of the harmonic mean of the k largest squared distances (1611.08976)."""
    total = 0.0
    for c in range(num_class):
        group = embedding[c * num_in_class:(c + 1) * num_in_class]
        distances = [squared(group[i], group[j]) for i in range(len(group)) for j in range(i)]
        total += top_k / sum(1 / d for d in sorted(distances)[-top_k:])
    return total


def range_inter(embedding, num_class, num_in_class, margin):
    """max(margin - smallest squared distance of two class means, 0)."""
    means = [np.mean(embedding[c * num_in_class:(c + 1) * num_in_class], axis=0) for c in range(num_class)]
    return relu(margin - min(squared(means[i], means[j]) for i in range(num_class) for j in range(i)))


def range_loss(embedding, alpha, beta, top_k, num_class, num_in_class, margin):
    """alpha intra + beta inter, carried by every sample."""
    value = (alpha * range_intra(embedding, num_class, num_in_class, top_k)
             + beta * range_inter(embedding, num_class, num_in_class, margin))
    return np.full(len(embedding), value)


def mps(pred1, pred2, m):
    """1/2 max(m + max_{j != i}(cos_ij, cos_ji) - cos_ii, 0), cos_ij between pred1_i and pred2_j (1805.02283)."""
    out = []
    for i in range(len(pred1)):
        hard = [max(cosine(pred1[i], pred2[j]), cosine(pred1[j], pred2[i])) for j in range(len(pred1)) if j != i]
        out.append(relu(m + max(hard) - cosine(pred1[i], pred2[i])) / 2 if hard else 0.0)
    return np.array(out)


def mps_mined(embedding, label, m):
    """Per anchor: mean over its positives j of 1/2 max(m + max(hardest negative of i, of j) - cos_ij, 0)."""
    out = []
    for i, x in enumerate(embedding):
        pos, neg = others(label, i)
        terms = []
        for j in pos if neg else []:
            hard = max(max(cosine(x, embedding[n]), cosine(embedding[j], embedding[n])) for n in neg)
            terms.append(relu(m + hard - cosine(x, embedding[j])) / 2)
        out.append(mean_or_zero(terms))
    return np.array(out)
