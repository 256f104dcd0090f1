"""The losses and heads in plain NumPy: float64, one loop for every sum, from the papers' formulas.

Nothing here shares a line with ``gluonfr.loss``; the tests compare the two. ``label`` is (B,) class numbers, or (B, C)
one-hot rows where a function takes class scores. Every loss returns (B,).
"""
import math

import numpy as np


def norm(v):
    """|v|."""
    return math.sqrt(sum(float(t) * float(t) for t in v))


def squared(a, b):
    """|a - b|^2."""
    return sum((float(s) - float(t)) ** 2 for s, t in zip(a, b))


def cosine(a, b):
    """Cosine of the angle between a and b."""
    return sum(float(s) * float(t) for s, t in zip(a, b)) / (norm(a) * norm(b))


def relu(v):
    """max(v, 0)."""
    return v if v > 0 else 0.0


def log_sum_exp(z):
    """log(sum(exp(z))) without overflow."""
    top = max(z)
    return top + math.log(sum(math.exp(v - top) for v in z))


def softmax(z):
    """exp(z) / sum(exp(z)) of one row."""
    total = log_sum_exp(z)
    return np.array([math.exp(v - total) for v in z])


def class_of(row):
    """Class number of one label, given as a number or as a one-hot row."""
    return int(row) if np.ndim(row) == 0 else int(np.argmax(row))


def cross_entropy(logits, label):
    """-log softmax(z)_y, or -sum_j y_j log softmax(z)_j for rows of class weights."""
    out = []
    for z, y in zip(logits, label):
        total = log_sum_exp(z)
        if np.ndim(y) == 0:
            out.append(total - z[int(y)])
        else:
            out.append(sum(w * (total - v) for w, v in zip(y, z)))
    return np.array(out)


def from_log_probability(log_p, label):
    """-log p_y where log p is given."""
    return np.array([-row[int(y)] for row, y in zip(log_p, label)])


# --- the softmax-margin family: pred (B, C) holds cosines ------------------------------------------------------------

def psi(cos, m1=1.0, m2=0.0, m3=0.0, easy=False):
    """(-1)^k cos(phi) - 2k - m3 with phi = m1 theta + m2 and k = floor(phi / pi): falls for every theta."""
    if easy and cos <= 0:
        return cos - m3
    phi = m1 * math.acos(cos) + m2
    k = math.floor(phi / math.pi)
    return (-1) ** k * math.cos(phi) - 2 * k - m3


def scaled(pred, label, s, target):
    """s * pred with the target class's cosine replaced by target(cosine)."""
    logits = np.array(pred, dtype='float64')
    for i, y in enumerate(label):
        y = class_of(y)
        logits[i, y] = target(pred[i, y])
    return s * logits


def combined_logits(pred, label, m1, m2, m3, s, easy=False):
    """Additive, multiplicative and cosine margins together (ArcFace, 1801.07698, eq. 4)."""
    return scaled(pred, label, s, lambda c: psi(c, m1, m2, m3, easy))


def combined(pred, label, m1, m2, m3, s, easy=False):
    """CE(s (cos(m1 theta + m2) - m3))."""
    return cross_entropy(combined_logits(pred, label, m1, m2, m3, s, easy), label)


def liarcface(pred, label, m, s):
    """Logits s (pi - 2 theta) / pi, the target's angle widened by m (1907.12256)."""
    logits = np.zeros_like(pred)
    for i, y in enumerate(label):
        for j in range(pred.shape[1]):
            theta = math.acos(pred[i, j])
            logits[i, j] = s * (math.pi - 2 * (theta + (m if j == class_of(y) else 0.0))) / math.pi
    return cross_entropy(logits, label)


def asoftmax_lambda(it, base=1500.0, gamma=0.1, power=1.0, floor=5.0):
    """SphereFace's annealing: max(floor, base (1 + gamma it)^-power)."""
    return max(floor, base * (1 + gamma * it) ** -power)


