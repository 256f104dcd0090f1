"""float16 or not."""
import numpy as np
from mxnet import nd

__all__ = ['is_half']


def is_half(what):
    """Whether an NDArray is float16, or a block has parameters that are."""
    if isinstance(what, nd.NDArray):
        return what.dtype == np.float16
    return any(np.dtype(param.dtype) == np.float16 for param in what.collect_params().values())
