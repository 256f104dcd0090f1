"""The same layer by other operators: which form a graph is made of, and when it has to be made again."""
import threading
from contextlib import contextmanager

from mxnet import nd

__all__ = ['DeviceForms', 'on_cpu', 'plain_form', 'plain_operators']

_local = threading.local()


@contextmanager
def plain_operators():
    """Let networks in this thread be traced with the operators that their layers are named after, as on a GPU.

    Their graphs are what others read: exporters, other runtimes, and the graph for inference.
    """
    before, _local.plain = plain_form(), True
    try:
        yield
    finally:
        _local.plain = before


def plain_form():
    """Whether this is within `plain_operators`."""
    return getattr(_local, 'plain', False)


def on_cpu(params):
    """Whether parameters are initialised on CPUs only."""
    # a Symbol has no context: the parameters' own contexts say where the graph will run
    try:
        return all(ctx.device_type == 'cpu' for param in params for ctx in param.list_ctx())
    except RuntimeError:  # not initialised: nothing is known but the symbol
        return False


class DeviceForms:
    """Base, before HybridBlock, of blocks with one form for CPUs and another for GPUs.

    A hybridized block keeps its graph. When the parameters have gone to the other kind of device (`reset_ctx`), the
    graph is made again: the form for CPUs has operators that no GPU has, and the other one is slow on a CPU. A block
    of another class around such a block keeps its graph, too, and does not know: call its ``hybridize`` again.
    """

    _for_cpu = None

    def _get_graph(self, *args):
        if not self._cached_graph and not plain_form():
            self._for_cpu = on_cpu(self.collect_params().values())
        return super()._get_graph(*args)

    def forward(self, x, *args):
        """As the block's own, with a graph for the device of ``x``."""
        if self._cached_graph and isinstance(x, nd.NDArray):
            here = x.context.device_type == 'cpu'
            # a net that is on both kinds keeps the form that both have
            if here != self._for_cpu and (not here or on_cpu(self.collect_params().values())):
                self._clear_cached_op()
        return super().forward(x, *args)
