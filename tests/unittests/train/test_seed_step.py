"""What a step draws depends on the seed of the run and on the number of the step, and on nothing else."""
import random

import mxnet as mx
import numpy as np

from gluonfr.train import seed_step


def drawn(seed, step):
    """A number of each generator."""
    seed_step(seed, step)
    return random.random(), np.random.rand(), float(mx.nd.random.uniform(shape=1).asscalar())


def test_draws_follow_from_seed_and_step():
    first = drawn(3, 7)
    others = [drawn(3, 8), drawn(4, 7), drawn(7, 3)]
    assert drawn(3, 7) == first
    for generator in zip(first, *others):
        assert len(set(generator)) == 4
