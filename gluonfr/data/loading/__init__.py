"""Batches for MXNet: from arrays in memory, from any data set of images, and by NVIDIA DALI from a .rec."""
from .array_loader import ArrayLoader
from .dali_loader import DALIRecordIter
from .image_loader import ImageLoader

__all__ = ['ArrayLoader', 'DALIRecordIter', 'ImageLoader']
