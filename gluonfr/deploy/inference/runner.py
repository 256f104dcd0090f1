"""Runs a network on arrays of images as fast as the device can."""
import threading
import time
from collections import deque
from typing import Callable, Optional, Tuple

import mxnet as mx
import numpy as np
from mxnet import nd

from ...compat import threads_to_use
from ...graph.nodes import nodes_of
from ...nn.trace import trace
from ...utils.gpu import check_gpus
from ...utils.host_array import host_array
from ...utils.precision import is_half
from .cpu_contexts import cpu_contexts
from .fuse import fuse

__all__ = ['Runner']

REPLICA_BYTES = 1 << 30  # of weights in all replicas together; oneDNN keeps a second copy of them
PROBE, TRIES = 400, 4  # single images between two trials of the slower way, and those that a trial takes
# MXNet runs graphs of these with all memory planned ahead; some others then fail on memory that oneDNN has laid out.
PLANNED = {'null', '_sg_mkldnn_conv', '_sg_mkldnn_fully_connected', 'Convolution', 'FullyConnected', 'BatchNorm',
           'Activation', 'LeakyReLU', 'Pooling', 'Flatten', 'Reshape', 'Concat', 'elemwise_add', 'elemwise_mul',
           'broadcast_mul', 'L2Normalization', '_contrib_BilinearResize2D', '_minus_scalar', '_mul_scalar', 'amp_cast',
           '_contrib_quantize_v2', '_contrib_quantized_flatten', '_contrib_dequantize', '_contrib_requantize'}


class Runner:
    """A fused copy of a network: NumPy images in, NumPy embeddings out, from any thread.

    On a CPU each core runs a copy of its own, an image at a time: no core waits for another, an image's maps stay in
    its cache, and an embedding does not depend on the images beside it. A network so large that copies would fill the
    memory gets fewer ones, each with several cores. An image by itself goes to one more copy that has all cores, unless
    that was slower of late, as it is when another process keeps a core busy.

    Parameters
    ----------
    net : HybridBlock
        With weights. A float16 network runs as it is.
    shape : tuple of int
        Of one image, (C, H, W).
    ctx : Context or None
        Where to run; None for where the network is.
    precision : {'float32', 'bfloat16', 'int8'}
        Of the layers; less than float32 on a CPU only.
    images : numpy.ndarray, float32, (N, C, H, W), or None
        To calibrate 'int8' with.
    """

    def __init__(self, net: mx.gluon.HybridBlock, shape: Tuple[int, int, int], ctx: Optional[mx.Context] = None,
                 precision: str = 'float32', images: Optional[np.ndarray] = None):
        ctx = ctx or next((param.list_ctx()[0] for param in net.collect_params().values()), mx.cpu())
        check_gpus([ctx])
        self._one_by_one, self._whole = False, None
        if precision != 'float32' and (is_half(net) or ctx.device_type != 'cpu'):
            raise ValueError('Embedder: precision must be float32 but for float32 networks on a CPU, got {}.'.format(
                precision))
        if is_half(net):
            self._replicas = [Replica(*trace(net, 'float16'), ctx, 'float16')]
        elif ctx.device_type != 'cpu':
            self._replicas = [Replica(*fuse(*trace(net), shape, onednn=False), ctx)]
        else:
            symbol, weights = fuse(*trace(net), shape, True, precision, images)
            cores, size = threads_to_use(), sum(4 * weight.size for weight in weights.values())
            count = max(1, min(cores, REPLICA_BYTES // max(size, 1) - 1))
            self._one_by_one = True
            contexts = cpu_contexts(count, cores // count) if count > 1 else []
            # OpenMP's threads wait briefly if there are more of them than cores: so no new ones for all cores
            self._replicas = [Replica(symbol, weights, context) for context in contexts + [mx.cpu()]]
            self._whole = self._replicas.pop() if contexts else None
            # At its first run a graph gets the next of MXNet's temporary memories, and it waits for what was started
            # before with the same one. The last graph goes first from then on: else its image waits for the end of
            # another's, which cost IResNet-50 a tenth of its speed on two cores.
            for replica in self._replicas:
                replica(np.zeros((1,) + tuple(shape), 'float32'))
            self._replicas.reverse()
        self._every = self._replicas + [self._whole] * (self._whole is not None)
        self._lock, self._turn = threading.Lock(), 0

    def submit(self, x: np.ndarray) -> Callable[[], np.ndarray]:
        """Start on images; returns a function that waits for their embeddings.

        Parameters
        ----------
        x : numpy.ndarray, (B, C, H, W)

        Returns
        -------
        function () -> numpy.ndarray, float32, (B, D)
        """
        begin = time.perf_counter()
        with self._lock:
            alone = self._whole is not None and len(x) == 1 and not any(one.waiting for one in self._every)
            started = []
            for part in (x[:, None] if self._one_by_one else [x]):
                replica = self._for_one_image() if alone else min(self._replicas, key=lambda one: one.waiting)
                started.append((replica, replica.start(part)))
        return lambda: self._finish(started, begin if alone else None)

    def _for_one_image(self):
        """All cores or one of them, whichever was faster of late; now and then the other, to see what it takes now.

        A trial takes several images, because threads that have slept make the first ones slow.
        """
        faster, slower = sorted((self._whole, self._replicas[0]), key=lambda one: one.seconds)
        self._turn += 1
        return slower if self._turn % PROBE < TRIES else faster

    def _finish(self, started, begin):
        values = []
        for replica, out in started:
            values.append(out.asnumpy())
            with self._lock:
                replica.taken(None if begin is None else time.perf_counter() - begin)
        return np.concatenate(values).astype('float32', copy=False)


class Replica:
    """A graph with its weights on one context; `waiting` counts the steps that nobody has taken the result of."""

    def __init__(self, symbol, weights, ctx, dtype='float32'):
        names = symbol.list_inputs()
        self._ctx, self._dtype, self._data = ctx, dtype, names.index('data')
        self.waiting, self._times = 0, deque(maxlen=TRIES)  # seconds that the last images by themselves took
        self._arrays = [weights.get(name) for name in names]
        self._arrays = [array.copyto(ctx) if isinstance(array, nd.NDArray) else
                        None if array is None else nd.array(array, ctx, array.dtype) for array in self._arrays]
        others = [i for i in range(len(names)) if i != self._data]
        planned = all(node.op in PLANNED for node in nodes_of(symbol)[0])
        self._graph = nd.CachedOp(symbol, [('static_alloc', True), ('static_shape', planned),
                                           ('data_indices', [self._data]), ('param_indices', others)])

    def __call__(self, x):
        """Embeddings of images, as an NDArray that may still be on its way."""
        arrays = list(self._arrays)
        if self._ctx.device_type == 'cpu':
            arrays[self._data], memory = host_array(x.shape, self._dtype, self._ctx)
            memory[...] = x
        else:
            arrays[self._data] = nd.array(x, self._ctx, self._dtype)
        with mx.autograd.pause():
            return self._graph(*arrays)

    def start(self, x):
        """As a call, whose result is waited for: `taken` says when no more."""
        out = self(x)
        self.waiting += 1
        return out

    def taken(self, seconds):
        """A result was taken; `seconds` says how long an image by itself took, None for others."""
        self.waiting -= 1
        if seconds is not None:
            self._times.append(seconds)

    @property
    def seconds(self):
        """What an image by itself took of late; 0 until that is known."""
        return min(self._times) if len(self._times) == TRIES else 0.0
