"""Datasets, samplers, augmentations and loaders; packing and reading of records, .bin files and folders."""
from .bins import BinError, BinFile, read_bin, write_bin
from .dali import DALIRecordIter
from .draw_pairs import draw_pairs
from .folder import FolderDataset
from .image import ImageError, decode, encode, read_image
from .image_loader import ImageLoader
from .lists import ListDataset
from .loader import ArrayLoader
from .mnist import MNIST
from .normalize import ToTensor
from .pack import PackReport, pack_dataset, pack_folder
from .pairs import PairsReport, pack_pairs, read_pairs
from .recognition import (DATASETS, FRTrainRecordDataset, FRValDataset, get_recognition_dataset,
                          get_recognition_dataset_list)
from .sampler import BalancedSampler, PKSampler, RangeSampler, TripletSampler
from .record import RecordDataset, RecordError, RecordFile, write_image_index
from .record_write import RecordWriter
from .synthetic import SyntheticFaces
from .transforms import augmentation

__all__ = ['ArrayLoader', 'BalancedSampler', 'BinError', 'BinFile', 'DALIRecordIter', 'DATASETS',
           'FRTrainRecordDataset', 'FRValDataset', 'FolderDataset', 'ImageError', 'ImageLoader',
           'ListDataset', 'MNIST', 'PKSampler', 'PackReport', 'PairsReport', 'RangeSampler',
           'RecordDataset', 'RecordError', 'RecordFile', 'RecordWriter', 'SyntheticFaces', 'ToTensor',
           'TripletSampler', 'augmentation', 'decode', 'draw_pairs', 'encode', 'get_recognition_dataset',
           'get_recognition_dataset_list', 'pack_dataset', 'pack_folder', 'pack_pairs', 'read_bin',
           'read_image', 'read_pairs', 'write_bin', 'write_image_index']
