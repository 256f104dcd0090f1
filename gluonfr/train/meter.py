"""Loss and accuracy of training, read from the device late."""
import math
import time
from collections import namedtuple

from mxnet import nd

__all__ = ['Meter']

Pending = namedtuple('Pending', 'step lr size losses hits distances')


class Meter:
    """Sums of one epoch, kept on the device until `read`.

    Reading a number waits for the device, so a step only queues its sums and `read` fetches those of many steps in
    one copy a context. What is read is added in float64 and in the order of the steps: totals do not depend on when
    they were read.

    Attributes
    ----------
    loss_sum : float
        Sum of the samples' losses read so far in this epoch.
    hits, judged, count : int
        Samples whose highest score was their label, samples that had class scores, samples in all.
    distance_sum, taught : float, int
        Sum of the distances to a teacher, and the samples that had one.
    seconds : float
        Time since `start` until the newest `read`, and what `restore` brought.
    """
    FIELDS = ('loss_sum', 'hits', 'judged', 'count', 'seconds', 'distance_sum', 'taught')

    def __init__(self):
        self._pending = []
        self._began = time.perf_counter()
        self.reset()

    def reset(self):
        """Begin an epoch."""
        self.loss_sum, self.hits, self.judged, self.count, self.seconds = 0.0, 0, 0, 0, 0.0
        self.distance_sum, self.taught = 0.0, 0

    def start(self):
        """Start the clock of the epoch, or of what is left of it."""
        self._began = time.perf_counter() - self.seconds

    def add(self, step, lr, size, losses, hits, distances=()):
        """Queue a step: its number, learning rate and samples, and (1,) sums of each batch on each context.

        `hits` is empty if there are no class scores, `distances` if there is no teacher.
        """
        self._pending.append(Pending(step, lr, size, losses, hits, distances))

    def __len__(self):
        """Steps queued and not read."""
        return len(self._pending)

    def wait(self, leave):
        """Wait until the losses of all queued steps but the newest `leave` are computed; nothing is read."""
        for step in self._pending[:max(len(self._pending) - leave, 0)][-1:]:
            for loss in step.losses:
                loss.wait_to_read()

    def read(self, leave=0):
        """Add the queued steps but the last `leave` to the totals; returns the first that is not finite, or None.

        Returns
        -------
        (step, lr, loss) or None
            The totals hold the steps before it.
        """
        end = len(self._pending) - leave
        ready, self._pending = self._pending[:max(end, 0)], self._pending[max(end, 0):]
        if not ready:
            return None
        losses = _fetch([p.losses for p in ready])
        hits = _fetch([p.hits for p in ready])
        distances = _fetch([p.distances for p in ready])
        self.seconds = time.perf_counter() - self._began
        for item, loss, hit, distance in zip(ready, losses, hits, distances):
            if not math.isfinite(loss):
                return item.step, item.lr, loss
            self.loss_sum += loss
            self.count += item.size
            if item.hits:
                self.hits += int(hit)
                self.judged += item.size
            if item.distances:
                self.distance_sum += distance
                self.taught += item.size
        return None

    @property
    def loss(self):
        """Mean loss of the samples read, NaN before the first."""
        return self.loss_sum / self.count if self.count else math.nan

    @property
    def accuracy(self):
        """Share of hits among the samples with class scores, in [0, 1], or None if there are none."""
        return self.hits / self.judged if self.judged else None

    @property
    def distance(self):
        """Mean distance to the teacher, or None if there is none."""
        return self.distance_sum / self.taught if self.taught else None

    @property
    def images_per_second(self):
        """Samples read per second of this epoch, 0 before the first."""
        return self.count / self.seconds if self.seconds else 0.0

    def totals(self):
        """The totals as a dict, what `restore` takes."""
        return {name: getattr(self, name) for name in self.FIELDS}

    def restore(self, totals):
        """Go on from `totals`; what is queued is dropped."""
        self._pending = []
        for name in self.FIELDS:
            setattr(self, name, totals.get(name, 0))  # gluonfr 2.0.0.dev0 knew no teachers


def _fetch(rows):
    """Host sums of rows of (1,) NDArrays, a row being one step's arrays, with one copy for each context."""
    by_ctx = {}
    for i, row in enumerate(rows):
        for array in row:
            by_ctx.setdefault(array.context, []).append((i, array))
    sums = [0.0] * len(rows)
    for items in by_ctx.values():
        values = nd.concat(*[array for _, array in items], dim=0).asnumpy()
        for (i, _), value in zip(items, values):
            sums[i] += float(value)
    return sums
