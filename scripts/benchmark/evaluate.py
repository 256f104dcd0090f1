"""Protocols of gluonfr.metrics at their full size, on embeddings drawn from a seed: time and memory.

    python scripts/benchmark/evaluate.py --quick              # small sets, to try it
    python scripts/benchmark/evaluate.py --save               # and write resources/results/benchmark-evaluate.csv

All pairs of 1,011 images; IJB-C's number of images, templates and pairs; 3,530 probes of 80 people among 100,000
distractors, as MegaFace has them, beside a large matrix product in float32. Every round is a new process, whose memory
counts with the embeddings in it.
"""
import numpy as np
import scipy
from bench import Contestant, Task, main  # its import puts gluonfr on the path
from gluonfr.metrics import DistractorTruth, PeopleTruth, TemplateTruth, get_protocol

SIDE = 4096
D = 512
IMAGES, TEMPLATES, PAIRS, GENUINE = 469375, 23124, 15658489, 19557  # of IJB-C


def faces(random, people, noise=1.5):
    """Embeddings (N, D), float32: a direction for each person, and noise."""
    centres = random.standard_normal((people.max() + 1, D), dtype='float32')
    x = np.empty((len(people), D), 'float32')
    for low in range(0, len(x), 10000):
        some = people[low:low + 10000]
        x[low:low + 10000] = centres[some] + noise * random.standard_normal((len(some), D), dtype='float32')
    return x


def all_pairs(link, images, steps):
    """Verification at FARs of all pairs of images of people with three images each."""
    people = np.arange(images) // 3
    embeddings = faces(np.random.default_rng(0), people)
    protocol = get_protocol('pairs')
    link.rounds(lambda: protocol.measure(embeddings, PeopleTruth(people), 'pairs'), steps, (np, scipy))


def templates(link, share, steps):
    """From embeddings of images to a row: pooling, all pairs of templates of the list, ROC."""
    random = np.random.default_rng(0)
    count, images, pairs, genuine = (max(60, number // share) for number in (TEMPLATES, IMAGES, PAIRS, GENUINE))
    templates = np.concatenate([np.arange(count), random.integers(0, count, images - count)])
    media = random.integers(0, images // 4, images)
    first, second = random.integers(0, count, (2, pairs))
    second[:genuine] = first[:genuine] // 6 * 6 + second[:genuine] % 6  # six templates are of one person
    second = np.minimum(second, count - 1)
    truth = TemplateTruth(templates, media, first, second, first // 6 == second // 6)
    embeddings = faces(random, templates // 6)
    protocol = get_protocol('templates')
    link.rounds(lambda: protocol.measure(embeddings, truth, 'templates'), steps, (np, scipy))


def distractors(link, probes, count, steps):
    """Rank-1 at each size and TAR at FAR 1e-6."""
    random = np.random.default_rng(0)
    people = np.sort(random.integers(0, 80, probes))
    both = faces(random, people, 2.5), random.standard_normal((count, D), dtype='float32')
    protocol, truth = get_protocol('distractors'), DistractorTruth(people, count)
    link.rounds(lambda: protocol.measure(both, truth, 'distractors'), steps, (np, scipy))


def product(link, steps):
    """A product of two matrices of 4096 x 4096 in float32."""
    x, y = np.random.default_rng(0).standard_normal((2, SIDE, SIDE), dtype='float32')
    out = x @ y
    link.rounds(lambda: np.matmul(x, y, out=out), steps, (np,))


def tasks(args):
    """Three tables; with --quick of small sets, for which the goals are no goals."""
    share, steps = 100 if args.quick else 1, 1
    images, probes, count = (51, 177, 5000) if args.quick else (1011, 3530, 100000)

    def goal(value):
        return None if args.quick else value

    ijbc = {'share': share, 'steps': steps}
    return {
        'pairs': Task('all pairs of {:,} images'.format(images), images * (images - 1) // 2, [
            Contestant('time', 'pairs', {'images': images, 'steps': steps}, 'seconds', goal(3))], fresh=True),
        'templates': Task("pairs of templates, IJB-C's size / {}".format(share), PAIRS // share, [
            Contestant('time', 'templates', ijbc, 'seconds', goal(60)),
            Contestant('memory', 'templates', ijbc, 'peak', goal(4096))], fresh=True),
        'distractors': Task('{:,} probes among {:,} distractors'.format(probes, count), probes * count, [
            Contestant('gluonfr', 'distractors', {'probes': probes, 'count': count, 'steps': steps},
                       gflop=2 * probes * count * D / 1e9),
            Contestant('matrix product', 'product', {'steps': 2}, 'share', goal(0.6), gflop=2 * SIDE ** 3 / 1e9)],
            fresh=True)}


WORKERS = {'pairs': all_pairs, 'templates': templates, 'distractors': distractors, 'product': product}

if __name__ == '__main__':
    main(__file__, __doc__, tasks, WORKERS, rounds=3, quick_rounds=1, neighbour=False)
