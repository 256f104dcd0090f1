"""Names for what annotations say."""
from typing import Any, Sequence, Union

import numpy as np

__all__ = ['ArrayLike']

ArrayLike = Union[np.ndarray, Sequence[Any]]  # or an NDArray: MXNet has no types
