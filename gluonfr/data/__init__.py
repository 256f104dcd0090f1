"""Datasets, samplers, augmentations and loaders; packing and reading of records, .bin files and folders.

The loaders and `ToTensor` make batches for MXNet; nothing else here needs it.
"""
from typing import TYPE_CHECKING

from ..utils.first_use import on_first_use
from .folder import FolderDataset
from .image import ImageError, decode, encode, read_image
from .lists import ListDataset
from .mnist import MNIST
from .opening import open_dataset, open_pairs
from .packing import PackReport, pack_dataset, pack_folder
from .pairs import BinError, BinFile, PairsReport, draw_pairs, pack_pairs, read_bin, read_pairs, write_bin
from .recognition import (DATASETS, FRTrainRecordDataset, FRValDataset, datasets, get_recognition_dataset,
                          get_recognition_dataset_list)
from .record import RecordDataset, RecordError, RecordFile, RecordWriter, write_image_index
from .sampler import BalancedSampler, PKSampler, RangeSampler, TripletSampler
from .synthetic import SyntheticFaces
from .tinyface import TinyFace
from .transforms import augmentation

if TYPE_CHECKING:
    from .loading import ArrayLoader, DALIRecordIter, ImageLoader, ToTensor

__all__ = ['ArrayLoader', 'BalancedSampler', 'BinError', 'BinFile', 'DALIRecordIter', 'DATASETS',
           'FRTrainRecordDataset', 'FRValDataset', 'FolderDataset', 'ImageError', 'ImageLoader',
           'ListDataset', 'MNIST', 'PKSampler', 'PackReport', 'PairsReport', 'RangeSampler',
           'RecordDataset', 'RecordError', 'RecordFile', 'RecordWriter', 'SyntheticFaces', 'TinyFace', 'ToTensor',
           'TripletSampler', 'augmentation', 'datasets', 'decode', 'draw_pairs', 'encode', 'get_recognition_dataset',
           'get_recognition_dataset_list', 'open_dataset', 'open_pairs', 'pack_dataset', 'pack_folder', 'pack_pairs',
           'read_bin', 'read_image', 'read_pairs', 'write_bin', 'write_image_index']

__getattr__, __dir__ = on_first_use(__name__, loading=['ArrayLoader', 'DALIRecordIter', 'ImageLoader', 'ToTensor'])
