"""What the workers of a training send each other, and how much of their time it leaves: on paper."""
from collections import namedtuple
from typing import List

from ..model_zoo.sizes import NAMES, SIZES
from ..utils.check import check_int
from .memory import FLOAT
from .plan import make_plan
from .rates import Rates

__all__ = ['Links', 'Scaling', 'dense_traffic', 'predict_scaling', 'sharded_traffic']

WAITS = {'dense': 3, 'sharded': 8, 'sampled': 8}  # exchanges of a step that nothing else goes on beside

Links = namedtuple('Links', 'worker_gbytes server_gbytes latency')
Links.__doc__ = """What ties processes: 1e9 bytes that a worker sends, and gets at once, in a second; 1e9 bytes that a
server takes in, adds up and gives out in a second; seconds that an exchange of a few numbers takes.

>>> from gluonfr.scale import Links
>>> Links(worker_gbytes=1.25, server_gbytes=1.25, latency=0.001)
Links(worker_gbytes=1.25, server_gbytes=1.25, latency=0.001)
"""

Scaling = namedtuple('Scaling', 'head workers traffic compute exchange samples efficiency bottleneck')
Scaling.__doc__ = """A training in several workers: its class layer, their number, bytes that each sends in a step and
gets back, seconds of a step that it computes and that it exchanges, images of all workers in a second, their part of
as many single processes with a dense layer, and what the exchange waits for: 'servers', 'workers' or 'latency'."""


def dense_traffic(classes: int, embedding_size: int, values: int) -> int:
    """Bytes that a worker sends in a step, and gets back, with a class layer in each worker: 4 (P + C D).

    Parameters
    ----------
    classes, embedding_size, values : int
        C, D, and the learned values P of the network.

    Examples
    --------
    >>> from gluonfr.scale import dense_traffic, sharded_traffic
    >>> '{:.2f} GB'.format(dense_traffic(1000000, 512, 43590976) / 1e9)
    '2.22 GB'
    >>> '{:.2f} GB'.format(sharded_traffic(512, 43590976, batch_size=512, workers=8) / 1e9)
    '0.18 GB'
    """
    return FLOAT * (values + classes * embedding_size)


def sharded_traffic(embedding_size: int, values: int, batch_size: int, workers: int) -> int:
    """Bytes that a worker sends in a step, and gets back, with divided classes: 4 (P + B (2 D + 3 W + 4)).

    Embeddings and their gradients, three numbers of each worker for each image of the whole batch, and of each image
    its label and the gradients of its two scores. Servers can only add, so a worker sends zeros for the others.
    """
    return FLOAT * (values + batch_size * (2 * embedding_size + 3 * workers + 4))


def predict_scaling(classes: int, network: str, images: int, workers: List[int], *, rates: Rates, links: Links,
                    servers: int = 1, sample_rate: float = 0.1) -> List[Scaling]:
    r"""How trainings grow with the number of workers, each with so many images of a batch.

    .. math::
        t = t_{compute} + \max\left(\frac{V}{w}, \frac{W V}{S s}\right) + n \tau

    with V bytes of traffic, W workers of rate w, S servers of rate s and n exchanges of latency :math:`\tau`. MXNet's
    engine on a CPU computes and sends one after the other, so nothing is hidden. A divided layer has a smaller table to
    move than one process, so its efficiency may be above 1.

    Parameters
    ----------
    classes : int
        >= 2.
    network : str
        A name of `gluonfr models`.
    images : int
        Of each worker, >= 1.
    workers : list of int
        How many, each >= 1.
    rates : Rates
        Of each worker.
    links : Links
    servers : int
        How many, >= 1, on machines of their own.
    sample_rate : float
        Of the classes of each worker, in (0, 1].

    Returns
    -------
    list of Scaling
        For each number of workers 'dense', 'sharded' and 'sampled', which is a sample of each shard.

    Examples
    --------
    >>> from gluonfr.scale import Links, Rates, predict_scaling
    >>> links = Links(worker_gbytes=3, server_gbytes=3, latency=0.001)
    >>> for found in predict_scaling(1000000, 'iresnet50', 64, [8], rates=Rates(10000, 500), links=links, servers=8):
    ...     print('{}: {:.0%}, {}'.format(found.head, found.efficiency, found.bottleneck))
    dense: 43%, workers
    sharded: 116%, workers
    sampled: 151%, workers
    """
    check_int('predict_scaling', 'images', images, 1)
    check_int('predict_scaling', 'servers', servers, 1)
    size = SIZES[NAMES.get(network.lower(), network)]
    single = _plan('dense', classes, network, images, rates).step_seconds
    found = []
    for count in workers:
        check_int('predict_scaling', 'workers', count, 1)
        for head in WAITS:
            traffic = dense_traffic(classes, size.embedding_size, size.values) if head == 'dense' else \
                sharded_traffic(size.embedding_size, size.values, images * count, count)
            waits = {'workers': traffic / links.worker_gbytes / 1e9,
                     'servers': count * traffic / servers / links.server_gbytes / 1e9,
                     'latency': WAITS[head] * links.latency}
            bottleneck = max(waits, key=waits.get)
            exchange = max(waits['workers'], waits['servers']) + waits['latency'] if count > 1 else 0.0
            kind = 'dense' if count == 1 and head == 'sharded' else head
            compute = _plan(kind, classes, network, images * count, rates, count, sample_rate).step_seconds
            samples = images * count / (compute + exchange)
            found.append(Scaling(head, count, traffic if count > 1 else 0, compute, exchange, samples,
                                 samples / count * single / images, bottleneck if count > 1 else 'nothing'))
    return found


def _plan(head, classes, network, batch_size, rates, workers=1, sample_rate=0.1):
    """The `Choice` of one class layer."""
    plans = make_plan(classes, network, batch_size, rates=rates, workers=workers, sample_rate=sample_rate)
    return next(plan for plan in plans if plan.head == head)
