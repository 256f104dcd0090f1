"""What a class layer and its training take of memory, by formula."""
from typing import Optional

__all__ = ['FLOAT', 'dense_memory', 'network_memory', 'sampled_memory', 'sharded_memory']

FLOAT = 4  # bytes
LIBRARIES = 330 << 20  # Python, NumPy, MXNet, gluonfr and their code: what a process takes before it trains
DENSE_TABLES = 5   # weights, gradient, momentum; the normalised weights and their gradient
SAMPLED_TABLES = 2  # weights and momentum
SAMPLED_ROWS = 2   # the normalised rows and their gradient
SCORES = 8         # cosines, logits, one-hot labels, log-softmax and their gradients, as far as they lie side by side


def dense_memory(classes: int, embedding_size: int, batch_size: int) -> int:
    """Bytes of a class layer that scores all classes: 4 (5 C D + 8 B C).

    Parameters
    ----------
    classes, embedding_size, batch_size : int
        C, D, B.

    Examples
    --------
    >>> from gluonfr.scale import dense_memory, sampled_memory
    >>> '{:.1f} GB'.format(dense_memory(1000000, 512, 64) / 1e9)
    '12.3 GB'
    >>> '{:.1f} GB'.format(sampled_memory(1000000, 512, 64, sampled=20000) / 1e9)
    '4.2 GB'
    """
    return FLOAT * (DENSE_TABLES * classes * embedding_size + SCORES * batch_size * classes)


def sampled_memory(classes: int, embedding_size: int, batch_size: int, sampled: int) -> int:
    """Bytes of a `gluonfr.nn.PartialFC`: 4 (2 C D + 2 K D + 8 B K), with K = `sampled` classes a step."""
    rows = SAMPLED_ROWS * sampled * embedding_size + SCORES * batch_size * sampled
    return FLOAT * (SAMPLED_TABLES * classes * embedding_size + rows)


def sharded_memory(classes: int, embedding_size: int, batch_size: int, workers: int,
                   sampled: Optional[int] = None) -> int:
    """Bytes in each of W processes that share a class layer: of one with C / W classes, for the whole batch.

    Of a `sampled` one if that is given, with K / W classes a step in each process, else of a dense one.
    """
    if sampled is None:
        return dense_memory(-(-classes // workers), embedding_size, batch_size)
    return sampled_memory(-(-classes // workers), embedding_size, batch_size, -(-sampled // workers))


def network_memory(values: int, image_memory: int, batch_size: int) -> int:
    """Bytes of a process that trains a network without a class layer.

    Parameters
    ----------
    values : int
        Of its parameters, each with its gradient and momentum.
    image_memory : int
        Bytes that an image of a batch takes, measured.
    batch_size : int
    """
    return LIBRARIES + 3 * FLOAT * values + image_memory * batch_size
