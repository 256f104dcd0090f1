"""Face images in .rec files, in InsightFace's form or flat: reading, writing, checksums."""
from .dataset import RecordDataset
from .file import RecordFile
from .format import RecordError
from .image_index import write_image_index
from .writer import RecordWriter

__all__ = ['RecordDataset', 'RecordError', 'RecordFile', 'RecordWriter', 'write_image_index']
