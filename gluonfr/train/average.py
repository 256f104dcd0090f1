"""Averages of the weights that a training goes through."""
from contextlib import contextmanager

import numpy as np
from mxnet import nd

__all__ = ['Average']


class Average:
    r"""The exponential moving average of weights ("Mean teachers", 1703.01780), without a bias to where it began.

    After update t it is the weighted mean of the weights after the updates 1 to t, with weights
    :math:`d^{t-i}` that sum to 1 ("Adam", 1412.6980, has this correction)::

        a_t = a_(t-1) + (1 - d) / (1 - d^t) * (w_t - a_(t-1))

    All that is trained is averaged, and the running statistics of the network alike: its BatchNorms get the mean of the
    statistics that went with the averaged weights. What a loss or a head keeps beside (``grad_req='null'``), such as a
    counter, stays as it is, and so do tables with sparse gradients and the centres of a `PartialFC`: they would cost a
    pass over all classes at each step. Averages are float32 where weights are float16. Each context has its own, and an
    update waits for no device, unless there are running statistics in a layer without trained parameters.

    Parameters
    ----------
    params : dict of str to Parameter
        Initialised, by the names that `fit` uses.
    decay : float
        d, in (0, 1): the average is over about 1 / (1 - d) updates.

    Attributes
    ----------
    updates : int
        t.
    values : dict of str to list of NDArray
        The averages, by name, for each context.
    """

    def __init__(self, params, decay):
        self.decay, self.updates = decay, 0
        self._params = {name: param for name, param in params.items() if param._grad_stype == 'default' and (
            param.grad_req != 'null' or name.startswith('net/'))}
        self.values = {name: [data.astype(np.promote_types(data.dtype, 'float32')) for data in param.list_data()]
                       for name, param in self._params.items()}
        self._beside = {name: _trained_beside(name, self._params) for name, param in self._params.items()
                        if param.grad_req == 'null'}

    def update(self):
        """Count the weights as they are now."""
        self.updates += 1
        share = (1 - self.decay) / (1 - self.decay ** self.updates)
        if any(beside is None for beside in self._beside.values()):
            nd.waitall()
        for name, values in self.values.items():
            beside = self._beside.get(name)
            for value, data in zip(values, self._params[name].list_data()):
                if beside is not None:
                    data = nd.slice_like(data, beside.grad(data.context))  # the same, when that gradient is there
                value += share * (data.astype(value.dtype, copy=False) - value)

    def keep(self):
        """Give the parameters their averages."""
        nd.waitall()
        for name, values in self.values.items():
            _write(self._params[name], values)

    @contextmanager
    def in_place(self):
        """Give the parameters their averages meanwhile."""
        nd.waitall()
        own = {name: [data.copy() for data in param.list_data()] for name, param in self._params.items()}
        self.keep()
        try:
            yield
        finally:
            for name, arrays in own.items():
                _write(self._params[name], arrays)


def _trained_beside(name, params):
    """A parameter that is trained in the same layer and has the same shape, as beta of a running mean, or None.

    MXNet does not know that the compiled backward pass of a BatchNorm writes its running statistics, so that they might
    be read too early. The gradient of beta is made by the same operator, and for that MXNet waits.
    """
    layer, shape = name.rpartition('.')[0], params[name].shape
    return next((param for other, param in params.items() if other.rpartition('.')[0] == layer and
                 param.grad_req != 'null' and param.shape == shape), None)


def _write(param, arrays):
    for data, array in zip(param.list_data(), arrays):
        data[:] = array.astype(data.dtype, copy=False)
