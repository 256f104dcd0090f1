"""The highest of more values than are kept."""
import numpy as np

__all__ = ['Highest']


class Highest:
    """Collects the ``count`` highest values that it is given, and those that are lower by ``slack`` at most.

    Parameters
    ----------
    count : int >= 1
    slack : float >= 0
    """

    def __init__(self, count, slack=0.0):
        self._count, self._slack, self._parts, self._size = count, slack, [], 0
        self.least = -np.inf  # values below it are not among them

    def add(self, values, *columns):
        """More values (n,), and what belongs to them, arrays (n,)."""
        chosen = values >= self.least
        self._parts.append([part[chosen] for part in (values, *columns)])
        self._size += len(self._parts[-1][0])
        if self._size > 4 * self._count + 10000:
            self._parts = [self.found()]
            self._size = len(self._parts[0][0])

    def found(self):
        """[values, ...columns], falling."""
        together = [np.concatenate(column) for column in zip(*self._parts)]
        order = np.argsort(together[0], kind='stable')[::-1]
        if len(order) >= self._count:
            self.least = together[0][order[self._count - 1]] - self._slack
            order = order[:np.searchsorted(-together[0][order], -self.least, side='right')]
        return [column[order] for column in together]
