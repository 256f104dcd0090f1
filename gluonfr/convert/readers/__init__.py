"""Readers of files with weights: `read_symbol`, `read_onnx`, `read_params` and `read_torch` give a `Read` each."""
from .gluon_params import read_params
from .onnx import read_onnx
from .read import Read
from .symbol import read_symbol
from .torch import read_torch

__all__ = ['Read', 'read_onnx', 'read_params', 'read_symbol', 'read_torch']
