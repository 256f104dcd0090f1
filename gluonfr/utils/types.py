"""Names for what annotations say."""
import os
from typing import Any, Sequence, Tuple, Union

import numpy as np

__all__ = ['ArrayLike', 'PathLike', 'Size']

ArrayLike = Union[np.ndarray, Sequence[Any]]  # or an NDArray: MXNet has no types
PathLike = Union[str, os.PathLike]
Size = Union[int, Tuple[int, int]]  # of an image: a square's side, or height and width
