"""Faces packed into train.rec, train.idx and property; and whether packed sets are still what was packed."""
from .check import PackCheck, check_pack
from .pack import PackReport, pack_dataset, pack_folder

__all__ = ['PackCheck', 'PackReport', 'check_pack', 'pack_dataset', 'pack_folder']
