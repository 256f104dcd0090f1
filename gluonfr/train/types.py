"""Names for what annotations say."""
from typing import Any, Iterable, Sequence, Tuple, Union

from mxnet import Context

__all__ = ['Batches', 'Contexts']

Batches = Iterable[Tuple[Any, Any]]  # (x, label), NDArrays or NumPy arrays
Contexts = Union[Context, Sequence[Context]]
