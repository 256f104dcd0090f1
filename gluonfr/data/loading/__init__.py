"""Batches for MXNet: from arrays in memory, from any data set of images, by NVIDIA DALI from a .rec; and what stands
between them and a network."""
from .array_loader import ArrayLoader
from .dali_loader import DALIRecordIter
from .image_loader import ImageLoader
from .to_tensor import ToTensor

__all__ = ['ArrayLoader', 'DALIRecordIter', 'ImageLoader', 'ToTensor']
