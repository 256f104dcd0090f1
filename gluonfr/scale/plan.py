"""Which class layer a training can have: what dense, sampled and sharded ones take of memory and time."""
from collections import namedtuple
from typing import List, Optional

from ..model_zoo.sizes import NAMES, SIZES
from ..utils.check import check_int, check_number
from .image_memory import IMAGE_MEMORY
from .memory import dense_memory, network_memory, sharded_memory
from .rates import Rates

__all__ = ['Choice', 'advise', 'make_plan']

Choice = namedtuple('Choice', 'head scored memory head_seconds step_seconds checkpoint')
Choice.__doc__ = """A class layer: its name, classes that a step scores in one process, bytes that a process takes,
seconds of the layer and of a whole step, bytes of a checkpoint."""

TRAINING = 3  # passes: forward, and backward to inputs and to weights
# What a step does with each value, in values moved through memory at the rate of a copy (`Rates`), measured
DENSE_MOVES = 40      # for each value of the class layer's weights
SAMPLED_MOVES = 30    # for each value of the sampled rows
SCORE_MOVES = 170     # for each score of a batch
IMAGE_MOVES = 4.5     # for each byte that an image takes in training, in bytes
WORTH = 0.5           # a dense layer that takes less of a step than this is left as it is


def make_plan(classes: int, network: str, batch_size: int, *, rates: Rates, embedding_size: Optional[int] = None,
              workers: int = 1, sample_rate: float = 0.1, num_sample: Optional[int] = None) -> List[Choice]:
    """Memory and time of a training with each kind of class layer.

    Parameters
    ----------
    classes : int
        >= 2.
    network : str
        A name of `gluonfr models`.
    batch_size : int
        Images of a step, of all processes together.
    rates : Rates
        Of the machine.
    embedding_size : int or None
        D; None for that of the network.
    workers : int
        Processes, a machine or a part of one each.
    sample_rate : float
        Share of the classes that a sampled layer scores, in (0, 1].
    num_sample : int or None
        Their number, instead.

    Returns
    -------
    list of Choice
        'dense' and 'sampled'; for several workers 'dense', 'sharded' and 'sampled', which is a sample of each shard.

    Raises
    ------
    ValueError
        A number out of its range, or a network that is not in the table of sizes.

    Examples
    --------
    >>> from gluonfr.scale import Rates, make_plan
    >>> for choice in make_plan(1000000, 'iresnet50', 64, rates=Rates(gflops=300, gbytes=20)):
    ...     print('{}: {:.1f} GB'.format(choice.head, choice.memory / 1e9))
    dense: 19.2 GB
    sampled: 11.6 GB
    """
    for name, value, low in (('classes', classes, 2), ('batch_size', batch_size, 1), ('workers', workers, 1)):
        check_int('make_plan', name, value, low)
    check_number('make_plan', 'sample_rate', sample_rate, 0, 1, low_open=True)
    name = NAMES.get(network.lower(), network)
    if name not in IMAGE_MEMORY:
        raise ValueError('make_plan: network must be one of {}, got {!r}.'.format(
            ', '.join(sorted(IMAGE_MEMORY)), network))
    size, image_memory = SIZES[name], IMAGE_MEMORY[name] << 10
    width = check_int('make_plan', 'embedding_size', embedding_size or size.embedding_size, 1)
    sampled = check_int('make_plan', 'num_sample', num_sample or max(2, round(sample_rate * classes)), 2, classes)
    images = -(-batch_size // workers)
    network_bytes = network_memory(size.values, image_memory, images)
    network_seconds = rates.seconds(TRAINING * 2 * size.macs * images, IMAGE_MOVES * image_memory * images)

    def choice(head, scored, memory, moved, batch, table):
        seconds = rates.seconds(TRAINING * 2 * batch * scored * width, 4 * (moved + SCORE_MOVES * batch * scored))
        return Choice(head, scored, network_bytes + memory, seconds, network_seconds + seconds,
                      8 * (size.values + table * width))

    plans = [choice('dense', classes, dense_memory(classes, width, images), DENSE_MOVES * classes * width, images,
                    classes)]
    if workers > 1:
        shard = -(-classes // workers)
        plans.append(choice('sharded', shard, sharded_memory(classes, width, batch_size, workers),
                            DENSE_MOVES * shard * width, batch_size, classes))
    part = -(-sampled // workers)
    plans.append(choice('sampled', part, sharded_memory(classes, width, batch_size, workers, sampled),
                        SAMPLED_MOVES * part * width, batch_size, classes))
    return plans


def advise(plans: List[Choice], memory: int, workers: int = 1) -> str:
    """Which one to take, in a sentence.

    Parameters
    ----------
    plans : list of Choice
        Of `make_plan`.
    memory : int
        Bytes that a process may take.
    workers : int
        As `make_plan` had it.
    """
    *exact, sampled = plans
    launched = ', `gluonfr launch` with --class-shards'
    for plan in exact:
        if plan.memory <= memory and plan.head_seconds <= WORTH * plan.step_seconds:
            return 'take the {} layer{}: it fits, and scoring all classes takes {:.0%} of a step. A sample would ' \
                   'save little.'.format(plan.head, launched if plan.head == 'sharded' else '',
                                         plan.head_seconds / plan.step_seconds)
    if sampled.memory > memory:
        return 'none fits into {:.1f} GB: take shorter embeddings, a smaller batch, or fewer classes.'.format(
            memory / 1e9)
    if exact[-1].memory > memory:
        why = 'does not fit into {:.1f} GB'.format(memory / 1e9)
    else:
        why = 'takes {:.0%} of a step'.format(exact[-1].head_seconds / exact[-1].step_seconds)
    return 'take the sampled layer{} --num-sample {}: the {} one {}.'.format(
        launched if workers > 1 else ',', min(workers * sampled.scored, exact[0].scored), exact[-1].head, why)
