"""How fast this machine trains on embeddings and on images, by a few steps of each."""
import time
from typing import Any

import numpy as np

from ..data.subset import Subset
from ..deploy import Embedder
from .candidates import Candidate
from .plan import Speeds
from .training import adapt, finetune

__all__ = ['measure_speeds']

STEPS = 5, 25      # on embeddings
IMAGE_STEPS = 1, 4
IMAGES = 64        # to embed


def measure_speeds(start: Any, images: Any, labels: np.ndarray, train: np.ndarray, candidate: Candidate, size: int,
                   tunes: bool) -> Speeds:
    """Seconds of short trainings: the difference of two lengths is that of the steps, the rest that of the beginning.

    Parameters
    ----------
    start : GivenNet or NewNet
    images : data set
    labels : int array (N,)
    train : int array
        Images to train on.
    candidate : Candidate
    size : int
        Length of the embeddings; drawn ones are trained on.
    tunes : bool
        Whether images are trained on.
    """
    embeddings = np.random.RandomState(0).randn(len(labels), size).astype(np.float32)
    adapting = _line(STEPS, lambda steps: adapt(candidate, embeddings, labels, train, steps=steps))
    if not tunes and start.steps == 0:
        return Speeds(*adapting, 0, 0, 0)
    few = np.arange(min(IMAGES, len(labels)))
    tuning = _line(IMAGE_STEPS, lambda steps: finetune(candidate, start.untrained(), images, embeddings, labels, train,
                                                       few[:1], steps=steps, frozen=start.frozen))
    embedder = Embedder(start.untrained(), normalize=False)
    seconds = []
    for _ in range(2):  # the first time it is compiled
        began = time.perf_counter()
        embedder(Subset(images, few, labels[few]))
        seconds.append(time.perf_counter() - began)
    return Speeds(*adapting, *tuning, seconds[1] / len(few) * len(labels))


def _line(steps, train):
    """(seconds to begin, seconds a step) of trainings of two lengths, without what only the first one takes."""
    train(steps[0])
    seconds = []
    for count in steps:
        began = time.perf_counter()
        train(count)
        seconds.append(time.perf_counter() - began)
    step = max((seconds[1] - seconds[0]) / (steps[1] - steps[0]), 1e-6)
    return max(seconds[0] - steps[0] * step, 0), step
