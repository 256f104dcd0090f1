"""Names for what annotations say."""
import os
from typing import Any, Sequence, Union

import numpy as np

__all__ = ['ArrayLike', 'PathLike']

ArrayLike = Union[np.ndarray, Sequence[Any]]  # or an NDArray: MXNet has no types
PathLike = Union[str, os.PathLike]
