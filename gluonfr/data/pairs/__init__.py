"""Verification pairs: lists of them, .bin files, and pairs drawn from any labelled set."""
from .bins import BinError, BinFile, read_bin, write_bin
from .draw import draw_pairs, most_pairs, sample_pairs
from .pack import PairsReport, pack_pairs
from .pair_lists import read_pairs

__all__ = ['BinError', 'BinFile', 'PairsReport', 'draw_pairs', 'most_pairs', 'pack_pairs', 'read_bin', 'read_pairs',
           'sample_pairs', 'write_bin']