def taylor_cos(m, theta):
    """The Taylor polynomial of cos(m theta) to the tenth power, limited to [-m, 1]."""
    x = m * theta
    total = sum((-1) ** n * x ** (2 * n) / math.factorial(2 * n) for n in range(6))
    return min(max(total, -m), 1.0)


def asoftmax(pred, label, m, s, lam, phiflag=True):
    """Target (lam cos + psi(theta)) / (1 + lam) (1704.08063)."""
    def target(c):
        value = psi(c, m1=m) if phiflag else taylor_cos(m, math.acos(c))
        return (lam * c + value) / (1 + lam)
    return cross_entropy(scaled(pred, label, s, target), label)


def svx(pred, label, s, t, m1=1, m2=0, m3=0, easy=False):
    """Negatives above the target's score count more: t cos + t - 1 (1812.11317, 1912.00833)."""
    logits = np.zeros_like(pred)
    for i, y in enumerate(label):
        y = class_of(y)
        target = psi(pred[i, y], m1=m1, m2=m3) - m2
        for j in range(pred.shape[1]):
            if j == y:
                logits[i, j] = pred[i, j] if easy and pred[i, j] <= 0 else target
            elif pred[i, j] > target:
                logits[i, j] = t * pred[i, j] + t - 1
            else:
                logits[i, j] = pred[i, j]
    return cross_entropy(s * logits, label)


def magface(pred, label, embedding, s, l_a, u_a, l_m, u_m, lamda_g, easy=False):
    """Margin and regulariser that depend on the length of the embedding (2103.06627)."""
    out = []
    for i in range(len(pred)):
        a = min(max(norm(embedding[i]), l_a), u_a)
        m = (u_m - l_m) / (u_a - l_a) * (a - l_a) + l_m
        ce = combined(pred[i:i + 1], label[i:i + 1], 1.0, m, 0.0, s, easy)[0]
        out.append(ce + lamda_g * (a / u_a ** 2 + 1 / a))
    return np.array(out)


def l2softmax(pred, label, alpha, embedding=None):
    """CE(alpha W x / |x|): pred = W x with its embedding, or already W x / |x| without (1703.09507)."""
    logits = np.array(pred, dtype='float64')
    for i in range(len(pred)):
        logits[i] *= alpha / (1.0 if embedding is None else norm(embedding[i]))
    return cross_entropy(logits, label)


def lsoftmax(embedding, label, weight, m, s):
    """Target |W_y| |x| psi(theta_y), the others W_j x (1612.02295)."""
    return cross_entropy(angle_linear(embedding, weight, label, m1=m, s=s, w_norm=False, x_norm=False), label)


def focal(logits, label, gamma):
    """(1 - p)^gamma CE with p = exp(-CE) (1708.02002)."""
    return np.array([(1 - math.exp(-ce)) ** gamma * ce for ce in cross_entropy(logits, label)])


# --- losses that own parameters --------------------------------------------------------------------------------------

def ring_penalty(d, loss_type='l2', c=1.0):
    """R(d) of d = |x| - R."""
    if loss_type == 'l2':
        return d * d / 2
    if loss_type == 'smoothl1':
        return d * d / 2 if abs(d) <= 1 else abs(d) - 0.5
    if loss_type == 'cauchy':
        return c * c / 2 * math.log(1 + d * d / (c * c))
    return d * d / 2 / (1 + d * d)


def ring(pred, label, embedding, radius, lamda, loss_type='l2', c=1.0):
    """CE + lamda R(|x| - R) (1803.00130)."""
    extra = [ring_penalty(norm(x) - float(radius[0]), loss_type, c) for x in embedding]
    return cross_entropy(pred, label) + lamda * np.array(extra)


def center(pred, label, embedding, centers, lamda):
    """CE + lamda/2 |x - c_y|^2 (ECCV 2016)."""
    extra = [squared(x, centers[class_of(y)]) for x, y in zip(embedding, label)]
    return cross_entropy(pred, label) + lamda / 2 * np.array(extra)


