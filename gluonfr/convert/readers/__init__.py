"""Readers of files with weights.

Each takes the path, for a symbol the path of its weights, and what the caller knows of the input (`given_fields`); each
gives a `Read`, or says in a ConvertError what is damaged or missing. None of them needs more than its file's own
package.
"""
from .gluon_params import read_params
from .onnx import read_onnx
from .read import Read
from .safetensors import read_safetensors
from .symbol import read_symbol
from .torch import read_torch

__all__ = ['Read', 'read_onnx', 'read_params', 'read_safetensors', 'read_symbol', 'read_torch']