def git(pred, label, embedding, centers, lamda_c, lamda_g):
    """Centre loss + lamda_g mean over the samples of other classes of 1 / (1 + |x - c_{y_j}|^2) (1807.08512)."""
    out = center(pred, label, embedding, centers, lamda_c)
    for i, x in enumerate(embedding):
        push = [1 / (1 + squared(x, centers[class_of(y)])) for y in label if class_of(y) != class_of(label[i])]
        if push:
            out[i] += lamda_g * sum(push) / len(push)
    return out


def updated_centers(centers, embedding, label, alpha):
    """The paper's rule: c_j - alpha sum_{y_i = j}(c_j - x_i) / (1 + n_j)."""
    new = np.array(centers, dtype='float64')
    for j in range(len(centers)):
        members = [x for x, y in zip(embedding, label) if class_of(y) == j]
        for d in range(centers.shape[1]):
            new[j, d] -= alpha * sum(centers[j, d] - x[d] for x in members) / (1 + len(members))
    return new


def lgm_distance(x, mean, var):
    """(d, half log det V) of one sample and one class, V = |var|."""
    d = sum((a - b) ** 2 / abs(v) for a, b, v in zip(x, mean, var)) / 2
    return d, sum(math.log(abs(v)) for v in var) / 2


def lgm(embedding, label, mean, var, alpha, lamda):
    """Large-margin Gaussian mixture: classification with margin plus likelihood (1803.02988)."""
    out = []
    for x, y in zip(embedding, label):
        y, z = class_of(y), []
        for j in range(len(mean)):
            d, half_log_det = lgm_distance(x, mean[j], var[j])
            z.append(-d * (1 + alpha if j == y else 1) - half_log_det)
        out.append(log_sum_exp(z) - z[y] + lamda * sum(lgm_distance(x, mean[y], var[y])))
    return np.array(out)


def lgm_probability(embedding, mean, var):
    """Posterior of every class (B, C), without a margin."""
    return np.array([softmax([-sum(lgm_distance(x, mean[j], var[j])) for j in range(len(mean))]) for x in embedding])


def coco(embedding, label, centers, alpha):
    """CE(alpha cos(x, c_j)) (1710.00870)."""
    return cross_entropy(np.array([[alpha * cosine(x, c) for c in centers] for x in embedding]), label)


# --- heads -----------------------------------------------------------------------------------------------------------

def dense(x, weight, bias=None, w_norm=False, x_norm=False):
    """W x + b, each side divided by its length if asked."""
    out = np.zeros((len(x), len(weight)))
    for i, a in enumerate(x):
        for j, w in enumerate(weight):
            value = norm(a) * norm(w) * cosine(a, w)
            if w_norm:
                value /= norm(w)
            if x_norm:
                value /= norm(a)
            out[i, j] = value + (0.0 if bias is None else bias[j])
    return out


def angle_linear(x, weight, label=None, m1=1.0, m2=0.0, m3=0.0, s=1.0, w_norm=True, x_norm=True):
    """s |W_j| |x| cos theta_j, the target's cosine replaced by psi; a normalised side counts 1."""
    out = np.zeros((len(x), len(weight)))
    for i, a in enumerate(x):
        for j, w in enumerate(weight):
            score = cosine(a, w)
            if label is not None and class_of(label[i]) == j:
                score = psi(score, m1, m2, m3)
            out[i, j] = s * score * (1.0 if w_norm else norm(w)) * (1.0 if x_norm else norm(a))
    return out


def prelu(x, alpha):
    """max(x, 0) + alpha min(x, 0), channel = axis 1; one slope serves every channel."""
    out = np.array(x, dtype='float64')
    for index in np.ndindex(*out.shape):
        if out[index] < 0:
            out[index] *= alpha[index[1] if len(alpha) > 1 else 0]
    return out


# --- differences -----------------------------------------------------------------------------------------------------

def numerical_gradient(function, x, step=1e-6):
    """Central differences of a scalar function of an array of float64."""
    x = np.array(x, dtype='float64')
    grad = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        kept = x[index]
        x[index] = kept + step
        above = function(x)
        x[index] = kept - step
        below = function(x)
        x[index] = kept
        grad[index] = (above - below) / (2 * step)
    return grad
